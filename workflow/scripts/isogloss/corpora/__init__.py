"""Readers of upstream formats and the generated language family."""
