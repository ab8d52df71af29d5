"""What is made again after a change, and what is not."""

import os
import shutil
from pathlib import Path

import pytest
import study

pytestmark = pytest.mark.workflow

PACKAGE = Path("workflow/scripts/isogloss")
STATISTICS = {"correlate_philippy2023": 1, "present_philippy2023": 1}
# Experiment A freezes what the rule chooses, so that its run follows the similarities.
CHOICE = {"choose_layers_philippy2023": 1, **STATISTICS}
SIMILARITY = {"compute_cka": 5, **CHOICE}
# Two training sets, two seeds.
TREES = {"score_run": 4, "present_transfer": 1}


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished study that may be changed."""
    return shutil.copytree(finished, tmp_path / "copy")


def plan(folder: Path) -> dict[str, int]:
    """Jobs that a second call would run."""
    return study.planned(study.study(folder, "--dry-run"))


def touch(*folders: Path) -> None:
    """Give all files of the folders the time of now."""
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                os.utime(path)


def test_second_call_does_nothing(copy: Path) -> None:
    assert plan(copy) == {}


@pytest.mark.parametrize(
    ("module", "jobs"),
    [
        ("representations/cka.py", SIMILARITY | {"finetune": 1, "evaluate_run": 1}),
        (
            "training/loop.py",
            SIMILARITY
            | TREES
            | {"pretrain_encoder": 1, "embed_base": 1, "finetune": 13, "evaluate_run": 9},
        ),
        ("figures/matrix.py", {"present_philippy2023": 1, "present_transfer": 1}),
        # A task's own code is that of its own runs only.
        ("tasks/parsing.py", TREES | {"finetune": 4}),
        ("baselines/parsing.py", {"score_baselines": 2, "present_transfer": 1}),
        # This recipe selects by scores, so that its runs depend on how they are taken.
        ("metrics/trees.py", TREES | {"finetune": 4, "score_baselines": 2}),
    ],
)
def test_changed_code_reruns_what_reaches_it(copy: Path, module: str, jobs: dict[str, int]) -> None:
    study.change_code(copy / PACKAGE / module)
    assert plan(copy) == jobs


def test_changed_template_reruns_presentation(copy: Path) -> None:
    (template,) = (copy / PACKAGE / "papers").rglob("page.html.j2")
    template.write_text(template.read_text(encoding="utf-8") + "<!-- end -->\n", encoding="utf-8")
    assert plan(copy) == {"present_philippy2023": 1, "present_transfer": 1}


def test_changed_remarks_rerun_nothing(copy: Path) -> None:
    for module in ("representations/cka.py", "training/loop.py", "config/recipes.py"):
        study.change_remarks(copy / PACKAGE / module)
    study.change_remarks(copy / "workflow/scripts/compute_cka.py")
    assert plan(copy) == {}


@pytest.mark.parametrize(
    ("path", "value", "jobs"),
    [
        (
            ("recipes", "brief", "learning_rate"),
            0.002,
            SIMILARITY | {"finetune": 8, "evaluate_run": 8},
        ),
        (("recipes", "briefer", "learning_rate"), 0.002, {"finetune": 1, "evaluate_run": 1}),
        (("recipes", "best", "patience"), 4, TREES | {"finetune": 4}),
        (("tasks", "parsing", "arc_size"), 8, TREES | {"finetune": 4}),
        (("studies", "transfer", "trees", "seeds"), [1], {"present_transfer": 1}),
        (("studies", "philippy2023", "permutations"), 199, STATISTICS),
        (("studies", "philippy2023", "resamples"), 200, STATISTICS),
    ],
)
def test_changed_key_reruns_what_uses_it(
    copy: Path, path: tuple[str, ...], value: float, jobs: dict[str, int]
) -> None:
    study.change_config(copy, path, value)
    assert plan(copy) == jobs


def test_added_recipe_reruns_nothing(copy: Path) -> None:
    study.change_config(copy, ("recipes", "longer"), {"epochs": 9})
    assert plan(copy) == {}


def test_touched_files_rerun_nothing(copy: Path) -> None:
    touch(copy / "workflow", copy / "rules", copy / "config", copy / "resources", copy / "envs")
    touch(copy / "results" / "family", copy / "results" / "corpora", copy / "results" / "encoders")
    os.utime(copy / "Snakefile")
    assert plan(copy) == {}


def test_results_brought_to_a_fresh_clone_rerun_nothing(
    root: Path, finished: Path, tmp_path: Path
) -> None:
    clone = study.copy_project(root, tmp_path / "clone")
    shutil.copytree(finished / "results", clone / "results")
    shutil.copytree(finished / ".snakemake", clone / ".snakemake")
    touch(clone / "workflow", clone / "rules", clone / "config", clone / "resources")
    assert plan(clone) == {}
