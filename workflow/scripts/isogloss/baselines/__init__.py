"""What needs no encoder: the score that a run must beat before it means anything."""
