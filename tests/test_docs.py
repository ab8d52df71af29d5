"""What the documentation names exists, and what it says of numbers and tables is so."""

import ast
import csv
import itertools
import re
import shlex
from pathlib import Path

import pytest
import yaml

from isogloss.check import load_config
from isogloss.corpora.sources import FORMATS, HOMES, LANGUAGE_COLUMNS, read_datasets, read_languages
from isogloss.errors import ConfigError
from isogloss.languages.codes import uriel_codes
from isogloss.languages.distances import uriel_distances
from isogloss.papers.philippy2023 import correlations
from isogloss.papers.presentation import study_rows
from isogloss.papers.published import read_published, restore_accuracy
from isogloss.papers.published_xsns2023 import (
    L2V,
    RANDOM,
    XPOS,
    XPOS_HELD_OUT,
    predictions,
    ranking_table,
)
from isogloss.predictors.lang2vec import typological_similarity
from isogloss.predictors.xpos import pair_features, read_attributes, read_ldnd, read_scores
from isogloss.reference import groups
from isogloss.schema import Schema

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FOLDERS = (
    "config",
    "docs",
    "envs",
    "profiles",
    "report",
    "resources",
    "rules",
    "tests",
    "workflow",
)
PLACEHOLDER = re.compile(r"path/to|mine\.yaml")
NUMBERS = {12: "twelve", 13: "thirteen", 14: "fourteen"}

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def blocks(page: Path, language: str) -> list[str]:
    """Code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S)


def every_block(language: str) -> list[tuple[str, str]]:
    return [(page.name, block) for page in PAGES for block in blocks(page, language)]


def inline(page: Path) -> list[str]:
    """Inline code outside of blocks."""
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.M | re.S)
    return re.findall(r"`([^`\n]+)`", text)


def anchors(page: Path) -> set[str]:
    """Anchors of the headings, as they are made for Markdown."""
    heads = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def rule_names() -> set[str]:
    text = "".join(path.read_text("utf-8") for path in [ROOT / "Snakefile", *ROOT.glob("rules/*")])
    pattern = r"^ *(?:rule|checkpoint|use rule \w+ as) (\w+)(?::| with:)"
    return set(re.findall(pattern, text, re.M))


def commands() -> list[tuple[str, list[str]]]:
    """Page and words of each shell command."""
    lines = [(name, line) for name, block in every_block("sh") for line in block.splitlines()]
    lines += [(page.name, text) for page in PAGES for text in inline(page)]
    return [
        (name, words)
        for name, line in lines
        # A message in the text may hold an apostrophe, which no shell would take.
        if re.match(r"(make|snakemake)\b", line) and (words := shlex.split(line, comments=True))
    ]


@pages
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if target.startswith("https://"):
            continue
        file, _, anchor = target.partition("#")
        found = page.parent / file if file else page
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), target


@pages
def test_paths_exist(page: Path) -> None:
    for path in inline(page):
        named = re.fullmatch(rf"({'|'.join(FOLDERS)})/[\w./-]*", path)
        if named and not PLACEHOLDER.search(path):
            assert (ROOT / path).exists(), path


@pages
def test_results_are_those_of_some_rule(page: Path) -> None:
    sources = [*ROOT.glob("rules/*.smk"), *ROOT.glob("workflow/scripts/isogloss/plan*.py")]
    pattern = re.compile(r"results/(papers/\w+|(?!papers)\w+)")
    made = {found for source in sources for found in pattern.findall(source.read_text("utf-8"))}
    assert set(pattern.findall(page.read_text("utf-8"))) <= made


@pytest.mark.parametrize(("page", "words"), commands())
def test_commands_name_what_exists(page: str, words: list[str]) -> None:
    if words[0] == "make":
        targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.M)
        assert set(words[1:]) <= set(targets)
        return
    for option, value in itertools.pairwise(words):
        if option in ("--configfile", "--profile") and not PLACEHOLDER.search(value):
            assert (ROOT / value).exists(), value
    takes_value = {"--cores", "--configfile", "--profile", "--config", "--directory", "--resources"}
    targets = [
        word
        for before, word in itertools.pairwise(words)
        # --configfile takes several files
        if not word.startswith("--") and before not in takes_value and word != "mine.yaml"
    ]
    for target in targets:
        assert target in rule_names() or target.startswith("results/runs/small/nli/"), target


@pytest.mark.parametrize(("page", "block"), every_block("yaml"))
def test_pieces_of_configuration_are_accepted(page: str, block: str) -> None:
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text("utf-8"))
    for key, value in yaml.safe_load(block).items():
        config[key] = {**config.get(key, {}), **value}
    assert load_config(config).encoders["small"].layers == 4


def test_keys_in_the_text_exist() -> None:
    known = {
        re.sub(r"\.(NAME|N)\b", "", f"{group.path}.{name}").lstrip(".")
        for group in groups(Schema())
        for name in group.node["properties"]
    }
    top = [key for key in known if "." not in key]
    named = [
        (page.name, text)
        for page in PAGES
        if page.name != "config.md"
        for text in inline(page)
        if re.fullmatch(rf"({'|'.join(top)})(\.[\w]+)+", text) and not text.endswith(".csv")
    ]
    assert named
    for page, text in named:
        assert re.sub(r"\.(NAME|N)\b", "", text) in known, (page, text)


def test_single_keys_of_the_study_exist() -> None:
    study = Schema().definitions["Philippy2023"]["properties"]
    text = (ROOT / "docs" / "philippy2023.md").read_text("utf-8")
    for key in ("bases", "experiments", "permutations", "resamples", "statistics_seed", "pooling"):
        assert key in study
        assert re.search(rf"`{key}[:`]", text), key


def test_single_keys_of_predicted_transfer_exist() -> None:
    known: set[str] = set()
    for name in ("Xsns2023", "SubNetwork", "PredictedTask", "Rank", "Recipe"):
        known |= set(Schema().definitions[name]["properties"])
    text = (ROOT / "docs" / "xsns2023.md").read_text("utf-8")
    told = (
        *(
            "estimator",
            "batch",
            "clip",
            "dropout",
            "pairs",
            "target_split",
            "examples",
            "objective",
        ),
        *("metric", "low_resource", "mixtures", "embedding_layers", "typology", "others"),
        *("text", "task", "language", "keep_weights"),
    )
    assert set(told) <= known
    assert [key for key in told if not re.search(rf"`{key}[:`]", text)] == []


def test_single_keys_of_interpolation_exist() -> None:
    known: set[str] = set()
    for name in ("Wu2022", "InterpolatedTask", "Planes", "Sharpness", "Recipe", "Nli"):
        known |= set(Schema().definitions[name]["properties"])
    text = (ROOT / "docs" / "wu2022.md").read_text("utf-8")
    told = (
        *("encoders", "tasks", "sources", "targets", "alphas", "recipe", "metric", "seeds"),
        *("parts", "split", "variance", "planes", "sharpness", "precision", "targets_per_job"),
        *("betas", "mixing", "output_dropout", "pooler", "select", "checks", "patience"),
        *("min_delta", "keep_weights", "store"),
    )
    assert set(told) <= known
    assert [key for key in told if not re.search(rf"`{key}[:`]", text)] == []


def definitions(module: str) -> dict[str, ast.stmt]:
    """Functions and classes of a module of the project, by name; it is not imported."""
    file = ROOT / "workflow/scripts" / f"{module.replace('.', '/')}.py"
    body = ast.parse(file.read_text("utf-8")).body
    return {s.name: s for s in body if isinstance(s, ast.FunctionDef | ast.ClassDef)}


@pytest.mark.parametrize(("page", "block"), every_block("python"))
def test_calls_from_python_fit_the_functions(page: str, block: str) -> None:
    tree = ast.parse(block)
    known = {
        alias.name: definitions(str(line.module))[alias.name]
        for line in tree.body
        if isinstance(line, ast.ImportFrom)
        for alias in line.names
    }
    assert known
    called = set()
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
            function = known.get(call.func.id)
            if isinstance(function, ast.FunctionDef):
                most = len(function.args.args)
                least = most - len(function.args.defaults)
                assert least <= len(call.args) <= most, (page, call.func.id)
                called.add(call.func.id)
    assert called


def test_rules_of_the_gpu_profile_are_those_of_the_cluster() -> None:
    gpu, slurm = (
        yaml.safe_load((ROOT / "profiles" / name / "config.yaml").read_text("utf-8"))
        for name in ("gpu", "slurm")
    )
    rules = set(gpu["set-resources"])
    assert rules == set(slurm["set-resources"])
    assert rules <= rule_names()
    assert all(resources["gpu"] == 1 for resources in slurm["set-resources"].values())
    # They need the environment with torch for what fetches and reads files, and no card.
    light = {"fetch_corpus", "fetch_encoder", "link_encoder", "start_encoder", "measure_directions"}
    text = "".join(path.read_text("utf-8") for path in ROOT.glob("rules/*.smk"))
    pieces = re.split(r"^ *(?=(?:rule|checkpoint) \w+:)", text, flags=re.M)
    torch = {piece.split()[1].rstrip(":") for piece in pieces if "envs/train.yaml" in piece}
    derived = dict(re.findall(r"use rule (\w+) as (\w+)", text))
    assert torch | {derived[rule] for rule in torch & set(derived)} == rules | light
    assert f"gives the {NUMBERS[len(rules)]} rules" in (ROOT / "docs/cluster.md").read_text("utf-8")


def test_the_readme_shows_a_real_message() -> None:
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text("utf-8"))
    config["recipes"]["philippy2023"]["warmup"] = 1.5
    with pytest.raises(ConfigError) as caught:
        load_config(config)
    (shown,) = blocks(ROOT / "README.md", "text")
    assert shown.strip() == f"Configuration: {caught.value}"


def table(page: str, first: str) -> list[dict[str, str]]:
    """The Markdown table whose first heading is given; code marks taken off."""
    lines = (ROOT / page).read_text("utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {first} |"))
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().replace("`", "") for cell in line.strip("|").split("|")])
    return [dict(zip(rows[0], row, strict=True)) for row in rows[2:]]


def test_rules_of_the_architecture_exist() -> None:
    named = {
        name
        for row in table("docs/architecture.md", "step")
        for name in re.findall(r"\b\w+_\w+\b|\bfinetune\b", row["rule"])
    }
    assert len(named) > 10
    assert named <= rule_names()
    assert rule_names() - named == {
        *("all", "transfer", "philippy2023", "philippy2023_published"),
        *("muller2021", "xsns2023", "xsns2023_published", "wu2022", "across", "rank"),
    }


def test_all_data_sets_are_listed_with_their_homes() -> None:
    told: dict[str, set[str]] = {}
    for row in table("docs/data.md", "data set"):
        for name in row["data set"].split(", "):
            told[name] = set(row["home"].split(", "))
    held: dict[str, set[str]] = {}
    for source in read_datasets(ROOT / "config" / "datasets.csv"):
        held.setdefault(source.dataset, set()).add(source.home)
    assert told == held
    assert {row["home"] for row in table("docs/data.md", "home")} == set(HOMES)


def test_all_formats_are_listed() -> None:
    told = {row["format"]: row["read as"] for row in table("docs/extending.md", "format")}
    assert told == FORMATS


def test_all_columns_of_the_table_of_languages_are_listed() -> None:
    told = [
        name for row in table("docs/extending.md", "column") for name in row["column"].split(", ")
    ]
    assert sorted(told) == sorted(LANGUAGE_COLUMNS)


def test_the_rows_of_a_data_set_are_accepted(tmp_path: Path) -> None:
    (block,) = blocks(ROOT / "docs" / "extending.md", "csv")
    file = tmp_path / "datasets.csv"
    file.write_text(block, encoding="utf-8")
    assert [source.split for source in read_datasets(file)] == ["train", "test"]


def test_files_of_a_mirror_are_where_the_table_says() -> None:
    languages = read_languages(ROOT / "config" / "languages.csv")
    sources = read_datasets(ROOT / "config" / "datasets.csv")
    known = {
        source.location.format(**languages["de"], version="")
        for source in sources
        if source.home == "mirror"
    }
    (block,) = blocks(ROOT / "docs" / "data.md", "text")
    assert f"newstest2019-{languages['en']['ntrex']}.txt" in block
    named = re.findall(r"(?<= )(?:[\w-]+/)+[\w.-]+", block)
    assert len(named) == 8
    assert set(named) <= known


def test_table_1_is_as_told() -> None:
    """Philippy et al. 2023, from the printed Figure 3: the page's four variants."""
    published = study_rows(read_published(ROOT / "resources" / "published" / "published.csv"))
    accuracy = restore_accuracy(published)
    languages = read_languages(ROOT / "config" / "languages.csv")
    distances = {
        column: uriel_distances(uriel_codes(languages, column, list(accuracy.index)))
        for column in ("uriel_authors", "uriel")
    }
    found = correlations(accuracy, None, distances, {}, "en", 99, 100, 1)
    values = found[found["item"] == "table1"].set_index(
        ["row", "coefficient", "distances", "same_language"]
    )["value"]
    variants = {
        "as published": ("uriel_authors", "included"),
        "without same-language pairs": ("uriel_authors", "excluded"),
        "real codes": ("uriel", "included"),
        "real codes, without same-language pairs": ("uriel", "excluded"),
    }
    rows = table("docs/philippy2023.md", "distance")
    assert [row["distance"] for row in rows] == ["SYN", "GEO", "INV", "GEN", "PHON"]
    for row in rows:
        for heading, variant in variants.items():
            told = [float(number.replace("−", "-")) for number in row[heading].split(" / ")]
            here = [values[row["distance"], c, *variant] for c in ("pearson", "spearman")]
            assert told == pytest.approx(here, abs=5.1e-5), (row["distance"], heading)


