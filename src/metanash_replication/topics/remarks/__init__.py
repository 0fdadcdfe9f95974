"""Sentences of the text that no theorem is about."""
