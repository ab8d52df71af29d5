"""Overlap of a task's languages as a table, and sub-networks with sums that are kept."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from test_fisher import language_model, texts

from isogloss.config.subnetworks import SubNetwork
from isogloss.errors import TableError
from isogloss.subnetworks import estimate as room
from isogloss.subnetworks.compare import compare
from isogloss.subnetworks.find import Found, find
from isogloss.subnetworks.levels import LevelsFile, write_levels
from isogloss.subnetworks.masks import levels
from isogloss.subnetworks.objectives import Sample
from isogloss.subnetworks.sums import load_sums

GRID = [0.25, 0.5]
TENSORS = [("layer.0.weight", 1, 4), ("layer.1.weight", 2, 2)]
# Levels of six parameters: 2 is in the masks of both p, 1 in that of the larger p only.
HELD = {
    "de": [2, 2, 1, 0, 0, 1],
    "en": [2, 0, 2, 1, 0, 0],
    "fr": [0, 0, 0, 2, 2, 1],
}


def file_of(folder: Path, language: str, split: str = "train", **columns: list[int]) -> LevelsFile:
    """A file of levels; columns as `s42_1024`."""
    path = folder / f"{language}-{split}.parquet"
    arrays = {
        name[1:].replace("_", "-"): np.array(values, dtype=np.uint8)
        for name, values in columns.items()
    }
    write_levels(path, arrays, TENSORS, GRID)
    return LevelsFile(path)


def value(table: pd.DataFrame, column: str = "jaccard", **where: Any) -> float:
    """The one value of a row."""
    for name, wanted in where.items():
        table = table[table[name] == wanted]
    assert len(table) == 1
    return float(table[column].iloc[0])


def test_overlaps_are_those_of_a_hand_count(tmp_path: Path) -> None:
    files = {(one, "train"): file_of(tmp_path, one, s1_9=held) for one, held in HELD.items()}
    found = compare(files, ["de", "en"], ["de", "en", "fr"], ("train", "train"))
    # sources, targets, the whole and two blocks, two p
    assert len(found) == 2 * 3 * 3 * 2
    assert set(found["seed"]) == {1} and set(found["asked"]) == {9}
    pair = {"source": "de", "target": "en"}
    # p 0.25: {0, 1} and {0, 2}; p 0.5: {0, 1, 2, 5} and {0, 2, 3}
    assert value(found, layer=0, p=0.25, **pair) == pytest.approx(1 / 3)
    assert value(found, layer=0, p=0.5, **pair) == pytest.approx(2 / 5)
    assert value(found, "union", layer=0, p=0.5, **pair) == 5
    assert value(found, "intersection", layer=1, p=0.5, **pair) == 2
    assert value(found, layer=1, p=0.5, **pair) == pytest.approx(2 / 4)
    assert value(found, layer=2, p=0.5, **pair) == 0
    # no parameter of block 2 is in either mask of p 0.25
    assert np.isnan(value(found, layer=2, p=0.25, **pair))
    assert value(found, layer=0, p=0.5, source="en", target="en") == 1
    assert value(found, layer=0, p=0.25, source="en", target="fr") == 0


def test_sources_need_not_begin_the_targets(tmp_path: Path) -> None:
    files = {(one, "train"): file_of(tmp_path, one, s1_9=held) for one, held in HELD.items()}
    found = compare(files, ["fr", "de"], ["en", "de", "fr"], ("train", "train"))
    for source in ("fr", "de"):
        assert value(found, layer=0, p=0.5, source=source, target=source) == 1
    assert value(found, layer=0, p=0.25, source="de", target="en") == pytest.approx(1 / 3)


def test_another_split_is_that_of_the_targets(tmp_path: Path) -> None:
    files = {
        ("de", "train"): file_of(tmp_path, "de", s1_9=HELD["de"]),
        ("en", "train"): file_of(tmp_path, "en", s1_9=HELD["en"]),
        ("de", "test"): file_of(tmp_path, "de", "test", s1_9=HELD["en"]),
        ("en", "test"): file_of(tmp_path, "en", "test", s1_9=HELD["fr"]),
    }
    found = compare(files, ["de", "en"], ["de", "en"], ("train", "test"))
    at = {"layer": 0, "p": 0.25}
    # A language's own training and test text are two texts.
    assert value(found, source="de", target="de", **at) == pytest.approx(1 / 3)
    assert value(found, source="en", target="de", **at) == 1
    assert value(found, source="en", target="en", **at) == 0
    assert value(found, source="de", target="en", **at) == 0


def test_blocks_are_shown_for_the_most_examples_only(tmp_path: Path) -> None:
    files = {
        (one, "train"): file_of(tmp_path, one, s1_9=held, s1_99=held, s2_99=held, s1_100=held)
        if one == "de"
        else file_of(tmp_path, one, s1_9=held, s1_99=held, s2_99=held)
        for one, held in HELD.items()
    }
    found = compare(files, ["de", "en"], ["de", "en", "fr"], ("train", "train"))
    # 100 examples were asked of German alone
    assert set(zip(found["seed"], found["asked"], strict=True)) == {(1, 9), (1, 99), (2, 99)}
    assert set(found.loc[found["asked"] == 9, "layer"]) == {0}
    assert set(found.loc[found["asked"] == 99, "layer"]) == {0, 1, 2}


def test_files_without_a_common_sub_network_are_refused(tmp_path: Path) -> None:
    files = {
        ("de", "train"): file_of(tmp_path, "de", s1_9=HELD["de"]),
        ("en", "train"): file_of(tmp_path, "en", s2_9=HELD["en"]),
    }
    with pytest.raises(TableError, match=r"de-train.*same seed.*it has 1-9"):
        compare(files, ["de"], ["de", "en"], ("train", "train"))


@pytest.fixture(autouse=True)
def on_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exactness is promised on the CPU."""
    monkeypatch.setattr(room, "pick_device", lambda: torch.device("cpu"))


