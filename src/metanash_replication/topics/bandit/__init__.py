"""Bandit feedback: learners that see their own actions and rewards only, beside full information."""
