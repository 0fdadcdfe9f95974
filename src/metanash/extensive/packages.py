"""Trees of other packages, both ways: OpenSpiel and pygambit.

========== ================================== ==========================================
package    its games                          known by
========== ================================== ==========================================
OpenSpiel  ``pyspiel.Game`` with information  ``new_initial_state``, and no payoffs that
           states, sequential or not          :mod:`metanash.neighbours` reads
pygambit   ``pygambit.Game`` that is a tree   ``to_efg``, and ``is_tree`` or, from pygambit
                                              17 on, the name ``ExtensiveGame``
========== ================================== ==========================================

What comes from there is a :class:`~metanash.extensive.Tree`, which :func:`metanash.solve` takes, and
:func:`~metanash.extensive.from_tree` makes an :class:`~metanash.extensive.ExtensiveGame` of it. Where players of
OpenSpiel move at once they do so one after the other here, and none sees what those before have done. Matrix games are
in :mod:`metanash.neighbours`. A package is imported when something is made for it.
"""

import io
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from metanash._inner.late import module_of
from metanash.extensive.build import Draw, End, Move, TreeNode, build_tree
from metanash.extensive.trees import Tree, efg_text, read_tree

__all__ = [
    "MOST_NODES",
    "is_tree_of_a_package",
    "tree_from_openspiel",
    "tree_from_package",
    "tree_from_pygambit",
    "tree_to_openspiel",
    "tree_to_pygambit",
]

MOST_NODES = 1_000_000
"""Nodes of a game of OpenSpiel at most: about a minute."""
_MATRICES = ("row_utilities", "player_utilities")


def is_tree_of_a_package(other: object) -> bool:
    """Whether an object is a tree of OpenSpiel or pygambit.

    Examples
    --------
    >>> is_tree_of_a_package([[1, 2], [3, 4]])
    False
    """
    return _is_openspiel(other) or _is_pygambit(other)


def _is_openspiel(other: Any) -> bool:
    return hasattr(other, "new_initial_state") and not any(hasattr(other, name) for name in _MATRICES)


def _is_pygambit(other: Any) -> bool:
    return hasattr(other, "to_efg") and bool(getattr(other, "is_tree", type(other).__name__ == "ExtensiveGame"))


def tree_from_package(other: Any) -> Tree:
    """Make a tree of that of either package.

    Raises
    ------
    ValueError
        If it is none, or as :func:`tree_from_openspiel` and :func:`tree_from_pygambit`.

    Examples
    --------
    >>> class ExtensiveGame:
    ...     def to_efg(self):
    ...         return 'EFG 2 R "end" { "Ann" } t "" 1 "" { 3/2 }'
    >>> tree_from_package(ExtensiveGame()).title
    'end'
    """
    return tree_from_openspiel(other) if _is_openspiel(other) else tree_from_pygambit(other)


def tree_from_pygambit(other: Any) -> Tree:
    """Make a tree of a ``pygambit.Game``; numbers are fractions, and taken exactly.

    Raises
    ------
    ValueError
        If it is no tree of pygambit.

    Examples
    --------
    >>> class ExtensiveGame:
    ...     def to_efg(self):
    ...         return 'EFG 2 R "coin" { "Ann" } c "" 1 "" { "h" 1/3 "t" 2/3 } 0 t "" 1 "" { 3 } t "" 2 "" { 0 }'
    >>> tree_from_pygambit(ExtensiveGame()).moves[0].chances
    (Fraction(1, 3), Fraction(2, 3))
    """
    if not _is_pygambit(other):
        raise ValueError(
            f"a {type(other).__name__} is no tree of pygambit: that has to_efg, and says that it is one; games "
            "without a tree are for metanash.neighbours"
        )
    with TemporaryDirectory() as folder:
        path = Path(folder, "game.efg")
        path.write_text(other.to_efg(), encoding="utf-8")
        tree = read_tree(path)
    return replace(tree, source=f"to_efg of {tree.title!r}")


