"""What is special about an instance, worked out from its arrays: one phrase for each thing."""

import re
from collections.abc import Sequence

import numpy as np

from metanash.typing import Booleans, Floats
from metanash_replication.falsification.falsifiable import Instances

__all__ = ["SEPARATOR", "describe"]


SEPARATOR = "; "
"""Between phrases in a table."""
_EXACT = 1e-12
_NEAR = 1e-3
_SMALL = 1e-2


def _step(arrays: Instances) -> list[str]:
    """How large the learning rate or step size is, over the largest that is searched."""
    if "learning_rate" in arrays:
        share = float(arrays["learning_rate"] / arrays["largest_rate"])
        name = "learning rate"
    elif "step_factor" in arrays:
        share, name = float(arrays["step_factor"]), "step size"
    else:
        return []
    if share >= 1.0 - _EXACT:
        return [f"the largest {name}"]
    return [f"small {name}: {share:.1e} of the largest"] if share < _SMALL else [f"{name} {share:.2g} of the largest"]


def _share(name: str, values: Floats, at_ends: Booleans) -> list[str]:
    count = int(at_ends.sum())
    if count == values.size:
        return [f"{name} of 0 and 1 only"]
    return [f"{count} of {values.size} {name} are 0 or 1"] if 2 * count >= values.size else []


def _distance(policy: Floats) -> float:
    """How far the policy is from a vertex, at the state and stage where that is most."""
    return float((1.0 - policy.max(axis=-1)).max())


def _place(parts: Sequence[Floats]) -> str:
    """Where on the simplex some policies (..., A) are."""
    away = max(map(_distance, parts))
    if away <= _EXACT:
        return "deterministic"
    if away <= _NEAR:
        return f"within {away:.1e} of vertices"
    if all(np.abs(part - 1.0 / part.shape[-1]).max() <= _NEAR for part in parts):
        return "uniform"
    least = min(float(part.min()) for part in parts)
    return f"within {least:.1e} of a face" if least <= _NEAR else "mixed"


def _policies(parts: Sequence[Floats]) -> list[str]:
    """Where initial policies are, stage by stage where there are stages: (stages, H, S, A)."""
    moving = [part for part in parts if part.shape[-1] > 1]
    if not moving:
        return []
    if moving[0].ndim == 2:
        return [f"initial policies {_place(moving)}"]
    places = [_place([part[stage] for part in moving]) for stage in range(len(moving[0]))]
    if len(set(places)) == 1:
        return [f"initial policies {places[0]}"]
    names = [f"stage {stage + 1}" for stage in range(len(places) - 1)] + [f"stages from {len(places)} on"]
    return [f"initial policies of {name} {place}" for name, place in zip(names, places, strict=True)]


def _changes(parts: Sequence[Floats]) -> list[str]:
    """Whether initial policies of a stage lie at another vertex than those of the next stage: (stages, ..., A)."""
    found = set()
    for part in parts:
        action = part.argmax(axis=-1)
        near = part.max(axis=-1) >= 1.0 - 0.1
        for stage in range(len(part) - 1):
            if ((action[stage] != action[stage + 1]) & near[stage] & near[stage + 1]).any():
                found.add(stage + 1)
    stages = ", ".join(map(str, sorted(found)))
    return [f"initial policies change vertex after stage {stages}"] if found else []


def _idle(reward: Floats, players: int) -> list[str]:
    """Players with a choice that no reward depends on; the last axes are the players' actions."""
    idle = []
    for i in range(players):
        axis = reward.ndim - players + i
        if reward.shape[axis] > 1 and np.ptp(reward, axis=axis).max() <= _EXACT:
            idle.append(str(i + 1))
    return [f"nothing depends on player {' and '.join(idle)}"] if idle else []


def describe(arrays: Instances, iterations: int) -> list[str]:
    """Phrases about one instance (arrays without the first axis) at its T."""
    policies = [arrays[key] for key in sorted(arrays) if re.fullmatch(r"policy_\d+", key)]
    kernel, reward = arrays["transition"], arrays["reward"]
    phrases = [f"T = {iterations}", *_step(arrays), *_policies(policies)]
    if policies and policies[0].ndim > 2:
        phrases += _changes(policies)
    phrases += _share("rewards", reward, (reward <= _EXACT) | (reward >= 1.0 - _EXACT))
    if kernel.shape[-1] > 1:
        sure = kernel.max(axis=-1) >= 1.0 - _EXACT
        if sure.all():
            phrases.append("deterministic transitions")
        elif sure.any():
            phrases.append(f"{int(sure.sum())} of {sure.size} transitions deterministic")
        return phrases
    return phrases + _idle(reward, kernel.ndim - 4)  # four axes are no player's
