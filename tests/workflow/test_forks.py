"""Jobs that are forks of one process: each ends, fails and is killed as an interpreter of its own would."""

import os
import re
import resource
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from subprocess import Popen

import psutil
import pytest
from snakemake.benchmark import BenchmarkRecord

from workflow.running.forks import FIRST, SERVER, Server, _waited, environment
from workflow.running.server import PACKAGES, STALE, load, state

ROOT = Path(__file__).parents[2]
WAIT = 60.0
"""Seconds, after which a test gives up."""
pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="no other system forks jobs")


class Watched:
    """A server whose jobs write into files.

    Parameters
    ----------
    folder : path
    project : str, optional
    """

    def __init__(self, folder, *project):
        self.files = [(folder / name).open("w+") for name in ("out", "error")]
        before = [os.dup(number) for number in (1, 2)]
        for file, number in zip(self.files, (1, 2), strict=True):
            os.dup2(file.fileno(), number)
        try:
            self.server = Server(*project)
        finally:
            for number, kept in zip((1, 2), before, strict=True):
                os.dup2(kept, number)
                os.close(kept)

    def runs(self, folder, text, **more):
        """How a script ends as a fork, and what it says on the way."""
        for file in self.files:
            os.truncate(file.fileno(), 0)
            os.lseek(file.fileno(), 0, os.SEEK_SET)
        status = self.server.fork(written(folder, text), {**environment(None), **more}).wait()
        return status, *(Path(file.name).read_text() for file in self.files)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server, which has to end when nobody asks any more."""
    found = Watched(tmp_path_factory.mktemp("server"))
    yield found
    found.server.end()
    assert found.server.process.returncode == 0
    for file in found.files:
        file.close()


def written(folder, text):
    """A script."""
    path = folder / "script.py"
    path.write_text(text)
    return str(path)


def alone(folder, text, **more):
    """How a script ends in an interpreter of its own, and what it says on the way."""
    command = [sys.executable, written(folder, text)]
    done = subprocess.run(
        command,
        env={**environment(None), **more},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def until(found):
    """Wait for something to be true, or to be there."""
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        if result := found():
            return result
        time.sleep(0.02)
    raise TimeoutError


# --- A fork is what an interpreter of its own is ---

ENDS = {
    "well": "1",
    "status": "import sys; sys.exit(3)",
    "status-none": "raise SystemExit",
    "words": "import sys; sys.exit('no such game')",
    "fault": "1 / 0",
    "no-program": "1 +",
    "interrupted": "raise KeyboardInterrupt",
    "abort": "import os; os.abort()",
    "killed": "import os; os.kill(os.getpid(), 9)",
    "ended": "import os; os.kill(os.getpid(), 15)",
    "at-once": "import os; os._exit(7)",
    "hook": "import sys\nsys.excepthook = lambda kind, *_: print(kind.__name__)\n[][1]",
    "child": "import subprocess; assert subprocess.run(['false']).returncode == 1",
}


@pytest.mark.parametrize("text", ENDS.values(), ids=ENDS.keys())
def test_it_ends_and_says_why_as_by_itself(server, tmp_path, text):
    assert server.runs(tmp_path, text) == alone(tmp_path, text)


SEEN = """
import os, pickle, sys, threading, time
sys.path.append("marked")

class Inside:
    pass

def late():
    time.sleep(0.2)
    print("the thread", flush=True)

