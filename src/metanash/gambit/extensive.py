"""Games of finite horizon as Gambit's extensive games, .efg.

The tree plays a step of the Markov game as moves of players 1, ..., N that do not see each other, then chance draws the
next state. Each player has one information set for each public history (states and joint actions so far), so recall
is perfect; its label ``h:s:n`` says the step and the state, on which alone a Markov policy depends, and the number n of
the information set (Gambit 17 wants labels to be unique).
"""

import itertools
from collections.abc import Callable
from decimal import Decimal, localcontext
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from metanash.archive import write_text
from metanash.gambit.text import decimal, quoted
from metanash.gambit.units import DIGITS, Units, written_payoffs
from metanash.games import MarkovGame, ZeroSumGame, check_game
from metanash.typing import Array, Floats

__all__ = ["efg_text", "exact_distribution", "tree_size", "write_efg"]

Payoffs = Array
"""Floats or Decimals."""
When = Literal["steps", "end"]

_MOST_NODES = 1_000_000


def exact_distribution(row: Floats) -> dict[int, Decimal]:
    """Decimals that sum to exactly one, of what is possible: the largest makes up for the rounding of the others.

    Examples
    --------
    >>> shares = exact_distribution(np.array([1 / 3, 1 / 3, 0.0, 1 / 3]))
    >>> list(shares), str(sum(shares.values()))
    ([0, 1, 3], '1.0000000000000000')
    """
    shares = {z: Decimal(repr(float(p))) for z, p in enumerate(row) if p > 0.0}
    largest = max(shares, key=shares.__getitem__)
    with localcontext(prec=DIGITS):
        shares[largest] += 1 - sum(shares.values())
    return shares


def tree_size(game: ZeroSumGame | MarkovGame) -> float:
    """Nodes of the tree that :func:`write_efg` writes, counted up to 1e18 or so.

    Takes a ZeroSumGame or MarkovGame; raises ValueError for anything else.

    Examples
    --------
    >>> from metanash import MarkovGame, Transition
    >>> still = Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> chicken = MarkovGame([[[[[6 / 7, 2 / 7], [1, 0]]]], [[[[6 / 7, 1], [2 / 7, 0]]]]], still, name="Chicken")
    >>> tree_size(chicken)  # one node of Ann, two of Bob, four ends
    7.0
    """
    check_game("tree_size", game, ZeroSumGame, MarkovGame)
    axes = tuple(range(1, 1 + game.n_players))
    moves = sum(np.cumprod([1, *game.n_actions[:-1]]).tolist())
    size = np.full(game.n_states, moves + float(np.prod(game.n_actions)))
    for h in reversed(range(game.horizon - 1)):
        possible = game.transition.at(h) > 0.0
        after = (possible.sum(axis=-1) > 1) + possible @ np.minimum(size, 1e18)
        size = moves + after.sum(axis=axes)
    return float((size[game.initial > 0.0]).sum() + ((game.initial > 0.0).sum() > 1))


class _Writer:
    """Collects the lines of the file and numbers nodes, outcomes and information sets.

    What is still to be written lies on a stack, so that horizons may be long.
    """

    def __init__(self, game: ZeroSumGame | MarkovGame, payoffs: Payoffs, when: When) -> None:
        self.payoffs, self.actions, self.when = payoffs, game.n_actions, when
        self.kernels = [game.transition.at(h) for h in range(game.transition.steps)]
        self.lines: list[str] = []
        self.chances, self.outcomes = itertools.count(1), itertools.count(1)
        self.sets = [itertools.count(1) for _ in self.actions]
        self.todo: list[Callable[[], None]] = []

    def write(self, initial: Floats) -> list[str]:
        self.draw(initial, 0, None)
        while self.todo:
            self.todo.pop()()
        return self.lines

    def node(self, line: str, owed: Payoffs | None, last: bool = False) -> Payoffs | None:
        """Write a node and the payoffs that are owed there; return those that are still owed."""
        if owed is None or (self.when == "end" and not last):
            self.lines.append(f"{line} 0".lstrip())
            return owed
        self.lines.append(f'{line} {next(self.outcomes)} "" {{ {" ".join(map(decimal, owed))} }}')
        return None

    def draw(self, row: Floats, h: int, owed: Payoffs | None) -> None:
        """A chance node; what cannot happen is left out, and so is a draw of one thing."""
        possible = exact_distribution(row)
        if len(possible) > 1:
            chances = " ".join(f'"{z}" {decimal(share)}' for z, share in possible.items())
            owed = self.node(f'c "" {next(self.chances)} "" {{ {chances} }}', owed)
        self.todo += [partial(self.step, h, z, owed) for z in reversed(possible)]

    def step(self, h: int, s: int, owed: Payoffs | None) -> None:
        self.move(h, s, owed, [next(numbers) for numbers in self.sets], ())

    def move(self, h: int, s: int, owed: Payoffs | None, sets: list[int], chosen: tuple[int, ...]) -> None:
        player = len(chosen)
        if player == len(self.actions):
            self.after(h, s, owed, chosen)
            return
        names = " ".join(f'"{a}"' for a in range(self.actions[player]))
        owed = self.node(f'p "" {player + 1} {sets[player]} "{h}:{s}:{sets[player]}" {{ {names} }}', owed)
        follow = [(*chosen, a) for a in reversed(range(self.actions[player]))]
        self.todo += [partial(self.move, h, s, owed, sets, joint) for joint in follow]

    def after(self, h: int, s: int, owed: Payoffs | None, joint: tuple[int, ...]) -> None:
        """The end, or the draw of the next state, once all have chosen."""
        place: Any = (slice(None), h, s, *joint)
        earned = self.payoffs[place]
        earned = earned if owed is None else owed + earned
        if h + 1 < self.payoffs.shape[1]:
            self.draw(self.kernels[h % len(self.kernels)][(s, *joint)], h + 1, earned)
        else:
            self.node('t ""', earned, last=True)


