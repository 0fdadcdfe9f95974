"""Subcommands of ``metanash``, a module each: see :mod:`metanash.cli`.

:mod:`~metanash.commands.solve`, :mod:`~metanash.commands.gap`, :mod:`~metanash.commands.learn` and
:mod:`~metanash.commands.convert` take a game of any format that can be read, by :mod:`~metanash.commands.inputs`, and
extensive games by :mod:`~metanash.commands.trees`, stochastic ones by :mod:`~metanash.commands.stochastic`;
:mod:`~metanash.commands.gains` prints what ``gap`` found, and :mod:`~metanash.commands.progress` draws the bar of
``learn``. :mod:`~metanash.commands.info`,
:mod:`~metanash.commands.show` and :mod:`~metanash.commands.completion` take none.
:mod:`~metanash.commands.tables` reads tables for these and for those of other packages. Page: ``docs/command.md``.
"""
