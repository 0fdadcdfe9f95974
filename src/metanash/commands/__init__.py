"""Subcommands of ``metanash``, a module each: see :mod:`metanash.cli`.

:mod:`~metanash.commands.info` and :mod:`~metanash.commands.show`; :mod:`~metanash.commands.tables` reads tables for
these and for those of other packages.
"""
