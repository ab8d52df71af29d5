"""All predictors of a task's pairs of languages in one table, and the features of regressions."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from isogloss.corpora.family.languages import Language
from isogloss.predictors.embedding import embedding_similarity
from isogloss.predictors.evenness import Evenness, source_evenness
from isogloss.predictors.lexical import lexical_similarity, subword_overlap
from isogloss.predictors.xpos import pair_features

NO_SEED = 0
LAST = "last"
KEY = ["method", "setting", "seed", "source", "target", "value"]


class Languages(NamedTuple):
    """Languages of a task.

    sources : candidates
    targets : the sources, and further languages
    scripts : by language
    """

    sources: Sequence[str]
    targets: Sequence[str]
    scripts: Mapping[str, str]


def of_texts(means: pd.DataFrame, subwords: pd.DataFrame, layers: Sequence[int]) -> pd.DataFrame:
    """EMB, LEX and shared sub-words for all pairs, by seed of the sample of text.

    Parameters
    ----------
    means, subwords : tables of these kinds
    layers : of EMB, besides the last one

    Returns
    -------
    DataFrame
        columns of table kind `predictors`
    """
    last = int(means["layer"].max())
    names = {last: LAST, **{layer: f"layer {layer}" for layer in layers if layer != last}}
    frames = []
    for seed, group in means.groupby("seed"):
        languages = sorted(group["language"].unique())
        stacked = group.sort_values(["language", "layer"])["value"]
        states = np.stack(stacked.to_list()).reshape(len(languages), last + 1, -1)
        found = embedding_similarity(states, languages)
        shown = found[found["layer"].isin(names)]
        frames.append(shown.assign(method="EMB", setting=shown["layer"].map(names), seed=seed)[KEY])
    for seed, group in subwords.groupby("seed"):
        counts = group[["language", "subword", "count"]]
        frames.append(lexical_similarity(counts).assign(method="LEX", setting="-", seed=seed))
        frames.append(subword_overlap(counts).assign(method="subwords", setting="-", seed=seed))
    return pd.concat(frames, ignore_index=True)[KEY]


def of_languages(
    languages: Languages, typology: pd.DataFrame, evenness: Mapping[str, Evenness]
) -> pd.DataFrame:
    """L2V, SuE in both forms, and whether two languages share their script.

    Parameters
    ----------
    typology : columns source, target, value
    evenness : of each source; where an angle is not defined, as for writing with words of one
        or two characters, the source takes the mean of the others, which says nothing of it
    """
    forms = {
        "text": _filled({language: found.text for language, found in evenness.items()}),
        "original": _filled({language: found.original for language, found in evenness.items()}),
    }
    frames = [typology.assign(method="L2V", setting="-")]
    frames += [
        source_evenness(found, languages.targets).assign(method="SuE", setting=form)
        for form, found in forms.items()
    ]
    pairs = pd.MultiIndex.from_product([languages.sources, languages.targets])
    same = [float(languages.scripts[a] == languages.scripts[b]) for a, b in pairs]
    script = pd.DataFrame(list(pairs), columns=["source", "target"]).assign(value=same)
    frames.append(script.assign(method="script", setting="-"))
    whole = pd.concat(frames, ignore_index=True).assign(seed=NO_SEED)[KEY]
    wanted = whole["source"].isin(languages.sources) & whole["target"].isin(languages.targets)
    return whole[wanted].reset_index(drop=True)


def _filled(angles: Mapping[str, float]) -> dict[str, float]:
    """Angles with the mean of the defined ones where there is none; 0 where none is defined."""
    known = [angle for angle in angles.values() if np.isfinite(angle)]
    mean = float(np.mean(known)) if known else 0.0
    return {name: angle if np.isfinite(angle) else mean for name, angle in angles.items()}


def regressors(
    languages: Languages,
    attributes: pd.DataFrame,
    ldnd: pd.DataFrame,
    pretrained: Iterable[str] | None,
) -> pd.DataFrame:
    """Features of X-POS, table kind `pair_features`; a target's family as a number.

    Parameters
    ----------
    attributes, ldnd : as `predictors.xpos` reads them
    pretrained : languages of the encoder's pretraining text; None takes those of XLM-R
    """
    if pretrained is not None:
        known = set(pretrained)
        attributes = attributes.assign(in_xlmr=attributes["code"].isin(known).astype(np.float64))
    wide = pair_features(languages.sources, languages.targets, attributes, ldnd)
    families = sorted(wide["target_family"].dropna().unique())
    numbers = wide["target_family"].map({name: i for i, name in enumerate(families)})
    wide = wide.drop(columns=["source_family", "target_family"]).assign(
        target_family=numbers.astype(np.float64)
    )
    return wide.melt(["source", "target"], var_name="feature", value_name="value")


def family_attributes(family: Iterable[Language]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Attributes of generated languages, and their LDND, which is not known of any pair."""
    rows = [
        {
            "code": one.code,
            "family": one.path[0],
            "subfamily": one.path[1],
            "script": one.script,
            "script_type": "alphabetic",
            "word_order": one.typology.order,
            "in_xlmr": 0.0,
            "added": None,
        }
        for one in family
    ]
    ldnd = pd.DataFrame({"first": [], "second": [], "ldnd": []})
    return pd.DataFrame(rows), ldnd
