"""Both sides of the claims with 50 digits, slowly, sharing nothing with the kernels: a module per kind of game."""
