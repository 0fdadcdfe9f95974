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
    """Payoff of every player at T, and what was said when the file was read.

    Columns own, arm, game, player, payoff, note; of a tree that could be solved solved (payoff of the player in the
    equilibrium that was found), solved_gap and solved_by, else empty.
    """
    payoff = arrays["payoff"]
    axes = {"arm": spec["arms"], "game": range(1, payoff.shape[1] + 1), "player": range(1, payoff.shape[2] + 1)}
    table = _long(payoff, axes, "payoff")
    table.insert(0, "own", name)
    solved = spec.get("solved", {})
    reason = [f"not solved: {solved['reason']}"] if "reason" in solved else []
    table["note"] = "; ".join([*spec.get("notes", []), *reason])
    table["solved"] = [solved["payoffs"][player - 1] if "payoffs" in solved else None for player in table["player"]]
    table["solved_gap"], table["solved_by"] = solved.get("gap"), solved.get("method")
    return table


def policies(name: str, spec: Mapping[str, Any], arrays: Arrays) -> pd.DataFrame:
    """Policies at T: own, arm, game, player, step, state, action, probability, state_name, action_name, counted from 1.

    Of correlated policies each player's part. Discounted games have step 1 only. States of a tree are the information
    sets of the player, without steps; only they and their actions have names.
    """
    if "sets" in spec:
        return _tree_policies(name, spec, arrays)
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
    whole["state_name"] = whole["action_name"] = None
    return whole


def _tree_policies(name: str, spec: Mapping[str, Any], arrays: Arrays) -> pd.DataFrame:
    rows = []
    for player, sets in enumerate(spec["sets"]):
        chances = iter(arrays[f"policy_{player}"][0, 0].tolist())
        for number, (label, *actions) in enumerate(sets, 1):
            for action, what in enumerate(actions, 1):
                rows.append((name, spec["arms"][0], 1, player + 1, None, number, action, next(chances), label, what))
    columns = ["own", "arm", "game", "player", "step", "state", "action", "probability", "state_name", "action_name"]
    return pd.DataFrame(rows, columns=columns).astype({"step": "Int64"})


TABLES: dict[str, Callable[[str, Mapping[str, Any], Arrays], pd.DataFrame]] = {
    "own_games": gaps,
    "own_payoffs": payoffs,
    "own_policies": policies,
}
"""Tables by the name of their files."""
