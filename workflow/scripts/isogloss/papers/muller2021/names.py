"""Names of the study's tables and figures. Light: Snakemake imports it when it reads its rules."""

from isogloss.config.muller2021 import Muller2021


def figure_names(settings: Muller2021) -> list[str]:
    """Names of all figures that a configuration asks for.

    A figure's numbers are files of its name, so no name is that of a table.
    """
    names = ["random_init-layers"]
    if settings.alignment is not None:
        names += [similarity_name(text) for text in settings.alignment.texts]
        names.append("gap-layers")
    if settings.unseen is not None:
        names.append("unseen-models")
    return [*names, *(["transliteration-writings"] if rewrites(settings) else [])]


def table_names(settings: Muller2021) -> list[str]:
    """Names of all tables that a configuration asks for."""
    names = ["claims", "las", "random_init"]
    if settings.alignment is not None:
        names += ["similarity", "alignment", "gap"]
    if settings.unseen is not None:
        names.append("unseen")
    if rewrites(settings):
        names.append("transliteration")
    return [*names, "protocol", "comparison"]


def similarity_name(text: str) -> str:
    """Name of the figure of a parallel text."""
    return f"similarity-{text}"


def rewrites(settings: Muller2021) -> bool:
    """Whether any task is learnt in another writing too."""
    if settings.unseen is None:
        return False
    tasks = settings.unseen.tasks.values()
    return any(item.latin is not None or item.permuted is not None for item in tasks)


def configured_names(settings: Muller2021) -> dict[str, list[str]]:
    """Names of tasks, recipes and encoders of a configuration that the study uses, each once.

    Of encoders of one language each, that of the first unseen language stands for all.
    """
    tasks = [item.task for item in settings.tasks.values()]
    recipes = [item.recipe for item in settings.tasks.values()]
    encoders = [settings.encoder]
    if settings.unseen is not None:
        for item in settings.unseen.tasks.values():
            tasks.append(item.task)
            recipes += [item.recipe, item.baseline_recipe]
        encoders += encoder_names(settings).values()
    found = {"tasks": tasks, "recipes": recipes, "encoders": encoders}
    return {kind: list(dict.fromkeys(names)) for kind, names in found.items()}


def encoder_names(settings: Muller2021) -> dict[str, str]:
    """Encoder of the first unseen language by model (adapted, alone, baseline), original writing.

    A model that the study leaves out is left out.
    """
    if settings.unseen is None:
        return {}
    named = settings.unseen.encoders["original"]
    language = next(iter(settings.unseen.tasks.values())).languages[0]
    models = {"adapted": named.adapted, "alone": named.alone, "baseline": named.baseline}
    return {model: f"{name}-{language}" for model, name in models.items() if name is not None}
