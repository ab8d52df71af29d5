"""Named seeds: one number per run, a separate stream per use."""

import hashlib


def named_seed(seed: int, *names: str | int) -> int:
    """Derive the seed of a named stream, for instance ("order", epoch), from a run's seed.

    Returns
    -------
    a number in [0, 2**63), the same on every machine and in every process
    """
    text = "/".join(str(part) for part in (seed, *names))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
