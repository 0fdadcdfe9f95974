# The ledger of claims and the pages made of it.
# Tables that verdicts and pages are made of.
JUDGED = ["theory", *(name for plan in PLANS.values() for name in plan.judged)]

# Files of measurements that claims may cite, and what each is about.
CITED = {
    **{
        file: about
        for plan in PLANS.values()
        if plan.claims
        for one in plan.measurements
        for file, about in one.files(config).items()
    },
    **{
        os.path.relpath(run, RESULTS): about_run(run)
        for run in runs(*EXPERIMENTS)
        if about_run(run)["experiment"] not in OWN
    },
}

# What the report embeds: figures and pages of the documentation.
REPORT_FIGURES = list(CAPTIONS["figures"])
DOCUMENTS = ["assumptions", "theorem1", "proposition1", "theorem5", "constants"]

# What the article has of the same: its figures, and the proofs of what it corrects.
ARTICLE_FIGURES = ["figure1a", "figure1b", "figure1c", "claims_map", "theorem1_defects"]
DERIVATIONS = ["theorem1", "proposition1", "theorem5"]
TYPESET = [
    f"src/metanash_replication/report/{name}" for name in ("article.typ", "article_layout.typ", "references.bib")
]


rule ledger:
    input:
        tables=[f"{RESULTS}/{name}.csv" for name in JUDGED],
        code=code("ledger"),
    output:
        claims=table("claims"),
        claims_map=table("claims_map"),
        made=f"{RESULTS}/made/ledger.json",
    log:
        f"{RESULTS}/logs/ledger.log",
    conda:
        "../../environment.yml"
    params:
        runs=CITED,
        figures=os.path.relpath(FIGURES, RESULTS),
    message:
        "Claims of the paper: verdicts from the tables"
    script:
        "../scripts/ledger.py"


rule summary:
    input:
        tables=[f"{RESULTS}/{name}.csv" for name in JUDGED],
        code=code("summary"),
    output:
        summary=f"{RESULTS}/summary.md",
        made=f"{RESULTS}/made/summary.json",
    log:
        f"{RESULTS}/logs/summary.log",
    conda:
        "../../environment.yml"
    params:
        runs=CITED,
        captions=CAPTIONS["figures"],
        figures=os.path.relpath(FIGURES, RESULTS),
    message:
        "Summary: the report for terminals"
    script:
        "../scripts/summary.py"


rule provenance:
    input:
        made=outputs_of(MEASURING_JOBS),
        code=code("provenance"),
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
        benchmarks=sorted({benchmark_of(file) for file in CITED}),
        parameters=parameters_of(MEASURING_JOBS),
    message:
        "Provenance: versions, commit, configuration, machine, time"
    script:
        "../scripts/provenance.py"


rule report:
    input:
        tables=[f"{RESULTS}/{name}.csv" for name in JUDGED],
        images=[f"{FIGURES}/{name}.png" for name in REPORT_FIGURES],
        documents=[f"docs/{name}.md" for name in DOCUMENTS],
        provenance=f"{RESULTS}/provenance.json",
        reliability="docs/reliability.md",
        page=[f"src/metanash_replication/report/page.{kind}" for kind in ("html.j2", "css", "js")],
        code=code("report"),
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
        runs=CITED,
        captions=CAPTIONS["figures"],
        folders={"figures": os.path.relpath(FIGURES, RESULTS), "docs": os.path.relpath("docs", RESULTS)},
    message:
        "Report: {output.report}"
    script:
        "../scripts/report.py"


rule article:
    input:
        tables=[f"{RESULTS}/{name}.csv" for name in JUDGED],
        figures=[f"{FIGURES}/{name}.pdf" for name in ARTICLE_FIGURES],
        derivations=[f"docs/{name}.md" for name in DERIVATIONS],
        about="config/article.yaml",
        text=TYPESET,
        code=code("article"),
    output:
        article=report(
            f"{RESULTS}/article.pdf",
            caption="../report/article.rst",
            category="Report",
            labels={"page": "article"},
        ),
        metadata=f"{RESULTS}/metadata.yaml",
        bibliography=f"{RESULTS}/references.bib",
        made=f"{RESULTS}/made/article.json",
    log:
        f"{RESULTS}/logs/article.log",
    conda:
        "../../environment.yml"
    params:
        runs=CITED,
        captions=CAPTIONS["figures"],
        folders={"figures": os.path.relpath(FIGURES, RESULTS), "docs": os.path.relpath("docs", RESULTS)},
    message:
        "Article: {output.article}"
    script:
        "../scripts/article.py"


rule own_games_accepted:
    input:
        # All else, so that it is made whatever was refused.
        outputs_of(DRAWING_JOBS),
        rules.ledger.output,
        rules.summary.output,
        rules.report.output,
        rules.article.output,
        refused=f"{RESULTS}/own_refused.csv",
        code=code("own_games_accepted"),
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
