"""Isogloss: cross-lingual transfer studies, from raw text to the published table."""
