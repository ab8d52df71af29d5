"""A job writes down what it does, and ends with one line when a user can mend it."""

import logging
from pathlib import Path

import pytest
from threadpoolctl import threadpool_info

from isogloss.errors import ConfigError, CorpusError
from isogloss.logs import job


def test_a_job_logs_to_its_file(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "a.log"
    for text in ("first", "second"):
        with job(path) as log:
            log.info("%s line", text)
            logging.getLogger("isogloss").info("of a room")
    lines = path.read_text().splitlines()
    assert [line.split(" ", 2)[2] for line in lines] == ["second line", "of a room"]
    assert not logging.getLogger("isogloss").handlers


def test_an_error_of_ours_ends_with_its_message(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as caught, job(tmp_path / "a.log"):
        raise ConfigError("recipes.x.batch: found 0; allowed: 1 or more")
    assert caught.value.code == "Error: recipes.x.batch: found 0; allowed: 1 or more"
    text = (tmp_path / "a.log").read_text()
    assert "found 0; allowed" in text
    assert "Traceback" not in text
    assert not logging.getLogger("isogloss").handlers


def test_any_other_error_keeps_its_traceback(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), job(tmp_path / "a.log"):
        _ = 1 / 0
    text = (tmp_path / "a.log").read_text()
    assert "Traceback" in text
    assert "ZeroDivisionError" in text


def test_linear_algebra_runs_on_one_thread(tmp_path: Path) -> None:
    with job(tmp_path / "a.log"):
        assert {pool["num_threads"] for pool in threadpool_info()} <= {1}


def test_an_error_in_a_corpus_names_file_and_line() -> None:
    assert str(CorpusError("a.tsv", 3, "two cells")) == "a.tsv:3: two cells"
    assert str(CorpusError("a.tsv", None, "empty")) == "a.tsv: empty"
