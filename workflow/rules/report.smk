# The ledger of claims and the pages made of it.
# Tables that verdicts and pages are made of.
LEDGER_TABLES = [
    "figure1",
    "speed_up",
    "sensitivity",
    "equilibria",
    "theory",
    "slopes",
    "sequences",
    "chain",
    "proposition1_violations",
    "potential_slopes",
    "far_steps",
    "potential_sequences",
    "meta_training",
    "adaptation",
    "inner_loop_slopes",
    "schedule_slopes",
    "general_sequences",
    "appendix",
    "appendix_equilibria",
    "falsification",
    *(["growth_exponents"] if SIZES else []),
    *(["own_games", "own_payoffs", "own_policies", "own_refused"] if OWN_GAMES else []),
]

# Rules whose inputs are the measurements, and those measurements by their names in the folder of results.
MEASURING = ["figure1", "sensitivity", "zero_sum", "potential", "meta_gradient", "general_sum", "appendix"]
TABLE_RULES = {"figure1": "figure1_table", "sensitivity": "sensitivity_table"}
MEASUREMENTS = sorted(
    os.path.relpath(file, RESULTS)
    for name in MEASURING
    for file in getattr(rules, TABLE_RULES.get(name, f"{name}_tables")).input
    if file.endswith(".npz")
)

# What the report embeds: figures (each has a caption in workflow/report) and pages of the documentation.
REPORT_FIGURES = [
    "figure1a",
    "figure1b",
    "figure1b_theory",
    "figure1c",
    "sensitivity_zero_sum",
    "sensitivity_potential",
]
REPORT_FIGURES += [name for _, names in THEORY_FIGURES.values() for name in names]
DOCUMENTS = ["assumptions", "proposition1", "constants"]


rule ledger:
    input:
        tables=[f"{RESULTS}/{name}.csv" for name in LEDGER_TABLES],
        code=library("ledger", "archive"),
    output:
        claims=table("claims"),
        made=f"{RESULTS}/made/ledger.json",
    log:
        f"{RESULTS}/logs/ledger.log",
    conda:
        "../../environment.yml"
    params:
        runs=MEASUREMENTS,
        figures=os.path.relpath(FIGURES, RESULTS),
    message:
        "Claims of the paper: verdicts from the tables"
    script:
        "../scripts/ledger.py"


rule summary:
    input:
        tables=[f"{RESULTS}/{name}.csv" for name in LEDGER_TABLES],
        captions=[f"workflow/report/{name}.rst" for name in REPORT_FIGURES],
        code=library("report", "archive"),
    output:
        summary=f"{RESULTS}/summary.md",
        made=f"{RESULTS}/made/summary.json",
    log:
        f"{RESULTS}/logs/summary.log",
    conda:
        "../../environment.yml"
    params:
        runs=MEASUREMENTS,
        figures=os.path.relpath(FIGURES, RESULTS),
    message:
        "Summary: the report for terminals"
    script:
        "../scripts/summary.py"


rule provenance:
    input:
        made=outputs_of(MEASURING_JOBS),
        code=library("commands.info", "archive"),
    output:
        provenance=f"{RESULTS}/provenance.json",
        made=f"{RESULTS}/made/provenance.json",
    log:
        f"{RESULTS}/logs/provenance.log",
    conda:
        "../../environment.yml"
    params:
        config=config,
        arguments=ARGUMENTS,
        benchmarks=sorted({benchmark_of(file) for file in MEASUREMENTS}),
        parameters=parameters_of(MEASURING_JOBS),
    message:
        "Provenance: versions, commit, configuration, machine, time"
    script:
        "../scripts/provenance.py"


rule report:
    input:
        tables=[f"{RESULTS}/{name}.csv" for name in LEDGER_TABLES],
        captions=[f"workflow/report/{name}.rst" for name in REPORT_FIGURES],
        images=[f"{FIGURES}/{name}.png" for name in REPORT_FIGURES],
        documents=[f"docs/{name}.md" for name in DOCUMENTS],
        provenance=f"{RESULTS}/provenance.json",
        page=[f"src/metanash_replication/report/page.{kind}" for kind in ("html.j2", "css")],
        code=library("report", "archive"),
    output:
        report=report(
            f"{RESULTS}/report.html",
            caption="../report/report.rst",
            category="Report",
            labels={"page": "claim by claim"},
        ),
        made=f"{RESULTS}/made/report.json",
    log:
        f"{RESULTS}/logs/report.log",
    conda:
        "../../environment.yml"
    params:
        runs=MEASUREMENTS,
        folders={"figures": os.path.relpath(FIGURES, RESULTS), "docs": os.path.relpath("docs", RESULTS)},
    message:
        "Report: {output.report}"
    script:
        "../scripts/report.py"


rule own_games_accepted:
    input:
        # All else, so that it is made whatever was refused.
        outputs_of(DRAWING_JOBS),
        rules.ledger.output,
        rules.summary.output,
        rules.report.output,
        refused=f"{RESULTS}/own_refused.csv",
        code=library("archive"),
    output:
        accepted=f"{RESULTS}/own_games/accepted.txt",
        made=f"{RESULTS}/made/own_games_accepted.json",
    log:
        f"{RESULTS}/logs/own_games_accepted.log",
    conda:
        "../../environment.yml"
    message:
        "Your games: whether any was refused"
    script:
        "../scripts/own_games_accepted.py"
