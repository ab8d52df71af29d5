"""Tags of words: the head reads the states that each sentence gets alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from models import ARCHITECTURES, TEXTS, WORDS, build_encoder
from torch import Tensor, nn
from torch.nn import functional

from isogloss.config.tasks import Ner, Pos
from isogloss.corpora.conllu import UPOS, read_conllu
from isogloss.corpora.tagged import read_ud_pos
from isogloss.encoders.batches import IGNORED, forward
from isogloss.encoders.load import position_offset
from isogloss.encoders.tokenizer import Architecture, build_tokenizer, train_vocabulary
from isogloss.errors import TaskError
from isogloss.metrics.standard import score_of
from isogloss.tables import arrange
from isogloss.tasks import ner, pos
from isogloss.tasks.tagging import Tagger
from isogloss.tasks.task import Features
from isogloss.training.score import batch_of, points_of

TOKENIZERS = {
    kind: build_tokenizer(train_vocabulary(TEXTS, 50, kind, min_count=1), kind, 64)
    for kind in ARCHITECTURES
}
POS = Pos(kind="pos", corpus="x", max_length=64, context=20)
NAMES = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")


def ner_task(**changes: Any) -> Ner:
    return Ner.model_validate(
        {"kind": "ner", "corpus": "x", "max_length": 64, "context": 9, **changes}
    )


def tagged(lengths: list[int], tags: list[str], seed: int = 0) -> pd.DataFrame:
    """Sentences of so many words, most of them of several sub-words."""
    generator = np.random.default_rng(seed)
    rows = []
    for number, length in enumerate(lengths):
        words = ["".join(generator.choice(WORDS, 2)) for _ in range(length)]
        rows.append((number + 3, words, generator.choice(tags, length).tolist()))
    return pd.DataFrame(rows, columns=["id", "form", "tag"])


def alone(encoder: Any, features: Features, index: int) -> Tensor:
    """States (words, H) of a sentence when the library sees each of its windows alone."""
    states = []
    for ids, types in features.windows[index]:
        inputs = {"input_ids": torch.from_numpy(ids)[None]}
        inputs["token_type_ids"] = torch.from_numpy(types)[None]
        states.append(encoder(**inputs).last_hidden_state[0])
    return torch.stack([states[window][offset] for window, offset in features.points[index]])


def packed(encoder: Any, features: Features) -> tuple[Tensor, Any]:
    """States and points of all examples of a task in one batch."""
    members = range(len(features.windows))
    batch = batch_of(features, members, encoder.config.pad_token_id, position_offset(encoder))
    return forward(encoder, batch)[0], points_of(features, members, batch)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("subword", ["first", "last"])
def test_points_are_those_of_the_librarys_word_numbers(
    architecture: Architecture, subword: str
) -> None:
    tokenizer, frame = TOKENIZERS[architecture], tagged([1, 5, 3, 9], list(UPOS))
    task = POS.model_copy(update={"subword": subword})
    found = pos.features(frame, tokenizer, task, UPOS)
    coded = tokenizer(frame["form"].tolist(), is_split_into_words=True)
    assert found.ids.tolist() == [3, 4, 5, 6]
    for index, words in enumerate(frame["form"]):
        (window,) = found.windows[index]
        assert window.ids.tolist() == coded["input_ids"][index]
        owners = coded.word_ids(index)
        places = [
            [place for place, owner in enumerate(owners) if owner == number]
            for number in range(len(words))
        ]
        assert max(map(len, places)) > 1
        wanted = [[0, part[0 if subword == "first" else -1]] for part in places]
        assert found.points[index].tolist() == wanted
        assert found.answers[index].tolist() == [[UPOS.index(t)] for t in frame["tag"][index]]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_loss_and_tags_equal_those_of_sentences_alone(architecture: Architecture) -> None:
    tokenizer = TOKENIZERS[architecture]
    encoder = build_encoder(architecture, vocab_size=len(tokenizer)).double()
    task = POS.model_copy(update={"max_length": 14, "context": 5, "subword": "last"})
    frame = tagged([4, 1, 12, 7, 2, 3], ["NOUN", "VERB", "nonsense"])
    features = pos.features(frame, tokenizer, task, UPOS)
    assert max(len(item) for item in features.windows) > 2
    head = Tagger(encoder, len(UPOS), seed=1).double().eval()
    states, points = packed(encoder, features)
    loss = head.loss(states, points, encoder)
    loss.backward()
    found = {name: p.grad.clone() for name, p in head.named_parameters() if p.grad is not None}
    decoded = head.decode(states, points, encoder)
    head.zero_grad()

    logits = [head.output(alone(encoder, features, index)) for index in range(len(frame))]
    known = {tag: place for place, tag in enumerate(UPOS)}
    wanted = torch.tensor([known.get(tag, -100) for tags in frame["tag"] for tag in tags])
    assert (wanted == IGNORED).any() and (wanted != IGNORED).any()
    expected = functional.cross_entropy(torch.cat(logits), wanted, ignore_index=-100)
    expected.backward()
    torch.testing.assert_close(loss, expected, rtol=0, atol=1e-10)
    for name, parameter in head.named_parameters():
        torch.testing.assert_close(found[name], parameter.grad, rtol=1e-7, atol=1e-10)
    assert len(decoded) == len(frame)
    for mine, theirs in zip(decoded, logits, strict=True):
        assert mine.tolist() == theirs.argmax(-1).tolist()
    assert len(set(np.concatenate(decoded).tolist())) > 1


def test_head_comes_from_its_seed_and_has_the_encoders_dropout() -> None:
    before = torch.get_rng_state()
    settings = {"hidden_size": 64, "initializer_range": 0.03, "hidden_dropout_prob": 0.25}
    encoder = build_encoder("bert", **settings)
    first, again, other = (pos.build_head(encoder, POS, UPOS, seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert first.output.weight.shape == (17, 64)
    assert torch.equal(first.output.weight, again.output.weight)
    assert not torch.equal(first.output.weight, other.output.weight)
    assert first.output.weight.std().item() == pytest.approx(0.03, rel=0.1)
    assert not first.output.bias.any()
    assert isinstance(first.dropout, nn.Dropout) and first.dropout.p == 0.25


def test_loss_is_float32_under_bf16() -> None:
    tokenizer = TOKENIZERS["bert"]
    encoder = build_encoder("bert", vocab_size=len(tokenizer))
    features = pos.features(tagged([4, 2], list(UPOS)), tokenizer, POS, UPOS)
    head = Tagger(encoder, 17, seed=1)
    with torch.autocast("cpu", torch.bfloat16):
        states, points = packed(encoder, features)
        assert head.loss(states, points, encoder).dtype == torch.float32


def test_tags_of_a_treebank_and_of_two_columns_are_the_same() -> None:
    tokenizer, frame = TOKENIZERS["bert"], tagged([3, 6], list(UPOS))
    treebank = frame.rename(columns={"tag": "upos"}).assign(sentence="s", text="t")
    one = pos.features(frame, tokenizer, POS, UPOS)
    other = pos.features(treebank, tokenizer, POS, UPOS)
    for mine, theirs in zip(one.answers, other.answers, strict=True):
        assert mine.tolist() == theirs.tolist()
    assert pos.labels(POS, frame) == UPOS
    decoded = [np.array([0, 1, 2]), np.arange(6)]
    for rows, features in ((frame, one), (treebank, other)):
        found = pos.predictions(rows, features, decoded, UPOS)
        arrange("tag_predictions", found.assign(language="en"))
        assert found["label"].tolist() == frame["tag"].tolist()
        assert found["prediction"].tolist() == [list(UPOS[:3]), list(UPOS[:6])]
        assert found["id"].tolist() == [3, 4]


def test_score_of_tags() -> None:
    rows = [("NOUN", "VERB"), ("NOUN", "NOUN"), ("ADJ", "ADJ"), ("ADJ", "ADJ")]
    labels, predictions = (list(column) for column in zip(*rows, strict=True))
    frame = pd.DataFrame({"label": [labels], "prediction": [predictions]})
    assert next(iter(score_of("pos")(frame).values())) == pytest.approx(75)


def test_labels_of_names() -> None:
    frame = tagged([4, 6], list(NAMES))
    assert ner.labels(ner_task(), frame) == NAMES
    places = ner_task(types=["LOC"], other_types="outside")
    assert ner.labels(places, frame) == ("O", "B-LOC", "I-LOC")


def test_names_of_other_types_are_refused() -> None:
    tokenizer, frame = TOKENIZERS["bert"], tagged([4, 6], list(NAMES))
    frame.at[1, "tag"] = ["O", "O", "B-DATE", "I-DATE", "O", "B-PER"]
    message = "row 4 has the tag B-DATE; allowed: O, B-PER, .*other_types: outside"
    with pytest.raises(TaskError, match=message):
        ner.labels(ner_task(), frame)
    with pytest.raises(TaskError, match=message):
        ner.features(frame, tokenizer, ner_task(), NAMES)
    task = ner_task(other_types="outside")
    assert ner.labels(task, frame) == NAMES
    features = ner.features(frame, tokenizer, task, NAMES)
    assert features.answers[1].flatten().tolist() == [0, 0, 0, 0, 0, 1]
    decoded = [np.zeros(4, dtype=int), np.array([0, 0, 1, 0, 0, 1])]
    found = ner.predictions(frame, features, decoded, NAMES)
    arrange("tag_predictions", found.assign(language="en"))
    assert found["label"][1] == ["O", "O", "O", "O", "O", "B-PER"]
    assert found["prediction"][1] == ["O", "O", "B-PER", "O", "O", "B-PER"]
    assert next(iter(score_of("ner")(found[1:]).items())) == ("f1", pytest.approx(200 / 3))


@pytest.mark.shared
def test_real_sentences_keep_their_words_and_tags(shared: Path) -> None:
    data = shared / "data"
    treebank = read_conllu(next((data / "ud").glob("UD_English-EWT*/*dev.conllu"))).head(200)
    columns = read_ud_pos(data / "udpos" / "dev-zh.tsv")
    texts = [" ".join(words) for frame in (treebank, columns) for words in frame["form"]]
    tokenizer = build_tokenizer(train_vocabulary(texts, 1500, alphabet=900), "bert", 512)
    task = POS.model_copy(update={"max_length": 24, "context": 8})
    for frame, column in ((treebank, "upos"), (columns, "tag")):
        features = pos.features(frame, tokenizer, task, UPOS)
        arranged = [[UPOS[place] for place in row.flatten()] for row in features.answers]
        assert arranged == frame[column].tolist()
        assert max(len(item) for item in features.windows) > 2
        for words, points, windows in zip(
            frame["form"], features.points, features.windows, strict=True
        ):
            first = [int(windows[window].ids[offset]) for window, offset in points]
            coded = tokenizer(words, is_split_into_words=True, add_special_tokens=False)
            owners = coded.word_ids()
            starts = [owners.index(number) for number in range(len(words))]
            assert first == [coded["input_ids"][start] for start in starts]
