"""Words as sub-words, and sentences as windows in which each word is read once."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from isogloss.encoders.batches import Encoded
from isogloss.errors import EncoderError, TaskError

# What SentencePiece writes in front of a word; alone it stands for no part of the word.
BLANK = "\N{LOWER ONE EIGHTH BLOCK}"


class Windowed(NamedTuple):
    """A sentence as windows.

    windows : at least one; a word that does not fit into one loses its end
    points : int64 (words, 2), window and offset of the sub-word that stands for each word
    first : int64 (2,), window and offset of the sub-word that stands for the sentence
    """

    windows: tuple[Encoded, ...]
    points: np.ndarray
    first: np.ndarray


def word_pieces(words: Sequence[str], tokenizer: Any) -> dict[str, list[int]]:
    """Sub-words of each different word; the unknown one for a word that has none.

    A blank mark of SentencePiece that stands alone before other pieces (Chinese, Japanese) is
    left out, as in Wu et al.'s code: its state would stand for every such word.

    Raises
    ------
    EncoderError
        if the tokenizer does not take words
    """
    different = sorted(set(words))
    try:
        coded = tokenizer(
            [[word] for word in different],
            is_split_into_words=True,
            add_special_tokens=False,
            return_attention_mask=False,
            verbose=False,
        )["input_ids"]
    except (AssertionError, ValueError, TypeError) as error:
        raise EncoderError(f"the tokenizer does not take words one by one ({error})") from error
    blank = tokenizer.get_vocab().get(BLANK)
    unknown = tokenizer.unk_token_id
    pieces = {}
    for word, ids in zip(different, coded, strict=True):
        rest = ids[1:] if len(ids) > 1 and ids[0] == blank else ids
        pieces[word] = rest or [unknown]
    return pieces


def windowed(
    pieces: Sequence[Sequence[int]],
    opening: Sequence[int],
    closing: Sequence[int],
    max_length: int,
    context: int,
    subword: Literal["first", "last"],
) -> Windowed:
    """Cut a sentence into windows of at most `max_length` sub-words.

    A window takes words until the next one does not fit. The next window repeats the last words
    of it, at most `context` sub-words, before it goes on. A word is read in the window that
    takes it, never where it is repeated, so each word has exactly one point. After Wu et al.'s
    code, where a window of 128 keeps 64 sub-words.

    Parameters
    ----------
    pieces : sub-words of each word
    opening, closing : special sub-words around a window
    """
    room = max_length - len(opening) - len(closing)
    windows: list[Encoded] = []
    points = np.empty((len(pieces), 2), dtype=np.int64)
    held: list[int] = []  # sub-words of the open window
    starts: list[int] = []  # where its words begin, repeated ones included

    def close() -> None:
        ids = np.array([*opening, *held, *closing], dtype=np.int64)
        windows.append(Encoded(ids, np.zeros(len(ids), dtype=np.int64)))

    for number, word in enumerate(pieces):
        word = word[:room]
        if held and len(held) + len(word) > room:
            close()
            spare = min(context, room - len(word))
            kept = next((start for start in starts if len(held) - start <= spare), len(held))
            starts = [start - kept for start in starts if start >= kept]
            held = held[kept:]
        place = 0 if subword == "first" else len(word) - 1
        points[number] = len(windows), len(opening) + len(held) + place
        starts.append(len(held))
        held.extend(word)
    close()
    first = (0, 0) if opening else (0, len(windows[0].ids) - 1)
    return Windowed(tuple(windows), points, np.array(first, dtype=np.int64))


def frame_of(tokenizer: Any) -> tuple[list[int], list[int]]:
    """Special sub-words that the tokenizer puts before and after one sentence."""
    ids = list(tokenizer("", return_attention_mask=False)["input_ids"])
    opens = bool(ids) and ids[0] == tokenizer.cls_token_id
    return (ids[:1], ids[1:]) if opens else ([], ids)


# Share of unknown sub-words above which a text is in a script that the tokenizer does not know.
MOST_UNKNOWN = 0.2


def check_known(texts: Sequence[str], tokenizer: Any, name: str) -> float:
    """Share of the sub-words of some texts that the tokenizer does not know, a fraction.

    Raises
    ------
    TaskError
        if it is above `MOST_UNKNOWN`
    """
    coded = tokenizer(list(texts), add_special_tokens=False, return_attention_mask=False)
    ids = np.concatenate([np.asarray(row, dtype=np.int64) for row in coded["input_ids"]])
    # SentencePiece puts a blank mark, which it knows, before each word that it does not know.
    ids = ids[ids != tokenizer.get_vocab().get(BLANK, -1)]
    unknown = float((ids == tokenizer.unk_token_id).mean()) if len(ids) else 1.0
    if unknown > MOST_UNKNOWN:
        raise TaskError(
            f"{name}: the tokenizer does not know {100 * unknown:.0f} percent of the text's "
            f"sub-words; allowed: at most {100 * MOST_UNKNOWN:.0f} percent. An encoder trained on "
            "this script is needed, or the text in another script"
        )
    return unknown
