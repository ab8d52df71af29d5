"""Files of levels: what is written is read, and what does not fit is refused."""

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isogloss.errors import TableError
from isogloss.subnetworks import levels as files
from isogloss.subnetworks.levels import LevelsFile, check_comparable, column_name, write_levels
from isogloss.subnetworks.overlap import within

GRID = [0.05, 0.1, 0.15]
TENSORS = [("layer.0.weight", 1, 70), ("layer.0.bias", 1, 10), ("layer.1.weight", 2, 50)]


def draw(*names: str, size: int = 130, grid: int = 3, seed: int = 1) -> dict[str, np.ndarray]:
    """Levels by column."""
    generator = np.random.default_rng(seed)
    return {name: generator.integers(0, grid + 1, size, dtype=np.uint8) for name in names}


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A file of two sub-networks in two blocks."""
    path = tmp_path / "fr" / "levels.parquet"
    write_levels(path, draw("42-1024", "16-1024"), TENSORS, GRID)
    return path


def test_what_is_written_is_read(written: Path) -> None:
    columns = draw("42-1024", "16-1024")
    file = LevelsFile(written)
    assert file.columns == ["42-1024", "16-1024"]
    assert (file.blocks, file.grid, file.tensors) == ([1, 2], GRID, TENSORS)
    assert file.tensors[1].name == "layer.0.bias"
    for name, values in columns.items():
        first, second = file.levels(name, 1), file.levels(name, 2)
        assert first.dtype == second.dtype == np.uint8
        np.testing.assert_array_equal(first, values[:80])
        np.testing.assert_array_equal(second, values[80:])


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.lists(st.integers(1, 40), min_size=1, max_size=3), min_size=1, max_size=4),
    st.integers(1, 255),
    st.integers(0, 99),
)
def test_any_blocks_are_read_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, blocks: list[list[int]], grid: int, seed: int
) -> None:
    path = tmp_path_factory.mktemp("levels") / "x.parquet"
    tensors = [
        (f"{block}.{place}", block, size)
        for block, sizes in enumerate(blocks, start=1)
        for place, size in enumerate(sizes)
    ]
    columns = draw("a", "b", size=sum(map(sum, blocks)), grid=grid, seed=seed)
    write_levels(path, columns, tensors, list(np.arange(1, grid + 1) / 256))
    file = LevelsFile(path)
    assert [len(file.levels("a", block)) for block in file.blocks] == [sum(x) for x in blocks]
    for name, values in columns.items():
        read = np.concatenate([file.levels(name, block) for block in file.blocks])
        np.testing.assert_array_equal(read, values)
    assert file.tensors == tensors


def test_blocks_of_more_than_a_million_stay_whole(tmp_path: Path) -> None:
    """Parquet writers split tables of more rows than that unless told not to."""
    size = (1 << 20) + 5
    columns = draw("a", size=size + 3)
    write_levels(tmp_path / "x.parquet", columns, [("w", 1, size), ("v", 2, 3)], GRID)
    file = LevelsFile(tmp_path / "x.parquet")
    assert file.blocks == [1, 2]
    np.testing.assert_array_equal(file.levels("a", 1), columns["a"][:size])
    np.testing.assert_array_equal(file.levels("a", 2), columns["a"][size:])


def test_the_same_levels_are_the_same_bytes(written: Path, tmp_path: Path) -> None:
    write_levels(tmp_path / "again", draw("42-1024", "16-1024"), TENSORS, GRID)
    assert (tmp_path / "again").read_bytes() == written.read_bytes()
    write_levels(tmp_path / "other", draw("42-1024", "16-1024", seed=2), TENSORS, GRID)
    assert (tmp_path / "other").read_bytes() != written.read_bytes()


def test_any_reader_of_parquet_reads_it(written: Path) -> None:
    table = pq.read_table(written)
    assert table.schema.types == [pa.uint8(), pa.uint8()]
    assert pq.ParquetFile(written).metadata.row_group(0).num_rows == 80
    expected = draw("42-1024", "16-1024")["16-1024"]
    np.testing.assert_array_equal(table["16-1024"].to_numpy(), expected)


def test_a_level_takes_little_more_than_its_bits(tmp_path: Path) -> None:
    columns = draw("a", size=200_000, grid=19)
    write_levels(tmp_path / "x", columns, [("w", 1, 200_000)], list(np.arange(1, 20) / 20))
    assert (tmp_path / "x").stat().st_size < 200_000 * 5 / 8


def test_overlap_reads_the_files(written: Path) -> None:
    file = LevelsFile(written)
    counts = within(file.levels, file.columns, file.blocks, len(file.grid))
    one, other = draw("42-1024", "16-1024").values()
    for place in range(3):
        both = (one >= 3 - place) & (other >= 3 - place)
        found = counts.intersection[0, 1, :, place]
        assert found.tolist() == [both[:80].sum(), both[80:].sum()]


def test_columns_are_named_by_seed_and_examples() -> None:
    assert column_name(42, 1024) == "42-1024"


def test_what_is_not_there_is_named(written: Path) -> None:
    file = LevelsFile(written)
    with pytest.raises(TableError, match="no sub-network '10-1024'; it holds 42-1024, 16-1024"):
        file.levels("10-1024", 1)
    for block in (0, 3, -1):
        with pytest.raises(TableError, match=f"no block {block}; it holds 1 to 2"):
            file.levels("42-1024", block)


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="not a readable Parquet file"):
        LevelsFile(tmp_path / "absent")
    (tmp_path / "text").write_text("levels", encoding="utf-8")
    with pytest.raises(TableError, match="not a readable Parquet file"):
        LevelsFile(tmp_path / "text")
    pq.write_table(pa.table({"42-1024": [1]}), tmp_path / "table")
    with pytest.raises(TableError, match="does not hold levels"):
        LevelsFile(tmp_path / "table")


@pytest.mark.parametrize(
    ("columns", "tensors", "grid", "message"),
    [
        ({}, TENSORS, GRID, "at least one column"),
        (draw("a", size=129), TENSORS, GRID, r"'a' is uint8 of shape \(129,\); .*\(130,\)"),
        ({"a": np.zeros(130, np.int64)}, TENSORS, GRID, "'a' is int64"),
        ({"a": np.zeros((130, 1), np.uint8)}, TENSORS, GRID, r"shape \(130, 1\)"),
        ({"a": np.full(130, 4, np.uint8)}, TENSORS, GRID, "level 4; allowed: up to 3"),
        (draw("a"), [], GRID, "rising from 1"),
        (draw("a"), [("w", 0, 130)], GRID, "rising from 1"),
        (draw("a"), [("w", 2, 130)], GRID, "rising from 1"),
        (draw("a"), [("w", 1, 100), ("v", 3, 30)], GRID, r"\[1, 3\]; allowed: rising"),
        (draw("a"), [("w", 1, 99), ("v", 2, 1), ("u", 1, 30)], GRID, "rising from 1"),
        (draw("a"), [("w", 1, 130), ("v", 2, 0)], GRID, "1 parameter or more"),
        (draw("a"), TENSORS, [], "rising fractions"),
        (draw("a"), TENSORS, [0.1, 0.1, 0.2], "rising fractions"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_written(
    tmp_path: Path,
    columns: dict[str, np.ndarray],
    tensors: list[tuple[str, int, int]],
    grid: list[float],
    message: str,
) -> None:
    with pytest.raises(TableError, match=message):
        write_levels(tmp_path / "x", columns, tensors, grid)
    assert not list(tmp_path.iterdir())


def test_a_block_larger_than_a_row_group_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LARGEST_BLOCK", 79)
    with pytest.raises(TableError, match="a block has 80 parameters; allowed: up to 79"):
        write_levels(tmp_path / "x", draw("a"), TENSORS, GRID)


def test_files_compare_with_the_same_tensors_and_grid(written: Path, tmp_path: Path) -> None:
    write_levels(tmp_path / "de", draw("42-1024", seed=2), TENSORS, GRID)
    check_comparable([])
    check_comparable([LevelsFile(written)])
    check_comparable([LevelsFile(written), LevelsFile(tmp_path / "de"), LevelsFile(written)])


@pytest.mark.parametrize(
    ("tensors", "grid", "message"),
    [
        (TENSORS, [0.05, 0.1, 0.2], "grid differ (first 0.15 and 0.2)"),
        (TENSORS, [0.05, 0.1, 0.15, 0.2], "grid differ (3 and 4 of them)"),
        ([("w", 1, 80), TENSORS[2]], GRID, "tensors differ (first Part(name='layer.0.weight'"),
        ([*TENSORS, ("v", 2, 1)], GRID, "tensors differ (3 and 4 of them)"),
        ([*TENSORS[:2], ("layer.1.weight", 1, 50)], GRID, "tensors differ"),
    ],
)
def test_files_of_other_tensors_or_grids_do_not_compare(
    written: Path,
    tmp_path: Path,
    tensors: list[tuple[str, int, int]],
    grid: list[float],
    message: str,
) -> None:
    size = sum(size for _, _, size in tensors)
    write_levels(tmp_path / "de", draw("42-1024", size=size), tensors, grid)
    both = re.escape(f"{written} and {tmp_path / 'de'}: ")
    with pytest.raises(TableError, match=f"{both}.*{re.escape(message)}"):
        check_comparable([LevelsFile(written), LevelsFile(written), LevelsFile(tmp_path / "de")])
