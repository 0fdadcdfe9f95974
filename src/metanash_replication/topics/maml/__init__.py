"""Theorem 4: MAML in potential games."""
