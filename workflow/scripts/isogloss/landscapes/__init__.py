"""The scores of weights between runs, and around one (Wu et al. 2022)."""
