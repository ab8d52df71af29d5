"""What a job writes down while it works, and how it ends when a user must mend something."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from isogloss.errors import IsoglossError


@contextmanager
def job(log: str | Path) -> Iterator[logging.Logger]:
    """Log to a file; an error of ours ends the process with its message, without a traceback."""
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    logger = logging.getLogger("isogloss")
    logger.setLevel(logging.INFO)
    handler = logging.FileHandler(log, mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    logger.addHandler(handler)
    try:
        yield logger
    except IsoglossError as error:
        logger.error("%s", error)
        sys.exit(f"Error: {error}")
    except BaseException:
        logger.exception("stopped")
        raise
    finally:
        logger.removeHandler(handler)
        handler.close()
