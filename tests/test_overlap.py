"""Overlap of sub-networks against sets of Python, and dense masks of numpy."""

import importlib.util
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from isogloss.errors import TableError
from isogloss.subnetworks import overlap
from isogloss.subnetworks.masks import levels, mask, select
from isogloss.subnetworks.overlap import (
    Counts,
    Levels,
    between,
    jaccard,
    pack,
    shared,
    total,
    within,
)


class Networks(NamedTuple):
    """Levels of languages in blocks, and the number of p."""

    levels: Mapping[tuple[str, int], Levels]
    sizes: list[int]
    grid: int

    def read(self, language: str, block: int) -> Levels:
        """Levels of a language in a block."""
        return self.levels[language, block]

    @property
    def blocks(self) -> list[int]:
        """Numbers of the blocks."""
        return list(range(1, len(self.sizes) + 1))


def draw(languages: str, sizes: list[int], grid: int, seed: int) -> Networks:
    """Levels that languages partly share."""
    generator = np.random.default_rng(seed)
    held = {}
    for block, size in enumerate(sizes, start=1):
        common = generator.integers(0, grid + 1, size, dtype=np.uint8)
        for language in languages:
            own = generator.integers(0, grid + 1, size, dtype=np.uint8)
            held[language, block] = np.where(generator.random(size) < 0.5, common, own)
    return Networks(held, sizes, grid)


NETWORKS = st.builds(
    draw,
    st.just("abc"),
    st.lists(st.integers(1, 200), min_size=1, max_size=3),
    st.sampled_from([1, 2, 7, 19, 255]),
    st.integers(0, 999),
)


def members(network: Networks, language: str, block: int, place: int) -> set[int]:
    """Parameters of a block in the mask of the p at a place of the rising grid."""
    least = network.grid - place
    return {i for i, level in enumerate(network.read(language, block).tolist()) if level >= least}


def by_sets(first: Networks, sources: str, second: Networks, targets: str) -> Counts:
    """Counts from sets of Python."""
    shape = (len(sources), len(targets), len(first.sizes), first.grid)
    both, either = np.zeros(shape, int), np.zeros(shape, int)
    for at in np.ndindex(shape):
        source, target, block, place = at
        one = members(first, sources[source], block + 1, place)
        other = members(second, targets[target], block + 1, place)
        both[at], either[at] = len(one & other), len(one | other)
    return Counts(both, either)


def assert_equal(found: Counts, expected: Counts) -> None:
    """Both counts are the same integers."""
    for part, truth in zip(found, expected, strict=True):
        assert part.dtype == np.int64
        np.testing.assert_array_equal(part, truth)


@settings(max_examples=40, deadline=None)
@given(NETWORKS)
def test_pairs_within_a_list_are_those_of_sets(network: Networks) -> None:
    found = within(network.read, list("abc"), network.blocks, network.grid)
    assert_equal(found, by_sets(network, "abc", network, "abc"))


@settings(max_examples=40, deadline=None)
@given(NETWORKS, st.integers(0, 999))
def test_pairs_between_lists_are_those_of_sets(network: Networks, seed: int) -> None:
    other = draw("bcde", network.sizes, network.grid, seed)
    found = between(
        network.read, list("ab"), other.read, list("cbed"), network.blocks, network.grid
    )
    assert_equal(found, by_sets(network, "ab", other, "cbed"))


@settings(max_examples=40, deadline=None)
@given(NETWORKS, st.sampled_from([64, 128, 192]))
def test_pieces_change_nothing(network: Networks, piece: int) -> None:
    whole = within(network.read, list("abc"), network.blocks, network.grid)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(overlap, "PIECE", piece)
        assert_equal(within(network.read, list("abc"), network.blocks, network.grid), whole)
        arguments = network.read, list("abc")
        assert_equal(between(*arguments, *arguments, network.blocks, network.grid), whole)


