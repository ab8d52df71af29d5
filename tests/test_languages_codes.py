"""Which URIEL code stands for which language."""

import pytest

from isogloss.errors import ConfigError
from isogloss.languages.codes import uriel_codes

TABLE = {
    "en": {"language": "en", "uriel_authors": "eng", "uriel": "eng"},
    "zh": {"language": "zh", "uriel_authors": "zho", "uriel": "cmn"},
    "ana": {"language": "ana", "uriel_authors": "", "uriel": " "},
}


def test_columns_and_order() -> None:
    assert uriel_codes(TABLE, "uriel_authors", ["zh", "en"]) == {"zh": "zho", "en": "eng"}
    assert list(uriel_codes(TABLE, "uriel", ["zh", "en"]).items()) == [("zh", "cmn"), ("en", "eng")]
    assert uriel_codes(TABLE, "uriel", []) == {}


@pytest.mark.parametrize("column", ["uriel", "uriel_authors"])
def test_empty_cell(column) -> None:
    with pytest.raises(ConfigError, match=f"'ana' has no code in column '{column}'"):
        uriel_codes(TABLE, column, ["en", "ana"])


def test_unknown_language_and_column() -> None:
    with pytest.raises(ConfigError, match=r"'xx' is not in the table.*ana, en, zh"):
        uriel_codes(TABLE, "uriel", ["xx"])
    with pytest.raises(ConfigError, match="no column 'uriel'; its columns: language"):
        uriel_codes({"en": {"language": "en"}}, "uriel", ["en"])
