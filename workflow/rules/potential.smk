SEQUENCE_PARTS = {
    "theory": potential_settings("theory"),
    "practical": potential_settings("practical"),
    "congestion": congestion_settings(),
}

# Functions of metanash.theory that are called with their section of the configuration, in a job for each kind.
POTENTIAL_MEASUREMENTS = ["random_games", "random_sequences", "long_runs", "far_steps"]
GRADIENT_MEASUREMENTS = ["constant_ratios", "inner_loop", "random_games"]


rule potential:
    input:
        code=library("theory.potential", "records"),
    output:
        measured=f"{MEASURED}/potential/{{name}}/{{base_kind}}.npz",
        made=f"{RESULTS}/made/theory/potential/{{name}}/{{base_kind}}.json",
    log:
        f"{RESULTS}/logs/theory/potential/{{name}}/{{base_kind}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/theory/potential/{{name}}/{{base_kind}}.tsv"
    wildcard_constraints:
        name="|".join(POTENTIAL_MEASUREMENTS),
    conda:
        "../../environment.yml"
    threads: 1
    params:
        function=lambda wildcards: f"potential.{wildcards.name}",
        seeds=lambda wildcards: POTENTIAL[wildcards.name].get("seeds"),
        root_seed=config["root_seed"],
        spec=lambda wildcards: arguments(POTENTIAL[wildcards.name], base_kind=wildcards.base_kind),
    message:
        "Potential games: {wildcards.name}, {wildcards.base_kind}"
    script:
        "../scripts/measure.py"


rule counterexamples:
    input:
        code=library("theory.potential", "records"),
    output:
        measured=f"{MEASURED}/potential/counterexamples.npz",
        made=f"{RESULTS}/made/theory/potential/counterexamples.json",
    log:
        f"{RESULTS}/logs/theory/potential/counterexamples.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        function="potential.counterexamples",
        seeds=None,
        root_seed=None,
        spec=arguments(POTENTIAL["counterexamples"]),
    message:
        "Defects of Proposition 1"
    script:
        "../scripts/measure.py"


rule potential_sequences:
    input:
        code=library("theory.potential", "records"),
    output:
        measured=f"{MEASURED}/potential/sequences/{{part}}-{{arm}}.npz",
        made=f"{RESULTS}/made/theory/potential/sequences/{{part}}-{{arm}}.json",
    log:
        f"{RESULTS}/logs/theory/potential/sequences/{{part}}-{{arm}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/theory/potential/sequences/{{part}}-{{arm}}.tsv"
    wildcard_constraints:
        part="|".join(SEQUENCE_PARTS),
    conda:
        "../../environment.yml"
    threads: 1
    params:
        function="potential.sequence_runs",
        seeds=lambda wildcards: max(setting["seeds"] for setting in SEQUENCE_PARTS[wildcards.part]),
        root_seed=config["root_seed"],
        spec=lambda wildcards: {"arm": wildcards.arm, "settings": SEQUENCE_PARTS[wildcards.part]},
    message:
        "Sequences of potential games for Theorem 3: {wildcards.part}, {wildcards.arm}"
    script:
        "../scripts/measure.py"


rule meta_gradient:
    input:
        code=library("theory.meta_gradient", "records"),
    output:
        measured=f"{MEASURED}/meta_gradient/{{name}}/{{base_kind}}.npz",
        made=f"{RESULTS}/made/theory/meta_gradient/{{name}}/{{base_kind}}.json",
    log:
        f"{RESULTS}/logs/theory/meta_gradient/{{name}}/{{base_kind}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/theory/meta_gradient/{{name}}/{{base_kind}}.tsv"
    wildcard_constraints:
        name="|".join(GRADIENT_MEASUREMENTS),
    conda:
        "../../environment.yml"
    threads: 1
    params:
        function=lambda wildcards: f"meta_gradient.{wildcards.name}",
        seeds=lambda wildcards: GRADIENTS[wildcards.name].get("seeds"),
        root_seed=config["root_seed"],
        spec=lambda wildcards: arguments(GRADIENTS[wildcards.name], base_kind=wildcards.base_kind),
    message:
        "Softmax policies: {wildcards.name}, {wildcards.base_kind}"
    script:
        "../scripts/measure.py"


