"""Appendix F once more: river endgames as the trees that they are."""
