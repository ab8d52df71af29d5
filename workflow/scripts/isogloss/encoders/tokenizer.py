"""Sub-word vocabularies that two trainings agree on, and the tokenizers made of them.

The trainers of the library `tokenizers` follow hash order, so two trainings on one text can
number the pieces differently. Here the merges are chosen in a fixed order; cutting text with
the vocabulary is left to the library.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from isogloss.errors import EncoderError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

Architecture = Literal["bert", "roberta"]
Pair = tuple[str, str]

# places of the special tokens as in the published models
SPECIAL_TOKENS: dict[Architecture, dict[str, str]] = {
    "bert": {
        "pad_token": "[PAD]",
        "unk_token": "[UNK]",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
        "mask_token": "[MASK]",
    },
    "roberta": {
        "bos_token": "<s>",
        "pad_token": "<pad>",
        "eos_token": "</s>",
        "unk_token": "<unk>",
        "mask_token": "<mask>",
    },
}
CONTINUATION = "##"
LONGEST_WORD = 300  # characters; Thai has no blanks, so that a clause can be one "word"


def normalizer() -> normalizers.Normalizer:
    """Return the normaliser of cased BERT: clean, CJK characters set apart, accents kept."""
    return normalizers.BertNormalizer(
        clean_text=True, handle_chinese_chars=True, strip_accents=False, lowercase=False
    )


def pre_tokenizer() -> pre_tokenizers.PreTokenizer:
    """Return BERT's pre-tokenizer: cut at blanks and around every punctuation mark."""
    return pre_tokenizers.BertPreTokenizer()


def count_words(texts: Iterable[str]) -> Counter[str]:
    """Count the words of all texts, cut as `build_tokenizer` cuts them before sub-words."""
    normalise, cut = normalizer(), pre_tokenizer()
    counts: Counter[str] = Counter()
    for text in texts:
        words = cut.pre_tokenize_str(normalise.normalize_str(text))
        counts.update(word for word, _ in words)
    return counts


def train_vocabulary(
    texts: Iterable[str],
    size: int,
    architecture: Architecture = "bert",
    alphabet: int = 1000,
    min_count: int = 2,
) -> list[str]:
    """Learn the sub-words of a text by merging the most frequent pair of neighbours.

    Parameters
    ----------
    texts : lines of text; their order does not matter
    size : pieces in all, special tokens included
    architecture : decides on the special tokens, which come first
    alphabet : characters kept at most, by count (ties: by code point); a word with another
        character becomes one unknown token
    min_count : pairs that occur less often are not merged

    Returns
    -------
    list of str, the piece of id i at place i: special tokens, characters, merges in the order
    in which they were made. Pieces inside a word begin with `##`. Shorter than `size` where no
    pair is left to merge. Of pairs with the same count the one first in code point order goes
    first.

    Raises
    ------
    EncoderError : special tokens and characters alone do not fit into `size`

    References
    ----------
    Sennrich, Haddow and Birch 2016 (byte-pair encoding), on words as BERT cuts them.
    """
    counts = {word: n for word, n in count_words(texts).items() if len(word) <= LONGEST_WORD}
    pieces = [*SPECIAL_TOKENS[architecture].values(), *_characters(counts, alphabet)]
    if len(pieces) > size:
        raise EncoderError(
            f"vocabulary: size {size} is below the {len(pieces)} special tokens and characters; "
            "raise `size` or lower `alphabet`"
        )
    known = set(pieces)
    words = {word: n for word, n in counts.items() if known.issuperset(_split(word))}
    return pieces + _merges(words, size - len(pieces), min_count)


def _split(word: str) -> list[str]:
    return [word[0], *(CONTINUATION + character for character in word[1:])]


def _characters(counts: Mapping[str, int], limit: int) -> list[str]:
    """Kept characters; those that never share a word with another have no inner form."""
    characters: Counter[str] = Counter()
    joined: set[str] = set()
    for word, n in counts.items():
        for character in word:
            characters[character] += n
        if len(word) > 1:
            joined.update(word)
    by_count = sorted(characters, key=lambda character: (-characters[character], character))
    kept = sorted(by_count[:limit])
    return [*kept, *(CONTINUATION + character for character in kept if character in joined)]


