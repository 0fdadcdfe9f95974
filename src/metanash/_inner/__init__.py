"""What the modules of the library share among themselves. No promise is made about anything in here."""
