"""Letters of a script exchanged for each other: the control of a study of writing.

A random permutation keeps what a text says about itself (which words are equal, how often each
letter comes) and takes away what a vocabulary of real spellings knows of it.
"""

import functools
import random
import re
import unicodedata
from collections.abc import Callable

from isogloss.errors import ConfigError
from isogloss.seeds import named_seed

# First and last code point (Unicode) of the letters that are exchanged: the alphabet of the
# script's largest languages. What other languages add stays, and so do forms that are no letters
# of their own (Arabic hamza seats and tatweel, Greek final sigma, letters with a diacritic).
ALPHABETS: dict[str, tuple[tuple[int, int], ...]] = {
    "arabic": ((0x0627, 0x0628), (0x062A, 0x063A), (0x0641, 0x0648), (0x064A, 0x064A)),
    "cyrillic": ((0x0430, 0x044F),),
    "georgian": ((0x10D0, 0x10F0),),
    "greek": ((0x03B1, 0x03C1), (0x03C3, 0x03C9)),
    "hebrew": ((0x05D0, 0x05EA),),
    "latin": ((0x0061, 0x007A),),
}


def permutation(script: str) -> dict[str, str]:
    """Letter to letter of a script, a bijection; capitals follow their small letters.

    The seed is the script's name, so it is the same for all corpora, splits and languages. Some
    letters may stand for themselves, as in any random permutation.

    Raises
    ------
    ConfigError
        for a script without an alphabet
    """
    if script not in ALPHABETS:
        raise ConfigError(
            f"script {script!r} has no alphabet to permute; allowed: {', '.join(ALPHABETS)}"
        )
    letters = [chr(code) for low, high in ALPHABETS[script] for code in range(low, high + 1)]
    exchanged = list(letters)
    random.Random(named_seed(0, "permuted", script)).shuffle(exchanged)
    pairs = dict(zip(letters, exchanged, strict=True))
    # a letter without capitals is its own capital
    return {first.upper(): second.upper() for first, second in pairs.items()} | pairs


@functools.cache
def permuter(script: str) -> Callable[[str], str]:
    """What exchanges the letters of a text; no two texts become equal.

    A letter that carries a combining mark stays: exchanged, the two could compose to a letter
    that another text has. So text in Unicode's form NFC stays in it.
    Raises as `permutation`.
    """
    pairs = permutation(script)
    letters = re.compile(f"[{''.join(pairs)}]")

    def exchange(match: re.Match[str]) -> str:
        following = match.string[match.end() : match.end() + 1]
        marked = following and unicodedata.combining(following)
        return match.group() if marked else pairs[match.group()]

    return lambda text: letters.sub(exchange, text)
