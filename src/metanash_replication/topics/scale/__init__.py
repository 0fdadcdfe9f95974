"""Growth of gaps, times and memory with the size of a game."""
