"""Vocabularies are reproducible and complete, and tokenizers survive their folder."""

import hashlib
import json
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from transformers import AutoTokenizer, BertConfig, RobertaConfig

from isogloss.encoders.tokenizer import (
    SPECIAL_TOKENS,
    Architecture,
    build_tokenizer,
    count_words,
    normalizer,
    pre_tokenizer,
    train_vocabulary,
)
from isogloss.errors import EncoderError

ARCHITECTURES: tuple[Architecture, ...] = ("bert", "roberta")
TEXTS = [
    "The dogs dig. The dog digs, the dogs dug!",
    "Größere Hunde graben größere Gräben.",
    "собаки копают ямы, собака копает яму",
    "狗在挖洞，狗挖洞",
    "สุนัขขุดหลุม",
    "",
]


def naive_merges(counts: Counter[str], limit: int, min_count: int) -> list[str]:
    """Byte-pair encoding by its definition: recount everything before each merge."""
    splits = {w: tuple(c if i == 0 else "##" + c for i, c in enumerate(w)) for w in counts}
    found: list[str] = []
    while len(found) < limit:
        pairs: Counter[tuple[str, str]] = Counter()
        for word, split in splits.items():
            for pair in pairwise(split):
                pairs[pair] += counts[word]
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        if pairs[best] < min_count:
            break
        piece = best[0] + best[1][2:]
        for word, split in splits.items():
            out: list[str] = []
            for symbol in split:
                # from the left: a symbol that a merge has used up is no longer out[-1]
                if out and (out[-1], symbol) == best:
                    out[-1] = piece
                else:
                    out.append(symbol)
            splits[word] = tuple(out)
        if piece not in found:
            found.append(piece)
    return found


def merges_of(texts: list[str], limit: int, min_count: int) -> tuple[list[str], list[str]]:
    """Merges of the trainer and of the definition."""
    start = len(train_vocabulary(texts, 10_000, min_count=10**9))
    found = train_vocabulary(texts, start + limit, min_count=min_count)[start:]
    return found, naive_merges(count_words(texts), limit, min_count)


@given(
    st.lists(st.text(alphabet="abc ", max_size=30), max_size=8),
    st.integers(0, 30),
    st.integers(1, 3),
)
def test_merges_equal_the_definition(texts: list[str], limit: int, min_count: int) -> None:
    found, expected = merges_of(texts, limit, min_count)
    assert found == expected


@pytest.mark.parametrize(
    "text",
    [
        "aaa aaaa aaaaa aa",  # a pair that overlaps itself
        "abab ababab babab",
        "ab abc bc abcabc cab",  # abc is made in two ways
        "zz yy xx ww",  # nothing but ties
    ],
)
def test_merges_equal_the_definition_on_hard_words(text: str) -> None:
    found, expected = merges_of([text], 50, 1)
    assert found == expected
    assert len(found) == len(set(found)) > 1


def test_ties_are_broken_by_the_pair() -> None:
    for text in ("ba ab", "ab ba"):
        assert train_vocabulary([text], 11, min_count=1)[5:] == ["a", "b", "##a", "##b", "ab", "ba"]
        assert train_vocabulary([text], 10, min_count=1)[-1] == "ab"


def test_order_of_the_texts_does_not_matter() -> None:
    assert train_vocabulary(TEXTS, 150) == train_vocabulary(TEXTS[::-1], 150)


