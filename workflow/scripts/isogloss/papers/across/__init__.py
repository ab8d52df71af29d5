"""Across the studies: whether what they measure by layer, or by pair, goes together."""