def tree_from_openspiel(other: Any) -> Tree:
    """Make a tree of a ``pyspiel.Game``, whose information states are the information sets.

    Payoffs are the returns at the end. Floats are taken exactly, chances divided by their sum.

    Raises
    ------
    ValueError
        If it is no such game, has no information states, players without number (mean fields), or more than
        :data:`MOST_NODES` nodes.

    Examples
    --------
    >>> try:  # with OpenSpiel:
    ...     import pyspiel
    ... except ImportError:
    ...     pass
    ... else:
    ...     assert len(tree_from_openspiel(pyspiel.load_game("kuhn_poker"))) == 58
    """
    if not _is_openspiel(other):
        raise ValueError(
            f"a {type(other).__name__} is no tree of OpenSpiel: that has new_initial_state; matrix games are for "
            "metanash.neighbours"
        )
    if not other.get_type().provides_information_state_string:
        raise ValueError(f"{other} has no information states, which are the information sets of the tree")
    players = other.num_players()
    try:
        root = _Walk(other).node(other.new_initial_state())
    except RecursionError:
        raise ValueError(f"{other} is too deep: its plays have several hundred moves") from None
    return build_tree(str(other), [f"player {i + 1}" for i in range(players)], root)


class _Walk:
    """From states of OpenSpiel to nodes."""

    def __init__(self, game: Any) -> None:
        self._game, self._players, self._count = game, game.num_players(), 0

    def node(self, state: Any) -> TreeNode:
        self._count += 1
        if self._count > MOST_NODES:
            raise ValueError(f"{self._game} has more than {MOST_NODES:,} nodes")
        if state.is_terminal():
            return End(list(state.returns()))
        if state.is_chance_node():
            outcomes = [(action, chance) for action, chance in state.chance_outcomes() if chance > 0.0]
            names = self._names(state, state.current_player(), [action for action, _ in outcomes])
            pairs = zip(names, outcomes, strict=True)
            return Draw({name: (chance, self.node(state.child(action))) for name, (action, chance) in pairs})
        if state.is_simultaneous_node():
            return self._at_once(state, [])
        player = state.current_player()
        if not 0 <= player < self._players:
            raise ValueError(f"{self._game} has nodes of a kind that no tree has (player {player})")
        actions = state.legal_actions()
        names = self._names(state, player, actions)
        children = {name: self.node(state.child(action)) for name, action in zip(names, actions, strict=True)}
        return Move(player, state.information_state_string(player), children)

    def _at_once(self, state: Any, chosen: list[int]) -> TreeNode:
        """The players from ``len(chosen)`` on move, none of whom sees the actions that are chosen."""
        player = len(chosen)
        if player == self._players:
            following = state.clone()
            following.apply_actions(chosen)
            return self.node(following)
        actions = state.legal_actions(player)
        names = self._names(state, player, actions)
        children = {name: self._at_once(state, [*chosen, action]) for name, action in zip(names, actions, strict=True)}
        return Move(player, state.information_state_string(player), children)

    @staticmethod
    def _names(state: Any, player: int, actions: list[int]) -> list[str]:
        """Names of actions, with their numbers where two have the same."""
        names = [state.action_to_string(player, action) for action in actions]
        return names if len(set(names)) == len(names) else [f"{n} ({a})" for n, a in zip(names, actions, strict=True)]


def tree_to_pygambit(tree: Tree) -> Any:
    """Make a ``pygambit.Game`` of a tree, with the same fractions.

    Raises
    ------
    ModuleNotFoundError
        If pygambit is not installed.

    Examples
    --------
    >>> try:
    ...     tree_to_pygambit(build_tree("end", ["Ann"], End([1]))).title
    ... except ModuleNotFoundError:  # without pygambit
    ...     "end"
    'end'
    """
    return module_of("pygambit", "pygambit").read_efg(io.StringIO(efg_text(tree)))


def tree_to_openspiel(tree: Tree) -> Any:
    """Make a ``pyspiel.Game`` (``efg_game``) of a tree.

    Raises
    ------
    ModuleNotFoundError
        If OpenSpiel is not installed.

    Examples
    --------
    >>> try:
    ...     tree_to_openspiel(build_tree("one", ["Ann"], Move(0, "s", {"a": End([1]), "b": End([0])}))).num_players()
    ... except ModuleNotFoundError:  # without OpenSpiel
    ...     1
    1
    """
    return module_of("pyspiel", "open_spiel").load_efg_game(efg_text(tree))