def test_published_scores_of_parts_of_speech_are_as_told() -> None:
    """Yun et al. 2023, from the scores of de Vries et al. 2022: the page's four rows."""
    folder = ROOT / "resources" / "published" / "devries2022"
    accuracy = read_scores(folder)
    codes = uriel_codes(
        read_languages(ROOT / "config" / "languages.csv"), "uriel", list(accuracy.index)
    )
    typology = typological_similarity({**codes, "zh": "zho"})
    features = pair_features(list(codes), list(codes), read_attributes(folder), read_ldnd(folder))
    found = ranking_table(accuracy, predictions(accuracy, {"L2V": typology}, features))
    values = found.set_index("predictor")
    rows = table("docs/xsns2023.md", "predictor")
    assert [row["predictor"] for row in rows] == [L2V, XPOS, XPOS_HELD_OUT, RANDOM]
    columns = {"Pearson": "pearson", "Spearman": "spearman", "Top 1": "top1", "NDCG@3": "ndcg3"}
    for row in rows:
        name = row["predictor"]
        told = [float(row[heading]) for heading in columns]
        here = [values.loc[name, column] for column in columns.values()]
        assert told == pytest.approx(here, abs=5.1e-3), name
    ldnd = float(values["ndcg3"].to_dict()["LDND"])
    text = (ROOT / "docs" / "xsns2023.md").read_text("utf-8")
    assert f"LDND alone has an NDCG@3 of {ldnd:.2f}" in text


def test_licences_of_the_tables_are_named() -> None:
    text = (ROOT / "docs" / "data.md").read_text("utf-8")
    with (ROOT / "config" / "datasets.csv").open(encoding="utf-8", newline="") as file:
        licences = {row["licence"] for row in csv.DictReader(file)}
    assert [licence for licence in licences if licence not in text] == []