def test_same_bytes_whatever_the_hash_seed(root: Path, tmp_path: Path) -> None:
    command = (
        "import sys, json; from isogloss.encoders.tokenizer import *\n"
        "v = train_vocabulary(json.loads(sys.argv[1]), 200, min_count=1)\n"
        "build_tokenizer(v, 'bert', 64).save_pretrained(sys.argv[2])"
    )
    digests = set()
    for seed in ("0", "1", "77"):
        subprocess.run(
            [sys.executable, "-c", command, json.dumps(TEXTS), str(tmp_path / seed)],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(root / "workflow/scripts")},
            check=True,
            capture_output=True,
        )
        files = sorted((tmp_path / seed).iterdir())
        assert [path.name for path in files] == ["tokenizer.json", "tokenizer_config.json"]
        content = b"".join(path.read_bytes() for path in files)
        digests.add(hashlib.sha256(content).hexdigest())
    assert len(digests) == 1


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_special_tokens_come_first(architecture: Architecture) -> None:
    vocabulary = train_vocabulary(TEXTS, 110, architecture)
    special = SPECIAL_TOKENS[architecture]
    assert vocabulary[:5] == list(special.values())
    tokenizer = build_tokenizer(vocabulary, architecture, 64)
    assert tokenizer.pad_token_id == {"bert": 0, "roberta": 1}[architecture]
    assert tokenizer.cls_token_id == {"bert": 2, "roberta": 0}[architecture]
    assert tokenizer.sep_token_id == {"bert": 3, "roberta": 2}[architecture]
    assert tokenizer.unk_token_id == {"bert": 1, "roberta": 3}[architecture]
    assert tokenizer.mask_token_id == 4
    assert len(tokenizer) == len(vocabulary) == len(set(vocabulary)) == 110


@pytest.mark.parametrize("size", [97, 120, 200])
def test_every_training_word_round_trips(size: int) -> None:
    tokenizer = build_tokenizer(train_vocabulary(TEXTS, size, min_count=1), "bert", 64)
    for word in count_words(TEXTS):
        first, *rest = tokenizer.tokenize(word)
        assert first + "".join(piece.removeprefix("##") for piece in rest) == word
        assert all(piece.startswith("##") for piece in rest)


@given(st.lists(st.text(max_size=40), max_size=6))
def test_no_unknown_token_in_any_training_text(texts: list[str]) -> None:
    # the library reads special tokens in raw text as such, for published encoders too
    assume(not any(token in text for text in texts for token in SPECIAL_TOKENS["bert"].values()))
    vocabulary = train_vocabulary(texts, 1000, min_count=1)
    tokenizer = build_tokenizer(vocabulary, "bert", 64)
    for text in texts:
        pieces = tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).tokens
        assert "[UNK]" not in pieces
        assert "".join(p.removeprefix("##") for p in pieces) == "".join(words_of(text))


def words_of(text: str) -> list[str]:
    return [w for w, _ in pre_tokenizer().pre_tokenize_str(normalizer().normalize_str(text))]


def test_case_accents_and_cjk() -> None:
    words = count_words(["Über ÜBER uber", "狗在"])
    assert set(words) == {"Über", "ÜBER", "uber", "狗", "在"}
    vocabulary = train_vocabulary(["狗在狗在 狗! 狗"], 50, min_count=1)
    assert vocabulary[5:] == ["!", "在", "狗"]  # they stand alone: no inner form, no merges


def test_alphabet_keeps_the_frequent_and_breaks_ties_by_code_point() -> None:
    texts = ["d c b aa aa"]
    assert train_vocabulary(texts, 50, alphabet=3)[5:] == ["a", "b", "c", "##a", "aa"]
    tokenizer = build_tokenizer(train_vocabulary(texts, 50, alphabet=3), "bert", 64)
    assert tokenizer.tokenize("aaa ad d b") == ["aa", "##a", "[UNK]", "[UNK]", "b"]


def test_words_outside_the_alphabet_do_not_vote() -> None:
    vocabulary = train_vocabulary(["abx abx abx abx cd cd"] + ["a b c d"] * 9, 50, alphabet=4)
    assert vocabulary[-2:] == ["##d", "cd"]


def test_size_and_min_count_bound_the_vocabulary() -> None:
    assert len(train_vocabulary(TEXTS, 110)) == 110
    full = train_vocabulary(["ab ab cd"], 100)
    assert full[5:] == ["a", "b", "c", "d", "##a", "##b", "##c", "##d", "ab"]
    with pytest.raises(EncoderError, match=r"size 12 is below the 13 special tokens"):
        train_vocabulary(["ab ab cd"], 12)


def test_long_words_of_thai_are_cut_not_unknown() -> None:
    clause = "สุนัขขุดหลุม" * 20
    tokenizer = build_tokenizer(train_vocabulary(TEXTS, 150, min_count=1), "bert", 512)
    assert len(clause) > 200
    assert "[UNK]" not in tokenizer.tokenize(clause)
    assert train_vocabulary(["ก" * 301], 10) == list(SPECIAL_TOKENS["bert"].values())