print([sys.argv, __name__, __file__, sys.path[0], os.getcwd(), sys.modules["__main__"].__dict__ is globals()])
print({name: value for name, value in sorted(os.environ.items()) if name not in {"_", "SHLVL"}})
print([pickle.loads(pickle.dumps(Inside())).__class__ is Inside, sys.stdin.read(), os.getpgrp(), os.getsid(0)])
import atexit, signal
atexit.register(print, "at the exit")
print([signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE)])
print(signal.getsignal(signal.SIGINT) is signal.default_int_handler, signal.set_wakeup_fd(-1))
print(sorted(os.listdir("/proc/self/fd"))[:3], end="")
threading.Thread(target=late).start()
"""


def test_it_sees_what_it_would_see_by_itself(server, tmp_path):
    """Arguments, names, environment, folder, standard input, groups, signals; threads and exits have their turn."""
    said = server.runs(tmp_path, SEEN, ONLY_HERE="yes")
    assert said == alone(tmp_path, SEEN, ONLY_HERE="yes")
    assert "the thread\nat the exit" in said[1]


FIRST_ONE = """
import os, sys, numpy
sys.path.append("x")
os.environ["X"] = "1"
import wave
numpy.left = open("/dev/null")
import metanash
metanash.PASSED = True
"""
NEXT_ONE = """
import os, sys, random, numpy
print("x" in sys.path, "X" in os.environ, "wave" in sys.modules, hasattr(numpy, "left"))
print([name for name in sys.modules if name.startswith("metanash") and "PASSED" in vars(sys.modules[name])])
print(random.random())
"""


def test_nothing_of_one_is_left_in_the_next(server, tmp_path):
    """Modules, paths, environment; and random numbers begin anew."""
    numbers = []
    for _ in range(2):
        assert server.runs(tmp_path, FIRST_ONE)[0] == 0
        status, said, _ = server.runs(tmp_path, NEXT_ONE)
        *same, number = said.splitlines()
        assert (status, same) == (0, ["False False False False", "[]"])
        numbers.append(number)
    assert numbers[0] != numbers[1]


def test_its_packages_are_there_and_more_than_a_message_fits_into_an_environment(server, tmp_path):
    text = f"import os, sys\nprint(len(os.environ['LONG']), {{*{PACKAGES!r}}} - {{*sys.modules}})"
    assert server.runs(tmp_path, text, LONG="ä" * 3_000_000) == (0, "3000000 set()\n", "")


@pytest.fixture
def watched(tmp_path, monkeypatch):
    """A server of a package of our own, and its folder."""
    package = tmp_path / "demo"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "steady.py").write_text("import os\nPROCESS = os.getpid()")
    (package / "edited.py").write_text("VALUE = 1")
    (package / "broken.py").write_text("1 +")
    (package / "warns.py").write_text("import os, warnings\nwarnings.warn('take care')\nPROCESS = os.getpid()")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    servers = []

    def begin():
        servers.append(Watched(tmp_path, "demo"))
        return servers[-1], package

    yield begin
    for one in servers:
        one.server.end()
        for file in one.files:
            file.close()


def test_modules_of_the_project_are_there_before_the_job(watched, tmp_path):
    """But for those that cannot be imported without a word, which the job is to hear."""
    one, _ = watched()
    status, said, errors = one.runs(
        tmp_path, "import os\nfrom demo import steady\nprint(steady.PROCESS == os.getppid())"
    )
    assert (status, said, errors) == (0, "True\n", "")
    status, said, errors = one.runs(tmp_path, "import os\nfrom demo import warns\nprint(warns.PROCESS == os.getpid())")
    assert (status, said) == (0, "True\n")
    assert "take care" in errors
    assert "SyntaxError" in one.runs(tmp_path, "import demo.broken")[2]


def test_what_each_job_would_do_first_is_done_before_jobs(watched, tmp_path):
    """The first figure is drawn: what fails at it is left to the jobs."""
    _, package = begun = watched()
    say = "import os\nfrom demo import saving\nprint(saving.DONE == [os.getppid()])"
    assert begun[0].runs(tmp_path, "from demo import saving")[0] == 1  # there is none
    (package / "saving.py").write_text("import os\nDONE = []\ndef prepare():\n    DONE.append(os.getpid())")
    one, _ = watched()
    assert one.runs(tmp_path, say) == (0, "True\n", "")
    (package / "saving.py").write_text("DONE = []\ndef prepare():\n    raise RuntimeError('not here')")
    one, _ = watched()
    assert one.runs(tmp_path, "from demo import saving\nprint(saving.DONE)") == (0, "[]\n", "")


def test_a_file_that_changes_while_it_is_imported_counts_as_changed(tmp_path, monkeypatch):
    """Nobody knows what was read."""
    monkeypatch.syspath_prepend(tmp_path)
    package = tmp_path / "restless"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from pathlib import Path\nPath(__file__).with_name('other.py').touch()\nVALUE = 1"
    )
    (package / "other.py").write_text("VALUE = 1")
    (package / "third.py").write_text("VALUE = 1")
    found = load("restless")
    now = state(found)
    assert {Path(file).name for file in found if found[file] != now[file]} == {"other.py"}
    assert {Path(file).name for file in found if found[file] == now[file]} == {"__init__.py", "third.py"}


@pytest.mark.parametrize("change", ["edited", "deleted"])
def test_no_job_runs_what_was_there_before(watched, tmp_path, change):
    """The job that is under way goes on; the server is no good for others."""
    one, package = watched()
    path = written(tmp_path, "import time\nfrom demo.edited import VALUE\ntime.sleep(1)\nraise SystemExit(VALUE)")
    running = one.server.fork(path, environment(None))
    if change == "edited":
        (package / "edited.py").write_text("VALUE = 23")
    else:
        (package / "edited.py").unlink()
    assert one.server.fork(path, environment(None)).pid == STALE
    one.server.leave()
    assert running.wait() == 1
    assert one.server.process.wait(timeout=WAIT) == 0
    another, _ = watched()
    assert another.server.fork(path, environment(None)).wait() == (23 if change == "edited" else 1)


def test_many_at_once(server, tmp_path):
    """From several threads' worth of asking, each answer is of the job that it belongs to."""
    path = written(
        tmp_path, "import os, sys, time; time.sleep(float(os.environ['LAST'])); sys.exit(int(os.environ['N']))"
    )
    jobs = [
        server.server.fork(path, {**environment(None), "N": str(number), "LAST": str(0.3 - 0.01 * number)})
        for number in range(30)
    ]
    assert len({job.pid for job in jobs}) == 30
    assert [job.wait() for job in jobs] == [*range(30)]
    assert [job.wait() for job in jobs] == [*range(30)]


