# Large games, one a process and one at a time (profiles/default): the largest take most of the memory.
SIZES = scale_settings()


rule scale_learned:
    input:
        code=library("theory.scale", "records"),
    output:
        measured=f"{MEASURED}/scale/{{setting}}.npz",
        made=f"{RESULTS}/made/theory/scale/{{setting}}.json",
    log:
        f"{RESULTS}/logs/theory/scale/{{setting}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/theory/scale/{{setting}}.tsv"
    wildcard_constraints:
        setting="[a-z_]+-[A-Z0-9-]+",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        large_games=1,
    params:
        function="scale.learned",
        seeds=None,
        root_seed=config["root_seed"],
        spec=lambda wildcards: SIZES[wildcards.setting],
    message:
        "Large games: {wildcards.setting}"
    script:
        "../scripts/measure.py"


rule scale_costs:
    input:
        code=library("theory.scale", "records"),
    output:
        measured=f"{RESULTS}/benchmarks/scale/{{setting}}.npz",
        made=f"{RESULTS}/made/theory/scale_costs/{{setting}}.json",
    log:
        f"{RESULTS}/logs/theory/scale_costs/{{setting}}.log",
    wildcard_constraints:
        setting="[a-z_]+-[A-Z0-9-]+",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        large_games=1,
    params:
        function="scale.costs",
        seeds=None,
        root_seed=config["root_seed"],
        spec=lambda wildcards: {**SIZES[wildcards.setting], "repeats": SCALE["repeats"]},
    message:
        "Times and memory of large games: {wildcards.setting}"
    script:
        "../scripts/measure.py"


rule scale_tables:
    input:
        learned=expand(f"{MEASURED}/scale/{{s}}.npz", s=SIZES),
        costs=expand(f"{RESULTS}/benchmarks/scale/{{s}}.npz", s=SIZES),
        code=library("theory_tables.scale", "records", "archive"),
    output:
        growth=table("growth"),
        growth_exponents=table("growth_exponents"),
        made=f"{RESULTS}/made/theory/scale_tables.json",
    log:
        f"{RESULTS}/logs/theory/scale_tables.log",
    conda:
        "../../environment.yml"
    params:
        least=SCALE["least_transitions"],
    message:
        "Growth with the size of a game"
    script:
        "../scripts/scale_tables.py"
