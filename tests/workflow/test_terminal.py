"""What ``./do reproduce`` says: on a terminal two lines that are drawn anew, elsewhere plain lines; the errors whole.

The workflow is a small one that sleeps, but for the last tests, where the pipeline itself runs.
"""

import csv
import fcntl
import io
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time

import pytest
from conftest import ROOT

FOLDER = ROOT / "workflow/terminal"
sys.path.append(str(FOLDER))

from snakemake_logger_plugin_metanash import displays, times, wording  # noqa: E402
from snakemake_logger_plugin_metanash.progress import Progress  # noqa: E402

SNAKEFILE = """
from snakemake.logging import logger

rule all:
    input: expand("out/{n}.txt", n=range(4)), "out/last.txt"

rule one:
    output: "out/{n}.txt"
    log: "results/logs/one/{n}.log"
    message: "Number {wildcards.n}, of which there is more to say than any terminal has columns: " + 60 * "word "
    shell: "sleep SLEEP; echo 'WARNING: odd {wildcards.n}' > {log}; touch {output}"

rule last:
    input: expand("out/{n}.txt", n=range(4))
    output: "out/last.txt"
    log: "results/logs/last.log"
    message: "The last one"
    shell: "echo 'the reason: the moon' > {log}; LAST; touch {output}"

onstart:
    logger.info(f"full log: {log[0]}", extra={"remark": True})

onsuccess:
    logger.info("Done.\\n  claims     " + 12 * "three hold, ", extra={"conclusion": True, "log": log[0]})

onerror:
    logger.info("Failed.", extra={"conclusion": True, "log": log[0]})
"""


class Emulator:
    """A terminal of the simplest kind: it knows the three sequences that are used, and refuses all others."""

    def __init__(self, columns):
        self.columns, self.lines, self.row, self.column = columns, [""], 0, 0
        self.pictures = []

    def feed(self, text):
        for token in re.findall(r"\x1b\[(\d*)([AJ])|([\r\n])|([^\x00-\x1f\x7f]+)|([\s\S])", text):
            count, sequence, control, words, other = token
            assert not other, f"a control character that terminals take differently: {other!r}"
            if sequence == "A":
                self.pictures.append("\n".join(self.lines))
                self.row -= int(count)
                assert self.row >= 0
            elif sequence == "J":
                self.lines[self.row :] = [self.lines[self.row][: self.column]]
            elif control == "\r":
                self.column = 0
            elif control == "\n":
                self.down()
            else:
                for character in words:
                    self.put(character)

    def put(self, character):
        if self.column == self.columns:
            self.down()
            self.column = 0
        line = self.lines[self.row].ljust(self.column)
        self.lines[self.row] = line[: self.column] + character + line[self.column + 1 :]
        self.column += 1

    def down(self):
        self.row += 1
        if self.row == len(self.lines):
            self.lines.append("")


@pytest.fixture
def workflow(tmp_path):
    """Arguments and environment of the small workflow, whose files are in the folder of the test."""

    def prepare(sleep="0.1", last="true"):
        (tmp_path / "Snakefile").write_text(SNAKEFILE.replace("SLEEP", sleep).replace("LAST", last))
        kept = {key: value for key, value in os.environ.items() if not key.startswith("SNAKEMAKE_")}
        environment = {**kept, "PYTHONPATH": str(FOLDER), "TERM": "xterm", "COLUMNS": "33"}
        command = [sys.executable, "-m", "snakemake", "--logger", "metanash", "--cores", "2"]
        return {"args": command, "cwd": tmp_path, "env": environment}

    return prepare