def test_a_block_of_several_pieces() -> None:
    size = 2 * overlap.PIECE + 77
    network = draw("ab", [size], 19, 1)
    found = within(network.read, ["a", "b"], [1], 19)
    for place in range(19):
        one, other = (mask(network.read(language, 1), place, 19) for language in "ab")
        assert found.intersection[0, 1, 0, place] == np.count_nonzero(one & other)
        assert found.union[1, 0, 0, place] == np.count_nonzero(one | other)


@settings(max_examples=40, deadline=None)
@given(NETWORKS)
def test_coefficients_are_symmetric_and_1_with_oneself(network: Networks) -> None:
    found = within(network.read, list("abc"), network.blocks, network.grid)
    values = jaccard(found)
    np.testing.assert_array_equal(values, values.swapaxes(0, 1))
    own = values[[0, 1, 2], [0, 1, 2]]
    assert np.all((own == 1) | np.isnan(own))
    known = values[~np.isnan(values)]
    assert np.all((known >= 0) & (known <= 1))
    assert np.all(np.diff(found.intersection, axis=-1) >= 0)
    assert np.all(np.diff(found.union, axis=-1) >= 0)


@settings(max_examples=40, deadline=None)
@given(NETWORKS)
def test_blocks_add_up_to_the_whole(network: Networks) -> None:
    parts = total(within(network.read, list("abc"), network.blocks, network.grid))

    def read(language: str, block: int) -> Levels:
        return np.concatenate([network.read(language, part) for part in network.blocks])

    whole = within(read, list("abc"), [0], network.grid)
    assert_equal(parts, Counts(*(part[:, :, 0] for part in whole)))


def test_every_block_of_a_language_is_read_once_and_before_the_next() -> None:
    network = draw("abc", [70, 80, 90], 5, 1)
    asked: list[tuple[str, int]] = []

    def read(language: str, block: int) -> Levels:
        asked.append((language, block))
        return network.read(language, block)

    within(read, list("abc"), network.blocks, 5)
    assert asked == [(language, block) for block in (1, 2, 3) for language in "abc"]
    asked.clear()
    between(read, list("ab"), read, list("c"), [3], 5)
    assert Counter(asked) == {("a", 3): 1, ("b", 3): 1, ("c", 3): 1}


def test_blocks_come_in_the_order_asked_for() -> None:
    network = draw("ab", [70, 80, 90], 5, 1)
    whole = within(network.read, ["a", "b"], [1, 2, 3], 5)
    some = within(network.read, ["b", "a"], [3, 1], 5)
    assert_equal(some, Counts(*(part[::-1, ::-1][:, :, [2, 0]] for part in whole)))


@pytest.mark.filterwarnings("error")
def test_two_empty_masks_have_no_coefficient() -> None:
    held = {"a": [0, 0, 1], "b": [0, 1, 2], "c": [0, 0, 0]}
    counts = within(lambda name, _: np.array(held[name], np.uint8), list("abc"), [1], 2)
    values = jaccard(counts)[:, :, 0]
    expected = [
        [[np.nan, 1], [0, 1 / 2], [np.nan, 0]],
        [[0, 1 / 2], [1, 1], [0, 0]],
        [[np.nan, 0], [0, 0], [np.nan, np.nan]],
    ]
    np.testing.assert_array_equal(values, expected)


def test_a_block_without_parameters_counts_nothing() -> None:
    network = draw("ab", [0, 10], 3, 1)
    found = within(network.read, ["a", "b"], [1, 2], 3)
    assert not found.union[:, :, 0].any() and found.union[:, :, 1].any()


