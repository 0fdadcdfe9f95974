"""Helpers that the modules of the library share. No promise is made about anything in here."""
