"""The same bytes in another folder, and outside of the project's."""

import shutil
from pathlib import Path

import pytest
import study

pytestmark = pytest.mark.workflow


def test_another_working_directory_gives_the_same_bytes(
    root: Path, finished: Path, tmp_path: Path
) -> None:
    project = study.copy_project(root, tmp_path / "project")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(project / study.TINY, elsewhere / "mine.yaml")
    target = study.TARGETS[-1]
    call = study.snakemake(
        elsewhere,
        target,
        *("--snakefile", str(project / "Snakefile")),
        *("--cores", "2", "--configfile", "mine.yaml"),
    )
    assert call.status == 0, call.text
    made = study.tables(elsewhere)
    known = study.tables(finished)
    assert made == {path: known[path] for path in made}
    assert target in made
    assert not (project / "results").exists()
