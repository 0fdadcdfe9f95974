"""The documentation as pages: ``./do site``."""
