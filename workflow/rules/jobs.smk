# Every job of the run: each rule with the values of its wildcards. The rule all names what they make.
MEASURING_JOBS = {
    "games": [
        {"experiment": name, **one} for name, section in EXPERIMENTS.items() for one in kinds_and_blocks(section)
    ],
    **{f"learn_{name}": kinds_and_blocks(section) for name, section in EXPERIMENTS.items()},
    "figure1_table": [{}],
    "own_table": every(experiment=OWN),
    "speed_up": [{}],
    "sensitivity_table": [{}],
    "equilibria": [{}],
    "long_run": every(base_kind=LONG["base_kinds"], horizon=LONG["horizons"]),
    "random_games": every(base_kind=RANDOM["base_kinds"], horizon=RANDOM["horizons"]),
    "burn_in": [{}],
    "two_sided": [{}],
    "small_step": [{}],
    "sequences": every(base_kind=SEQUENCES["base_kinds"], arm=SEQUENCES["arms"]),
    "zero_sum_tables": [{}],
    "potential": every(name=POTENTIAL_MEASUREMENTS, base_kind=POTENTIAL["base_kinds"]),
    "counterexamples": [{}],
    "potential_sequences": every(part=SEQUENCE_PARTS, arm=["individual", "carry_over"]),
    "potential_tables": [{}],
    "meta_gradient": [
        one for name in GRADIENT_MEASUREMENTS for one in every(name=[name], base_kind=GRADIENTS[name]["base_kinds"])
    ],
    "meta_training": every(
        loop=GRADIENTS["meta_training"]["inner_loops"],
        base_kind=GRADIENTS["meta_training"]["base_kinds"],
        discount=GRADIENTS["meta_training"]["discounts"],
    ),
    "meta_gradient_tables": [{}],
    "general_sum_random_games": every(
        base_kind=GENERAL["random_games"]["base_kinds"], horizon=GENERAL["random_games"]["horizons"]
    ),
    "schedules": every(setting=GENERAL["schedules"]["settings"]),
    "general_sum_sequences": every(arm=GENERAL["sequences"]["arms"]),
    "general_sum_burn_in": [{}],
    "general_sum_tables": [{}],
    "appendix_tables": [{}],
    "own_games": every(own=OWN_GAMES),
    "own_games_tables": [{}] * bool(OWN_GAMES),
    "scale_learned": every(setting=SIZES),
    "scale_costs": every(setting=SIZES),
    "scale_tables": [{}] * bool(SIZES),
    "falsify": every(claim=CLAIMS),
    "falsification_tables": [{}],
    "theory": [{}],
}
DRAWING_JOBS = {
    "simulation_figures": [{}],
    "own_figure": every(panel=OWN),
    **{f"{job}_figures": [{}] for job, modules in FIGURE_JOBS.items() if THEORY_FIGURES.keys() & modules},
    "notebook": every(notebook=NOTEBOOKS),
}

stale = outdated()
if stale:
    print("Out of date, since what they were made from is missing:", *stale, sep="\n  ", file=sys.stderr)
    print("A run without a target makes all of it anew; one with a target may not notice.", file=sys.stderr)