def efg_text(game: ZeroSumGame | MarkovGame, units: Units | None = None, when: When = "steps") -> str:
    """Write a game as the text of an .efg file; see :func:`write_efg`.

    Takes a ZeroSumGame or MarkovGame; raises ValueError for anything else.

    Examples
    --------
    >>> from metanash import MarkovGame, Transition
    >>> still = Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> chicken = MarkovGame([[[[[6 / 7, 2 / 7], [1, 0]]]], [[[[6 / 7, 1], [2 / 7, 0]]]]], still, name="Chicken")
    >>> units = Units((0.0, 0.0), (7.0, 7.0))
    >>> efg_text(chicken, units).splitlines()[0]
    'EFG 2 R "Chicken" { "1" "2" } ""'
    """
    check_game("efg_text", game, ZeroSumGame, MarkovGame)
    if when not in {"steps", "end"}:
        raise ValueError(f"payoffs are written at steps or at the end, got {when!r}")
    size = tree_size(game)
    if not size <= _MOST_NODES:
        raise ValueError(
            f"the tree of this game would have {size:.3g} nodes, at most {_MOST_NODES:,} are written; "
            "write_games keeps games of any size"
        )
    payoffs = written_payoffs(game, units)
    players = " ".join(quoted(str(i + 1)) for i in range(len(payoffs)))
    with localcontext(prec=DIGITS):
        lines = _Writer(game, payoffs, when).write(game.initial)
    return "\n".join([f'EFG 2 R {quoted(game.name)} {{ {players} }} ""', *lines, ""])


def write_efg(
    path: Path | str, game: ZeroSumGame | MarkovGame, units: Units | None = None, when: When = "steps"
) -> None:
    """Write a game of finite horizon as an .efg file.

    Takes a ZeroSumGame or MarkovGame; raises ValueError for anything else.

    Chances are written as decimals that sum to exactly one, which Gambit insists on: the largest of a row makes up for
    the rounding of the others, so it alone may come back with other last digits.

    Parameters
    ----------
    path : path
    game : ZeroSumGame or MarkovGame
    units : Units, optional
        What reading returned: then the payoffs are those that were read, up to rounding. Default: rewards as they
        are (r and -r if zero-sum).
    when : {"steps", "end"}
        Where payoffs stand: at the node after each step, as Gambit allows and :func:`metanash.gambit.read_efg` needs
        to tell the rewards of the steps apart; or their sums at the terminal nodes, since OpenSpiel reads no others.

    Raises
    ------
    ValueError
        If the game is of infinite horizon, or its tree would have more than a million nodes.

    Examples
    --------
    >>> from metanash import MarkovGame, Transition
    >>> still = Transition.shared([[[[1.0], [1.0]], [[1.0], [1.0]]]])
    >>> chicken = MarkovGame([[[[[6 / 7, 2 / 7], [1, 0]]]], [[[[6 / 7, 1], [2 / 7, 0]]]]], still, name="Chicken")
    >>> units = Units((0.0, 0.0), (7.0, 7.0))
    >>> write_efg("chicken.efg", chicken, units)
    >>> Path("chicken.efg").read_text().splitlines()[0]
    'EFG 2 R "Chicken" { "1" "2" } ""'
    """
    check_game("write_efg", game, ZeroSumGame, MarkovGame)
    write_text(path, efg_text(game, units, when))
