"""Games of the user's own."""
