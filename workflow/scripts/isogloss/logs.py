"""What a job writes down while it works, and how it ends when a user must mend something."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from threadpoolctl import threadpool_limits

from isogloss.errors import IsoglossError


@contextmanager
def job(log: str | Path) -> Iterator[logging.Logger]:
    """Log to a file; an error of ours ends the process with its message, without a traceback.

    Linear algebra runs on one thread, because with more of them sums are taken in another
    order and the last bits of a table would depend on the machine. Trainings set their own
    number, which is part of their recipe.
    """
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    logger = logging.getLogger("isogloss")
    logger.setLevel(logging.INFO)
    handler = logging.FileHandler(log, mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    logger.addHandler(handler)
    try:
        with threadpool_limits(1):
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