def on_terminal(columns, arguments, interrupt=None):
    """Run a command on a terminal; return its code, the emulator, and whether the modes are as before."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    before = termios.tcgetattr(follower)

    def take_terminal():
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    streams = dict.fromkeys(("stdin", "stdout", "stderr"), follower)
    process = subprocess.Popen(**arguments, **streams, preexec_fn=take_terminal)  # noqa: PLW1509  # no threads here
    emulator, text = Emulator(columns), io.StringIO()
    os.set_blocking(leader, False)
    ended = None
    while ended is None or time.monotonic() < ended + 0.3:
        if ended is None and process.poll() is not None:
            ended = time.monotonic()
        try:
            text.write(os.read(leader, 65536).decode())
        except BlockingIOError:
            time.sleep(0.02)
        if interrupt and interrupt in text.getvalue():
            interrupt = None
            os.write(leader, b"\x03")
    emulator.feed(text.getvalue().replace("^C", ""))
    same = termios.tcgetattr(follower) == before
    os.close(leader)
    os.close(follower)
    return process.returncode, emulator, same


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_two_lines_that_fit_are_drawn_anew_and_taken_away(workflow, columns):
    code, terminal, same = on_terminal(columns, workflow())
    assert code == 0, "\n".join(terminal.lines)
    assert same
    drawn = [picture.splitlines()[-2:] for picture in terminal.pictures]
    assert len(drawn) > 5
    for far, doing in drawn:
        assert re.search(r"\d+ % \(\d of 6 jobs\)", far), far
        assert ("[" in far) == (columns >= displays.NARROW)
        assert max(len(far), len(doing)) <= columns - displays.MARGIN
    assert any("about" in far or "a few seconds left" in far for far, _ in drawn)
    assert any(doing.startswith("Number 0, of") or "Number 1, of" in doing for _, doing in drawn)
    assert not [line for line in terminal.lines if " of 6 jobs" in line]
    whole = "\n".join(terminal.lines)
    assert sum("WARNING: odd" in line for line in "".join(terminal.lines).split("word :")) == 4
    assert "Done.\n  claims     three hold, " in whole
    assert re.search(r"\n {13}(three|hold,) ", whole)  # folded below its own beginning, between words
    assert re.search(r"\n  time       \d s\n  full log", whole)
    assert "Reason:" not in whole
    assert terminal.lines[-1] == ""


@pytest.mark.parametrize("given", [{}, {"TERM": "dumb"}], ids=["pipe", "dumb terminal"])
def test_plain_lines_where_there_is_no_terminal(workflow, given):
    arguments = workflow()
    arguments["env"] |= given
    if given:
        code, terminal, _ = on_terminal(80, arguments)
        text = "\n".join(terminal.lines)
        assert terminal.pictures == []
    else:
        done = subprocess.run(**arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        code, text = done.returncode, done.stdout
    assert code == 0, text
    assert re.search(r"[^\n\x20-\x7e]", text) is None
    shares = [int(share) for share in re.findall(r"^(\d+) % \(\d of 6 jobs\)", text, flags=re.MULTILINE)]
    assert shares == sorted(shares)
    assert len({share // displays.STEP for share in shares}) == len(shares)  # a line per tenth at most
    assert shares[0] == 0
    assert shares[-1] == 100
    assert text.index("full log: ") < text.index("100 %") < text.index("Done.")


def test_an_error_is_shown_whole_with_its_log_and_nothing_else(workflow):
    code, terminal, same = on_terminal(80, workflow(last="exit 3"))
    text = "\n".join(terminal.lines)
    assert code == 1
    assert same
    assert "Error in rule last:" in text
    assert "results/logs/last.log" in text
    assert "the reason: the moon" in text
    assert "input:" not in text
    assert re.fullmatch(r"  time       \d s\n  full log\s+[^:]+", text.partition("\nFailed.\n")[2])
    assert any("1 failed" in picture for picture in terminal.pictures)


def test_ctrl_c_leaves_the_terminal_as_it_was(workflow):
    code, terminal, same = on_terminal(80, workflow(sleep="30"), interrupt="Number")
    text = "\n".join(terminal.lines)
    assert code == 1
    assert same
    assert "Terminating processes on user request" in text
    assert text.index("Terminating") < text.index("Failed.")
    assert "Error in rule" not in text  # those who press it know
    assert " of 6 jobs" not in text


@pytest.mark.parametrize("asked", ["--dry-run", "--verbose", "--printshellcmds"])
def test_who_asks_for_more_gets_it_from_snakemake(workflow, asked):
    arguments = workflow()
    arguments["args"].append(asked)
    done = subprocess.run(**arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "Reason: Missing output files: out/last.txt" in done.stdout
    assert " % (" not in done.stdout.replace("(100%)", "")


def test_what_is_said_where_nothing_runs_is_not_lost(workflow):
    arguments = workflow()
    subprocess.run(**arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    done = subprocess.run(**arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True)
    assert "Nothing to be done" in done.stdout
    arguments["args"].append("--unlock")
    done = subprocess.run(**arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True)
    assert "Unlocked working directory" in done.stdout


# A narrower terminal, in the middle ---------------------------------------------------------------------


class Narrowing(io.StringIO):
    """A stream to a terminal whose width is changed by hand."""

    def isatty(self):
        return True


def test_lines_that_a_narrower_terminal_has_broken_are_taken_away_whole(monkeypatch):
    stream = Narrowing()
    screen = displays.Screen(stream)
    monkeypatch.setattr(screen, "_columns", lambda: 80)
    progress = Progress({"one": 4}, cores=2)
    progress.start(1, "one", 90 * "x")
    screen._progress = progress
    screen.update()
    monkeypatch.setattr(screen, "_columns", lambda: 30)
    widths = [len(line) for line in stream.getvalue().split("\n")]
    screen.close()
    rows = sum(-(-width // 30) for width in widths)
    assert stream.getvalue().endswith(f"\r\x1b[{rows - 1}A\x1b[J")
    assert rows > 3


# How far, and how long still ----------------------------------------------------------------------------


class Clock:
    """Time that passes when it is told to."""

    def __init__(self):
        self.time = 100.0

    def __call__(self):
        return self.time


@pytest.fixture
def run():
    """Of two rules on two cores: four jobs of 10 s, one of 60 s."""
    clock = Clock()
    return Progress({"short": 4, "long": 1}, cores=2, seconds={"short": 10.0, "long": 60.0}, now=clock), clock


def test_what_is_left_is_the_work_over_the_cores_or_the_longest_job(run):
    progress, clock = run
    assert progress.left() == pytest.approx(60)  # longer than (4 * 10 + 60) / 2
    progress.start(1, "long", "")
    progress.start(2, "short", "")
    clock.time += 10
    progress.finish(2)
    assert progress.percent() == 20
    assert progress.left() == pytest.approx(50)
    for number in (3, 4, 5):
        progress.start(number, "short", "")
        clock.time += 10
        progress.finish(number)
    assert progress.left() == pytest.approx(20)
    clock.time += 60  # longer than it was known to take
    assert progress.left() == pytest.approx(0)
    assert progress.percent() == 99  # not before it is done
    progress.finish(1)
    assert progress.percent() == 100


def test_a_slower_machine_is_noticed(run):
    progress, clock = run
    progress.start(1, "short", "")
    clock.time += 30
    progress.finish(1)
    pace = (30 + 5) / (10 + 5)  # a twentieth of 100 s at the pace of the records
    assert progress.left() == pytest.approx(60 * pace)


def test_a_job_far_larger_than_the_recorded_ones_is_noticed_while_it_runs(run):
    progress, clock = run
    progress.start(1, "short", "")
    clock.time += 10
    assert progress.left() == pytest.approx(60)  # as it was known to take, so far
    clock.time += 990
    pace = (1000 + 5) / (10 + 5)
    assert progress.left() == pytest.approx(60 * pace)
    assert progress.percent() == 10  # not more than its share
    progress.finish(1)
    assert progress.left() == pytest.approx(60 * pace)  # its end changes nothing


def test_a_rule_without_a_record_takes_as_long_as_the_others():
    assert Progress({"new": 1}, 1, {"a": 2.0, "b": 4.0}).expected("new") == pytest.approx(3)
    assert Progress({"new": 2}, 1).left() == pytest.approx(2)


def write_record(folder, name, rule, log, seconds):
    folder.mkdir(exist_ok=True)
    record = {"rule": rule, "log": [log], "starttime": 50.0, "endtime": 50.0 + seconds}
    (folder / name).write_text(json.dumps(record))


def test_recorded_times_are_those_of_the_folder_of_results(tmp_path):
    folder = tmp_path / "metadata"
    write_record(folder, "a", "learn", "results/logs/learn/0.log", 4)
    write_record(folder, "a2", "learn", "results/logs/learn/0.log", 4)  # another output of the same job
    write_record(folder, "b", "learn", "results/logs/learn/1.log", 7)
    write_record(folder, "c", "learn", "results/smoke/logs/learn/0.log", 1)
    write_record(folder, "d", "touched", "results/logs/touched.log", 0.13)
    (folder / "e").write_text("{")
    assert times.recorded_seconds("results", folder) == {"learn": 5.5}
    assert times.recorded_seconds("results/smoke", folder) == {"learn": 1}
    assert times.recorded_seconds("elsewhere", folder) == {}


def test_recorded_times_come_before_typical_ones(tmp_path, monkeypatch):
    write_record(tmp_path / ".snakemake", "a", "learn", "results/logs/learn/0.log", 4)
    (tmp_path / ".snakemake").rename(tmp_path / "metadata")
    (tmp_path / ".snakemake").mkdir()
    (tmp_path / "metadata").rename(tmp_path / ".snakemake/metadata")
    monkeypatch.chdir(tmp_path)
    known, typical = times.known_seconds("results"), times.typical_seconds("results")
    assert known == {**typical, "learn": 4}
    assert known["notebook"] > 0


def test_typical_times_are_written_from_what_has_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert times.main(tmp_path / "table.csv") == 1
    assert "nothing has run here" in capsys.readouterr().err
    (tmp_path / ".snakemake").mkdir()
    folder = tmp_path / ".snakemake/metadata"
    write_record(folder, "a", "learn", "results/logs/learn/0.log", 4)
    write_record(folder, "b", "own", "results/smoke/logs/own.log", 1.26)
    assert times.main(tmp_path / "table.csv") == 0
    first = "rule,results,results/smoke,results/deep\nlearn,4.00,,\nown,,1.26,\n"
    assert (tmp_path / "table.csv").read_text() == first
    assert times.typical_seconds("results/smoke", tmp_path / "table.csv") == {"own": 1.26}
    assert times.typical_seconds("mine", tmp_path / "table.csv") == {"learn": 4.0}
    assert times.typical_seconds("results/deep", tmp_path / "table.csv") == {"learn": 4.0}


def test_typical_times_of_runs_that_are_not_here_stay(tmp_path, monkeypatch):
    """As those of the deep run, which few make."""
    monkeypatch.chdir(tmp_path)
    table = tmp_path / "table.csv"
    table.write_text("rule,results,results/smoke\nlearn,4.00,0.10\nold,3.00,\n")  # one without a column for it
    (tmp_path / ".snakemake").mkdir()
    write_record(tmp_path / ".snakemake/metadata", "a", "learn", "results/deep/logs/learn/0.log", 400)
    assert times.main(table) == 0
    assert table.read_text() == "rule,results,results/smoke,results/deep\nlearn,4.00,0.10,400.00\nold,3.00,,\n"
    assert times.typical_seconds("results/deep", table) == {"learn": 400, "old": 3}
    assert times.typical_seconds("results", table) == {"learn": 4, "old": 3}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(3, "a few seconds"), (12, "about 10 s"), (48, "about 50 s"), (57, "about 1 min"), (200, "about 3 min"),
     (4800, "about 1 h 20 min")],
)  # fmt: skip
def test_estimates_are_no_finer_than_they_are_known(seconds, words):
    assert wording.rough(seconds) == words


@pytest.mark.parametrize(("seconds", "words"), [(41.6, "42 s"), (432, "7 min 12 s"), (4830, "1 h 20 min")])
def test_times_that_have_passed(seconds, words):
    assert wording.duration(seconds) == words


# The pipeline -------------------------------------------------------------------------------------------


def test_typical_times_are_those_of_the_rules_of_the_pipeline(finished):
    """By the small configuration, which has a job of every rule but those of a user's own experiments."""
    answer = finished.command("-m", "snakemake", "--list-rules", "--configfile", "config/smoke.yaml")
    assert answer.code == 0
    with times.TYPICAL.open(newline="") as rows:
        table = {row["rule"] for row in csv.DictReader(rows) if row["results"] or row["results/smoke"]}
    named = set(re.findall(r"^\s*(\w+)$", answer.text, flags=re.MULTILINE))
    assert len(named) > 40
    assert sorted(table - named) == []
    unknown = sorted(named - table - {"all"})  # these are expected to take as long as the others
    assert len(unknown) < 5, f"run both configurations, then ./do typical-times: {unknown}"


