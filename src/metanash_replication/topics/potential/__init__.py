"""Proposition 1 and Theorem 3: potential games."""
