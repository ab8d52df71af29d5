"""Which URIEL code stands for which language."""

from collections.abc import Mapping, Sequence
from typing import Literal

from isogloss.errors import ConfigError

UrielColumn = Literal["uriel_authors", "uriel"]


def uriel_codes(
    languages_table: Mapping[str, Mapping[str, str]],
    column: UrielColumn,
    languages: Sequence[str],
) -> dict[str, str]:
    """Map language codes to URIEL's ISO 639-3 codes.

    Parameters
    ----------
    languages_table : the table of languages: code -> its row
    column : `uriel_authors`, the codes of Philippy et al. 2023 (released code), which name
        macrolanguages without data (ara, swa, zho); or `uriel`, codes with data behind them
    languages : codes to look up

    Raises
    ------
    ConfigError
        for a language outside of the table, a missing column or an empty cell
    """
    return {language: _code(languages_table, column, language) for language in languages}


def _code(table: Mapping[str, Mapping[str, str]], column: UrielColumn, language: str) -> str:
    if language not in table:
        raise ConfigError(
            f"languages: {language!r} is not in the table of languages; "
            f"allowed: {', '.join(sorted(table))}"
        )
    row = table[language]
    if column not in row:
        raise ConfigError(
            f"languages: the table of languages has no column {column!r}; "
            f"its columns: {', '.join(row)}"
        )
    code = row[column].strip()
    if not code:
        raise ConfigError(
            f"languages: {language!r} has no code in column {column!r} of the table of languages; "
            "allowed: an ISO 639-3 code that URIEL knows, for instance eng"
        )
    return code
