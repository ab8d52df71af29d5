"""Errors a user can mend. Each carries one message: what, where, and what is allowed."""

from pathlib import Path


class IsoglossError(Exception):
    """Base of all errors that are shown without a traceback."""


class ConfigError(IsoglossError):
    """A key of the configuration, or what it points to, cannot be used."""


class CorpusError(IsoglossError):
    """A corpus file does not hold what its format promises.

    Parameters
    ----------
    path : file that was read
    line : 1-based line number, or None where the file as a whole is meant
    reason : what was found and what is allowed
    """

    def __init__(self, path: str | Path, line: int | None, reason: str) -> None:
        where = f"{path}:{line}" if line is not None else str(path)
        super().__init__(f"{where}: {reason}")


class TableError(IsoglossError):
    """A table does not follow its schema."""


class EncoderError(IsoglossError):
    """An encoder cannot be loaded, or is not what was recorded."""


class TrainingError(IsoglossError):
    """A run cannot go on, for instance because its loss is not a number."""


class TaskError(IsoglossError):
    """Rows do not fit the task that is to be learnt from them."""


class LandscapeError(IsoglossError):
    """Runs between which nothing can be interpolated."""