def test_one_that_ends_before_it_is_looked_at_has_a_record_too(server, tmp_path):
    """On a busy machine a job of hundredths of a second is over before Snakemake begins to measure it."""
    process = server.server.fork(written(tmp_path, "pass"), environment(None))
    until = time.monotonic() + WAIT
    while psutil.pid_exists(process.pid) and time.monotonic() < until:
        time.sleep(0.01)
    record = BenchmarkRecord()
    assert _waited(process, record) == 0
    seconds, _, *rest = record.to_tsv(extended_fmt=False).split("\t")
    assert 0.0 <= float(seconds) < WAIT
    assert set(rest) == {"NA"}


def test_whoever_looks_for_a_job_sees_its_script(server, tmp_path):
    job = server.server.fork(written(tmp_path, "import time; time.sleep(600)"), environment(None))
    process = psutil.Process(job.pid)
    until(lambda: process.cmdline()[1:2] == [str(tmp_path / "script.py")])
    assert process.cwd() == os.getcwd()
    assert process.parent().cmdline()[2] == str(SERVER)
    process.send_signal(signal.SIGTERM)
    assert job.wait() == -signal.SIGTERM


def test_a_server_that_is_killed_takes_its_jobs_along(tmp_path):
    """Nobody would know how they end."""
    one = Server()
    job = one.fork(written(tmp_path, "import time; time.sleep(600)"), environment(None))
    one.process.kill()
    one.process.wait()
    assert job.wait() == -signal.SIGKILL
    until(lambda: _has_ended(job.pid))
    with pytest.raises(OSError, match=r"Broken pipe"):
        one.fork("x", {})
    one.end()


# --- In a run of Snakemake ---

SNAKEFILE = """
import sys
sys.path.insert(0, {root!r})
from workflow.running import fork_jobs

onstart:
    fork_jobs(logger, config.get("project", "metanash_replication"))

rule all:
    input:
        expand("out/{{number}}", number=range(config.get("jobs", {jobs}))),
        "out/command",

rule one:
    output:
        "out/{{number}}",
    wildcard_constraints:
        number="[0-9]+",
    benchmark:
        "benchmarks/{{number}}.tsv"
    script:
        "one.py"

rule another:
    output:
        "out/command",
    shell:
        "echo $PPID > {{output}}"
"""
FEW = f"jobs={FIRST + 2}"
JOBS = FIRST + 5
ONE = """
import os, time
text = " ".join(open(f"/proc/{os.getppid()}/cmdline").read().split(chr(0))[:3])
if "server.py" in text:
    time.sleep(float(snakemake.config.get("lasts", 0)))
if "server.py" in text and snakemake.config.get("failing"):
    raise LookupError("no such game")
open(snakemake.output[0], "w").write(text)
"""


BUSY = """
if "server.py" in text:
    while time.process_time() < 2:
        pass
"""
CHANGING = """
import os
from pathlib import Path
import demo
path = Path(demo.__file__)
now = int(path.read_text().split()[-1])
text = open(f"/proc/{os.getppid()}/cmdline").read().replace(chr(0), " ")
Path(snakemake.output[0]).write_text(f"{demo.VALUE} {now} {os.getppid()} {os.getpid()} {text}")
path.write_text(f"VALUE = {now + 1000 * os.getpid()}")
"""


