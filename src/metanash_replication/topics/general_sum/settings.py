"""From the configuration to the settings of Theorem 6's sequences. Nothing but the standard library."""

from typing import Any

from metanash_replication.plans import Config

__all__ = ["sequence_settings"]


def sequence_settings(config: Config) -> list[dict[str, Any]]:
    """A reference, settings that differ from it in one thing, and other kinds of games."""
    section = config["theory"]["general_sum"]["sequences"]
    keys = ("base_kind", "horizon", "n_states", "n_actions", "games", "perturbation", "iterations", "rate_factor")
    reference = {key: section[key] for key in keys}
    varied = [reference]
    for name, values in section["sweeps"].items():
        varied += [reference | {name: value} for value in values if value != reference[name]]
    return varied + [reference | {"base_kind": kind, "n_actions": n} for kind, n in section["kinds"].items()]
