"""Appendix F: poker and tracking."""
