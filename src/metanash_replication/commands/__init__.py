"""Subcommands that the replication adds to ``metanash``, a module each (entry point ``metanash.commands``)."""

__all__ = ["COMMANDS"]

COMMANDS = {
    "claims": (
        "metanash_replication.commands.claims",
        "the claims of the paper: verdicts, numbers and the files behind them",
    ),
    "falsify": ("metanash_replication.commands.falsify", "search for counterexamples to a bound"),
}
"""Module of each, and its purpose in a line, as in :data:`metanash.cli.COMMANDS`."""
