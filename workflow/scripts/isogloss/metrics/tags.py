"""Scores of one tag per token."""

import pandas as pd

from isogloss.metrics.tokens import lay_out, sentence_accuracy


def tag_scores(frame: pd.DataFrame) -> dict[str, float]:
    """Token accuracy, in percent.

    Parameters
    ----------
    frame : table kind `tag_predictions`, one language

    Returns
    -------
    accuracy : over all tokens; sentence_accuracy : mean over sentences of a sentence's token
    accuracy, which the released code of Yun et al. 2023 calls micro F1

    Raises
    ------
    TableError
        for no token, or a sentence with more or fewer predictions than labels
    """
    columns, lengths = lay_out(frame, ["label", "prediction"])
    correct = columns["label"] == columns["prediction"]
    return {
        "accuracy": 100 * int(correct.sum()) / len(correct),
        "sentence_accuracy": sentence_accuracy(correct, lengths),
    }
