"""Left sides of the theorems, measured where their right sides can be evaluated too: a module for each kind of game."""
