"""Kinds of tables: their columns, units and keys.

Tables are long and tidy: one row per fact. The unit of a column stands in the
schema's metadata: accuracies are percentages, p-values and correlations fractions.
"""

from typing import NamedTuple

import pyarrow as pa


class Schema(NamedTuple):
    """Columns of one kind of table and the columns that name a row (its sort order)."""

    columns: pa.Schema
    key: tuple[str, ...]


def _field(name: str, kind: pa.DataType, unit: str = "", nullable: bool = False) -> pa.Field:
    metadata = {"unit": unit} if unit else None
    return pa.field(name, kind, nullable=nullable, metadata=metadata)


def _text(*names: str) -> list[pa.Field]:
    return [_field(name, pa.string()) for name in names]


def _texts(*names: str) -> list[pa.Field]:
    return [_field(name, pa.list_(pa.string())) for name in names]


def _integer(name: str, unit: str = "") -> pa.Field:
    return _field(name, pa.int64(), unit)


def _number(name: str, unit: str = "", nullable: bool = False) -> pa.Field:
    return _field(name, pa.float64(), unit, nullable)


_RUN = [*_text("encoder", "task", "trained_on", "recipe"), _integer("seed")]
_RUN_KEY = ("encoder", "task", "trained_on", "recipe", "seed")
_PAIR = [*_text("encoder", "task", "source", "target", "recipe"), _integer("seed")]
_PAIR_KEY = ("encoder", "task", "source", "target", "recipe", "seed")
_SCORED = [
    *_text("language", "metric"),
    _number("value", "percent"),
    _integer("n", "examples"),
]

