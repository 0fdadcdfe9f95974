"""What ``metanash claims`` prints to type is typed, for results that another configuration file made."""

import json
import shlex

from conftest import Answer


def printed(answer: Answer, title):
    return next(line.removeprefix(title).strip() for line in answer.text.splitlines() if line.startswith(f"{title} "))


def test_printed_commands_work_for_the_results_at_hand(finished):
    answer = finished.command("-m", "metanash.cli", "claims", "theorem-1", "--results", finished.results)
    assert answer.code == 0, answer.text
    program, *show = shlex.split(printed(answer, "print"))
    assert program == "metanash"
    shown = finished.command("-m", "metanash.cli", *show)
    assert shown.code == 0, shown.text
    program, *repeat = shlex.split(printed(answer, "repeat"))
    assert program == "snakemake"
    assert repeat[-2:] == ["--configfile", "config/smoke.yaml"]
    run = finished.command("-m", "snakemake", *repeat, "--dry-run")
    assert run.code == 0, run.text
    (rule,) = set(run.jobs()) - {"total"}  # the measurement alone, with the numbers of the small configuration
    assert rule in {"random_games", "long_run", "burn_in", "small_step", "two_sided"}


def test_provenance_says_how_snakemake_was_called(finished):
    found = json.loads(finished.path("provenance.json").read_text())
    assert found["results"] == finished.results
    assert found["arguments"] == ["--configfile", "config/smoke.yaml"]
