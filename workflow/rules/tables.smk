rule figure1_table:
    input:
        **{name: runs(name) for name in EXPERIMENTS if name.startswith("figure1_")},
        code=library("tables", "records", "archive"),
    output:
        table=f"{RESULTS}/figure1.csv",
    log:
        f"{RESULTS}/logs/figure1_table.log",
    conda:
        "../../environment.yml"
    params:
        names={name: EXPERIMENTS[name]["figure"] for name in EXPERIMENTS if name.startswith("figure1_")},
    message:
        "Table of all NE-gaps of Figure 1"
    script:
        "../scripts/figure1_table.py"


rule own_table:
    input:
        records=lambda wildcards: runs(wildcards.experiment),
        code=library("tables", "records", "archive"),
    output:
        table=f"{RESULTS}/{{experiment}}.csv",
    log:
        f"{RESULTS}/logs/{{experiment}}_table.log",
    wildcard_constraints:
        experiment="|".join(OWN) or "none",
    conda:
        "../../environment.yml"
    params:
        names=lambda wildcards: {"records": wildcards.experiment},
    message:
        "Table of all NE-gaps of {wildcards.experiment}"
    script:
        "../scripts/figure1_table.py"


rule speed_up:
    input:
        table=f"{RESULTS}/figure1.csv",
        code=library("tables", "archive"),
    output:
        table=f"{RESULTS}/speed_up.csv",
    log:
        f"{RESULTS}/logs/speed_up.log",
    conda:
        "../../environment.yml"
    params:
        levels=config["speed_up"]["levels"],
        resamples=config["speed_up"]["resamples"],
        root_seed=config["root_seed"],
    message:
        "Speed-up of meta-learning, with intervals"
    script:
        "../scripts/speed_up.py"


rule sensitivity_table:
    input:
        records=runs("sensitivity_zero_sum", "sensitivity_potential"),
        code=library("tables", "records", "archive"),
    output:
        table=f"{RESULTS}/sensitivity.csv",
    log:
        f"{RESULTS}/logs/sensitivity_table.log",
    conda:
        "../../environment.yml"
    params:
        resamples=config["speed_up"]["resamples"],
        root_seed=config["root_seed"],
    message:
        "Final gaps over learning rates and perturbations"
    script:
        "../scripts/sensitivity_table.py"


rule equilibria:
    input:
        games=[
            f"{RESULTS}/games/figure1_zero_sum/{kind}/block-0.npz"
            for kind in EXPERIMENTS["figure1_zero_sum"]["base_kinds"]
        ],
        code=library("tables", "gamefile", "archive"),
    output:
        table=f"{RESULTS}/equilibria.csv",
    log:
        f"{RESULTS}/logs/equilibria.log",
    conda:
        "../../environment.yml"
    message:
        "Equilibria of the stage matrices, by linear programming"
    script:
        "../scripts/equilibria.py"


# Tables of potential and general-sum games that the summary has a section for.
SUMMARISED = [
    "proposition1_violations",
    "potential_slopes",
    "far_steps",
    "potential_sequences",
    "adaptation",
    "inner_loop_slopes",
    "schedule_slopes",
    "general_sequences",
]


rule summary:
    input:
        **{name: f"{RESULTS}/{name}.csv" for name in SUMMARISED},
        figure1=f"{RESULTS}/figure1.csv",
        speed_up=f"{RESULTS}/speed_up.csv",
        sensitivity=f"{RESULTS}/sensitivity.csv",
        theory=f"{RESULTS}/theory.csv",
        slopes=f"{RESULTS}/slopes.csv",
        sequences=f"{RESULTS}/sequences.csv",
        code=library("report", "archive"),
    output:
        summary=f"{RESULTS}/summary.md",
    log:
        f"{RESULTS}/logs/summary.log",
    conda:
        "../../environment.yml"
    params:
        potential=SUMMARISED,
    message:
        "Summary of the measurements"
    script:
        "../scripts/summary.py"
