"""Encoders: loading, tokenizers, packed batches, layers, pretraining."""
