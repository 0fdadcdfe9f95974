# From sections of the configuration to what functions of metanash.theory are called with. No rules here.
MEASURED = f"{RESULTS}/theory"
POTENTIAL = config["theory"]["potential"]
GRADIENTS = config["theory"]["meta_gradient"]
GENERAL = config["theory"]["general_sum"]
SCALE = config["theory"]["scale"]


def arguments(section, *without, **more):
    """What a function of metanash.theory is called with, from a section of the configuration but for some keys."""
    renamed = {"checkpoints": "n_checkpoints"}
    skipped = {"seeds", "base_kinds", *without}
    return {renamed.get(key, key): value for key, value in section.items() if key not in skipped} | more


def potential_settings(part):
    """Settings of Theorem 3's sequences: a reference, and what differs from it in one thing."""
    section, plan = POTENTIAL["sequences"], POTENTIAL["sequences"][part]
    common = {key: plan[key] for key in ("theory_step", "step_size", "iterations")} | {"seeds": section["seeds"]}
    reference = {"perturbation": section["perturbation"], "games": section["games"], "players": section["players"]}
    varied = [reference | {"discount": plan["discount"]}]
    for name, values in (*section["sweeps"].items(), ("discount", plan["discounts"])):
        varied += [varied[0] | {name: value} for value in values if value != varied[0][name]]
    return [
        {
            "family": "potential",
            "base_kind": kind,
            "options": {"n_states": section["n_states"], "n_actions": [section["n_actions"]] * one["players"]},
            **{key: one[key] for key in ("discount", "games", "perturbation")},
            **common,
        }
        for kind in POTENTIAL["base_kinds"]
        for one in varied
    ]


def congestion_settings():
    """Settings of the congestion benchmark, one for each number of players."""
    section = POTENTIAL["sequences"]["congestion"]
    same = {key: section[key] for key in ("discount", "games", "perturbation", "iterations", "step_size", "seeds")}
    return [
        {"family": "congestion", "base_kind": "distancing", "options": {"n_players": n}, "theory_step": False, **same}
        for n in section["players"]
    ]


def general_sum_settings():
    """Settings of Theorem 6's sequences: a reference, what differs from it in one thing, and other kinds of games."""
    section = GENERAL["sequences"]
    keys = ("base_kind", "horizon", "n_states", "n_actions", "games", "perturbation", "iterations", "rate_factor")
    reference = {key: section[key] for key in keys}
    varied = [reference]
    for name, values in section["sweeps"].items():
        varied += [reference | {name: value} for value in values if value != reference[name]]
    return varied + [reference | {"base_kind": kind, "n_actions": n} for kind, n in section["kinds"].items()]


def scale_settings():
    """Settings of the games of growing size, by name."""
    found = {}
    for n_states in SCALE["zero_sum"]["states"]:
        for n in SCALE["zero_sum"]["actions"]:
            plan = SCALE["zero_sum"]
            options = {key: plan[key] for key in ("horizon", "branching")}
            found[f"zero_sum-S{n_states}-A{n}"] = {
                "family": "sparse_zero_sum",
                "base_kind": "random",
                "options": {**options, "n_states": n_states, "n_actions": [n, n]},
                "learner": "optimistic_mirror_descent",
                "learning_rate": plan["learning_rate"],
            }
    for n in SCALE["tracking"]["positions"]:
        found[f"tracking-P{n}"] = {
            "family": "tracking_positions",
            "base_kind": "own",
            "options": {"horizon": SCALE["tracking"]["horizon"], "n_positions": n},
            "learner": "correlated_mirror_descent",
            "learning_rate": SCALE["tracking"]["learning_rate"],
        }
    return {name: {**one, "iterations": SCALE["iterations"]} for name, one in found.items()}