def test_from_gradients_to_coefficients() -> None:
    """The whole way of the study against its definition."""
    generator = np.random.default_rng(3)
    grid = [0.05, 0.15, 0.5, 0.95]
    common = generator.standard_normal(5000)
    fisher: dict[str, NDArray[np.float32]] = {
        name: np.square(common + generator.standard_normal(5000)).astype(np.float32)
        for name in "abc"
    }
    held = {
        name: levels(values, [row.threshold for row in select(values, grid)])
        for name, values in fisher.items()
    }
    found = jaccard(within(lambda name, _: held[name], list("abc"), [1], 4))[:, :, 0]
    for place, p in enumerate(grid):
        sets = [
            set(np.flatnonzero(values >= np.percentile(values, (1 - p) * 100)).tolist())
            for values in fisher.values()
        ]
        expected = [[len(one & other) / len(one | other) for other in sets] for one in sets]
        np.testing.assert_array_equal(found[..., place], expected)
    assert found[0, 1, 1] > 0.15 / (2 - 0.15)  # more than chance


@pytest.mark.parametrize("size", [1, 7, 8, 63, 64, 65, 128, 1000])
def test_bits_are_the_masks(size: int) -> None:
    held = np.random.default_rng(size).integers(0, 20, size, dtype=np.uint8)
    packed = pack(held, 19)
    assert packed.shape == (19, -(-size // 64)) and packed.dtype == np.uint64
    bits = np.unpackbits(packed.view(np.uint8), axis=1)
    for place in range(19):
        np.testing.assert_array_equal(bits[place, :size], mask(held, place, 19))
    assert not bits[:, size:].any()


def test_masks_that_are_packed_share_the_same() -> None:
    network = draw("abc", [1000], 19, 1)
    packed = np.stack([pack(network.read(language, 1), 19) for language in "abc"], axis=1)
    expected = by_sets(network, "abc", network, "abc").intersection[:, :, 0]
    np.testing.assert_array_equal(shared(packed, packed), expected)
    np.testing.assert_array_equal(shared(packed, packed, symmetric=True), expected)
    np.testing.assert_array_equal(shared(packed[:, :1], packed[:, 1:]), expected[:1, 1:])


def test_levels_may_be_read_only() -> None:
    network = draw("ab", [100], 19, 1)
    expected = within(network.read, ["a", "b"], [1], 19)
    for held in network.levels.values():
        held.flags.writeable = False
    assert_equal(within(network.read, ["a", "b"], [1], 19), expected)


def test_no_languages_are_refused() -> None:
    with pytest.raises(TableError, match="at least one"):
        within(draw("a", [3], 2, 1).read, [], [1], 2)


@pytest.mark.parametrize(
    "levels", [np.array([0, 3, 1], np.uint8), np.array([0, 1, 1]), np.array([True, False, True])]
)
def test_levels_that_the_grid_does_not_have_are_refused(levels: Levels) -> None:
    with pytest.raises(TableError, match=r"'b' in block 1 .*allowed: uint8 up to 2"):
        within(lambda name, _: np.zeros(3, np.uint8) if name == "a" else levels, ["a", "b"], [1], 2)


def test_other_encoders_are_refused() -> None:
    small, large = draw("ab", [3], 2, 1), draw("cd", [4], 2, 1)
    read = Networks({**small.levels, **large.levels}, [], 2).read
    with pytest.raises(TableError, match="block 1 has 3 parameters for 'a' and 4 for 'd'"):
        within(read, ["a", "b", "d"], [1], 2)
    with pytest.raises(TableError, match="block 1 has 3 parameters for 'b' and 4 for 'c'"):
        between(small.read, ["b"], large.read, ["c"], [1], 2)


def test_what_the_benchmark_compares_is_equal(root: Path, tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location(
        "benchmark_overlap", root / "benchmarks" / "overlap.py"
    )
    assert spec is not None and spec.loader is not None
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    sizes = ["--parameters=500", "--blocks=2", "--languages=3", "--repeats=1"]
    benchmark.main([*sizes, f"--json={tmp_path / 'o.json'}"])
    rows = json.loads((tmp_path / "o.json").read_text(encoding="utf-8"))["rows"]
    compared = {line["form"]: line["same"] for line in rows if line["same"] is not None}
    assert len(compared) == 5 and all(compared.values())
