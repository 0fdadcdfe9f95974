"""Theorems 5 and 6: general-sum games."""
