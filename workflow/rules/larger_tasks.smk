# The larger tasks of the appendix. Their games are made and learned by the rules games and learn.
LARGER_TASKS = config["larger_tasks"]


rule larger_tasks_tables:
    input:
        records=runs(*LARGER_TASKS),
        games=[games_of(run) for run in runs(*LARGER_TASKS)],
        code=code("larger_tasks_tables"),
    output:
        **tables_of("larger_tasks"),
        claims=f"{MEASURED}/claims/larger_tasks.csv",
        made=f"{RESULTS}/made/larger_tasks_tables.json",
    log:
        f"{RESULTS}/logs/larger_tasks_tables.log",
    conda:
        "../../environment.yml"
    params:
        names=[name for name in LARGER_TASKS for _ in runs(name)],
        plan=LARGER_TASKS,
        resamples=config["speed_up"]["resamples"],
        root_seed=config["root_seed"],
    message:
        "Poker and tracking: meta-learning beside individual learning"
    script:
        "../scripts/larger_tasks_tables.py"
