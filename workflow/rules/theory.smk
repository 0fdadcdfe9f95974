# Figures of metanash.theory_figures: the tables that each module draws, and the figures that it makes of them.
FIGURE_CATEGORIES = {
    "zero_sum": "Zero-sum games",
    "potential": "Potential games",
    "meta_gradient": "MAML",
    "general_sum": "General-sum games",
    "appendix": "Larger tasks",
    "own_games": "Your own games",
    "scale": "Larger tasks",
    "falsification": "Counterexamples",
}
THEORY_FIGURES = {
    "zero_sum": (
        ["bound_curves", "defects", "chain", "sequences"],
        ["theorem1_bounds", "theorem1_slopes", "theorem1_defects", "theorem1_chain", "theorem2_benefit"],
    ),
    "potential": (
        ["potential_curves", "proposition1_violations", "far_steps", "potential_sequences"],
        ["proposition1_rates", "proposition1_violations", "proposition1_steps", "theorem3_benefit"],
    ),
    "meta_gradient": (
        ["meta_training", "adaptation", "inner_loop", "inner_loop_slopes"],
        ["theorem4_norms", "maml_adaptation", "maml_inner_loop"],
    ),
    "general_sum": (
        ["schedules", "schedule_slopes", "general_sequences"],
        ["theorem5_bounds", "theorem5_slopes", "theorem6_benefit"],
    ),
    "appendix": (
        ["appendix", "appendix_curves", "appendix_games", "appendix_equilibria"],
        ["appendix_poker", "appendix_tracking"],
    ),
    **({"own_games": (["own_games"], ["own_games"])} if OWN_GAMES else {}),
    **({"scale": (["growth", "growth_exponents"], ["growth"])} if SIZES else {}),
    "falsification": (["falsification_curves", "worst_instances"], ["falsification", "worst_instances"]),
}
# Modules whose figures are drawn by one job, since importing seaborn takes as long as drawing three figures.
FIGURE_JOBS = {
    "finite_horizon": ["zero_sum", "general_sum"],
    "discounted": ["potential", "meta_gradient"],
    "larger_tasks": ["appendix", "scale"],
    "own_games": ["own_games"],
    "falsification": ["falsification"],
}


rule theory:
    input:
        claims=expand(
            f"{MEASURED}/claims/{{part}}.csv",
            part=["zero_sum", "potential", "meta_gradient", "general_sum", "appendix"],
        ),
        code=library("archive"),
    output:
        theory=table("theory"),
        made=f"{RESULTS}/made/theory.json",
    log:
        f"{RESULTS}/logs/theory.log",
    conda:
        "../../environment.yml"
    message:
        "All claims beside the measurements"
    script:
        "../scripts/theory.py"


for job, modules in FIGURE_JOBS.items():
    modules = [module for module in modules if module in THEORY_FIGURES]
    if not modules:
        continue

    rule:
        name:
            f"{job}_figures"
        input:
            tables=[f"{RESULTS}/{table}.csv" for module in modules for table in THEORY_FIGURES[module][0]],
            code=library("plotting", *(f"theory_figures.{module}" for module in modules)),
        output:
            [file for module in modules for file in drawn(FIGURE_CATEGORIES[module], *THEORY_FIGURES[module][1])],
            made=f"{RESULTS}/made/theory/{job}_figures.json",
        log:
            f"{RESULTS}/logs/theory/{job}_figures.log",
        conda:
            "../../environment.yml"
        params:
            names={module: THEORY_FIGURES[module][1] for module in modules},
            width=config["plots"]["width"],
        message:
            f"Figures of {', '.join(modules)}: measurements and bounds"
        script:
            "../scripts/theory_figures.py"
