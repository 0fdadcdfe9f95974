"""Extensive games with perfect recall, in sequence form."""

from metanash.extensive.games import ExtensiveGame
from metanash.extensive.recall import from_tree, read_extensive
from metanash.extensive.treeplex import Treeplex
from metanash.extensive.trees import Tree, efg_text, read_tree, write_efg

__all__ = ["ExtensiveGame", "Tree", "Treeplex", "efg_text", "from_tree", "read_extensive", "read_tree", "write_efg"]
