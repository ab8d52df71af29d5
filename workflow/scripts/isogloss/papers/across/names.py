"""Names of what is set side by side. Light: Snakemake imports it when it reads its rules."""

# The figure `layers` draws the rows of the table of that name, and shares its numbers.
TABLES = ("layers", "correlations")
FIGURES = ("layers",)

CROSS = "cross-lingual"
EXCESS = "cross-lingual less same-language"
DAMAGES = (CROSS, EXCESS)
# Mean over the sources (and, of correlations, over the tasks) that take part.
ALL = "all"
# An encoder before fine-tuning, or a quantity of no task.
NO_TASK = "-"

DEPTH = "depth"
PHI = "phi"
OVERLAP = "overlap"
MOVEMENT = "movement"
PHI_LAST = "phi, last layer"
PHI_MEAN = "phi, mean of layers"
SLOPE = "slope"
SIMILARITY = "similarity"

# Study behind each quantity.
STUDIES = {
    **dict.fromkeys((CROSS, EXCESS, SIMILARITY, DEPTH), "muller2021"),
    **dict.fromkeys((PHI, PHI_LAST, PHI_MEAN), "philippy2023"),
    OVERLAP: "xsns2023",
    **dict.fromkeys((MOVEMENT, SLOPE), "wu2022"),
}
# Kinds of tasks as figures name them.
KINDS = {
    "pos": "POS",
    "ner": "NER",
    "parsing": "Parsing",
    "nli": "NLI",
    "paraphrase": "PI",
    "qa": "QA",
}
