"""Yun et al. 2023: gold scores, rankings of sources, regressions, tables and figures."""
