"""Correlation with permutation and bootstrap inference."""
