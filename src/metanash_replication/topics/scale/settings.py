"""From the configuration to the games of growing size. Nothing but the standard library."""

from typing import Any

from metanash_replication.plans import Config

__all__ = ["sizes", "sizes_for_times"]


def sizes(config: Config) -> dict[str, dict[str, Any]]:
    """Arguments for each size, by its name."""
    section = config["theory"]["scale"]
    found: dict[str, dict[str, Any]] = {}
    for n_states in section["zero_sum"]["states"]:
        for n in section["zero_sum"]["actions"]:
            plan = section["zero_sum"]
            options = {key: plan[key] for key in ("horizon", "branching")}
            found[f"zero_sum-S{n_states}-A{n}"] = {
                "family": "sparse_zero_sum",
                "base_kind": "random",
                "options": {**options, "n_states": n_states, "n_actions": [n, n]},
                "learner": "optimistic_mirror_descent",
                "learning_rate": plan["learning_rate"],
            }
    for n in section["tracking"]["positions"]:
        found[f"tracking-P{n}"] = {
            "family": "tracking_positions",
            "base_kind": "own",
            "options": {"horizon": section["tracking"]["horizon"], "n_positions": n},
            "learner": "correlated_mirror_descent",
            "learning_rate": section["tracking"]["learning_rate"],
        }
    return {name: {**one, "iterations": section["iterations"]} for name, one in found.items()}


def sizes_for_times(config: Config) -> dict[str, dict[str, Any]]:
    """The same, and how often each time is taken."""
    return {name: {**one, "repeats": config["theory"]["scale"]["repeats"]} for name, one in sizes(config).items()}
