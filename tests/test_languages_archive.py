"""Upstream's archives of pre-computed distances, in both layouts it has had."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from isogloss.errors import ConfigError
from isogloss.languages.distances import DISTANCES, zip_distances
from isogloss.tables import arrange

INDEX = ["bul", "eng", "fra", "ara"]
LANGUAGES = {"en": "eng", "bg": "bul", "fr": "fra"}


@pytest.fixture
def matrices() -> dict[str, np.ndarray]:
    generator = np.random.default_rng(7)
    names = DISTANCES.values()
    return {name: np.triu(generator.random((4, 4)).round(4), 1) for name in names}


def write_sparse(
    path: Path, matrices: dict[str, np.ndarray], index: str | None = ",".join(INDEX)
) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, matrix in matrices.items():
            content = io.BytesIO()
            sparse.save_npz(content, sparse.csr_matrix(matrix))
            archive.writestr(f"{name}_upper_round2_sparse.npz", content.getvalue())
    if index is not None:
        (path.parent / "distances_languages.txt").write_text(index + "\n", "utf-8")
    return path


def write_csv(path: Path, matrices: dict[str, np.ndarray]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, matrix in matrices.items():
            full = matrix + matrix.T
            lines = [",".join(["", *INDEX])]
            lines += [
                ",".join([code, *map(str, row)]) for code, row in zip(INDEX, full, strict=True)
            ]
            archive.writestr(f"{name.upper()}.csv", "\n".join(lines))
    return path


@pytest.mark.parametrize("write", [write_sparse, write_csv])
def test_both_layouts(write, tmp_path: Path, matrices: dict[str, np.ndarray]) -> None:
    table = zip_distances(write(tmp_path / "distances.zip", matrices), LANGUAGES)
    assert arrange("distances", table).num_rows == 5 * 3 * 3
    found = table.set_index(["distance", "first", "second"])["value"]
    for short, name in DISTANCES.items():
        for first, code in LANGUAGES.items():
            for second, other in LANGUAGES.items():
                low, high = sorted([INDEX.index(code), INDEX.index(other)])
                expected = matrices[name][low, high] if low < high else 0.0
                assert found[short, first, second] == expected


def test_index_inside_of_the_archive(tmp_path: Path, matrices: dict[str, np.ndarray]) -> None:
    path = write_sparse(tmp_path / "distances2.zip", matrices, index=None)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("data/distances_languages.txt", ",".join(INDEX))
    assert len(zip_distances(path, LANGUAGES)) == 45


def test_only_cells_above_the_diagonal_count(
    tmp_path: Path, matrices: dict[str, np.ndarray]
) -> None:
    noisy = {name: matrix + np.tril(np.full((4, 4), 0.5)) for name, matrix in matrices.items()}
    clean = zip_distances(write_sparse(tmp_path / "a.zip", matrices), LANGUAGES)
    assert zip_distances(write_sparse(tmp_path / "b.zip", noisy), LANGUAGES).equals(clean)


def test_refusals(tmp_path: Path, matrices: dict[str, np.ndarray]) -> None:
    path = tmp_path / "distances2.zip"
    path.write_text("no archive", "utf-8")
    with pytest.raises(ConfigError, match=r"not a readable zip archive.*allowed: lang2vec"):
        zip_distances(path, LANGUAGES)
    with pytest.raises(ConfigError, match="not a readable zip archive"):
        zip_distances(tmp_path / "none.zip", LANGUAGES)
    with pytest.raises(ConfigError, match=r"no distances_languages.txt beside it"):
        zip_distances(write_sparse(path, matrices, index=None), LANGUAGES)
    with pytest.raises(ConfigError, match="no code 'deu'; allowed: one of the 4"):
        zip_distances(write_sparse(path, matrices), {"de": "deu"})
    with pytest.raises(ConfigError, match=r"shape \(4, 4\), but .* lists 3 codes"):
        zip_distances(write_sparse(path, matrices, index="bul,eng,fra"), LANGUAGES)
    with pytest.raises(ConfigError, match="0 members for 'genetic', expected 1"):
        without = {name: matrix for name, matrix in matrices.items() if name != "genetic"}
        zip_distances(write_sparse(path, without), LANGUAGES)
    with pytest.raises(ConfigError, match="outside of 0 to 1"):
        wrong = matrices | {"genetic": matrices["genetic"] + 1}
        zip_distances(write_sparse(path, wrong), LANGUAGES)


def test_members_of_another_kind(tmp_path: Path) -> None:
    path = tmp_path / "distances2.zip"
    (tmp_path / "distances_languages.txt").write_text(",".join(INDEX), "utf-8")
    with zipfile.ZipFile(path, "w") as archive:
        for name in DISTANCES.values():
            archive.writestr(f"{name}.npz", b"nothing")
    with pytest.raises(ConfigError, match="not a scipy sparse matrix"):
        zip_distances(path, LANGUAGES)
    with zipfile.ZipFile(path, "w") as archive:
        for name in DISTANCES.values():
            archive.writestr(f"{name}.csv", ",bul,eng,fra\nbul,0,0.1,0.2\neng,0.1,0\nfra,0.2,0.3,0")
    with pytest.raises(ConfigError, match="row 'eng' has 3 cells"):
        zip_distances(path, LANGUAGES)
    with zipfile.ZipFile(path, "w") as archive:
        for name in DISTANCES.values():
            archive.writestr(f"{name}.csv", ",bul,eng,fra\nbul,0,0.1,x\neng,0.1,0,0\nfra,0.2,0.3,0")
    with pytest.raises(ConfigError, match="row 'bul' holds a cell that is no number"):
        zip_distances(path, LANGUAGES)
