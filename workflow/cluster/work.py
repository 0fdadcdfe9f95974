"""How much a job has to do and to hold, from what it is given: in proportion to its time, and to its memory.

What is given is a tree of names, numbers and lists. Amounts multiply: iterations, seeds, games. Lists of amounts add
up, and so do lists of settings, each of which is such a tree; of a list of rates or factors it counts how many there
are. Of the options of a family it counts the numbers in one of its games. Rates, steps and tolerances themselves change
nothing. So no measurement has to say what it costs; how true this is of them is measured (``workflow.cluster.costs``).
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from workflow.configuration.fitting import numbers_in_game

__all__ = ["space", "work"]

_IN_TIME = {"iterations", "budget", "repeats"}
"""Amounts of time alone: what an iteration needs, the next one uses again."""
_IN_SPACE = {"n_checkpoints", "checkpoints"}
"""Amounts of memory alone: looks at the gap are few beside iterations."""
_BOTH = {"horizons", "horizon", "states", "n_states", "positions", "n_positions", "games", "count", "games_per_size",
         "sequences_per_size", "n_games", "n_hands", "n_buckets", "branching", "players",
         "n_players"}  # fmt: skip
"""Numbers that multiply, and lists of them that add up."""
_SIZES = {"n_actions", "actions"}
"""Numbers of actions of the players: joint actions multiply, a list of such lists adds up."""
_NOTHING = {"function", "topic", "recorded_as", "root_seed", "names", "plan", "resamples", *_IN_TIME, *_IN_SPACE}
"""What says nothing, but where it is an amount."""


def work(given: Any) -> float:
    """Amount of work in what a job is given; 1 if nothing of it is an amount.

    Examples
    --------
    >>> work({"iterations": [10, 90], "seeds": [0, 1, 2], "learning_rates": [0.1, 0.2], "margin": 1e-6})
    600.0
    >>> work({"settings": [{"games": 2}, {"games": 3}], "n_actions": [2, 3]})
    30.0
    """
    return _amount(given, _BOTH | _IN_TIME)


def space(given: Any) -> float:
    """Amount of memory in what a job is given; 1 if nothing of it is an amount.

    Examples
    --------
    >>> space({"iterations": [10, 90], "seeds": [0, 1, 2], "n_states": 4})
    12.0
    """
    return _amount(given, _BOTH | _IN_SPACE)


def _amount(given: Any, added: set[str]) -> float:
    if not isinstance(given, Mapping):
        return 1.0
    entries = {str(key): value for key, value in given.items() if key in added or key not in _NOTHING}
    options = entries.get("options")
    numbers = numbers_in_game(str(entries.get("family")), options) if isinstance(options, Mapping) else 0
    if numbers:
        del entries["options"]
    return math.prod((_entry(key, value, added) for key, value in entries.items()), start=float(numbers or 1))


def _entry(key: str, value: Any, added: set[str]) -> float:
    if isinstance(value, Mapping):
        nested = list(value.values())
        if nested and all(isinstance(one, Mapping) for one in nested):
            return sum(_amount(one, added) for one in nested)
        return _amount(value, added)
    if key in _SIZES:
        return _joint_actions(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _listed(key, value, added)
    is_amount = key in added and isinstance(value, int | float) and not isinstance(value, bool)
    return float(max(value, 1)) if is_amount else 1.0


def _listed(key: str, values: Sequence[Any], added: set[str]) -> float:
    if not values:
        return 1.0
    if all(isinstance(one, Mapping) for one in values):
        return sum(_amount(one, added) for one in values)
    if key in added and all(isinstance(one, int | float) for one in values):
        return float(sum(values))
    return float(len(values))


def _joint_actions(value: Any) -> float:
    if isinstance(value, int | float):
        return float(value)
    if all(isinstance(one, int | float) for one in value):
        return float(math.prod(value))
    return float(sum(map(_joint_actions, value)))
