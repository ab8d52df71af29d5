"""Muller et al. 2021: re-initialised layers, similarity of languages, unseen languages."""
