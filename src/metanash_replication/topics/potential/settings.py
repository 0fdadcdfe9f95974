"""From the configuration to the settings of Theorem 3's sequences. Nothing but the standard library."""

from typing import Any

from metanash_replication.plans import Config

__all__ = ["sequence_parts"]


def _potential(section: Config, part: str) -> list[dict[str, Any]]:
    """A reference, and settings that differ from it in one thing."""
    own, plan = section["sequences"], section["sequences"][part]
    common = {key: plan[key] for key in ("theory_step", "step_size", "iterations")} | {"seeds": own["seeds"]}
    reference = {"perturbation": own["perturbation"], "games": own["games"], "players": own["players"]}
    varied = [reference | {"discount": plan["discount"]}]
    for name, values in (*own["sweeps"].items(), ("discount", plan["discounts"])):
        varied += [varied[0] | {name: value} for value in values if value != varied[0][name]]
    return [
        {
            "family": "potential",
            "base_kind": kind,
            "options": {"n_states": own["n_states"], "n_actions": [own["n_actions"]] * one["players"]},
            **{key: one[key] for key in ("discount", "games", "perturbation")},
            **common,
        }
        for kind in section["base_kinds"]
        for one in varied
    ]


def _congestion(section: Config) -> list[dict[str, Any]]:
    """The congestion benchmark, a setting for each number of players."""
    own = section["sequences"]["congestion"]
    same = {key: own[key] for key in ("discount", "games", "perturbation", "iterations", "step_size", "seeds")}
    return [
        {"family": "congestion", "base_kind": "distancing", "options": {"n_players": n}, "theory_step": False, **same}
        for n in own["players"]
    ]


def sequence_parts(config: Config) -> dict[str, dict[str, Any]]:
    """Each part: at the step of the theory, at a practical one, and the congestion benchmark.

    Besides ``settings`` and ``seeds``, which are arguments, what all of its settings have alike.
    """
    section = config["theory"]["potential"]
    parts = {
        "theory": _potential(section, "theory"),
        "practical": _potential(section, "practical"),
        "congestion": _congestion(section),
    }
    return {
        name: {
            "settings": settings,
            "seeds": list(range(max(one["seeds"] for one in settings))),
            "family": settings[0]["family"],
            "theory_step": settings[0]["theory_step"],
        }
        for name, settings in parts.items()
    }
