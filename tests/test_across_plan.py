"""Which files of which studies are set side by side."""

from types import SimpleNamespace
from typing import Any, cast

from isogloss.config.studies import Across, Philippy2023
from isogloss.plan_across import StudyPlan


def philippy() -> Philippy2023:
    return Philippy2023.model_validate(
        {
            "encoder": "small",
            "task": "nli",
            "recipe": "long",
            "languages": ["ana", "ari", "bel", "bim"],
            "source": "ana",
            "distances": ["family"],
            "bases": ["last_source", "pretrained"],
        }
    )


def study_plan(*studies: str) -> StudyPlan:
    """The plan of a configuration with these studies beside muller2021."""
    muller = SimpleNamespace(
        study=SimpleNamespace(encoder="small"),
        score_files=lambda: ["reference", "changed"],
        similarity_files=lambda: ["similar"],
    )
    xsns = SimpleNamespace(
        study=SimpleNamespace(encoder="small", p=0.2), main_overlap_files=lambda: ["shared"]
    )
    wu = SimpleNamespace(
        study=SimpleNamespace(encoders=["small", "deep"]),
        path_files=lambda: ["paths"],
        direction_files=lambda: ["directions"],
        metrics=lambda: {"tags": "accuracy"},
    )
    config = SimpleNamespace(
        studies=SimpleNamespace(
            philippy2023=philippy() if "philippy2023" in studies else None, across=Across()
        ),
        encoders={"small": SimpleNamespace(layers=4), "deep": SimpleNamespace(layers=6)},
        tasks={"tags": SimpleNamespace(kind="pos")},
    )
    return StudyPlan(
        cast(Any, SimpleNamespace(config=config)),
        cast(Any, muller),
        cast(Any, xsns if "xsns2023" in studies else None),
        cast(Any, wu if "wu2022" in studies else None),
    )


def files(plan: StudyPlan) -> dict[str, list[str]]:
    return {
        "cka": plan.cka_files(),
        "overlap": plan.overlap_files(),
        "paths": plan.path_files(),
        "directions": plan.direction_files(),
    }


def test_all_studies_give_their_files() -> None:
    plan = study_plan("philippy2023", "xsns2023", "wu2022")
    assert plan.score_files() == ["reference", "changed"]
    assert plan.similarity_files() == ["similar"]
    assert files(plan) == {
        "cka": [
            f"results/runs/small/nli/{source}/long/42/cka.parquet"
            for source in ("ana", "ari", "bel", "bim")
        ],
        "overlap": ["shared"],
        "paths": ["paths"],
        "directions": ["directions"],
    }
    assert (plan.base(), plan.p(), plan.path_metrics()) == (
        *("last_source", 0.2),
        {"tags": "accuracy"},
    )
    assert plan.depths() == {"small": 4, "deep": 6} and plan.kinds() == {"tags": "pos"}


def test_a_study_that_is_left_out_gives_none() -> None:
    plan = study_plan("xsns2023")
    assert files(plan) == {"cka": [], "overlap": ["shared"], "paths": [], "directions": []}
    assert (plan.base(), plan.p(), plan.path_metrics()) == (None, 0.2, {})
    assert plan.depths() == {"small": 4}
    alone = study_plan("philippy2023")
    assert len(alone.cka_files()) == 4 and alone.overlap_files() == [] and alone.p() is None


def test_settings_are_those_of_the_comparison() -> None:
    assert study_plan("xsns2023").study == Across(permutations=9999, statistics_seed=1)