rule meta_training:
    input:
        code=library("theory.meta_gradient", "records"),
    output:
        measured=f"{MEASURED}/meta_gradient/meta_training/{{loop}}-{{base_kind}}-{{discount}}.npz",
        made=f"{RESULTS}/made/theory/meta_gradient/meta_training/{{loop}}-{{base_kind}}-{{discount}}.json",
    log:
        f"{RESULTS}/logs/theory/meta_gradient/meta_training/{{loop}}-{{base_kind}}-{{discount}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/theory/meta_gradient/meta_training/{{loop}}-{{base_kind}}-{{discount}}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    params:
        function="meta_gradient.meta_training",
        seeds=GRADIENTS["meta_training"]["seeds"],
        root_seed=config["root_seed"],
        spec=lambda wildcards: arguments(
            GRADIENTS["meta_training"],
            "inner_loops",
            "discounts",
            **GRADIENTS["meta_training"]["inner_loops"][wildcards.loop],
            base_kind=wildcards.base_kind,
            discount=float(wildcards.discount),
        ),
    message:
        "Exact MAML: {wildcards.loop}, {wildcards.base_kind}, discount {wildcards.discount}"
    script:
        "../scripts/measure.py"


rule potential_tables:
    input:
        **{
            name: expand(f"{MEASURED}/potential/{name}/{{k}}.npz", k=POTENTIAL["base_kinds"])
            for name in POTENTIAL_MEASUREMENTS
        },
        sequences=expand(
            f"{MEASURED}/potential/sequences/{{p}}-{{a}}.npz", p=SEQUENCE_PARTS, a=["individual", "carry_over"]
        ),
        counterexamples=[f"{MEASURED}/potential/counterexamples.npz"],
        code=library("theory_tables.potential", "records", "archive"),
    output:
        claims=f"{MEASURED}/claims/potential.csv",
        violations=table("proposition1_violations"),
        potential_curves=table("potential_curves"),
        potential_slopes=table("potential_slopes"),
        far_steps=table("far_steps"),
        potential_sequences=table("potential_sequences"),
        made=f"{RESULTS}/made/theory/potential_tables.json",
    log:
        f"{RESULTS}/logs/theory/potential_tables.log",
    conda:
        "../../environment.yml"
    params:
        windows=POTENTIAL["slopes"]["windows"],
        margin=POTENTIAL["slopes"]["margin"],
        resamples=config["speed_up"]["resamples"],
        root_seed=config["root_seed"],
    message:
        "Proposition 1 and Theorem 3 beside the measurements"
    script:
        "../scripts/potential_tables.py"


rule meta_gradient_tables:
    input:
        **{
            name: expand(f"{MEASURED}/meta_gradient/{name}/{{k}}.npz", k=GRADIENTS[name]["base_kinds"])
            for name in GRADIENT_MEASUREMENTS
        },
        meta_training=expand(
            f"{MEASURED}/meta_gradient/meta_training/{{l}}-{{k}}-{{g}}.npz",
            l=GRADIENTS["meta_training"]["inner_loops"],
            k=GRADIENTS["meta_training"]["base_kinds"],
            g=GRADIENTS["meta_training"]["discounts"],
        ),
        code=library("theory_tables.meta_gradient", "records", "archive"),
    output:
        claims=f"{MEASURED}/claims/meta_gradient.csv",
        meta_training=table("meta_training"),
        adaptation=table("adaptation"),
        inner_loop=table("inner_loop"),
        inner_loop_slopes=table("inner_loop_slopes"),
        made=f"{RESULTS}/made/theory/meta_gradient_tables.json",
    log:
        f"{RESULTS}/logs/theory/meta_gradient_tables.log",
    conda:
        "../../environment.yml"
    params:
        level=GRADIENTS["gap_level"],
        resamples=config["speed_up"]["resamples"],
        root_seed=config["root_seed"],
    message:
        "Theorem 4 beside the measurements"
    script:
        "../scripts/meta_gradient_tables.py"
