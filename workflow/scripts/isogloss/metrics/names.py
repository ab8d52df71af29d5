"""Which metrics a kind of task has. Light: Snakemake imports it when it reads its rules."""

# Name of the metric that the studies report, by task kind.
MAIN_METRIC = {
    "nli": "accuracy",
    "paraphrase": "accuracy",
    "pos": "accuracy",
    "ner": "f1",
    "parsing": "las",
    "qa": "f1",
}
# All metrics of a kind of task.
METRICS = {
    "nli": ("accuracy",),
    "paraphrase": ("accuracy",),
    "pos": ("accuracy", "sentence_accuracy"),
    "ner": ("f1", "precision", "recall", "sentence_accuracy"),
    "parsing": (
        *("las", "uas", "las_without_punctuation", "uas_without_punctuation"),
        "las_subtypes",
    ),
    "qa": ("f1", "exact_match", "f1_language", "exact_match_language"),
}
# Module of this room, and its function, by task kind.
SCORES = {
    "nli": "labels.accuracy",
    "paraphrase": "labels.accuracy",
    "pos": "tags.tag_scores",
    "ner": "spans.span_scores",
    "parsing": "trees.tree_scores",
    "qa": "answers.answer_scores",
}


def score_module(kind: str) -> str:
    """Name of the module of a kind's metrics, for fingerprints."""
    return f"isogloss.metrics.{SCORES[kind].partition('.')[0]}"