def settings_of(**changes: Any) -> SubNetwork:
    plain = {"examples": 8, "seeds": [1], "grid": [0.1, 0.3], "dropout": False}
    return SubNetwork.model_validate({**plain, **changes})


class Texts:
    """Gives models and samples, and counts the rows that are read of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, rows: int = 40) -> None:
        self.whole = texts("bert", [3 + n % 7 for n in range(rows)])
        self.read: list[int] = []
        plain = room._add_examples

        def watched(*given: Any) -> Any:
            self.read.append(given[4] - given[3].examples)
            return plain(*given)

        monkeypatch.setattr(room, "_add_examples", watched)

    def find(self, settings: SubNetwork, folder: Path | None = None) -> Found:
        """Sub-networks of the first rows."""

        def draw(seed: int) -> Sample:
            return self.whole._replace(examples=self.whole.examples[: settings.examples])

        def sums_file(seed: int) -> Path:
            assert folder is not None
            return folder / f"{seed}.safetensors"

        return find(lambda _: language_model("bert"), draw, settings, folder and sums_file)


def test_each_seed_and_size_is_a_sub_network(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Texts(monkeypatch).find(settings_of(seeds=[3, 1], sizes=[4, 2], estimator="per_sample"))
    assert list(found.columns) == ["3-2", "3-4", "3-8", "1-2", "1-4", "1-8"]
    parameters = sum(size for _, _, size in found.tensors)
    assert {len(column) for column in found.columns.values()} == {parameters}
    table = found.selections
    assert len(table) == 2 * 3 * 2
    assert (table["examples"] == table["asked"]).all()
    assert (table["parameters"] == parameters).all() and (table["clipped"] == 0).all()
    for (seed, asked), group in table.groupby(["seed", "asked"]):
        column = found.columns[f"{seed}-{asked}"]
        kept = [int((column >= 2).sum()), int((column >= 1).sum())]
        assert group["selected"].tolist() == kept
        assert kept == pytest.approx([0.1 * parameters, 0.3 * parameters], abs=2)
    assert not np.array_equal(found.columns["1-2"], found.columns["1-8"])
    assert not np.array_equal(found.columns["1-8"], found.columns["3-8"])


def test_a_short_text_has_all_its_rows_at_every_size(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Texts(monkeypatch, rows=5)
    found = source.find(settings_of(sizes=[2, 6], estimator="per_sample"))
    assert list(found.columns) == ["1-2", "1-6", "1-8"]
    np.testing.assert_array_equal(found.columns["1-6"], found.columns["1-8"])
    shown = found.selections.drop_duplicates("asked").set_index("asked")
    assert shown["examples"].to_dict() == {2: 2, 6: 5, 8: 5}


def test_clipped_gradients_are_a_share(monkeypatch: pytest.MonkeyPatch) -> None:
    for clip, wanted in ((1e-9, 1.0), (1e9, 0.0), (None, 0.0)):
        found = Texts(monkeypatch, rows=8).find(settings_of(clip=clip))
        # a tensor that no gradient reaches is compared, but never clipped
        assert found.selections["clipped"].iloc[0] == pytest.approx(wanted, abs=0.2)


def test_kept_sums_are_gone_on_with(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    source = Texts(monkeypatch)
    source.find(settings_of(examples=6, estimator="per_sample"), tmp_path)
    assert source.read == [6]
    assert load_sums(tmp_path / "1.safetensors").examples == 6
    more = settings_of(examples=16, sizes=[6, 9], estimator="per_sample")
    found = source.find(more, tmp_path)
    assert source.read == [6, 3, 7]
    assert load_sums(tmp_path / "1.safetensors").examples == 16
    fresh = source.find(more)
    assert list(found.columns) == list(fresh.columns)
    for name, column in fresh.columns.items():
        # sums are added in another order, so a value at a threshold may fall on its other side
        assert (found.columns[name] != column).mean() < 1e-3
    pd.testing.assert_frame_equal(
        found.selections[["asked", "examples", "p"]], fresh.selections[["asked", "examples", "p"]]
    )


def test_the_same_number_again_reads_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source = Texts(monkeypatch)
    settings = settings_of(estimator="per_sample")
    first = source.find(settings, tmp_path)
    again = source.find(settings, tmp_path)
    assert sum(source.read) == 8
    np.testing.assert_array_equal(first.columns["1-8"], again.columns["1-8"])


def test_more_kept_than_a_size_asks_for_begins_anew(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source = Texts(monkeypatch)
    source.find(settings_of(examples=10, estimator="per_sample"), tmp_path)
    smaller = settings_of(examples=12, sizes=[4], estimator="per_sample")
    found, fresh = source.find(smaller, tmp_path), source.find(smaller)
    for name, column in fresh.columns.items():
        np.testing.assert_array_equal(found.columns[name], column)
    assert found.selections["examples"].tolist() == [4, 4, 12, 12]


@pytest.mark.parametrize("kept", [8, 10])
def test_batches_are_those_of_one_pass(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kept: int
) -> None:
    """Ten examples end with half a batch, which is no batch of sixteen."""
    source = Texts(monkeypatch)
    source.find(settings_of(examples=kept), tmp_path)
    found, fresh = (
        source.find(settings_of(examples=16), tmp_path),
        source.find(settings_of(examples=16)),
    )
    np.testing.assert_array_equal(found.columns["1-16"], fresh.columns["1-16"])


def test_levels_follow_the_sums_that_were_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = Texts(monkeypatch).find(settings_of(estimator="per_sample"), tmp_path)
    kept = load_sums(tmp_path / "1.safetensors")
    flat = torch.cat([tensor.flatten() for tensor in kept.values.values()]).numpy() / kept.n
    thresholds = found.selections["threshold"].tolist()
    np.testing.assert_array_equal(found.columns["1-8"], levels(flat, thresholds))
    assert [name for name, _, _ in found.tensors] == list(kept.values)
