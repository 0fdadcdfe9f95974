"""Subcommands of ``metanash``, a module each: see :mod:`metanash.cli`."""
