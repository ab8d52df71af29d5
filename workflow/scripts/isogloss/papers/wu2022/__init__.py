"""Wu, Van Durme and Dredze 2022: curves, surfaces, claims, tables and figures."""
