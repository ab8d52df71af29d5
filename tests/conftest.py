"""Fixtures that several test modules share."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# No test depends on how fast a machine is.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """Folder of the project."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder with real sample data beside the checkout; tests that need it skip without."""
    folder = ROOT.parent / "shared"
    if not (folder / "data").is_dir():
        pytest.skip("needs the real sample data in ../shared")
    return folder


@pytest.fixture(scope="session")
def multilingual(shared: Path) -> Any:
    """Tokenizer of a real multilingual vocabulary of 119,547 sub-words."""
    from transformers import BertTokenizerFast

    vocabulary = str(shared / "data" / "vocab" / "mbert_modified_vocab.txt")
    tokenizer = BertTokenizerFast(vocabulary, do_lower_case=False)
    assert len(tokenizer) == 119_547
    return tokenizer


@pytest.fixture(scope="session", params=["bert", "roberta"])
def encoder_folder(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Folder of a tiny encoder in hub layout, once as BERT and once as XLM-R."""
    from models import save_encoder

    return save_encoder(tmp_path_factory.mktemp(request.param), request.param)


@pytest.fixture(scope="session")
def bert_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny BERT in hub layout."""
    from models import save_encoder

    return save_encoder(tmp_path_factory.mktemp("encoder"), "bert")
