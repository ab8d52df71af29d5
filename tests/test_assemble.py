"""All predictors of pairs of languages in one table, and what they are made of."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from models import WORDS, build_encoder, build_unigram, word_pieces_of

from isogloss.corpora.family.languages import family_languages
from isogloss.corpora.words import words_of
from isogloss.encoders.batches import Encoded
from isogloss.errors import ConfigError, TableError
from isogloss.kinds import SCHEMAS
from isogloss.predictors.assemble import (
    Languages,
    family_attributes,
    of_languages,
    of_texts,
    regressors,
)
from isogloss.predictors.evenness import Evenness
from isogloss.training.describe import describe, description_tables

# Mean states of two layers; the last one turns German away from French.
STATES = {
    "de": [[1.0, 0.0], [0.0, 2.0]],
    "en": [[1.0, 1.0], [1.0, 1.0]],
    "fr": [[1.0, 0.0], [3.0, 0.0]],
}
COUNTS = {"de": {5: 2, 6: 2}, "en": {5: 1, 7: 1}, "fr": {8: 9}}
PAIR = {"source": "de", "target": "en"}


def means_of(seed: int = 1, scale: float = 1.0) -> pd.DataFrame:
    """Table kind `means`; languages do not come in the order of their letters."""
    rows = [
        (language, seed, layer, 3, np.array(state) * scale)
        for language, layers in reversed(STATES.items())
        for layer, state in reversed(list(enumerate(layers)))
    ]
    return pd.DataFrame(rows, columns=["language", "seed", "layer", "examples", "value"])


def subwords_of(seed: int = 1) -> pd.DataFrame:
    """Table kind `subwords`."""
    rows = [
        (language, seed, subword, count)
        for language, counts in COUNTS.items()
        for subword, count in counts.items()
    ]
    return pd.DataFrame(rows, columns=["language", "seed", "subword", "count"])


def value(table: pd.DataFrame, **where: Any) -> float:
    """The one value of a row."""
    for name, wanted in where.items():
        table = table[table[name] == wanted]
    assert len(table) == 1, where
    return float(table["value"].iloc[0])


def key_of(kind: str) -> list[str]:
    """Columns that tell the rows of a table kind apart."""
    return list(SCHEMAS[kind].key)


def test_predictors_of_texts_are_those_of_a_hand_count() -> None:
    found = of_texts(means_of(), subwords_of(), [0])
    assert not found.duplicated(key_of("predictors")).any()
    assert set(found["method"]) == {"EMB", "LEX", "subwords"}
    # four predictors, nine pairs
    assert len(found) == 4 * 9
    emb = {"method": "EMB", "seed": 1, **PAIR}
    assert value(found, setting="layer 0", **emb) == pytest.approx(0.5**0.5)
    assert value(found, setting="last", **emb) == pytest.approx(0.5**0.5)
    emb |= {"target": "fr"}
    assert value(found, setting="layer 0", **emb) == pytest.approx(1)
    assert value(found, setting="last", **emb) == pytest.approx(0, abs=1e-12)
    # one sub-word of three is shared
    assert value(found, method="subwords", **PAIR) == pytest.approx(1 / 3)
    # halves of 5, 6 and 5, 7: the mean of two divergences of (1/2) ln 2
    assert value(found, method="LEX", **PAIR) == pytest.approx(-np.log(2) / 2)
    assert value(found, method="LEX", source="de", target="fr") == pytest.approx(-np.log(2))


def test_the_last_layer_has_one_name_only() -> None:
    found = of_texts(means_of(), subwords_of(), [1, 7])
    assert set(found.loc[found["method"] == "EMB", "setting"]) == {"last"}


def test_seeds_of_text_stay_apart() -> None:
    means = pd.concat([means_of(1), means_of(2, 5.0)])
    found = of_texts(means, pd.concat([subwords_of(1), subwords_of(2)]), [])
    assert not found.duplicated(key_of("predictors")).any()
    assert set(found["seed"]) == {1, 2}
    # a cosine does not see the length
    first, second = (value(found, method="EMB", seed=seed, **PAIR) for seed in (1, 2))
    assert first == pytest.approx(second)


def evenness_of(text: float, original: float) -> Evenness:
    return Evenness(text, original, 0.0, 0.0, 9)


def known_languages() -> tuple[Languages, pd.DataFrame, dict[str, Evenness]]:
    """Two sources and a further target; typology knows all ordered pairs of the three."""
    languages = Languages(
        ["de", "ru"], ["de", "ru", "uk"], {"de": "Latn", "ru": "Cyrl", "uk": "Cyrl"}
    )
    codes = ["de", "ru", "uk"]
    typology = pd.DataFrame(
        [(a, b, float(3 * i + j)) for i, a in enumerate(codes) for j, b in enumerate(codes)],
        columns=["source", "target", "value"],
    )
    return languages, typology, {"de": evenness_of(75, 80), "ru": evenness_of(60, 60)}


def test_predictors_of_languages() -> None:
    languages, typology, evenness = known_languages()
    found = of_languages(languages, typology, evenness)
    assert not found.duplicated(key_of("predictors")).any()
    assert set(found["source"]) == {"de", "ru"} and set(found["target"]) == {"de", "ru", "uk"}
    assert (found["seed"] == 0).all()
    # four predictors of six pairs
    assert len(found) == 4 * 6
    assert value(found, method="L2V", source="ru", target="uk") == 5
    assert value(found, method="SuE", setting="text", source="de", target="uk") == -75
    assert value(found, method="SuE", setting="original", source="de", target="ru") == -80
    script = found[found["method"] == "script"]
    same = {(a, b): v for a, b, v in script[["source", "target", "value"]].itertuples(index=False)}
    assert same["ru", "uk"] == same["ru", "ru"] == same["de", "de"] == 1
    assert same["de", "uk"] == same["ru", "de"] == 0


def attributes_of(**pretrained: float) -> pd.DataFrame:
    """Attributes of three languages of two families."""
    frame = pd.DataFrame(
        {
            "code": ["de", "ru", "tr"],
            "family": ["Indo-European", "Indo-European", "Turkic"],
            "subfamily": ["Germanic", "Slavic", "Turkic"],
            "script": ["Latin", "Cyrillic", "Latin"],
            "script_type": "alphabetic",
            "word_order": ["SVO", "SVO", "SOV"],
            "in_xlmr": 1.0,
            "added": None,
        }
    )
    return frame.assign(in_xlmr=frame["code"].map(pretrained)) if pretrained else frame


def test_regressors_are_long_and_a_family_is_a_number() -> None:
    languages = Languages(["de", "tr"], ["de", "ru", "tr"], {})
    ldnd = pd.DataFrame({"first": ["de"], "second": ["ru"], "ldnd": [70.0]})
    found = regressors(languages, attributes_of(), ldnd, None)
    assert found.columns.tolist() == ["source", "target", "feature", "value"]
    assert not found.duplicated(key_of("pair_features")).any()
    assert len(found) == 6 * found["feature"].nunique()
    assert value(found, feature="family_same", source="de", target="ru") == 1
    assert value(found, feature="script_same", source="de", target="tr") == 1
    assert value(found, feature="family_same", source="tr", target="ru") == 0
    assert value(found, feature="ldnd", source="de", target="ru") == 70
    # not known of the pair
    assert np.isnan(value(found, feature="ldnd", source="tr", target="ru"))
    family = found[found["feature"] == "target_family"].set_index(["source", "target"])["value"]
    assert family["de", "de"] == family["tr", "ru"] != family["de", "tr"]
    assert found["value"].dtype == np.float64


def test_pretraining_is_that_of_the_encoder_where_it_is_known() -> None:
    languages = Languages(["de", "tr"], ["de", "ru", "tr"], {})
    ldnd = pd.DataFrame({"first": [], "second": [], "ldnd": []})
    attributes = attributes_of(de=1.0, ru=0.0, tr=1.0)
    for pretrained, wanted in (
        (None, (1, 0, 0)),
        ([], (0, 0, 0)),
        (["ru"], (0, 1, 0)),
        (["de", "ru"], (1, 1, 1)),
    ):
        found = regressors(languages, attributes, ldnd, pretrained)
        pair = {"source": "de", "target": "ru"}
        names = ("pretrained_source", "pretrained_target", "pretrained_both")
        assert tuple(value(found, feature=name, **pair) for name in names) == wanted
    assert attributes["in_xlmr"].tolist() == [1, 0, 1]


def test_generated_languages_have_attributes() -> None:
    attributes, ldnd = family_attributes(family_languages())
    languages = Languages(["ana", "bel"], ["ana", "bel", "bok", "aro"], {})
    found = regressors(languages, attributes, ldnd, ["ana"])
    assert value(found, feature="family_same", source="bel", target="bok") == 1
    assert value(found, feature="family_same", source="ana", target="bok") == 0
    assert value(found, feature="script_same", source="ana", target="aro") == 0
    assert value(found, feature="sov_order_same", source="bel", target="bok") == 1
    assert value(found, feature="pretrained_both", source="ana", target="ana") == 1
    assert value(found, feature="pretrained_target", source="ana", target="bel") == 0
    apart = found[(found["feature"] == "ldnd") & (found["source"] != found["target"])]
    assert len(apart) and apart["value"].isna().all()


def test_a_language_without_attributes_is_named() -> None:
    attributes, ldnd = family_attributes(family_languages())
    with pytest.raises(ConfigError, match="no attributes of xx"):
        regressors(Languages(["ana"], ["ana", "xx"], {}), attributes, ldnd, None)


@pytest.mark.parametrize(
    ("kind", "columns", "wanted"),
    [
        ("lines", {"text": ["a b", "c  d "]}, ["a", "b", "c", "d"]),
        ("pairs", {"premise": ["a", "b"], "hypothesis": ["c", "d"]}, ["a", "b", "c", "d"]),
        ("questions", {"context": ["a b"], "question": ["c ?"]}, ["a", "b", "c", "?"]),
        # a form may hold a space
        ("tagged", {"form": [np.array(["a b", "c"], dtype=object)]}, ["a b", "c"]),
        ("treebank", {"form": [["a"], ["b"]], "text": ["x", "y"]}, ["a", "b"]),
    ],
)
def test_words_of_each_kind(kind: str, columns: dict[str, Any], wanted: list[str]) -> None:
    assert list(words_of(kind, pd.DataFrame(columns))) == wanted


def test_a_kind_without_text_has_no_words() -> None:
    with pytest.raises(TableError, match="'scores' holds no text; allowed: pairs, questions"):
        list(words_of("scores", pd.DataFrame({"value": [1.0]})))


def encoded(ids: list[int]) -> Encoded:
    return Encoded(np.array(ids, dtype=np.int64), np.zeros(len(ids), dtype=np.int64))


def test_a_description_is_a_mean_of_means() -> None:
    """Each text counts once, however long it is; special sub-words do not count."""
    encoder = build_encoder("bert")
    special = [0, 2, 3]
    given = [encoded([2, 10, 11, 3]), encoded([2, 12, 3]), encoded([2, 10, 10, 13, 14, 15, 3])]
    found = describe(encoder, given, 0, special)
    assert found.texts == 3
    alone = [describe(encoder, [text], 0, special) for text in given]
    expected = np.mean([one.means for one in alone], axis=0)
    np.testing.assert_allclose(found.means, expected, atol=1e-6)
    assert found.means.shape == (3, 16) and found.means.dtype == np.float64
    counts = dict(zip(found.subwords.tolist(), found.counts.tolist(), strict=True))
    assert counts == {10: 3, 11: 1, 12: 1, 13: 1, 14: 1, 15: 1}


def test_layer_zero_is_the_output_of_the_embeddings() -> None:
    encoder = build_encoder("bert")
    ids = [2, 10, 11, 12, 3]
    found = describe(encoder, [encoded(ids)], 0, [0, 2, 3])
    with torch.no_grad():
        states = encoder(torch.tensor([ids]), output_hidden_states=True).hidden_states
    for layer, state in enumerate(states):
        expected = state[0, 1:-1].double().mean(0).numpy()
        # states of a text are kept as float16
        np.testing.assert_allclose(found.means[layer], expected, rtol=1e-3, atol=1e-4)


def test_tables_of_a_description_go_into_predictors() -> None:
    encoder = build_encoder("bert")
    tokenizer = build_unigram(word_pieces_of(WORDS))
    special = tokenizer.all_special_ids
    tables = []
    for language, text in (("de", "cats see dogs"), ("en", "cats chase birds"), ("fr", "red")):
        ids = tokenizer(text)["input_ids"]
        tables.append(
            description_tables(describe(encoder, [encoded(ids)], 0, special), language, 4)
        )
    means, subwords = (pd.concat(part) for part in zip(*tables, strict=True))
    for kind, table in (("means", means), ("subwords", subwords)):
        assert set(table.columns) == set(SCHEMAS[kind].columns.names)
        assert not table.duplicated(key_of(kind)).any()
    assert means["layer"].tolist() == [0, 1, 2] * 3 and (means["examples"] == 1).all()
    pairs = of_texts(means, subwords, [1])
    own = pairs[(pairs["source"] == pairs["target"]) & (pairs["method"] == "EMB")]
    assert own["value"].to_numpy() == pytest.approx(1)
    # "cats" of five different words
    assert value(pairs, method="subwords", **PAIR) == pytest.approx(1 / 5)