SCHEMAS: dict[str, Schema] = {
    # corpora: one file per corpus, language and split; id is the row in upstream order
    "pairs": Schema(pa.schema([_integer("id"), *_text("premise", "hypothesis", "label")]), ("id",)),
    "lines": Schema(pa.schema([_integer("id"), _integer("document"), *_text("text")]), ("id",)),
    "treebank": Schema(
        pa.schema(
            [
                _integer("id"),
                *_text("sentence", "text"),
                _field("form", pa.list_(pa.string())),
                _field("upos", pa.list_(pa.string())),
                _field("head", pa.list_(pa.int64()), "1-based word, 0 = root"),
                _field("deprel", pa.list_(pa.string())),
                _field("space_after", pa.list_(pa.bool_())),
            ]
        ),
        ("id",),
    ),
    # one tag per token: parts of speech, or names as B-, I- and O
    "tagged": Schema(pa.schema([_integer("id"), *_texts("form", "tag")]), ("id",)),
    # questions on a passage; starts[i] is the place of answers[i] in the context
    "questions": Schema(
        pa.schema(
            [
                _integer("id"),
                *_text("question_id", "context", "question"),
                *_texts("answers"),
                _field("starts", pa.list_(pa.int64()), "characters, from 0"),
            ]
        ),
        ("id",),
    ),
    # how many examples were read, beside what a study says it used
    "sizes": Schema(
        pa.schema(
            [
                *_text("corpus", "dataset", "language", "split"),
                _integer("rows", "examples"),
                _field("published", pa.int64(), "examples", nullable=True),
                *_text("status"),
            ]
        ),
        ("corpus", "language", "split"),
    ),
    # languages
    "distances": Schema(
        pa.schema([*_text("distance", "first", "second"), _number("value", "0 to 1")]),
        ("distance", "first", "second"),
    ),
    # training
    "curve": Schema(
        pa.schema(
            [
                _integer("step"),
                _number("epoch", "epochs done"),
                _number("loss", "nats"),
                _number("learning_rate"),
                _integer("tokens", "real sub-words so far"),
                _integer("processed", "sub-words computed so far, padding included"),
            ]
        ),
        ("step",),
    ),
    "predictions": Schema(
        pa.schema([*_text("language"), _integer("id"), *_text("label", "prediction")]),
        ("language", "id"),
    ),
    "tag_predictions": Schema(
        pa.schema([*_text("language"), _integer("id"), *_texts("label", "prediction")]),
        ("language", "id"),
    ),
    "tree_predictions": Schema(
        pa.schema(
            [
                *_text("language"),
                _integer("id"),
                *_texts("upos"),
                _field("head", pa.list_(pa.int64()), "1-based word, 0 = root"),
                *_texts("deprel"),
                _field("predicted_head", pa.list_(pa.int64()), "1-based word, 0 = root"),
                *_texts("predicted_deprel"),
            ]
        ),
        ("language", "id"),
    ),
    "answer_predictions": Schema(
        pa.schema([*_text("language"), _integer("id"), *_texts("answers"), *_text("prediction")]),
        ("language", "id"),
    ),
    "scores": Schema(
        pa.schema(
            [
                *_RUN,
                *_text("language", "split", "metric"),
                _number("value", "percent"),
                _integer("n", "examples"),
            ]
        ),
        (*_RUN_KEY, "language", "split", "metric"),
    ),
    "baselines": Schema(
        pa.schema(
            [
                *_text("task", "trained_on", "language", "split", "metric", "method"),
                _number("value", "percent"),
                _integer("n", "examples"),
            ]
        ),
        ("task", "trained_on", "language", "split", "metric", "method"),
    ),
    # representations: similarity of a language's states before and after fine-tuning
    "cka": Schema(
        pa.schema(
            [
                *_RUN,
                *_text("base", "pooling", "language"),
                _integer("layer", "output of block i"),
                _integer("n", "examples"),
                _number("biased"),
                _number("debiased"),
                _number("phi", "1 - biased"),
            ]
        ),
        (*_RUN_KEY, "base", "pooling", "language", "layer"),
    ),
    # representations: similarity of two languages on sentences that translate each other, of a run
    # or of the encoder itself ("-" for task, trained_on and recipe, seed 0)
    "similarity": Schema(
        pa.schema(
            [
                *_RUN,
                *_text("text", "protocol", "index", "source", "target"),
                _integer("layer", "output of block i, 0 = embeddings"),
                _integer("n", "sentences"),
                _number("value", nullable=True),
            ]
        ),
        (*_RUN_KEY, "text", "protocol", "index", "source", "target", "layer"),
    ),
    # sub-networks: what a threshold keeps; `asked` examples stand in the columns of levels
    "selections": Schema(
        pa.schema(
            [
                *_text("encoder", "subnetwork", "task", "language", "split"),
                _integer("seed"),
                _integer("asked", "examples"),
                _integer("examples", "examples read"),
                _number("p", "fraction"),
                _number("threshold", "squared nats per unit"),
                *[_integer(name, "parameters") for name in ("selected", "ties", "parameters")],
                _number("clipped", "fraction of tensors whose gradient was clipped"),
            ]
        ),
        ("encoder", "subnetwork", "task", "language", "split", "seed", "asked", "p"),
    ),
    "overlap": Schema(
        pa.schema(
            [
                *_text("encoder", "subnetwork", "task"),
                _integer("seed"),
                _integer("asked", "examples"),
                *_text("source", "target"),
                _integer("layer", "block, 0 = all together"),
                _number("p", "fraction"),
                *[_integer(name, "parameters") for name in ("intersection", "union")],
                _number("jaccard", "fraction", nullable=True),
            ]
        ),
        (
            *("encoder", "subnetwork", "task", "seed", "asked"),
            *("source", "target", "layer", "p"),
        ),
    ),
    # landscapes: scores of weights between the runs of a pair and seed; `part` is what is mixed
    "paths": Schema(
        pa.schema(
            [
                *_PAIR,
                *_text("part", "start"),
                _number("alpha", "0 = monolingual model of start, 1 = bilingual model"),
                *_SCORED,
            ]
        ),
        (*_PAIR_KEY, "part", "start", "alpha", "language", "metric"),
    ),
    "planes": Schema(
        pa.schema(
            [
                *_PAIR,
                *_text("part"),
                _number("alpha_source", "0 = bilingual model, 1 = the source's"),
                _number("alpha_target", "0 = bilingual model, 1 = the target's"),
                *_SCORED,
            ]
        ),
        (*_PAIR_KEY, "part", "alpha_source", "alpha_target", "language", "metric"),
    ),
    # directions from the bilingual model to the monolingual ones; level all, part, layer or tensor
    "directions": Schema(
        pa.schema(
            [
                *_PAIR,
                *_text("level", "name"),
                _integer("parameters"),
                _number("norm_source"),
                _number("norm_target"),
                _number("ratio", "source over target", nullable=True),
                _number("angle", "degrees", nullable=True),
            ]
        ),
        (*_PAIR_KEY, "level", "name"),
    ),
    # scores of the source's model after steps in random directions; radius 0 is the model itself
    "sharpness": Schema(
        pa.schema(
            [
                *_text("encoder", "task", "source", "recipe"),
                _integer("seed"),
                _integer("direction", "number from 1, 0 = none"),
                _number("radius", "share of the norm of each filter"),
                *_SCORED,
            ]
        ),
        (
            *("encoder", "task", "source", "recipe", "seed"),
            *("direction", "radius", "language", "metric"),
        ),
    ),
    # predictors of transfer: what is known of a language's text, and of pairs of languages
    "subwords": Schema(
        pa.schema(
            [
                *_text("language"),
                _integer("seed"),
                _integer("subword", "number in the vocabulary"),
                _integer("count", "occurrences"),
            ]
        ),
        ("language", "seed", "subword"),
    ),
    "means": Schema(
        pa.schema(
            [
                *_text("language"),
                _integer("seed"),
                _integer("layer", "output of block i"),
                _integer("examples", "examples"),
                _field("value", pa.list_(pa.float64())),
            ]
        ),
        ("language", "seed", "layer"),
    ),
    "predictors": Schema(
        pa.schema(
            [
                *_text("method", "setting"),
                _integer("seed", "of the sample of text, 0 = none"),
                *_text("source", "target"),
                _number("value", "higher predicts better transfer", nullable=True),
            ]
        ),
        ("method", "setting", "seed", "source", "target"),
    ),
    "pair_features": Schema(
        pa.schema([*_text("source", "target", "feature"), _number("value", nullable=True)]),
        ("source", "target", "feature"),
    ),
    # statistics: how well a method ranks the sources of a target; means over seeds
    "rankings": Schema(
        pa.schema(
            [
                *_text("encoder", "task", "method", "setting"),
                _integer("asked", "examples, 0 = not a sub-network"),
                _integer("layer", "block, 0 = all together"),
                _number("p", "fraction, 0 = not a sub-network"),
                *_text("target", "metric"),
                _number("value", nullable=True),
                _integer("n", "combinations of seeds with a value"),
            ]
        ),
        ("encoder", "task", "method", "setting", "asked", "layer", "p", "target", "metric"),
    ),
    "regressions": Schema(
        pa.schema(
            [
                *_text("encoder", "task", "features", "regression", "source", "target"),
                _number("score", "percent"),
                _number("in_sample", "percent"),
                _number("held_out", "percent, fitted without the target"),
            ]
        ),
        ("encoder", "task", "features", "regression", "source", "target"),
    ),
    # statistics: one correlation and what surrounds it
    "correlations": Schema(
        pa.schema(
            [
                *_text("item", "row", "column", "coefficient"),
                # what the number rests on; "-" where an item does not use it
                *_text("distances", "base", "same_language"),
                _number("value", nullable=True),
                _integer("n", "pairs"),
                _number("p", "fraction", nullable=True),
                _number("p_permutation", "fraction", nullable=True),
                _number("low", "2.5 percent of the bootstrap", nullable=True),
                _number("high", "97.5 percent of the bootstrap", nullable=True),
                _number("q", "fraction", nullable=True),
            ]
        ),
        ("item", "distances", "base", "same_language", "row", "column", "coefficient"),
    ),
    # statistics: what one model or writing scores above another on the same test sentences
    "contrasts": Schema(
        pa.schema(
            [
                *_text("task", "language", "metric"),
                *_text("model", "writing", "other_model", "other_writing"),
                _number("value", "percent"),
                _number("other_value", "percent"),
                _number("difference", "points"),
                _number("low", "points, 2.5 percent of the bootstrap"),
                _number("high", "points, 97.5 percent of the bootstrap"),
                _integer("n", "examples"),
                _integer("seeds", "runs of each"),
            ]
        ),
        ("task", "language", "metric", "model", "writing", "other_model", "other_writing"),
    ),
    # papers: a number here beside the published one
    "cells": Schema(
        pa.schema([*_text("study", "item", "row", "column", "unit"), _number("value")]),
        ("study", "item", "row", "column"),
    ),
    "comparison": Schema(
        pa.schema(
            [
                *_text("study", "item", "row", "column", "unit"),
                _field("published", pa.string(), nullable=True),
                _number("here", nullable=True),
                _number("difference", nullable=True),
                *_text("status"),
            ]
        ),
        ("study", "item", "row", "column"),
    ),
}
