"""Language codes and distances between languages."""
