"""Theorems 1 and 2: zero-sum games."""
