"""Sub-networks: the parameters of an encoder that matter most for a language (Yun et al. 2023)."""
