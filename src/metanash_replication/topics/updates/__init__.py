"""Meta-updates beside equation (5)."""
