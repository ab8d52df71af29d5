"""What follows from the printed numbers alone needs neither training nor torch."""

import re
from pathlib import Path

import pyarrow.parquet as parquet
import pytest
import study

pytestmark = pytest.mark.workflow

FOLDER = "results/papers/philippy2023_published"


def test_table1_is_recomputed_without_torch(
    root: Path, tmp_path: Path, no_torch: dict[str, str]
) -> None:
    call = study.snakemake(
        tmp_path,
        *("philippy2023_published", "--snakefile", str(root / "Snakefile"), "--cores", "1"),
        **no_torch,
    )
    assert call.status == 0, call.text
    comparison = parquet.read_table(tmp_path / FOLDER / "comparison.parquet").to_pylist()
    table1 = [row["status"] for row in comparison if row["item"] == "table1"]
    assert len(table1) == 10
    assert set(table1) == {"matched"}
    page = (tmp_path / FOLDER / "index.html").read_text(encoding="utf-8")
    assert "Figure 3" in page
    assert not re.search(r">\s*(nan|None|NaN)\s*<", page)
