"""What is kept of the deep run: verdicts beside those of the default run."""

import csv

import pytest

from benchmarks import deep

HEAD = "# Page\n\n<!-- verdicts: written by ./do deep-verdicts -->\nold\n<!-- end of verdicts -->\nrest\n"


def write_run(results, verdicts, seconds=(1800, 1800)):
    results.mkdir(parents=True)
    with (results / "claims.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "verdict", "plain"])
        writer.writerows([name, verdict, f"of {name} | {verdict}"] for name, verdict in verdicts.items())
    (results / "summary.md").write_text("# Summary\n- [A figure](paper_figures/a.png)\n")
    for number, took in enumerate(seconds):
        log = results / f"logs/a/{number}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        line = "INFO: cost: {} s of processor time, {} MB of memory at most\n"
        log.write_text(line.format(9, 9) + line.format(took, 1200 + number))  # of two tries the last counts


@pytest.fixture
def project(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/deep.md").write_text(HEAD)
    write_run(tmp_path / "results", {"a": "holds", "b": "open", "c": "open"})
    return tmp_path


def test_verdicts_that_differ_are_told_with_both_sentences(project, capsys):
    write_run(project / "elsewhere/results/deep", {"a": "holds", "b": "replicated", "c": "open", "d": "holds"})
    assert deep.main([str(project / "elsewhere")], project) == 0
    page = (project / "docs/deep.md").read_text()
    assert page.startswith("# Page\n\n<!-- verdicts")
    assert page.endswith("<!-- end of verdicts -->\nrest\n")
    assert "2 jobs, 1.0 hours of processor time, 1,201 MB in the largest job." in page
    assert "| open | 2 | 1 |\n| holds | 1 | 2 |\n| replicated | 0 | 1 |\n" in page
    assert "Of 4 claims 1 have another verdict, 1 are new." in page
    assert "| `b` | **open**: of b \\| open | **replicated**: of b \\| replicated |\n" in page
    assert "| `d` | - | **holds**: of d \\| holds |\n" in page
    assert "`a`" not in page
    assert (project / "docs/deep/verdicts.csv").read_text().splitlines() == [
        "claim,default,deep", "a,holds,holds", "b,open,replicated", "c,open,open", "d,,holds",
    ]  # fmt: skip
    assert (project / "docs/deep/summary.md").read_text() == "# Summary\n- A figure\n"
    assert "written: docs/deep.md" in capsys.readouterr().out


def test_a_run_that_is_not_there_is_named(project, capsys):
    assert deep.main([], project) == 1
    assert f"deep-verdicts: {project}/results/deep/claims.csv: not there; ./do reproduce" in capsys.readouterr().err
    assert (project / "docs/deep.md").read_text() == HEAD
