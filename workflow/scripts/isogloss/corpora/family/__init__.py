"""A generated family of languages whose tree, typology and scripts are known."""
