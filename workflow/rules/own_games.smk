# Games of the user's own, named in the configuration.
OWN_GAMES = config["own_games"]["files"]
SAID_ZERO_SUM = config["own_games"]["zero_sum"]
if unknown := sorted(SAID_ZERO_SUM.keys() - OWN_GAMES.keys()):
    raise WorkflowError(f"config: own_games/zero_sum/{unknown[0]}: there is no own_games/files/{unknown[0]}")


wildcard_constraints:
    own="|".join(OWN_GAMES) or "none",


rule own_games:
    input:
        # Nothing that cannot be read, such as a pipe: the job says so.
        theirs=lambda wildcards: [
            file for file in [OWN_GAMES[wildcards.own]] if os.path.isfile(file) and os.access(file, os.R_OK)
        ],
        code=code("own_games"),
    output:
        measured=f"{RESULTS}/own_games/{{own}}.npz",
        made=f"{RESULTS}/made/own_games/{{own}}.json",
    log:
        f"{RESULTS}/logs/own_games/{{own}}.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        file=lambda wildcards: OWN_GAMES[wildcards.own],
        learning_rates=config["own_games"]["learning_rates"],
        iterations=config["own_games"]["iterations"],
        checkpoints=config["own_games"]["checkpoints"],
        zero_sum=lambda wildcards: SAID_ZERO_SUM.get(wildcards.own),
    message:
        "Your games {wildcards.own}: learning"
    script:
        "../scripts/own_games.py"


rule own_games_tables:
    input:
        measured=expand(f"{RESULTS}/own_games/{{own}}.npz", own=OWN_GAMES),
        code=code("own_games_tables"),
    output:
        **tables_of("own_games"),
        made=f"{RESULTS}/made/own_games_tables.json",
    log:
        f"{RESULTS}/logs/own_games_tables.log",
    conda:
        "../../environment.yml"
    params:
        names=list(OWN_GAMES),
    message:
        "Your games: gaps, payoffs and policies"
    script:
        "../scripts/own_games_tables.py"
