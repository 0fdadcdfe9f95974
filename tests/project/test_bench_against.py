"""``./do bench-against``: two builds in turns, and the table that comes of them."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.against import __main__ as against
from benchmarks.against import measure, rows

ROOT = Path(__file__).parents[2]


def test_medians_are_of_builds_and_ratios_of_rounds():
    """Ratios 1, 1/2, 1/4, 1/8 by round; the median of the times alone would say 2 / 5."""
    found = rows.summary("import", [(1.0, 1.0), (4.0, 2.0), (8.0, 2.0), (16.0, 2.0)])
    assert found == {"name": "import", "before": "6", "now": "2", "ratio": "0.375", "low": "0.21875", "high": "0.625",
                     "rounds": "4"}  # fmt: skip


def test_what_the_old_build_cannot_do_is_a_dash():
    lines = rows.table({"Kuhn": rows.summary("Kuhn", [(None, 0.5), (None, 0.25)])}, "1234567")
    assert (
        lines[2] == "| `learn_extensive`, Kuhn poker to 1e-3 of the pot | at most 0.04 ms | - | 0.375 ms | - | - | 2 |"
    )
    once = rows.table({"compile core": rows.summary("compile core", [(90.0, 30.0)])}, "1234567")
    assert once[2].endswith("| 90 s | 30 s | 0.333 | - | 1 |")


def test_rows_that_were_measured_before_are_kept(tmp_path):
    path = tmp_path / "against.csv"
    assert rows.read(path) == {}
    first = {"tests core": rows.summary("tests core", [(10.0, 5.0)]), "solve": rows.summary("solve", [(None, 0.2)])}
    rows.write(path, first)
    assert rows.read(path) == first
    with path.open("a") as file:
        file.write("unheard of,1,1,1,1,1,1\n")
    with pytest.raises(ValueError, match=r"against.csv: the row 'unheard of' is no line of the table"):
        rows.read(path)


def test_the_table_stands_between_its_marks():
    page = f"before\n\n{rows.BEGIN}\nold\n{rows.END}\n\nafter\n"
    once = rows.put(page, ["| a |"])
    assert once == f"before\n\n{rows.BEGIN}\n\n| a |\n\n{rows.END}\n\nafter\n"
    assert rows.put(once, ["| a |"]) == once
    for bad in ("", page.replace(rows.END, ""), page + page, f"{rows.END}{rows.BEGIN}"):
        with pytest.raises(ValueError, match="must have one line"):
            rows.put(bad, [])


def test_the_page_has_the_table_of_what_was_measured():
    page = (ROOT / "docs/performance.md").read_text()
    inside = page.partition(rows.BEGIN)[2].partition(rows.END)[0].strip().splitlines()
    revision = inside[0].split("|")[3].strip()
    assert inside == rows.table(rows.read(against.RESULTS), revision)


def test_every_call_has_a_line_and_every_line_a_measurement():
    names = {row.name for row in rows.ROWS}
    assert len(names) == len(rows.ROWS)
    others = {"import", "first learn", "solve", "compile core", "compile wall", "pipeline core", "pipeline wall"}
    long = {"small pipeline core", "shared pipeline core", "shared pipeline wall", "eight cores", "sparse memory"}
    long |= {"HiGHS 2000", "JAX 10x10", "NumPy 10x10"}
    assert names - set(measure.CALLS) == others | long | {"tests core", "tests wall", "tests passed"}
    assert set(measure.CALLS) <= names


def test_a_process_of_this_build_answers():
    with against.process(ROOT) as ask:
        assert 0.0 < ask("2x2 regret matching") < 1e3
        assert 0.0 < ask("Kuhn") < 1e3
        with pytest.raises(SystemExit, match="ended at 'no such call'"):
            ask("no such call")
    assert 0.0 < against.alone(ROOT, against.TIMED, "loaded") < 60.0
    assert against.alone(ROOT, "import no_such_package", "1") is None


def test_the_number_of_stages_is_that_of_the_run():
    from metanash.learners.schedules import stage_count  # noqa: PLC0415

    assert stage_count(3000, 10) == measure.STAGES


def test_each_build_begins_every_other_round():
    order = []
    one, other = Path("one"), Path("other")
    pairs = against.in_turns(3, lambda build: order.append(build) or len(order), [one, other])
    assert order == [one, other, other, one, one, other]
    assert pairs == [(1, 2), (4, 3), (5, 6)]


def test_core_time_is_that_of_children(tmp_path):
    busy = [sys.executable, "-c", "import time\nwhile time.process_time() < 0.3: pass"]
    found = against.spent(busy, tmp_path)
    assert 0.3 <= found.core < 3.0
    assert found.wall >= 0.25
    three = [sys.executable, "-c", "print(7)\nraise SystemExit(3)"]
    assert against.spent(three, tmp_path) is None
    assert against.spent(three, tmp_path, fine=(0, 3)).output == "7\n"


def test_tests_are_run_as_the_build_runs_them(tmp_path, monkeypatch, capsys):
    """An older build has one process; a test that fails is counted out, and its time in."""
    commands = []
    broken = ["FAILED tests/test_a.py::test_b - assert 1 == 2", "ERROR src/c.py::c.d - OSError: e"]
    more = ["ERROR    root:a.py:1 in a log", "SKIPPED [1] tests/test_a.py:1: no compiler"]
    first = "\n".join([*more, *broken, "1 failed, 20 passed, 1 error in 3.0s\n"])
    said = iter([first, "30 passed, 2 skipped in 1.0s\n"])
    monkeypatch.setattr(
        against, "spent", lambda command, *_, **__: commands.append(command) or against.Spent(6.0, 3.0, next(said))
    )
    builds = [tmp_path / name for name in ("before", "now")]
    for build, text in zip(builds, ("exec python -m pytest", "exec python -m pytest --dist loadscope"), strict=True):
        build.mkdir()
        (build / "do").write_text(text)
    found = {row["name"]: row for row in against.long_rows(builds, pipeline=False, tests=True)}
    assert found.keys() == {"tests core", "tests wall", "tests passed"}
    assert (found["tests passed"]["before"], found["tests passed"]["now"]) == ("20", "30")
    assert ["-n" in command for command in commands] == [False, True]
    assert capsys.readouterr().err.splitlines() == [
        "before: 1 failed, 20 passed, 1 error in 3.0s", *(f"  {line}" for line in broken),
        "now: 30 passed, 2 skipped in 1.0s",
    ]  # fmt: skip


def test_of_the_pipeline_that_is_compared_which_both_builds_make(tmp_path, monkeypatch):
    commands = []
    monkeypatch.setattr(
        against, "spent", lambda command, build, *_, **__: commands.append((build.name, command[3:])) or None
    )
    builds = [tmp_path / name for name in ("before", "now")]
    own = [["results/old.csv"], ["results/new.csv", "paper_figures/new.pdf"]]
    for build, more in zip(builds, own, strict=True):
        for name in ("results/slopes.csv", "results/claims.csv", "paper_figures/figure1.pdf", ".snakemake/log", *more):
            (build / name).parent.mkdir(parents=True, exist_ok=True)
            (build / name).write_text("")
    names = [row["name"] for row in against.long_rows(builds, pipeline=True, tests=False)]
    assert names == ["pipeline core", "pipeline wall", "small pipeline core", "shared pipeline core",
                     "shared pipeline wall"]  # fmt: skip
    shared = ["paper_figures/figure1.pdf", "results/slopes.csv"]
    quiet = ["--quiet", "all", "--cores", "2"]  # a target right after --quiet would be taken for one of its kinds
    assert commands[0] == ("before", quiet)
    assert commands[4:] == [("before", [*quiet, *shared]), ("now", [*quiet, *shared])]
    assert not [*tmp_path.glob("*/results")]  # or nothing would be left to make


def test_copies_are_those_of_a_commit_and_of_the_working_tree(tmp_path):
    before, now = against.copies("HEAD", tmp_path)
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    assert (before / "pyproject.toml").is_file()
    assert sorted(path.name for path in (before / "src/metanash/kernels").glob("*.so")) == []
    for name in ("do", "src/metanash/kernels/signatures.h", "docs/performance.md"):
        assert name in listed
        assert (now / name).read_bytes() == (ROOT / name).read_bytes()
    with pytest.raises(SystemExit, match="rev-parse"):
        against.copies("no-such-commit", tmp_path / "more")


def test_a_build_beside_itself_is_written_into_the_page(tmp_path, monkeypatch, capsys):
    """Of other rows, which were measured before, the table keeps what is known."""
    page = tmp_path / "performance.md"
    page.write_text(f"head\n{rows.BEGIN}\n{rows.END}\ntail\n")
    monkeypatch.setattr(against, "PAGE", page)
    monkeypatch.setattr(against, "RESULTS", tmp_path / "against.csv")
    rows.write(against.RESULTS, {"tests core": rows.summary("tests core", [(10.0, 5.0)])})
    only = ["2x2 regret matching", "import"]
    against.main(["123456789", "--builds", str(ROOT), str(ROOT), "--rounds", "2", "--only", *only])
    lines = page.read_text().splitlines()
    assert [line.split("|")[1].strip() for line in lines if line.startswith("| ")] == [
        "what", "`./do test`: core time", "`import metanash`, the start of Python included",
        "the same: regret matching",
    ]  # fmt: skip
    assert lines[3].split("|")[3].strip() == "1234567"
    ratio = float(rows.read(against.RESULTS)["2x2 regret matching"]["ratio"])
    assert 0.2 < ratio < 5.0
    assert capsys.readouterr().out.splitlines()[0].startswith("import ")
    with pytest.raises(SystemExit):
        against.main(["123456789", "--only", "no such row"])
