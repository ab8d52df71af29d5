"""Tables of data sets and languages."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from isogloss.corpora.family.files import nli_file, text_file, treebank_file
from isogloss.corpora.family.languages import family_languages
from isogloss.corpora.sources import (
    LANGUAGE_COLUMNS,
    Source,
    find_source,
    locate,
    placeholders,
    read_datasets,
    read_languages,
    split_member,
)
from isogloss.errors import ConfigError
from isogloss.languages.distances import placeholders as uriel_placeholders

XNLI = ("ar", "bg", "de", "el", "en", "es", "fr", "hi", "ru", "sw", "th", "tr", "ur", "vi", "zh")
HEADER = "dataset,home,split,format,location,version,sha256,licence\n"
ROW = "xnli,mirror,dev,xtreme-pairs,xnli/dev-{language}.tsv,,,CC BY\n"
LANGUAGE_HEADER = ",".join(LANGUAGE_COLUMNS) + "\n"
DE = "de,German,deu,deu,deu,latin" + "," * (len(LANGUAGE_COLUMNS) - 6) + "\n"
SCRIPTS = {"Latn": "latin", "Cyrl": "cyrillic", "Geor": "georgian"}


@pytest.fixture(scope="module")
def sources(root: Path) -> list[Source]:
    return read_datasets(root / "config/datasets.csv")


@pytest.fixture(scope="module")
def languages(root: Path) -> dict[str, dict[str, str]]:
    return read_languages(root / "config/languages.csv")


def write(folder: Path, content: str) -> Path:
    path = folder / "table.csv"
    path.write_bytes(content.encode())
    return path


def test_every_home_of_xnli_has_three_splits(sources: list[Source]) -> None:
    for home in ("family", "mirror", "hub", "url"):
        splits = {row.split for row in sources if (row.dataset, row.home) == ("xnli", home)}
        assert splits == {"train", "dev", "test"}


def test_languages_of_xnli_have_the_codes_of_both_rules(languages: dict) -> None:
    authors = [languages[code]["uriel_authors"] for code in XNLI]
    assert " ".join(authors) == "ara bul deu ell eng spa fra hin rus swa tha tur urd vie zho"
    real = {code: languages[code]["uriel"] for code in XNLI}
    changed = {
        code: real[code] for code, old in zip(XNLI, authors, strict=True) if real[code] != old
    }
    assert changed == {"ar": "arb", "sw": "swh", "zh": "cmn"}


def test_generated_languages_are_those_of_the_family(languages: dict) -> None:
    generated = {
        code: row["script"] for code, row in languages.items() if row["name"] == "generated"
    }
    assert generated == {one.code: SCRIPTS[one.script] for one in family_languages()}


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_locations_in_the_family_are_where_it_writes(
    sources: list[Source], languages: dict, split: str
) -> None:
    for one in family_languages():
        nli = find_source(sources, "xnli", "family", split)
        trees = find_source(sources, "ud", "family", split)
        assert locate(nli, one.code, languages) == nli_file(one.code, split)
        assert locate(trees, one.code, languages) == treebank_file(one.code, split)
    text = find_source(sources, "text", "family", "train")
    assert locate(text, "ana", languages) == text_file("ana")


@pytest.mark.parametrize(
    ("dataset", "home", "split", "language", "expected"),
    [
        ("ntrex", "mirror", "all", "en", "ntrex/newstest2019-src.eng.txt"),
        ("ntrex", "mirror", "all", "zh", "ntrex/newstest2019-ref.zho-CN.txt"),
        ("tatoeba", "mirror", "all", "sw", "tatoeba/v1/tatoeba.swh-eng.swh"),
        ("ud", "mirror", "test", "vi", "ud/UD_Vietnamese-VTB/vi_vtb-ud-test.conllu"),
        ("pud", "mirror", "test", "th", "ud/UD_Thai-PUD/th_pud-ud-test.conllu"),
        ("wikiann", "mirror", "dev", "yo", "wikiann/yo/dev"),
        ("udpos", "mirror", "dev", "ar", "udpos/dev-ar.tsv"),
        ("uner", "mirror", "dev", "sv", "uner/UNER_Swedish-Talbanken/sv_talbanken-ud-dev.iob2"),
        ("masakhaner", "mirror", "dev", "sw", "masakhaner/swa/dev.txt"),
        ("pawsx", "mirror", "train", "en", "pawsx/x-final/en/train.tsv"),
        ("pawsx", "mirror", "train", "ko", "pawsx/x-final/ko/translated_train.tsv"),
        ("pawsx", "family", "train", "bel", "pawsx/x-final/bel/train.tsv"),
        (
            "tydiqa",
            "mirror",
            "test",
            "fi",
            "tydiqa/tydiqa-goldp-v1.1-dev/tydiqa.goldp.fi.dev.json",
        ),
        ("udpos", "hub", "dev", "fa", "google/xtreme!udpos.Persian/validation-*.parquet"),
        (
            "ud-2.7",
            "url",
            "dev",
            "hi",
            "https://raw.githubusercontent.com/UniversalDependencies/UD_Hindi-HDTB/r2.7/"
            "hi_hdtb-ud-dev.conllu",
        ),
        ("xnli", "hub", "dev", "de", "facebook/xnli!de/validation-*.parquet"),
        (
            "xnli",
            "url",
            "train",
            "fr",
            "https://dl.fbaipublicfiles.com/XNLI/XNLI-MT-1.0.zip"
            "!XNLI-MT-1.0/multinli/multinli.train.fr.tsv",
        ),
        (
            "ud",
            "url",
            "train",
            "en",
            "https://raw.githubusercontent.com/UniversalDependencies/UD_English-EWT/r2.8/"
            "en_ewt-ud-train.conllu",
        ),
    ],
)
def test_locate(
    sources: list[Source], languages: dict, dataset, home, split, language, expected
) -> None:
    assert locate(find_source(sources, dataset, home, split), language, languages) == expected


def test_locate_names_the_languages_that_have_a_file(sources: list[Source], languages) -> None:
    source = find_source(sources, "ud", "mirror", "train")
    with pytest.raises(ConfigError, match=r"'th' has nothing in column 'ud_folder'.*have: ar, bg"):
        locate(source, "th", languages)
    with pytest.raises(ConfigError, match=r"'xx' is not in the table of languages; allowed: ar"):
        locate(source, "xx", languages)
    odd = source._replace(location="{wikiann}")
    with pytest.raises(ConfigError, match=r"nothing in column 'wikiann'.*have: none"):
        locate(odd, "de", languages)


def test_find_source_names_what_is_allowed(sources: list[Source]) -> None:
    with pytest.raises(ConfigError, match="no dataset 'snli'; allowed: xnli, ud, wikiann, paw"):
        find_source(sources, "snli", "hub", "dev")
    with pytest.raises(ConfigError, match=r"'ntrex': no home 'hub'; allowed: mirror, url$"):
        find_source(sources, "ntrex", "hub", "dev")
    with pytest.raises(
        ConfigError, match=r"'hub': no split 'validation'; allowed: train, dev, test$"
    ):
        find_source(sources, "xnli", "hub", "validation")


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        ("", 1, "columns are none; allowed: dataset, home, split"),
        (HEADER.replace("licence", "license"), 1, "columns are"),
        (HEADER.replace("licence", "licence,note"), 1, "columns are"),
        (HEADER + ROW + ROW.replace("mirror", "mirrors"), 3, "home 'mirrors' is unknown; allowed"),
        (
            HEADER + ROW.replace("xtreme-pairs", "tsv"),
            2,
            "format 'tsv' is unknown; allowed: conll-ner",
        ),
        (HEADER + ROW + "\n" + ROW, 4, "stand at line 2 too"),
        (HEADER + ROW.replace("CC BY", ""), 2, "column 'licence' is empty"),
        (HEADER + ROW.replace("CC BY", "CC, BY"), 2, "found 9 cells; allowed: 8"),
        (HEADER + ROW.replace("{language}", "{language"), 2, "allowed: text with {column}"),
        (HEADER + ROW.replace("{language}", "{language!r}"), 2, "allowed: text with {column}"),
        (HEADER + ROW.replace("{language}", "{0}"), 2, "{0} is not the name of a column"),
        (HEADER + ROW.replace("{language}", "{language.x}"), 2, "is not the name of a column"),
        (HEADER + ROW.replace("mirror", "url"), 2, "allowed for home 'url': https://"),
        (HEADER + ROW.replace("mirror", "hub"), 2, "allowed for home 'hub': owner/name!files"),
        (HEADER + ROW.replace(",,,", ",,abc,"), 2, "sha256 'abc'; allowed: 64"),
        (HEADER + ROW.replace(",,,", f",,{'a' * 64},"), 2, "sha256 is given; allowed only"),
        (HEADER + 'xnli,"mirror"x\n', 2, "not CSV"),
    ],
)
def test_bad_table_of_data_sets(tmp_path: Path, content: str, line: int, reason: str) -> None:
    path = write(tmp_path, content)
    where = re.escape(f"{path}:{line}: ")
    with pytest.raises(ConfigError, match=f"^{where}.*{re.escape(reason)}"):
        read_datasets(path)


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        (LANGUAGE_HEADER.replace(",pud,", ",") + DE[:-2], 1, "columns are"),
        (LANGUAGE_HEADER + DE + DE, 3, "language 'de' stands at line 2 too"),
        (LANGUAGE_HEADER + DE.replace("de,", "DE,"), 2, "language 'DE'; allowed: a code"),
        (LANGUAGE_HEADER + DE.replace("German", " "), 2, "language 'de' has no name"),
        (LANGUAGE_HEADER + DE + "fr,French\n", 3, "found 2 cells; allowed: 21"),
    ],
)
def test_bad_table_of_languages(tmp_path: Path, content: str, line: int, reason: str) -> None:
    path = write(tmp_path, content)
    where = re.escape(f"{path}:{line}: ")
    with pytest.raises(ConfigError, match=f"^{where}.*{re.escape(reason)}"):
        read_languages(path)


def test_languages_may_have_columns_of_their_own(tmp_path: Path) -> None:
    path = write(tmp_path, f"{LANGUAGE_HEADER.strip()},wikiann\n{DE.strip()},german\n")
    assert read_languages(path)["de"]["wikiann"] == "german"


def test_tables_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.csv: cannot be read \(No such file"):
        read_datasets(tmp_path / "none.csv")
    path = tmp_path / "x.csv"
    path.write_bytes(b"dataset\xff")
    with pytest.raises(ConfigError, match="not UTF-8"):
        read_languages(path)


def test_a_checksum_may_stand_where_one_file_serves_all_languages(tmp_path: Path) -> None:
    row = f"x,url,dev,xnli-1.0,https://a/{{version}}.zip!b/{{language}}.tsv,1,{'0f' * 32},none\n"
    (source,) = read_datasets(write(tmp_path, HEADER + row))
    assert source.sha256 == "0f" * 32
    assert locate(source, "de", {"de": {}}) == "https://a/1.zip!b/de.tsv"
    per_language = row.replace("{version}", "{language}")
    with pytest.raises(ConfigError, match="one download for all languages"):
        read_datasets(write(tmp_path, HEADER + per_language))


def test_placeholders_and_member() -> None:
    assert placeholders("a/{ud_folder}/{ud_stem}-x") == ["ud_folder", "ud_stem"]
    assert split_member("https://a/b.zip!c/d") == ("https://a/b.zip", "c/d")
    assert split_member("https://a/b.tsv") == ("https://a/b.tsv", None)


def test_reading_the_tables_imports_nothing_heavy(root: Path) -> None:
    code = (
        "import sys; import isogloss.corpora.sources; "
        "print([m for m in ('pandas', 'pyarrow', 'numpy', 'torch') if m in sys.modules])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root / "workflow/scripts",
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.strip() == "[]"


def test_every_code_of_uriel_has_data_behind_it(languages: dict) -> None:
    """Place and family at least: without them lang2vec's distances are place-holders.

    Basque has no family.
    """
    codes = {code: row["uriel"] for code, row in languages.items() if row["uriel"]}
    empty = {
        (distance, first)
        for distance, first, second in uriel_placeholders(codes)
        if distance in ("GEO", "GEN") and second == "en"
    }
    assert empty == {("GEN", "eu")}
    macrolanguages = {"az": "aze", "ms": "msa", "fa": "fas"}
    found = uriel_placeholders({**codes, **macrolanguages})
    assert {("GEN", code, "en") for code in macrolanguages} <= found


def test_new_languages_have_codes_and_a_script(languages: dict) -> None:
    for code in ("az", "bn", "et", "eu", "fa", "hu", "jv", "ka", "ml", "ms", "my", "ta", "tl"):
        row = languages[code]
        assert re.fullmatch("[a-z]{3}", row["iso639_3"]), code
        assert re.fullmatch("[a-z]{3}", row["uriel"]), code
        assert re.fullmatch("[a-z]+", row["script"]), code


def test_documented_files_of_the_mirror_are_those_of_the_table(
    sources: list[Source], root: Path
) -> None:
    text = (root / "docs/data.md").read_text("utf-8")
    located = {row.location for row in sources if row.home == "mirror"}
    told = {
        name: re.findall(r"`([^`]+)`", files)
        for name, files in re.findall(r"^\| `(\w+)` \| (`\w+/.*) \|$", text, re.MULTILINE)
    }
    assert set(told) == {"udpos", "wikiann", "uner", "masakhaner", "pawsx", "tydiqa"}
    for name, files in told.items():
        assert set(files) <= located, name


@pytest.mark.shared
@pytest.mark.parametrize(
    ("dataset", "split", "found"),
    [
        ("xnli", "train", 15),
        ("xnli", "dev", 15),
        ("xnli", "test", 15),
        ("ud", "test", 34),
        ("ud-pud-split", "train", 2),
        ("udpos", "train", 5),
        ("wikiann", "train", 42),
        ("wikiann", "dev", 42),
        ("wikiann", "test", 42),
        ("uner", "test", 2),
        ("masakhaner", "train", 6),
        ("pawsx", "train", 7),
        ("pawsx", "dev", 7),
        ("pawsx", "test", 7),
        ("tydiqa", "train", 9),
        ("tydiqa", "test", 9),
        ("pud", "test", 19),
        ("ntrex", "all", 47),
        ("tatoeba", "all", 43),
        ("tatoeba-english", "all", 43),
        ("udhr", "all", 47),
    ],
)
def test_mirror_locations_meet_the_real_files(
    sources: list[Source], languages: dict, shared: Path, dataset: str, split: str, found: int
) -> None:
    source = find_source(sources, dataset, "mirror", split)
    have = []
    for code in languages:
        try:
            path = locate(source, code, languages)
        except ConfigError:
            continue
        if (shared / "data" / path).is_file():
            have.append(path)
    assert len(set(have)) == found
