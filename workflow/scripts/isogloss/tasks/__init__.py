"""One module per task: features, head, decoding, score."""
