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
    **{one.rule: one.jobs(config) for plan in PLANS.values() for one in plan.measurements},
    **{f"{topic}_tables": [{}] for topic, plan in PLANS.items() if plan.tabulated},
    "larger_tasks_tables": [{}],
    "own_games": every(own=OWN_GAMES),
    "own_games_tables": [{}] * bool(OWN_GAMES),
    "falsify": every(claim=SEARCHED),
    "falsification_tables": [{}],
    "theory": [{}],
}
DRAWING_JOBS = {
    "simulation_figures": [{}],
    "own_figure": every(panel=OWN),
    **{f"{drawn_by}_figures": [{}] for drawn_by in FIGURE_JOBS},
    "notebook": every(notebook=NOTEBOOKS),
}

stale = outdated()
if stale:
    print("Out of date, since what they were made from is missing:", *stale, sep="\n  ", file=sys.stderr)
    print("A run without a target makes all of it anew; one with a target may not notice.", file=sys.stderr)

tell_plan_if_asked(MEASURING_JOBS)
