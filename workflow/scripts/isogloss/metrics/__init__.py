"""Scores from tables of predictions; needs no torch."""
