"""The studies: their tables and figures, beside what they published."""
