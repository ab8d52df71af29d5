"""How mistakes in a configuration are worded: key, what was found, what is allowed."""

import difflib
from collections.abc import Collection, Iterable

from isogloss.errors import ConfigError


def refuse(mistakes: Iterable[str]) -> None:
    """Raise ConfigError with one line per mistake, if there is any."""
    found = list(dict.fromkeys(mistakes))
    if found:
        raise ConfigError("\n".join(found))


def allowed(found: str, known: Collection[str]) -> str:
    """The values that are allowed, the nearest one first named."""
    near = difflib.get_close_matches(found, sorted(known), n=1)
    meant = f"did you mean {near[0]!r}? " if near else ""
    return f"{meant}allowed: {', '.join(sorted(known)) or 'none is defined'}"


def unknown(key: str, found: str, known: Collection[str]) -> str:
    """One line on a value that is none of the known ones."""
    return f"{key}: found {found!r}; {allowed(found, known)}"
