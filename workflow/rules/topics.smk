# A rule for each measurement of the topics' plans, a rule for the tables of each topic, one for each job that draws.
FIGURE_JOBS = list(dict.fromkeys(plan.drawn_by for plan in PLANS.values() if plan.drawn_by))


for topic, plan in PLANS.items():
    for measurement in plan.measurements:

        rule:
            name:
                measurement.rule
            input:
                code=code("measure", f"{TOPIC}.{topic}.measure"),
            output:
                measured=f"{RESULTS}/{measurement.file}.npz",
                made=f"{RESULTS}/made/{measurement.file}.json",
            log:
                f"{RESULTS}/logs/{measurement.file}.log",
            benchmark:
                f"{RESULTS}/benchmarks/{measurement.file}.tsv"
            wildcard_constraints:
                **alternatives(measurement),
            conda:
                "../../environment.yml"
            threads: 1
            resources:
                **{"large_games": 1} if measurement.alone else {},
            params:
                topic=topic,
                function=measurement.function,
                recorded_as=plan.recorded_as or topic,
                arguments=arguments_of_jobs(measurement),
            message:
                in_words(measurement)
            script:
                "../scripts/measure.py"


for topic, plan in PLANS.items():
    if not plan.tabulated:
        continue

    rule:
        name:
            f"{topic}_tables"
        input:
            **{one.name: [f"{RESULTS}/{file}" for file in one.files(config)] for one in plan.measurements},
            code=code("topic_tables", f"{TOPIC}.{topic}.tables"),
        output:
            **{"claims": f"{MEASURED}/claims/{topic}.csv"} if plan.bounds else {},
            **tables_of(topic),
            made=f"{RESULTS}/made/theory/{topic}_tables.json",
        log:
            f"{RESULTS}/logs/theory/{topic}_tables.log",
        conda:
            "../../environment.yml"
        params:
            topic=topic,
            measurements=[one.name for one in plan.measurements],
            settings={name: setting(config, path) for name, path in plan.tabulated.settings.items()},
        message:
            plan.tabulated.message
        script:
            "../scripts/topic_tables.py"


for drawn_by in FIGURE_JOBS:
    drawing = {topic: plan for topic, plan in PLANS.items() if plan.drawn_by == drawn_by}

    rule:
        name:
            f"{drawn_by}_figures"
        input:
            tables=[f"{RESULTS}/{name}.csv" for plan in drawing.values() for name in plan.drawn_of],
            code=code("topic_figures", *(f"{TOPIC}.{topic}.figures" for topic in drawing)),
        output:
            [file for plan in drawing.values() for file in drawn(plan.title, *(one.name for one in plan.figures))],
            made=f"{RESULTS}/made/theory/{drawn_by}_figures.json",
        log:
            f"{RESULTS}/logs/theory/{drawn_by}_figures.log",
        conda:
            "../../environment.yml"
        params:
            figures={topic: [one.name for one in plan.figures] for topic, plan in drawing.items()},
            width=config["plots"]["width"],
        message:
            f"Figures of {', '.join(drawing)}: measurements and bounds"
        script:
            "../scripts/topic_figures.py"
