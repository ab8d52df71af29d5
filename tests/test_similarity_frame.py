"""The table of similarity for pairs of languages in each layer."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from test_indices import FORMULAS, NAMES, rbf_cka_of

from isogloss.errors import TableError
from isogloss.representations.indices import INDICES, similarity_frame
from isogloss.representations.space import Space
from isogloss.representations.states import StatesFile, write_states


def parts(
    ids: dict[str, list[int]], layers: int = 2, width: int = 7
) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """States of languages: a share by id that all have, and a share of their own."""
    shared = np.random.default_rng(0).normal(size=(100, layers + 1, width))
    return [
        (
            language,
            np.array(numbers),
            shared[numbers]
            + np.random.default_rng(place + 1).normal(size=(len(numbers), layers + 1, width)),
        )
        for place, (language, numbers) in enumerate(ids.items())
    ]


def opened(folder: Path, ids: dict[str, list[int]]) -> StatesFile:
    write_states(folder / "states.parquet", parts(ids))
    return StatesFile(folder / "states.parquet")


IDS = {
    "en": list(range(40)),
    "de": list(range(40)),
    # in another order, and without some: what it shares with en is its own
    "sw": [*range(30, 40), *range(5, 25)],
    # begins as en and de do
    "fi": [*range(10), *range(20, 40)],
}
PAIRS = [("en", "de"), ("en", "sw"), ("sw", "en"), ("en", "fi")]


def by_id(language: str, layer: int, ids: list[int]) -> np.ndarray:
    """States of sentences in the order of their ids, rounded as the file has them."""
    (found,) = [part for part in parts(IDS) if part[0] == language]
    rows = {int(number): states[layer] for number, states in zip(*found[1:], strict=True)}
    return np.array([rows[number] for number in ids]).astype(np.float16)


def test_a_table_equals_a_plain_loop(tmp_path: Path) -> None:
    frame = similarity_frame(opened(tmp_path, IDS), PAIRS, NAMES, 25)
    columns = ["protocol", "index", "source", "target", "layer", "n", "value"]
    assert list(frame.columns) == columns
    expected = []
    for name in NAMES:
        for source, target in PAIRS:
            ids = sorted(set(IDS[source]) & set(IDS[target]))[:25]
            for layer in range(3):
                x, y = (by_id(code, layer, ids) for code in (source, target))
                value = pytest.approx(FORMULAS[name](x, y), abs=1e-8)
                expected.append(("mean", name, source, target, layer, 25, value))
    assert list(frame.itertuples(index=False, name=None)) == expected
    assert frame["value"].between(0.01, 0.99).mean() > 0.9


def test_the_number_of_threads_changes_nothing(tmp_path: Path) -> None:
    file = opened(tmp_path, IDS)
    one, three = (similarity_frame(file, PAIRS, NAMES, 25, threads=count) for count in (1, 3))
    pd.testing.assert_frame_equal(one, three, check_exact=True)


def test_fewer_sentences_than_asked_for_are_counted(tmp_path: Path) -> None:
    frame = similarity_frame(opened(tmp_path, IDS), PAIRS, ["cka"], 1000)
    assert frame.groupby(["source", "target"], sort=False)["n"].first().tolist() == [40, 30, 30, 30]


def test_the_authors_windows_are_four_that_hardly_differ(tmp_path: Path) -> None:
    frame = similarity_frame(opened(tmp_path, IDS), PAIRS[:1], NAMES, 30, "authors")
    assert set(frame["index"]) == {"rbf_cka"} and set(frame["protocol"]) == {"authors"}
    assert frame["n"].tolist() == [30] * 3
    for layer, value in enumerate(frame["value"]):
        x, y = (by_id(code, layer, list(range(30))) for code in PAIRS[0])
        each = [rbf_cka_of(x[i : i + 7], y[i : i + 7]) for i in range(4)]
        assert value == pytest.approx(np.mean(each), abs=1e-8)
        assert np.ptp(each) > 1e-3


def test_the_authors_protocol_leaves_other_indices_out(tmp_path: Path) -> None:
    file = opened(tmp_path, IDS)
    assert len(similarity_frame(file, PAIRS, ["cka", "rsa"], 30, "authors")) == 0
    assert len(similarity_frame(file, [], NAMES, 30)) == 0


def test_a_part_is_prepared_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    index = INDICES["cka"]

    def counted(space: Space) -> np.ndarray:
        calls.append(len(space.states))
        return index.prepare(space)

    monkeypatch.setitem(INDICES, "cka", index._replace(prepare=counted))
    file = opened(tmp_path, IDS | {"ru": list(range(40))})
    similarity_frame(file, [*PAIRS, ("en", "ru"), ("ru", "de")], ["cka"], 1000)
    # en, de, ru on the sentences of all three; en and sw, en and fi on those that the two share
    assert sorted(calls) == [30] * 4 * 3 + [40] * 3 * 3


@pytest.mark.filterwarnings("error")
def test_a_constant_layer_is_nan_in_the_table(tmp_path: Path) -> None:
    content = parts(IDS)
    content[1][2][:, 1] = 0.3
    write_states(tmp_path / "x", content)
    for protocol in ("mean", "authors"):
        frame = similarity_frame(StatesFile(tmp_path / "x"), PAIRS[:2], NAMES, 30, protocol)
        gone = (frame["target"] == "de") & (frame["layer"] == 1)
        assert gone.any() and (frame["value"].isna() == gone).all()


@pytest.mark.parametrize(
    ("ids", "sentences", "protocol", "message"),
    [
        ([36, 37, 38, 50], 100, "mean", "compared on 3 sentences; protocol 'mean' needs 4 or more"),
        (list(range(40)), 3, "mean", "'en' and 'xx' are compared on 3 sentences"),
        (list(range(33, 50)), 9, "authors", "on 7 sentences; protocol 'authors' needs 8 or more"),
        ([1, 2, 3, 4, 5, 1], 9, "mean", "'xx' holds an id twice; once is allowed"),
    ],
)
def test_what_cannot_be_compared(
    ids: list[int], sentences: int, protocol: str, message: str, tmp_path: Path
) -> None:
    file = opened(tmp_path, {"en": list(range(40)), "xx": ids})
    with pytest.raises(TableError, match=f"states.parquet: .*{message}"):
        similarity_frame(file, [("en", "xx")], NAMES, sentences, protocol)


def test_a_language_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="no states of 'fr'; it holds en, de, sw, fi"):
        similarity_frame(opened(tmp_path, IDS), [("en", "fr")], NAMES, 30)
