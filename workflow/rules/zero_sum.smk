LONG = config["theory"]["long_runs"]
RANDOM = config["theory"]["random_games"]
SEQUENCES = config["theory"]["sequences"]


rule long_run:
    input:
        code=library("theory.zero_sum", "records"),
    output:
        measured=f"{MEASURED}/long_runs/{{base_kind}}-H{{horizon}}.npz",
        made=f"{RESULTS}/made/theory/long_runs/{{base_kind}}-H{{horizon}}.json",
    log:
        f"{RESULTS}/logs/theory/long_runs/{{base_kind}}-H{{horizon}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/theory/long_runs/{{base_kind}}-H{{horizon}}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    params:
        function="zero_sum.long_runs",
        seeds=LONG["seeds"],
        root_seed=config["root_seed"],
        spec=lambda wildcards: {
            "base_kind": wildcards.base_kind,
            "horizon": int(wildcards.horizon),
            "n_states": LONG["n_states"],
            "n_actions": LONG["n_actions"],
            "iterations": LONG["iterations"],
            "n_checkpoints": LONG["checkpoints"],
        },
    message:
        "Long runs of Algorithm 1: {wildcards.base_kind}, H = {wildcards.horizon}"
    script:
        "../scripts/measure.py"


rule random_games:
    input:
        code=library("theory.zero_sum", "records"),
    output:
        measured=f"{MEASURED}/random_games/{{base_kind}}-H{{horizon}}.npz",
        made=f"{RESULTS}/made/theory/random_games/{{base_kind}}-H{{horizon}}.json",
    log:
        f"{RESULTS}/logs/theory/random_games/{{base_kind}}-H{{horizon}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/theory/random_games/{{base_kind}}-H{{horizon}}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    params:
        function="zero_sum.random_games",
        seeds=None,
        root_seed=config["root_seed"],
        spec=lambda wildcards: {
            "base_kind": wildcards.base_kind,
            "horizon": int(wildcards.horizon),
            "iterations": dict(zip(RANDOM["horizons"], RANDOM["iterations"]))[int(wildcards.horizon)],
            "n_checkpoints": RANDOM["checkpoints"],
            **{key: RANDOM[key] for key in ("states", "actions", "games_per_size", "rate_factors")},
        },
    message:
        "Theorem 1 on random games: {wildcards.base_kind}, H = {wildcards.horizon}"
    script:
        "../scripts/measure.py"


rule burn_in:
    input:
        code=library("theory.zero_sum", "records"),
    output:
        measured=f"{MEASURED}/burn_in.npz",
        made=f"{RESULTS}/made/theory/burn_in.json",
    log:
        f"{RESULTS}/logs/theory/burn_in.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        function="zero_sum.burn_in_runs",
        seeds=None,
        root_seed=None,
        spec={
            "n_checkpoints": config["theory"]["burn_in"]["checkpoints"],
            **{key: config["theory"]["burn_in"][key] for key in ("horizons", "iterations", "margin")},
        },
    message:
        "Defects of Theorem 1: burn-in"
    script:
        "../scripts/measure.py"


rule two_sided:
    input:
        code=library("theory.zero_sum", "records"),
    output:
        measured=f"{MEASURED}/two_sided.npz",
        made=f"{RESULTS}/made/theory/two_sided.json",
    log:
        f"{RESULTS}/logs/theory/two_sided.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        function="zero_sum.two_sided_runs",
        seeds=None,
        root_seed=None,
        spec={
            "n_checkpoints": config["theory"]["burn_in"]["checkpoints"],
            "iterations": config["theory"]["burn_in"]["iterations"],
        },
    message:
        "Defects of Theorem 1: why B(H) / T does not repair the burn-in"
    script:
        "../scripts/measure.py"


rule small_step:
    input:
        code=library("theory.zero_sum", "records"),
    output:
        measured=f"{MEASURED}/small_step.npz",
        made=f"{RESULTS}/made/theory/small_step.json",
    log:
        f"{RESULTS}/logs/theory/small_step.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        function="zero_sum.small_step_runs",
        seeds=config["theory"]["small_step"]["seeds"],
        root_seed=config["root_seed"],
        spec={
            "n_checkpoints": config["theory"]["small_step"]["checkpoints"],
            **{
                key: config["theory"]["small_step"][key]
                for key in ("rate_factors", "horizon", "n_states", "n_actions", "iterations")
            },
        },
    message:
        "Defects of Theorem 1: small learning rates"
    script:
        "../scripts/measure.py"


rule sequences:
    input:
        code=library("theory.zero_sum", "records"),
    output:
        measured=f"{MEASURED}/sequences/{{base_kind}}-{{arm}}.npz",
        made=f"{RESULTS}/made/theory/sequences/{{base_kind}}-{{arm}}.json",
    log:
        f"{RESULTS}/logs/theory/sequences/{{base_kind}}-{{arm}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/theory/sequences/{{base_kind}}-{{arm}}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    params:
        function="zero_sum.sequence_runs",
        seeds=SEQUENCES["seeds"],
        root_seed=config["root_seed"],
        spec=lambda wildcards: {
            "base_kind": wildcards.base_kind,
            "arm": wildcards.arm,
            **{key: SEQUENCES[key] for key in ("settings", "n_states", "n_actions")},
        },
    message:
        "Sequences of games for Theorem 2: {wildcards.base_kind}, {wildcards.arm}"
    script:
        "../scripts/measure.py"


rule zero_sum_tables:
    input:
        long_runs=expand(f"{MEASURED}/long_runs/{{k}}-H{{h}}.npz", k=LONG["base_kinds"], h=LONG["horizons"]),
        random_games=expand(f"{MEASURED}/random_games/{{k}}-H{{h}}.npz", k=RANDOM["base_kinds"], h=RANDOM["horizons"]),
        sequences=expand(f"{MEASURED}/sequences/{{k}}-{{a}}.npz", k=SEQUENCES["base_kinds"], a=SEQUENCES["arms"]),
        burn_in=[f"{MEASURED}/burn_in.npz"],
        two_sided=[f"{MEASURED}/two_sided.npz"],
        small_step=[f"{MEASURED}/small_step.npz"],
        code=library("theory_tables.zero_sum", "records", "archive"),
    output:
        claims=f"{MEASURED}/claims/zero_sum.csv",
        slopes=table("slopes"),
        sequences=table("sequences"),
        curves=table("bound_curves"),
        chain=table("chain"),
        defects=table("defects"),
        made=f"{RESULTS}/made/theory/zero_sum_tables.json",
    log:
        f"{RESULTS}/logs/theory/zero_sum_tables.log",
    conda:
        "../../environment.yml"
    params:
        windows=config["theory"]["slopes"]["windows"],
        margin=config["theory"]["slopes"]["margin"],
        resamples=config["speed_up"]["resamples"],
        root_seed=config["root_seed"],
    message:
        "Theorems 1 and 2 beside the measurements"
    script:
        "../scripts/zero_sum_tables.py"