@pytest.mark.parametrize("config", [None, "bert", "roberta"])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_reads_back_from_an_encoder_folder(
    architecture: Architecture, config: str | None, tmp_path: Path
) -> None:
    tokenizer = build_tokenizer(train_vocabulary(TEXTS, 150, architecture), architecture, 40)
    tokenizer.save_pretrained(tmp_path)
    if config:
        {"bert": BertConfig, "roberta": RobertaConfig}[config]().save_pretrained(tmp_path)
    again = AutoTokenizer.from_pretrained(tmp_path)
    for arguments in ((TEXTS,), (TEXTS, TEXTS[::-1])):
        assert dict(again(*arguments)) == dict(tokenizer(*arguments))
    assert again.get_vocab() == tokenizer.get_vocab()
    assert again.model_max_length == 40
    assert again.model_input_names == tokenizer.model_input_names
    assert again.special_tokens_map == tokenizer.special_tokens_map
    assert again.backend_tokenizer.to_str() == tokenizer.backend_tokenizer.to_str()


def test_pairs_of_bert() -> None:
    tokenizer = build_tokenizer(train_vocabulary(["a b"], 50), "bert", 40)
    encoded = tokenizer("a a", "b")
    pieces = tokenizer.convert_ids_to_tokens(encoded["input_ids"])
    assert pieces == ["[CLS]", "a", "a", "[SEP]", "b", "[SEP]"]
    assert encoded["token_type_ids"] == [0, 0, 0, 0, 1, 1]
    assert tokenizer("b")["token_type_ids"] == [0, 0, 0]


def test_pairs_of_roberta() -> None:
    tokenizer = build_tokenizer(train_vocabulary(["a b"], 50, "roberta"), "roberta", 40)
    encoded = tokenizer("a a", "b")
    pieces = tokenizer.convert_ids_to_tokens(encoded["input_ids"])
    assert pieces == ["<s>", "a", "a", "</s>", "</s>", "b", "</s>"]
    assert "token_type_ids" not in encoded


def test_truncation_and_word_ids_work_as_in_published_tokenizers() -> None:
    tokenizer = build_tokenizer(train_vocabulary(TEXTS, 100), "bert", 8)
    words = ["dogs", "dig", "狗", "копают"]
    encoded = tokenizer(words, is_split_into_words=True, truncation=True)
    assert len(encoded["input_ids"]) == 8
    first, *inner, last = encoded.word_ids()
    assert first is last is None
    assert inner == sorted(inner)
    assert set(inner) <= {0, 1, 2, 3}
    assert tokenizer.decode(tokenizer("The dogs dig")["input_ids"][1:-1]) == "The dogs dig"


def test_vocabulary_of_another_architecture_is_refused() -> None:
    with pytest.raises(EncoderError, match=r"roberta needs \['<s>'"):
        build_tokenizer(train_vocabulary(TEXTS, 100), "roberta", 40)


@pytest.mark.shared
def test_real_text_in_four_scripts(shared: Path) -> None:
    folder = shared / "data" / "ntrex"
    names = ("src.eng", "ref.deu", "ref.rus", "ref.hin", "ref.zho-CN", "ref.tha")
    texts = [
        line
        for name in names
        for line in (folder / f"newstest2019-{name}.txt").read_text("utf-8").splitlines()[:300]
    ]
    vocabulary = train_vocabulary(texts, 6000, alphabet=3000)
    assert len(vocabulary) == len(set(vocabulary)) == 6000
    tokenizer = build_tokenizer(vocabulary, "bert", 512)
    counts = count_words(texts)
    words = [word for word in counts if len(word) <= 300]
    for word in words:
        pieces = tokenizer.tokenize(word)
        assert "".join([pieces[0], *(piece[2:] for piece in pieces[1:])]) == word
    # a vocabulary from merges by count keeps the most frequent words whole
    frequent = sorted((w for w in words if w.isascii()), key=lambda w: -counts[w])[:100]
    assert all(word in tokenizer.get_vocab() for word in frequent)
