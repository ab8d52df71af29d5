"""Names of the study's tables and figures. Light: Snakemake imports it when it reads its rules."""

from isogloss.config.landscapes import Wu2022

BY_TASK = {"NER": "figure6", "Parsing": "figure7", "POS": "figure8", "XNLI": "figure9"}


def figure_names(settings: Wu2022) -> list[str]:
    """Names of all figures that a configuration asks for."""
    names = ["figure2", "figure4", "parts", "layers"]
    names += [BY_TASK[task] for task in settings.tasks]
    if any(len(item.seeds) > 1 for item in settings.tasks.values()):
        names.append("figure5")
    if settings.sharpness is not None:
        names.append("sharpness")
    if settings.planes is not None:
        tasks = settings.planes.tasks or list(settings.tasks)
        pairs = settings.planes.pairs
        names += [plane_name(settings, task, pair) for task in tasks for pair in pairs]
    return names


def plane_name(settings: Wu2022, task: str, pair: str) -> str:
    """Name of the figure of a plane: Figure 3 has the first pair, Figure 10 the others."""
    first = settings.planes is not None and pair == settings.planes.pairs[0]
    return f"figure{3 if first else 10}-{task.lower()}-{pair.replace('+', '-')}"


def table_names(settings: Wu2022) -> list[str]:
    """Names of all tables that a configuration asks for."""
    names = ["claims", "ends", "shapes", "directions", "table1", "comparison"]
    return [*names, *(["flatness"] if settings.planes is not None else [])]
