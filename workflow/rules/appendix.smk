# The larger tasks of the appendix. Their games are made and learned by the rules games and learn.
APPENDIX = config["appendix"]


rule appendix_tables:
    input:
        records=runs(*APPENDIX),
        games=[games_of(run) for run in runs(*APPENDIX)],
        code=library("task_tables", "gamefile", "records", "archive"),
    output:
        claims=f"{MEASURED}/claims/appendix.csv",
        appendix=table("appendix"),
        appendix_curves=table("appendix_curves"),
        appendix_games=table("appendix_games"),
        appendix_equilibria=table("appendix_equilibria"),
        made=f"{RESULTS}/made/appendix_tables.json",
    log:
        f"{RESULTS}/logs/appendix_tables.log",
    conda:
        "../../environment.yml"
    params:
        names=[name for name in APPENDIX for _ in runs(name)],
        plan=APPENDIX,
        resamples=config["speed_up"]["resamples"],
        root_seed=config["root_seed"],
    message:
        "Poker and tracking: meta-learning beside individual learning"
    script:
        "../scripts/appendix_tables.py"
