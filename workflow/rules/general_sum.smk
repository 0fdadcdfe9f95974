rule general_sum_random_games:
    input:
        code=library("theory.general_sum", "records"),
    output:
        measured=f"{MEASURED}/general_sum/random_games/{{base_kind}}-H{{horizon}}.npz",
        made=f"{RESULTS}/made/theory/general_sum/random_games/{{base_kind}}-H{{horizon}}.json",
    log:
        f"{RESULTS}/logs/theory/general_sum/random_games/{{base_kind}}-H{{horizon}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/theory/general_sum/random_games/{{base_kind}}-H{{horizon}}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    params:
        function="general_sum.random_games",
        seeds=None,
        root_seed=config["root_seed"],
        spec=lambda wildcards: arguments(
            GENERAL["random_games"],
            "horizons",
            base_kind=wildcards.base_kind,
            horizon=int(wildcards.horizon),
        ),
    message:
        "Theorem 5 on random games: {wildcards.base_kind}, H = {wildcards.horizon}"
    script:
        "../scripts/measure.py"


rule schedules:
    input:
        code=library("theory.general_sum", "records"),
    output:
        measured=f"{MEASURED}/general_sum/schedules/{{setting}}.npz",
        made=f"{RESULTS}/made/theory/general_sum/schedules/{{setting}}.json",
    log:
        f"{RESULTS}/logs/theory/general_sum/schedules/{{setting}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/theory/general_sum/schedules/{{setting}}.tsv"
    wildcard_constraints:
        setting="|".join(GENERAL["schedules"]["settings"]),
    conda:
        "../../environment.yml"
    threads: 1
    params:
        function="general_sum.schedule_runs",
        seeds=GENERAL["schedules"]["seeds"],
        root_seed=config["root_seed"],
        spec=lambda wildcards: arguments(
            GENERAL["schedules"],
            "settings",
            **GENERAL["schedules"]["settings"][wildcards.setting],
        ),
    message:
        "Algorithm 2 at several schedules of learning rates: {wildcards.setting}"
    script:
        "../scripts/measure.py"


rule general_sum_sequences:
    input:
        code=library("theory.general_sum", "records"),
    output:
        measured=f"{MEASURED}/general_sum/sequences/{{arm}}.npz",
        made=f"{RESULTS}/made/theory/general_sum/sequences/{{arm}}.json",
    log:
        f"{RESULTS}/logs/theory/general_sum/sequences/{{arm}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/theory/general_sum/sequences/{{arm}}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    params:
        function="general_sum.sequence_runs",
        seeds=GENERAL["sequences"]["seeds"],
        root_seed=config["root_seed"],
        spec=lambda wildcards: {"arm": wildcards.arm, "settings": general_sum_settings()},
    message:
        "Sequences of general-sum games for Theorem 6: {wildcards.arm}"
    script:
        "../scripts/measure.py"


rule general_sum_burn_in:
    input:
        code=library("theory.general_sum", "records"),
    output:
        measured=f"{MEASURED}/general_sum/burn_in.npz",
        made=f"{RESULTS}/made/theory/general_sum/burn_in.json",
    log:
        f"{RESULTS}/logs/theory/general_sum/burn_in.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        function="general_sum.burn_in_runs",
        seeds=None,
        root_seed=None,
        spec=GENERAL["burn_in"],
    message:
        "Defects of Theorem 5: burn-in"
    script:
        "../scripts/measure.py"


rule general_sum_tables:
    input:
        random_games=expand(
            f"{MEASURED}/general_sum/random_games/{{k}}-H{{h}}.npz",
            k=GENERAL["random_games"]["base_kinds"],
            h=GENERAL["random_games"]["horizons"],
        ),
        schedules=expand(f"{MEASURED}/general_sum/schedules/{{s}}.npz", s=GENERAL["schedules"]["settings"]),
        sequences=expand(f"{MEASURED}/general_sum/sequences/{{a}}.npz", a=GENERAL["sequences"]["arms"]),
        burn_in=[f"{MEASURED}/general_sum/burn_in.npz"],
        code=library("theory_tables.general_sum", "records", "archive"),
    output:
        claims=f"{MEASURED}/claims/general_sum.csv",
        schedules=table("schedules"),
        schedule_slopes=table("schedule_slopes"),
        general_sequences=table("general_sequences"),
        made=f"{RESULTS}/made/theory/general_sum_tables.json",
    log:
        f"{RESULTS}/logs/theory/general_sum_tables.log",
    conda:
        "../../environment.yml"
    params:
        windows=GENERAL["slopes"]["windows"],
        margin=GENERAL["slopes"]["margin"],
        resamples=config["speed_up"]["resamples"],
        root_seed=config["root_seed"],
    message:
        "Theorems 5 and 6 beside the measurements"
    script:
        "../scripts/general_sum_tables.py"
