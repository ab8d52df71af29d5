"""Which rows can be written how. Light: Snakemake imports it when it reads its rules."""

from isogloss.corpora.permuted import ALPHABETS

WRITINGS = ("original", "latin", "permuted")
_KINDS = ("lines", "pairs", "tagged", "treebank")


def writing_mistake(kind: str, writing: str, script: str) -> str | None:
    """Why rows of a kind cannot be written so, and what is allowed; None where they can be.

    Parameters
    ----------
    kind : table kind of the corpus, a value of `sources.FORMATS`
    writing : original, latin or permuted
    script : the language's, as in the table of languages
    """
    if writing not in WRITINGS:
        return f"writing {writing!r} is unknown; allowed: {', '.join(WRITINGS)}"
    if writing == "original":
        return None
    if kind not in _KINDS:
        return (
            f"writing {writing!r} of rows of kind {kind!r}, whose answers are places in the text; "
            f"allowed: original, or a corpus of kind {', '.join(_KINDS)}"
        )
    if writing == "permuted" and script not in ALPHABETS:
        return (
            f"writing 'permuted' of script {script!r}, which has no alphabet here; "
            f"allowed: languages of script {', '.join(ALPHABETS)}"
        )
    return None
