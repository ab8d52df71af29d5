"""The training loop, its checkpoints and the scoring of a run."""