def test_the_pipeline_concludes_with_its_verdicts_and_the_way_to_the_report(edited):
    edited.path("summary.md").unlink()
    command = ["-m", "snakemake", "--logger", "metanash", "--cores", "2", "--configfile", "config/smoke.yaml"]
    environment = {**os.environ, "PYTHONPATH": f"{edited.folder}/src:{edited.folder}/workflow/terminal"}
    done = subprocess.run(
        [sys.executable, *command], cwd=edited.folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    said = done.stderr
    log = re.search(r"^full log: (\.snakemake/log/\S+)$", said, flags=re.MULTILINE)[1]
    assert "Reason: Missing output files" in (edited.folder / log).read_text()
    assert "Reason" not in said
    assert re.search(r"\nDone\.\n  claims     results/smoke/claims\.csv: \d+ \w+", said)
    assert "\n  report     results/smoke/report.html\n" in said
    assert said.rstrip().endswith(f"\n  full log   {log}")
    assert done.stdout == ""


def test_the_command_has_the_display_and_gives_it_up_on_request():
    """By ``./do`` itself, with a ``snakemake`` that says what it was called with."""
    script = (ROOT / "do").read_text()
    start = script.index("run_with_display()")
    function = script[start : script.index("\n}\n", start) + 3]
    harness = f'here=/clone\nrun_snakemake() {{ echo "$PYTHONPATH: $*"; }}\n{function}run_with_display "$@"\n'
    checked = harness.replace("\n", '\npython() { test "$*" = "-m workflow.configuration 8 --cores 9"; }\n', 1)
    for last, said in {"9": "/clone/workflow/terminal: --logger metanash --cores 8 --cores 9\n", "7": ""}.items():
        asked = ["sh", "-c", checked, "sh", "8", "--cores", last]  # refused with 7: nothing is run
        assert subprocess.run(asked, capture_output=True, text=True, check=False).stdout == said
    harness = harness.replace("\n", "\npython() { :; }\n", 1)
    for given, said in {
        ("8", "--keep-going"): "/clone/workflow/terminal: --logger metanash --cores 8 --keep-going",
        ("8", "--show-log", "a b"): "/clone/workflow/terminal: --cores 8 a b",
    }.items():
        done = subprocess.run(["sh", "-c", harness, "sh", *given], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == said
    for command in ("reproduce", "smoke"):
        body = script[script.index(f"\n    {command})\n") :]
        assert "run_with_display" in body[: body.index(";;")]


def test_a_signal_that_ends_it_is_not_swallowed(workflow):
    """SIGTERM, as a batch system sends it: jobs at work are finished or ended, and the code says so."""
    arguments = workflow(sleep="3")
    process = subprocess.Popen(**arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if "Number" in line:
            process.send_signal(signal.SIGTERM)
            break
    assert "Will exit after finishing" in process.stderr.read()
    assert process.wait() != 0
    process.stderr.close()
