"""Names and sizes of the family's files. Light: Snakemake imports it when it reads its rules."""

from collections.abc import Sequence
from typing import NamedTuple

from isogloss.corpora.family.languages import family_language

DISTANCES = "distances.csv"
LANGUAGES = "languages.csv"
SPLITS = ("train", "dev", "test")
_PARAPHRASE_FILES = {"train": "train.tsv", "dev": "dev_2k.tsv", "test": "test_2k.tsv"}


class FamilySizes(NamedTuple):
    """How much is written per language; dev and test are parallel over languages."""

    documents: int = 5000
    nli_train: int = 2000
    nli_dev: int = 200
    nli_test: int = 450
    ud_train: int = 500
    ud_dev: int = 100
    ud_test: int = 200
    ner_train: int = 500
    ner_dev: int = 100
    ner_test: int = 200
    paraphrase_train: int = 2000
    paraphrase_dev: int = 100
    paraphrase_test: int = 400
    qa_train: int = 2000
    qa_dev: int = 100
    qa_test: int = 300


def nli_file(language: str, split: str) -> str:
    """Path of one XNLI file, named as upstream (multinli.train.xx.tsv, dev-xx.tsv, test-xx.tsv)."""
    if split == "train":
        return f"xnli/multinli.train.{language}.tsv"
    return f"xnli/{split}-{language}.tsv"


def treebank_file(language: str, split: str) -> str:
    """Path of one treebank file, named as in Universal Dependencies."""
    return f"ud/{language}/{language}-ud-{split}.conllu"


def ner_file(language: str, split: str) -> str:
    """Path of one file of sentences with names, named as in WikiANN (no suffix)."""
    return f"wikiann/{language}/{split}"


def paraphrase_file(language: str, split: str) -> str:
    """Path of one PAWS-X file, named as upstream whatever its size; train as for English."""
    return f"pawsx/x-final/{language}/{_PARAPHRASE_FILES[split]}"


def qa_file(language: str, split: str) -> str:
    """Path of one file of questions, named as in TyDiQA-GoldP (its test set is unpublished)."""
    return f"tydiqa/tydiqa-goldp-v1.1-{split}/tydiqa.goldp.{language}.{split}.json"


def text_file(language: str) -> str:
    """Path of the documents of one language."""
    return f"text/{language}.txt"


def family_files(languages: Sequence[str]) -> list[str]:
    """Relative paths of all files that `write_family` writes for these languages.

    Raises
    ------
    ConfigError
        if the family has no such language
    """
    paths = [DISTANCES, LANGUAGES]
    for code in languages:
        language = family_language(code).code
        for name in (nli_file, treebank_file, ner_file, paraphrase_file, qa_file):
            paths += [name(language, split) for split in SPLITS]
        paths.append(text_file(language))
    return paths