@pytest.fixture
def project(tmp_path):
    """A small project, one job after the other."""
    (tmp_path / "Snakefile").write_text(SNAKEFILE.format(root=str(ROOT), jobs=JOBS))
    (tmp_path / "one.py").write_text(ONE)
    started = []

    def run(*config, cores=1, **more):
        command = [sys.executable, "-m", "snakemake", "--cores", str(cores), "--config", "any=1", *config]
        process = Popen(
            command, cwd=tmp_path, env={**os.environ, **more}, text=True, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        started.append(process)
        return process

    yield run
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


def by_a_server(folder):
    """How many of the results that are there were made by forks."""
    return sum(SERVER.name in path.read_text() for path in folder.glob("out/[0-9]*"))


def jobs_of(run):
    """Processes of scripts below a run, of which at least one is a fork."""
    try:
        found = [
            one for one in psutil.Process(run.pid).children(recursive=True) if "one.py" in one.cmdline()[1:2][0:1][-1]
        ]
    except (psutil.Error, IndexError):
        return []
    return [one for one in found if SERVER.name in " ".join(one.parent().cmdline())]


def test_all_but_the_first_are_forks_and_are_measured(project, tmp_path):
    """By Snakemake, and by whoever waits for the whole run: two seconds of work each."""
    begun = resource.getrusage(resource.RUSAGE_CHILDREN)
    before = begun.ru_utime + begun.ru_stime
    (tmp_path / "one.py").write_text(ONE + BUSY)
    run = project("lasts=0.1")
    text, _ = run.communicate(timeout=WAIT)
    assert run.returncode == 0, text
    assert by_a_server(tmp_path) == 5
    tables = [path.read_text().splitlines() for path in tmp_path.glob("benchmarks/*.tsv")]
    assert len(tables) == JOBS
    assert sum(float(table[1].split("\t")[0]) >= 0.1 for table in tables) >= 5
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert spent.ru_utime + spent.ru_stime - before > 2 * 5
    assert not [one for one in psutil.process_iter() if one.pid != os.getpid() and _is_of(one, tmp_path)]


def _has_ended(number):
    try:
        return psutil.Process(number).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _is_of(process, folder):
    try:
        return process.cwd() == str(folder)
    except psutil.Error:
        return False


def test_on_request_none_is(project, tmp_path):
    run = project(METANASH_OWN_INTERPRETERS="1")
    text, _ = run.communicate(timeout=WAIT)
    assert run.returncode == 0, text
    assert by_a_server(tmp_path) == 0
    assert len([*tmp_path.glob("out/[0-9]*")]) == JOBS


def test_one_that_fails_fails(project, tmp_path):
    run = project("failing=1")
    text, _ = run.communicate(timeout=WAIT)
    assert run.returncode == 1
    assert re.search(
        r'^  File ".*one\.py", line \d+, in <module>\n.*\nLookupError: no such game$', text, flags=re.MULTILINE
    )
    assert "server.py" not in text
    assert len([*tmp_path.glob("out/[0-9]*")]) == FIRST


def test_one_that_is_killed_fails_and_the_next_run_goes_on(project, tmp_path):
    run = project("lasts=3", FEW)
    until(lambda: jobs_of(run))[0].kill()
    text, _ = run.communicate(timeout=WAIT)
    assert run.returncode == 1
    assert "died with <Signals.SIGKILL: 9>" in text
    run = project(FEW)
    assert run.wait(timeout=WAIT) == 0
    assert len([*tmp_path.glob("out/[0-9]*")]) == FIRST + 2


def test_a_run_that_loses_its_server_goes_on_without(project, tmp_path):
    """The job that was under way is begun again, as Snakemake was asked to."""
    run = project("lasts=3", FEW, "--retries", "1")
    until(lambda: jobs_of(run))[0].parent().kill()
    text, _ = run.communicate(timeout=WAIT)
    assert run.returncode == 0, text
    assert "the process that forks jobs has gone" in text
    assert len([*tmp_path.glob("out/[0-9]*")]) == FIRST + 2


def test_a_source_that_changes_in_mid_run_counts_from_the_next_job_on(project, tmp_path):
    """No warning, and no job that is lost: another server serves."""
    (tmp_path / "package/demo").mkdir(parents=True)
    (tmp_path / "package/demo/__init__.py").write_text("VALUE = 1")
    (tmp_path / "one.py").write_text(CHANGING)
    run = project(
        FEW,
        "project=demo",
        PYTHONPATH=str(tmp_path / "package"),
        PYTHONDONTWRITEBYTECODE="1",  # which tells files of one second and size from each other by nothing
    )
    text, _ = run.communicate(timeout=WAIT)
    assert run.returncode == 0, text
    assert "has gone" not in text
    seen = {path.read_text() for path in tmp_path.glob("out/[0-9]*")}
    assert len(seen) == FIRST + 2
    assert {text.split()[0] for text in seen} == {text.split()[1] for text in seen}
    servers = [text.split()[2] for text in seen if SERVER.name in text]
    assert len(servers) == len({*servers}) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_nothing_stays_when_all_is_stopped(project, tmp_path, number):
    run = project("lasts=3", FEW)
    until(lambda: jobs_of(run))
    os.killpg(run.pid, number)
    run.communicate(timeout=WAIT)
    assert run.returncode != 0
    until(lambda: not [one for one in psutil.process_iter() if _is_of(one, tmp_path)])


def test_a_server_ends_when_its_run_is_killed(project):
    run = project("lasts=3", FEW)
    server = until(lambda: jobs_of(run))[0].parent()
    run.kill()
    run.wait()
    until(lambda: _has_ended(server.pid))
