"""A user's mistake ends in one message that says where it is."""

import shutil
from pathlib import Path

import pytest
import study

pytestmark = pytest.mark.workflow

ROWS = "results/corpora/nli/ana/test.parquet"


def test_malformed_upstream_file_is_named_with_its_line(
    root: Path, finished: Path, tmp_path: Path
) -> None:
    # The family is written in upstream layout, so that it can serve as a mirror.
    shutil.copytree(finished / "results" / "family", tmp_path / "mirror")
    broken = tmp_path / "mirror" / "xnli" / "test-ana.tsv"
    lines = broken.read_text(encoding="utf-8").splitlines()
    lines[6] = "one column only"
    broken.write_text("\n".join(lines) + "\n", encoding="utf-8")
    shutil.copy(root / study.TINY, tmp_path / "tiny.yaml")
    call = study.snakemake(
        tmp_path,
        *(ROWS, "--snakefile", str(root / "Snakefile"), "--cores", "1"),
        *("--configfile", "tiny.yaml"),
        *("--config", "mirror=mirror", "corpora={nli: {dataset: xnli, home: mirror}}"),
    )
    assert call.status != 0
    log = (tmp_path / "results/logs/import_corpus/nli/ana/test.log").read_text(encoding="utf-8")
    assert "mirror/xnli/test-ana.tsv:7: " in log
    assert len(log.splitlines()) == 1
    assert "mirror/xnli/test-ana.tsv:7: " in call.text
    assert "Traceback" not in call.text + log
    assert not (tmp_path / ROWS).exists()
