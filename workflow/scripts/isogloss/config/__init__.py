"""Typed configuration, one module per part."""