def _merges(words: Mapping[str, int], limit: int, min_count: int) -> list[str]:
    """Merge until `limit` new pieces are found; counts are kept up to date, not recounted."""
    splits = [_split(word) for word in words]
    weights = list(words.values())
    counts: Counter[Pair] = Counter()
    places: dict[Pair, set[int]] = {}
    for place, (split, weight) in enumerate(zip(splits, weights, strict=True)):
        for pair in pairwise(split):
            counts[pair] += weight
            places.setdefault(pair, set()).add(place)
    queue = [(-count, pair) for pair, count in counts.items()]
    heapq.heapify(queue)
    found: dict[str, None] = {}
    while queue and len(found) < limit:
        negative, best = heapq.heappop(queue)
        if counts[best] != -negative:
            continue  # an entry that a later count has replaced
        if -negative < min_count:
            break
        piece = best[0] + best[1].removeprefix(CONTINUATION)
        found[piece] = None  # two pairs can make the same piece
        changed: Counter[Pair] = Counter()
        for place in places.pop(best):
            before = splits[place]
            after = splits[place] = _merge(before, best, piece)
            weight = weights[place]
            for pair in pairwise(before):
                changed[pair] -= weight
            for pair in pairwise(after):
                changed[pair] += weight
                places.setdefault(pair, set()).add(place)
        _update(counts, queue, changed)
    return list(found)


def _merge(split: Sequence[str], pair: Pair, piece: str) -> list[str]:
    merged: list[str] = []
    i = 0
    while i < len(split):
        if split[i] == pair[0] and i + 1 < len(split) and split[i + 1] == pair[1]:
            merged.append(piece)
            i += 2
        else:
            merged.append(split[i])
            i += 1
    return merged


def _update(
    counts: Counter[Pair], queue: list[tuple[int, Pair]], changed: Mapping[Pair, int]
) -> None:
    for pair, difference in changed.items():
        if difference:
            counts[pair] += difference
            if counts[pair]:
                heapq.heappush(queue, (-counts[pair], pair))


def build_tokenizer(
    vocabulary: Sequence[str], architecture: Architecture, max_length: int
) -> "PreTrainedTokenizerFast":
    """Make the tokenizer of a vocabulary: longest match first, as in BERT.

    Parameters
    ----------
    vocabulary : piece of id i at place i, as `train_vocabulary` returns it
    architecture : `bert`: `[CLS] a [SEP] b [SEP]` with token types 0 and 1;
        `roberta`: `<s> a </s> </s> b </s>` without
    max_length : sub-words that the encoder has positions for, special tokens included

    Returns
    -------
    transformers.PreTrainedTokenizerFast; `save_pretrained(folder)` writes it, and
    `AutoTokenizer.from_pretrained(folder)` reads the same tokenizer back.

    Raises
    ------
    EncoderError : the vocabulary does not begin with the special tokens of the architecture
    """
    # slow to import, and training a vocabulary does without
    from transformers import PreTrainedTokenizerFast

    special = SPECIAL_TOKENS[architecture]
    first = list(vocabulary[: len(special)])
    if first != list(special.values()):
        raise EncoderError(
            f"vocabulary: begins with {first}; {architecture} needs {list(special.values())}"
        )
    ids = {piece: i for i, piece in enumerate(vocabulary)}
    tokenizer = Tokenizer(
        models.WordPiece(
            ids,
            unk_token=special["unk_token"],
            continuing_subword_prefix=CONTINUATION,
            max_input_chars_per_word=LONGEST_WORD,
        )
    )
    tokenizer.normalizer = normalizer()
    tokenizer.pre_tokenizer = pre_tokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix=CONTINUATION)
    tokenizer.post_processor = _template(architecture, ids)
    inputs = ["input_ids", "token_type_ids", "attention_mask"]
    if architecture == "roberta":
        inputs.remove("token_type_ids")
        special = {**special, "cls_token": special["bos_token"], "sep_token": special["eos_token"]}
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=max_length,
        model_input_names=inputs,
        clean_up_tokenization_spaces=False,
        **special,
    )


def _template(architecture: Architecture, ids: Mapping[str, int]) -> processors.TemplateProcessing:
    if architecture == "bert":
        single, pair = "[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1"
    else:
        single, pair = "<s> $A </s>", "<s> $A </s> </s> $B </s>"
    names = [piece for piece in SPECIAL_TOKENS[architecture].values() if piece in single]
    return processors.TemplateProcessing(
        single=single, pair=pair, special_tokens=[(name, ids[name]) for name in names]
    )
