"""Hidden states and indices of their similarity."""
