"""The texts of a corpus in another writing, without touching what is said about its words."""

import functools
import re
from collections.abc import Callable

import pandas as pd

from isogloss.corpora.latin import LanguageFacts, romaniser
from isogloss.corpora.permuted import permuter
from isogloss.corpora.words import TEXTS
from isogloss.corpora.writings import writing_mistake
from isogloss.errors import ConfigError


def rewrite(kind: str, frame: pd.DataFrame, writing: str, language: LanguageFacts) -> pd.DataFrame:
    """Rows in another writing; ids, labels, tags, heads and relations stay as they are.

    Forms are rewritten one by one. A form that would become empty stays as it was, and blanks
    inside of a romanised form are left out, so every form stays one. The text of a tree is joined
    from its forms and `space_after`: it has the words of a multiword token, not the token. Other
    texts are rewritten between their blanks, which stay.

    Parameters
    ----------
    kind : table kind: lines, pairs, tagged or treebank
    frame : rows of that kind
    writing : original; latin, which leaves languages of script latin as they are; or permuted,
        see `permuted.permuter`

    Raises
    ------
    ConfigError
        for an unknown writing, a kind whose texts cannot be rewritten (questions), and permuted
        letters of a script without an alphabet
    """
    mistake = writing_mistake(kind, writing, language.script)
    if mistake is not None:
        raise ConfigError(f"language {language.code!r}: {mistake}")
    if writing == "original" or (writing == "latin" and language.script == "latin"):
        return frame
    spell = romaniser(language) if writing == "latin" else permuter(language.script)
    # a blank that was in the form is part of the permuted one: no two forms may become equal
    joined = _one_word(spell) if writing == "latin" else spell
    return _with_forms(frame, joined) if "form" in frame else _with_texts(kind, frame, spell)


def _one_word(spell: Callable[[str], str]) -> Callable[[str], str]:
    return lambda form: "".join(spell(form).split()) or form


def _with_forms(frame: pd.DataFrame, spell: Callable[[str], str]) -> pd.DataFrame:
    cached = functools.cache(spell)
    forms = [[cached(form) for form in row] for row in frame["form"]]
    rewritten = frame.assign(form=pd.Series(forms, index=frame.index, dtype=object))
    if "text" not in frame:
        return rewritten
    texts = [_joined(*row) for row in zip(forms, frame["space_after"], strict=True)]
    return rewritten.assign(text=pd.Series(texts, index=frame.index, dtype=frame["text"].dtype))


def _joined(forms: list[str], space_after: list[bool]) -> str:
    spaced = (form + " " * bool(space) for form, space in zip(forms, space_after, strict=True))
    return "".join(spaced).strip()


def _with_texts(kind: str, frame: pd.DataFrame, spell: Callable[[str], str]) -> pd.DataFrame:
    @functools.cache
    def word(original: str) -> str:
        return " ".join(spell(original).split()) or original

    def text(original: str) -> str:
        return re.sub(r"\S+", lambda match: word(match.group()), original)

    return frame.assign(**{column: frame[column].map(text) for column in TEXTS[kind]})
