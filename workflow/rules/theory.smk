# Figures of metanash.theory_figures: the module that draws each, and the tables that it draws.
THEORY_FIGURES = {
    "theorem1_bounds": ("zero_sum", ["bound_curves"]),
    "theorem1_slopes": ("zero_sum", ["bound_curves"]),
    "theorem1_defects": ("zero_sum", ["defects"]),
    "theorem1_chain": ("zero_sum", ["chain", "bound_curves"]),
    "theorem2_benefit": ("zero_sum", ["sequences"]),
    "proposition1_rates": ("potential", ["potential_curves"]),
    "proposition1_violations": ("potential", ["proposition1_violations"]),
    "proposition1_steps": ("potential", ["far_steps"]),
    "theorem3_benefit": ("potential", ["potential_sequences"]),
    "theorem4_norms": ("meta_gradient", ["meta_training"]),
    "maml_adaptation": ("meta_gradient", ["adaptation"]),
    "maml_inner_loop": ("meta_gradient", ["inner_loop", "inner_loop_slopes"]),
    "theorem5_bounds": ("general_sum", ["schedules"]),
    "theorem5_slopes": ("general_sum", ["schedule_slopes"]),
    "theorem6_benefit": ("general_sum", ["general_sequences"]),
}


rule theory:
    input:
        claims=expand(f"{MEASURED}/claims/{{part}}.csv", part=["zero_sum", "potential", "meta_gradient", "general_sum"]),
        code=library("archive"),
    output:
        theory=f"{RESULTS}/theory.csv",
    log:
        f"{RESULTS}/logs/theory.log",
    conda:
        "../../environment.yml"
    message:
        "All claims beside the measurements"
    script:
        "../scripts/theory.py"


rule theory_figure:
    input:
        tables=lambda wildcards: [f"{RESULTS}/{table}.csv" for table in THEORY_FIGURES[wildcards.name][1]],
        code=lambda wildcards: library(f"theory_figures.{THEORY_FIGURES[wildcards.name][0]}"),
    output:
        pdf=f"{FIGURES}/{{name}}.pdf",
        png=f"{FIGURES}/{{name}}.png",
    log:
        f"{RESULTS}/logs/theory/{{name}}.log",
    wildcard_constraints:
        name="|".join(THEORY_FIGURES),
    conda:
        "../../environment.yml"
    params:
        module=lambda wildcards: THEORY_FIGURES[wildcards.name][0],
        width=config["plots"]["width"],
    message:
        "Figure {wildcards.name}"
    script:
        "../scripts/theory_figure.py"
