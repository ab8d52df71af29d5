"""Words as sub-words, and sentences as windows: each word is read once, with words before it."""

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from models import TEXTS, WORDS, build_unigram, word_pieces_of

from isogloss.encoders.tokenizer import build_tokenizer, train_vocabulary
from isogloss.encoders.words import frame_of, windowed, word_pieces
from isogloss.errors import EncoderError

NOTHING = "\N{ZERO WIDTH SPACE}"
CHINESE = ["\N{CJK UNIFIED IDEOGRAPH-4E2D}", "\N{CJK UNIFIED IDEOGRAPH-56FD}"]
WORD_PIECE = {
    kind: build_tokenizer(train_vocabulary(TEXTS, 60, kind, min_count=1), kind, 64)
    for kind in ("bert", "roberta")
}
PIECES = word_pieces_of(["cats", "dogs"])
UNIGRAM = {
    name: build_unigram([*PIECES, *CHINESE, "".join(CHINESE)], t5=name == "t5")
    for name in ("xlm-r", "t5")
}
TOKENIZERS: dict[str, Any] = {**WORD_PIECE, **UNIGRAM}
CLOSING = [2]


def numbered(lengths: list[int]) -> list[list[int]]:
    """Words of so many sub-words, each sub-word with an id of its own, from 10."""
    ends = np.cumsum(lengths)
    return [list(range(10 + end - size, 10 + end)) for size, end in zip(lengths, ends, strict=True)]


@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=30),
    st.integers(4, 16),
    st.integers(0, 14),
    st.sampled_from(["first", "last"]),
    st.booleans(),
)
@example([3, 3, 3, 3], 8, 6, "first", True)
@example([12, 1, 12, 12, 1], 8, 4, "last", True)
def test_each_word_is_read_once(
    lengths: list[int], max_length: int, context: int, subword: Any, opens: bool
) -> None:
    opening = [1] if opens else []
    words = numbered(lengths)
    found = windowed(words, opening, CLOSING, max_length, context, subword)
    room = max_length - len(opening) - 1
    cut = [word[:room] for word in words]
    assert found.points.shape == (len(words), 2)
    owners = found.points[:, 0].tolist()
    assert sorted(owners) == owners
    assert set(owners) == set(range(len(found.windows)))
    for number, (ids, types) in enumerate(found.windows):
        assert len(ids) <= max_length
        assert not types.any() and len(types) == len(ids)
        assert ids[: len(opening)].tolist() == opening
        assert ids[-1:].tolist() == CLOSING
        held = ids[len(opening) : -1].tolist()
        first, last = owners.index(number), len(owners) - owners[::-1].index(number)
        new = [piece for word in cut[first:last] for piece in word]
        assert held[len(held) - len(new) :] == new
        # the longest run of whole words right before that is allowed to be repeated
        spare = min(context, room - len(cut[first])) if number else 0
        before: list[int] = []
        for word in cut[:first][::-1]:
            if len(word) + len(before) > spare:
                break
            before = word + before
        assert held[: len(held) - len(new)] == before
        # the next word was not left out without need
        if last < len(cut):
            assert len(held) + len(cut[last]) > room
    for word, (window, offset) in zip(cut, found.points.tolist(), strict=True):
        assert found.windows[window].ids[offset] == word[0 if subword == "first" else -1]
    assert found.first.tolist() == [0, 0 if opens else len(found.windows[0].ids) - 1]


def test_windows_by_hand() -> None:
    found = windowed(numbered([2, 1, 3, 2]), [1], [2], 7, 3, "last")
    assert [window.ids.tolist() for window in found.windows] == [
        [1, 10, 11, 12, 2],
        [1, 12, 13, 14, 15, 2],
        [1, 13, 14, 15, 16, 17, 2],
    ]
    assert found.points.tolist() == [[0, 2], [0, 3], [1, 4], [2, 5]]


def test_a_word_longer_than_a_window_loses_its_end() -> None:
    found = windowed(numbered([1, 9, 1]), [1], [2], 6, 2, "last")
    assert [window.ids.tolist() for window in found.windows] == [
        [1, 10, 2],
        [1, 11, 12, 13, 14, 2],
        [1, 20, 2],
    ]
    assert found.points.tolist() == [[0, 1], [1, 4], [2, 1]]


def test_a_sentence_without_words_has_a_window() -> None:
    found = windowed([], [1], [2], 6, 2, "first")
    assert [window.ids.tolist() for window in found.windows] == [[1, 2]]
    assert found.points.shape == (0, 2)


@pytest.mark.parametrize("name", ["bert", "roberta", "xlm-r", "t5"])
def test_pieces_are_those_of_the_library_in_a_sentence(name: str) -> None:
    tokenizer = TOKENIZERS[name]
    words = ["cats", "zebra", "dogs", "don't", "cats"]
    pieces = word_pieces(words, tokenizer)
    assert pieces.keys() == set(words)
    coded = tokenizer(words, is_split_into_words=True)
    owners = coded.word_ids()
    for number, word in enumerate(words):
        ids = [i for i, owner in zip(coded["input_ids"], owners, strict=True) if owner == number]
        blank = name in UNIGRAM and len(ids) > 1 and ids[0] == tokenizer.get_vocab()["▁"]
        assert pieces[word] == ids[blank:]
    opening, closing = frame_of(tokenizer)
    whole = coded["input_ids"]
    assert whole[: len(opening)] == opening
    assert whole[len(whole) - len(closing) :] == closing
    assert len(opening) + len(closing) == owners.count(None)
    assert len(opening) == (name != "t5")


@pytest.mark.parametrize("name", ["bert", "roberta", "xlm-r", "t5"])
def test_a_word_without_sub_words_gets_the_unknown_one(name: str) -> None:
    tokenizer = TOKENIZERS[name]
    pieces = word_pieces([NOTHING, "cats"], tokenizer)
    assert tokenizer([[NOTHING]], is_split_into_words=True, add_special_tokens=False)[
        "input_ids"
    ] == [[]]
    assert pieces[NOTHING] == [tokenizer.unk_token_id]
    assert pieces["cats"]
    assert tokenizer.unk_token_id not in pieces["cats"]


def test_a_lone_blank_before_other_pieces_is_left_out() -> None:
    tokenizer = UNIGRAM["xlm-r"]
    one, both, cats, blank = CHINESE[0], "".join(CHINESE), "cats", "▁"
    coded = tokenizer([[both]], is_split_into_words=True, add_special_tokens=False)["input_ids"][0]
    assert tokenizer.convert_ids_to_tokens(coded) == [blank, both]
    pieces = word_pieces([one, both, cats, blank], tokenizer)
    texts = {word: tokenizer.convert_ids_to_tokens(ids) for word, ids in pieces.items()}
    assert texts == {one: [one], both: [both], cats: [blank + cats], blank: [blank]}


def test_a_tokenizer_that_takes_no_words_is_refused() -> None:
    class Whole:
        def __call__(self, *_: object, **__: object) -> None:
            raise AssertionError("needs add_prefix_space=True")

    with pytest.raises(EncoderError, match=r"does not take words one by one \(needs add_prefix"):
        word_pieces(WORDS, Whole())
