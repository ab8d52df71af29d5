"""The small family, written once."""

from pathlib import Path

import pytest
from known import CODES, SEED, SIZES

from isogloss.corpora.family.concepts import Names, draw_names
from isogloss.corpora.family.sets import Sets, draw_evaluation_sets
from isogloss.corpora.family.write import write_family


@pytest.fixture(scope="session")
def family(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of all its files."""
    folder = tmp_path_factory.mktemp("family")
    write_family(folder, CODES, SIZES, SEED)
    return folder


@pytest.fixture(scope="session")
def names() -> Names:
    """Its names."""
    return draw_names(SEED)


@pytest.fixture(scope="session")
def sets(names: Names) -> Sets:
    """Its evaluation sets."""
    return draw_evaluation_sets(names, SIZES, SEED)
