"""Snakemake's own linter and formatter have nothing to say."""

from pathlib import Path

import pytest
import study

pytestmark = pytest.mark.workflow


def test_lint_is_clean(root: Path, tmp_path: Path) -> None:
    call = study.snakemake(tmp_path, "--lint", "--snakefile", str(root / "Snakefile"))
    assert call.status == 0, call.text


def test_rules_are_formatted(root: Path) -> None:
    call = study.run(root, study.tool("snakefmt"), "--check", "Snakefile", "rules")
    assert call.status == 0, call.text
