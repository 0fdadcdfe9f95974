"""Extensive games: a linear program in sequence form, backward induction, or the strategic form; all certified."""

import math
from fractions import Fraction

import numpy as np

from metanash.extensive import (
    ExtensiveGame,
    Tree,
    Treeplex,
    backward_induction,
    certify,
    solve_constant_sum,
    strategic_form,
    strategic_size,
)
from metanash.extensive.exact import is_constant_sum, rounded_up
from metanash.extensive.recall import recalled
from metanash.gambit import Units
from metanash.solution.result import Solution
from metanash.solution.strategic import stage_equilibrium
from metanash.typing import Floats, Integers, Policies

__all__ = ["MOST_STRATEGIES", "solve_tree"]

TOLERANCE = 1e-7
"""Largest gap, in parts of a player's range of payoffs; most are below 1e-12."""
MOST_STRATEGIES = 10_000
"""Profiles of reduced strategies up to which a game of general sum is solved by its strategic form."""


def solve_tree(game: ExtensiveGame | Tree, units: Units | None = None, zero_sum: bool | None = None) -> Solution:
    """Solve an extensive game with perfect recall.

    Two players of constant sum: by a linear program in sequence form. A tree in which everybody sees everything: by
    backward induction. Else: by the strategic form of reduced strategies, where there are at most
    :data:`MOST_STRATEGIES` profiles of them. Gaps are worked out in fractions.

    Parameters
    ----------
    game : ExtensiveGame or Tree
        A Tree remembers where everybody sees everything, its sequence form does not.
    units : Units, optional
        Refused: payoffs of an extensive game are its own.
    zero_sum : bool, optional
        Whether sums of payoffs are taken for constant. Default: if they are, up to rounding.

    Returns
    -------
    Solution
        Its policies are behaviour strategies (S_i,) by sequences, its ``players`` say which sequence is which.

    Raises
    ------
    ValueError
        If there are units, it is a batch, has no perfect recall, sums of payoffs are not constant though they are said
        to be, or the strategic form is too large.
    ArithmeticError
        If no equilibrium is found whose gap is small enough.

    Examples
    --------
    Player 1 may pass a coin that player 2, who does not see it, then guesses.

    >>> from metanash.extensive import build_tree, Draw, End, Move
    >>> won, lost = End([1, -1]), End([-1, 1])
    >>> hidden = {"heads": Move(1, "guess", {"heads": lost, "tails": won}),
    ...           "tails": Move(1, "guess", {"heads": won, "tails": lost})}
    >>> tree = build_tree("pennies", ("Ann", "Bob"), Move(0, "coin", hidden))
    >>> solve_tree(tree)
    zero-sum game, value 0 to player 1, NE-gap 0
    Ann       coin  heads 0.5  tails 0.5
    Bob       guess  heads 0.5  tails 0.5
    by a linear program in sequence form
    """
    if units is not None:
        raise ValueError("units are for games of this library in [0, 1]; payoffs of an extensive game are its own")
    if isinstance(game, Tree):
        form, _, exact = recalled(game)
    else:
        form, exact = game, None
    if form.batch_shape:
        raise ValueError(f"solve takes one game at a time, got a batch of shape {form.batch_shape}")
    if zero_sum or (zero_sum is None and is_constant_sum(form)):
        found = solve_constant_sum(form, exact)
        method = "a linear program in sequence form"
        return Solution(found.value, found.strategies, max(found.gap, 0.0), method, form.players)
    if isinstance(game, Tree) and _sees_everything(game):
        strategies, method = backward_induction(game).strategies, "backward induction"
    else:
        strategies, method = _by_strategic_form(form)
    proof = certify(form, strategies, exact)
    for i, gain in enumerate(proof.gains):
        if gain > Fraction(TOLERANCE * float(form.spread[i])):
            raise ArithmeticError(
                f"no equilibrium was found: player {i + 1} still gains {float(gain):.3g} of a range of "
                f"{form.spread[i]:.3g}; metanash.extensive.learn_extensive learns one"
            )
    gap = max(0.0, *map(rounded_up, proof.gains))
    return Solution(np.array([*map(float, proof.values)]), strategies, gap, method, form.players)


def _sees_everything(tree: Tree) -> bool:
    """Whether each information set of a player has one node."""
    sets = [m for m in tree.at if m >= 0 and tree.moves[m].player >= 0]
    return len(sets) == len(set(sets))


def _by_strategic_form(game: ExtensiveGame) -> tuple[Policies, str]:
    sizes = strategic_size(game)
    if math.prod(sizes) > MOST_STRATEGIES:
        raise ValueError(
            f"a game of general sum with hidden moves is solved by its strategic form, which has "
            f"{' x '.join(f'{n:,}' if n < 10**9 else f'{float(n):.3g}' for n in sizes)} reduced strategies here; at "
            f"most {MOST_STRATEGIES:,} profiles are taken. metanash learn, or metanash.extensive.learn_extensive, "
            "plays it, and says how far from an equilibrium it comes"
        )
    form = strategic_form(game)
    mixed, method = stage_equilibrium(form.payoff)
    strategies = tuple(
        plex.behaviour(_plan(plex, choices, weights))
        for plex, choices, weights in zip(game.players, form.choices, mixed, strict=True)
    )
    return strategies, f"{method}, in the strategic form"


def _plan(plex: Treeplex, choices: Integers, weights: Floats) -> Floats:
    """Realisation plan (S,) of a mixture of reduced strategies (A, I), -1 where one never comes."""
    plan = np.zeros(plex.n_sequences)
    plan[0] = 1.0
    for row, weight in zip(choices, weights, strict=True):
        played = row >= 0
        plan[(plex.first + row)[played]] += weight
    return plan
