"""Tidy tables of the user's own games. Needs pandas (extra ``pipeline``).

Each function takes the name of a file of games, what it was learned with, and the arrays.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["TABLES"]

Arrays = Mapping[str, npt.NDArray[Any]]


def _long(array: npt.NDArray[Any], axes: Mapping[str, Any], value: str) -> pd.DataFrame:
    """One row an entry of an array, with a column for each of its axes."""
    index = pd.MultiIndex.from_product([list(labels) for labels in axes.values()], names=list(axes))
    return pd.DataFrame({value: array.ravel()}, index=index).reset_index()


def gaps(name: str, spec: Mapping[str, Any], arrays: Arrays) -> pd.DataFrame:
    """Gap at every checkpoint, and what each player can gain.

    Columns own, learner, learning_rate, measure, arm, game, iteration, player, gap, gain, gain_in_payoffs. The gap, in
    units of reward, is that of the measure and the same for all players; gains are the player's own, in units of its
    rewards (parts of its range of payoffs, of games in payoffs) and in payoffs.
    """
    gain = arrays["gain"]
    players = range(1, gain.shape[3] + 1)
    axes = {
        "arm": spec["arms"],
        "game": range(1, gain.shape[1] + 1),
        "iteration": arrays["checkpoints"].tolist(),
        "player": players,
    }
    table = _long(gain, axes, "gain")
    table.insert(len(axes), "gap", np.repeat(arrays["gap"].ravel(), len(players)))
    table["gain_in_payoffs"] = (gain * np.array(spec["scale"])).ravel()
    for place, column in enumerate(("learner", "learning_rate", "measure")):
        table.insert(place, column, spec[column])
    table.insert(0, "own", name)
    return table


def payoffs(name: str, spec: Mapping[str, Any], arrays: Arrays) -> pd.DataFrame:
    """Payoff of every player at T, and what was said when the file was read: own, arm, game, player, payoff, note."""
    payoff = arrays["payoff"]
    axes = {"arm": spec["arms"], "game": range(1, payoff.shape[1] + 1), "player": range(1, payoff.shape[2] + 1)}
    table = _long(payoff, axes, "payoff")
    table.insert(0, "own", name)
    table["note"] = "; ".join(spec.get("notes", []))
    return table


def policies(name: str, spec: Mapping[str, Any], arrays: Arrays) -> pd.DataFrame:
    """Policies at T: own, arm, game, player, step, state, action, probability, all counted from 1.

    Of correlated policies each player's part. Discounted games have step 1 only.
    """
    parts = []
    for player in range(arrays["payoff"].shape[2]):
        policy = arrays[f"policy_{player}"]
        policy = policy[:, :, np.newaxis] if policy.ndim == 4 else policy  # (arms, K, steps, S, A)
        lengths = dict(zip(("game", "step", "state", "action"), policy.shape[1:], strict=True))
        axes = {"arm": spec["arms"], **{axis: range(1, length + 1) for axis, length in lengths.items()}}
        table = _long(policy, axes, "probability")
        table.insert(2, "player", player + 1)
        parts.append(table)
    whole = pd.concat(parts, ignore_index=True)
    whole.insert(0, "own", name)
    return whole


TABLES: dict[str, Callable[[str, Mapping[str, Any], Arrays], pd.DataFrame]] = {
    "own_games": gaps,
    "own_payoffs": payoffs,
    "own_policies": policies,
}
"""Tables by the name of their files."""
