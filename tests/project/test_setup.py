"""Set-up by ``./do``: it ends whole or not at all. The Python that it finds is a script here, which installs nothing.

Installations that are real are what ``.ci/run`` begins with.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from backends import needs_compiled

ROOT = Path(__file__).parents[2]
KERNELS = "src/metanash/kernels"
INTERRUPTIONS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
PYTHON = r"""#!/bin/sh
# Makes environments whose python is this script again; what pip is asked for is written down, and done as told.
case "$*" in
    *_base_executable*) echo "$0" ;;
    "-m venv "*) mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; touch "$3/bin/pip"; chmod +x "$3/bin/pip" ;;
    "-m pip "* | *build_ext*)
        echo "$*" >>"$FAKE/calls"
        how=$(cat "$FAKE/how" 2>/dev/null || :)
        case "$how" in
            "hang at "*)
                case "$*" in
                    *${how#hang at }*) sleep 60 & echo $! >"$FAKE/started"; touch "$FAKE/hangs"; wait ;;
                esac ;;
            "fail at "*) case "$*" in *${how#fail at }*) echo "no such thing" >&2; exit 1 ;; esac ;;
        esac
        case "$*" in
            *--editable*) [ ! -e "$FAKE/kernels.so" ] || cp "$FAKE/kernels.so" src/metanash/kernels/compiled.abi3.so ;;
        esac ;;
    "-m benchmarks"*) echo "$*" >>"$FAKE/calls" ;;
    *) exec "$REAL" "$@" ;;
esac
"""


def heed_signals():
    """In a new process: a shell cannot trap what is ignored when it starts, as in the background of a script."""
    for number in INTERRUPTIONS:
        signal.signal(number, signal.SIG_DFL)


class Clone:
    """A folder with what ``./do setup`` reads, and commands run in it."""

    def __init__(self, folder):
        self.folder = folder / "a clone"
        self.fake = folder / "fake"
        self.fake.mkdir()
        kernels = self.folder / KERNELS
        kernels.mkdir(parents=True)
        for source in [*(ROOT / KERNELS).glob("*.[ch]"), ROOT / KERNELS / "extension.py"]:
            shutil.copy(source, kernels)
        for name in ("do", "pyproject.toml", "setup.py", "requirements.lock"):
            shutil.copy(ROOT / name, self.folder)
        for name in ("python3", "python3.11", "python3.12", "python3.13", "python3.14"):
            self.program(name, PYTHON)
        self.program("uv", "#!/bin/sh\nexit 127\n")  # whatever is on this machine

    def program(self, name, text):
        path = self.fake / name
        path.write_text(text)
        path.chmod(0o755)

    def begin(self, *arguments, **environment):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("METANASH_")}
        path = f"{self.fake}{os.pathsep}{os.environ['PATH']}"
        return subprocess.Popen(
            ["./do", *(arguments or ["setup"])],
            cwd=self.folder,
            env={**kept, "FAKE": str(self.fake), "REAL": sys.executable, "PATH": path, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=heed_signals,  # noqa: PLW1509 (no threads here)
        )

    def do(self, *arguments, **environment):
        process = self.begin(*arguments, **environment)
        text, _ = process.communicate(timeout=60)
        return process.returncode, " ".join(text.split())

    def how(self, text):
        (self.fake / "how").write_text(text)

    def calls(self):
        """Commands of installers since the last question, in order."""
        log = self.fake / "calls"
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines

    def left(self):
        """What is there that is no file of the repository."""
        return {path.name for path in self.folder.iterdir()} - {
            "do",
            "pyproject.toml",
            "setup.py",
            "src",
            "requirements.lock",
        }

    def hanging(self):
        """Wait until an installer hangs; the number of the process that it has started."""
        deadline = time.monotonic() + 30
        while not (self.fake / "hangs").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        (self.fake / "hangs").unlink()
        return int((self.fake / "started").read_text())

    def change_the_lock(self):
        with (self.folder / "requirements.lock").open("a") as lock:
            lock.write("# renewed\n")


def has_ended(process):
    """Whether a process that got a signal is gone, at once or within seconds on a busy machine."""
    deadline = time.monotonic() + 10
    while is_running(process) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not is_running(process)


def is_running(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def clone(tmp_path):
    return Clone(tmp_path)


@pytest.fixture
def kernels(clone):
    """Compiled kernels, as the compiler would make them."""
    (built,) = (ROOT / KERNELS).glob("compiled*.so")
    return shutil.copy(built, clone.fake / "kernels.so")


def test_packages_come_from_the_lock_and_nothing_is_resolved(clone):
    """Old pips cannot resolve what is pinned to another version than the newest (``test_packaging.py``)."""
    code, text = clone.do()
    assert code == 0, text
    assert clone.left() == {".venv"}
    first, second, project = (call for call in clone.calls() if call.startswith("-m pip"))
    for call in (first, second):
        assert "--require-hashes --no-deps" in call
    assert first.endswith("setuptools.lock")
    assert second.endswith("--no-build-isolation -r requirements.lock")
    assert project.endswith("--no-deps --no-build-isolation --editable .")


@needs_compiled
@pytest.mark.usefixtures("kernels")
def test_a_second_setup_does_nothing(clone):
    assert clone.do()[0] == 0
    assert clone.calls()
    code, text = clone.do()
    assert code == 0
    assert text.startswith("do: ready")
    assert not clone.calls()


@needs_compiled
@pytest.mark.usefixtures("kernels")
@pytest.mark.parametrize("size", [0, 100, 1_000_000, -1])
def test_kernels_that_are_cut_short_are_rebuilt(clone, size):
    assert clone.do()[0] == 0
    clone.calls()
    extension = clone.folder / KERNELS / "compiled.abi3.so"
    whole = extension.read_bytes()
    extension.write_bytes(whole[:size])
    os.utime(extension, (2**31 - 2, 2**31 - 2))  # newer than any source
    code, text = clone.do()
    assert code == 0, text
    assert extension.read_bytes() == whole
    (call,) = clone.calls()
    assert call.endswith("--editable .")  # the packages are left alone


@needs_compiled
def test_kernels_of_other_sources_are_rebuilt_or_taken_away(clone, kernels):
    """Those of other sources are no use: without a compiler NumPy serves, where an import would be refused."""
    assert clone.do()[0] == 0
    with (clone.folder / KERNELS / "compiled.c").open("a") as source:
        source.write("\n")
    code, text = clone.do()
    assert code == 0
    assert "no compiled kernels: everything works, but slowly" in text
    assert not list((clone.folder / KERNELS).glob("*.so*"))
    assert Path(kernels).exists()


@pytest.mark.parametrize("step", ["setuptools.lock", "requirements.lock"])
def test_a_failure_leaves_nothing_and_says_what_to_do(clone, step):
    clone.how(f"fail at {step}")
    code, text = clone.do()
    assert code == 1
    assert clone.left() == set()
    assert "no such thing" in text
    assert "a network is needed once" in text
    assert "PIP_NO_INDEX=1 PIP_FIND_LINKS=FOLDER ./do setup" in text
    assert "nothing is left of it" in text
    clone.how("")
    assert clone.do()[0] == 0


def test_a_renewal_that_fails_brings_the_earlier_environment_back(clone):
    assert clone.do()[0] == 0
    (clone.folder / ".venv" / "mark").touch()
    clone.change_the_lock()
    clone.how("fail at -r requirements.lock")
    for _ in range(2):
        code, text = clone.do("test")
        assert code == 1
        assert ".venv is the one that was there before" in text
        assert clone.left() == {".venv"}
        assert (clone.folder / ".venv" / "mark").exists()
    clone.how("")
    assert clone.do()[0] == 0
    assert clone.left() == {".venv"}
    assert not (clone.folder / ".venv" / "mark").exists()


@pytest.mark.parametrize("number", INTERRUPTIONS)
@pytest.mark.parametrize("everyone", [True, False], ids=["group", "shell"])
def test_an_interruption_leaves_nothing(clone, number, everyone):
    """By a key (all processes get the signal) or by a kill of ``./do`` alone; at once, and what it started ends too."""
    clone.how("hang at -r requirements.lock")
    process = clone.begin()
    started = clone.hanging()
    begun = time.monotonic()
    (os.killpg if everyone else os.kill)(process.pid, number)
    text, _ = process.communicate(timeout=30)
    assert time.monotonic() - begun < 20
    assert process.returncode == 128 + number
    assert "interrupted" in text
    assert "nothing is left of it" in text
    assert clone.left() == set()
    assert has_ended(started)


def test_an_interrupted_compilation_goes_on_where_it_stopped(clone):
    clone.how("hang at --editable")
    process = clone.begin()
    clone.hanging()
    os.kill(process.pid, signal.SIGTERM)
    text, _ = process.communicate(timeout=30)
    assert "the packages in .venv are whole" in text
    assert clone.left() == {".venv"}
    clone.calls()
    clone.how("")
    assert clone.do()[0] == 0
    assert "requirements.lock" not in " ".join(clone.calls())


@pytest.mark.parametrize("renewal", [True, False])
def test_what_a_killed_setup_left_is_put_in_order(clone, renewal):
    if renewal:
        assert clone.do()[0] == 0
        (clone.folder / ".venv" / "mark").touch()
        clone.change_the_lock()
    clone.how("hang at -r requirements.lock")
    process = clone.begin()
    clone.hanging()
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)
    assert clone.left() == {".venv", ".venv-setup"} | ({".venv-before"} if renewal else set())
    if renewal:  # a failure now: the earlier environment is not lost
        clone.how("fail at -r requirements.lock")
        assert clone.do()[0] == 1
        assert clone.left() == {".venv"}
        assert (clone.folder / ".venv" / "mark").exists()
    clone.how("")
    assert clone.do()[0] == 0
    assert clone.left() == {".venv"}
    assert not (clone.folder / ".venv" / "mark").exists()


def test_two_setups_at_a_time_wait_for_each_other(clone):
    clone.how("hang at -r requirements.lock")
    first = clone.begin()
    started = clone.hanging()
    second = clone.begin()
    time.sleep(1.5)
    clone.how("")
    os.kill(started, signal.SIGTERM)  # the end of the installer's wait
    texts = [process.communicate(timeout=60)[0] for process in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0)
    assert "waiting for another set-up" in texts[1]
    assert len([call for call in clone.calls() if call.endswith("-r requirements.lock")]) == 1
    assert clone.left() == {".venv"}


def test_a_setup_waits_for_the_installer_that_a_killed_one_left(clone):
    clone.how("hang at -r requirements.lock")
    first = clone.begin()
    started = clone.hanging()
    os.kill(first.pid, signal.SIGKILL)  # the shell alone
    first.wait(timeout=30)
    clone.how("")
    second = clone.begin()
    time.sleep(1.5)
    assert second.poll() is None
    os.kill(started, signal.SIGTERM)
    text, _ = second.communicate(timeout=60)
    first.stdout.close()
    assert second.returncode == 0
    assert "waiting for another set-up" in text
    assert clone.left() == {".venv"}


UV = r"""#!/bin/sh
case "$1" in
    --version) echo uv ;;
    venv) mkdir -p .venv/bin; cp "$FAKE/python3" .venv/bin/python ;;
    pip) echo "uv $*" >>"$FAKE/calls" ;;
esac
"""


def test_an_environment_that_uv_made_serves_without_uv(clone):
    """It has no pip: Python brings one."""
    uv = (clone.fake / "uv").read_text()
    clone.program("uv", UV)
    assert clone.do()[0] == 0
    assert not (clone.folder / ".venv/bin/pip").exists()
    assert all(call.startswith(("uv pip install", "setup.py")) for call in clone.calls())
    clone.program("uv", uv)
    clone.program("ensurepip", "")
    bundled = PYTHON.replace(
        '"-m pip "*', '"-m ensurepip"*) touch .venv/bin/pip; chmod +x .venv/bin/pip ;;\n    "-m pip "*'
    )
    (clone.folder / ".venv/bin/python").write_text(bundled)
    (clone.folder / ".venv/mark").touch()
    code, text = clone.do()  # there are no kernels, so that metanash itself is installed again
    assert code == 0, text
    assert (clone.folder / ".venv/mark").exists()
    assert [call for call in clone.calls() if call.startswith("-m pip")] == [
        "-m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable ."
    ]


def test_a_uv_that_fails_is_replaced_by_pip(clone):
    clone.program("uv", UV.replace('echo "uv $*" >>"$FAKE/calls"', "exit 2"))
    code, text = clone.do()
    assert code == 0
    assert "uv failed: starting over with pip" in text
    assert clone.left() == {".venv"}


@pytest.mark.parametrize(("name", "reason"), [("no-such-python", "it does not run"), ("python2", "python2 is 2.7.18")])
def test_a_python_that_is_asked_for_and_no_use_is_an_error(clone, name, reason):
    clone.program("python2", "#!/bin/sh\necho 2.7.18\n")
    code, text = clone.do(METANASH_PYTHON=name)
    assert code == 1
    assert f"METANASH_PYTHON={name} is no usable Python: 3.11 or later is needed" in text
    assert reason in text
    assert clone.left() == set()


def test_another_python_makes_another_environment(clone):
    assert clone.do()[0] == 0
    (clone.folder / ".venv/mark").touch()
    clone.calls()
    assert clone.do(METANASH_PYTHON="python3.13")[0] == 0  # the same, by another name
    assert (clone.folder / ".venv/mark").exists()
    other = PYTHON.replace('*) exec "$REAL"', '*sys.version\\)*) echo another ;;\n    *) exec "$REAL"')
    clone.program("python3.14", other)
    assert clone.do(METANASH_PYTHON="python3.14")[0] == 0
    assert not (clone.folder / ".venv/mark").exists()


@pytest.fixture
def peers(clone):
    """The clone with the list of the other packages, and everything but them set up."""
    (clone.folder / "benchmarks").mkdir()
    (clone.folder / "benchmarks/peers-requirements.txt").write_text(
        "# two\nfirst==1.0\nsecond==2.0 ; os_name == 'posix'\n"
    )
    assert clone.do()[0] == 0
    clone.calls()
    return clone


def test_a_peer_that_cannot_be_installed_is_left_out_and_named(peers):
    peers.how("fail at second==2.0")
    for name in ("python3.11", "python3.13"):
        (peers.fake / name).write_text(
            PYTHON.replace("*${how#fail at }*)", "*${how#fail at }* | *peers-requirements*)")
        )
    code, text = peers.do("bench-peers")
    assert code == 0, text
    assert "second==2.0 ; os_name == 'posix' could not be installed: the comparison goes without it" in text
    assert "first==1.0 could" not in text
    assert peers.calls()[-3:] == [f"-m benchmarks.peers.{step}" for step in ("measure", "poker", "report")]
    assert peers.left() == {".venv", ".venv-peers", "benchmarks"}


def test_an_interrupted_setup_of_the_peers_leaves_nothing_of_them(peers):
    peers.how("hang at peers-requirements")
    process = peers.begin("bench-peers")
    peers.hanging()
    os.kill(process.pid, signal.SIGTERM)
    text, _ = process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM
    assert "nothing is left of it" in text
    assert peers.left() == {".venv", "benchmarks"}
    peers.how("")
    assert peers.do("bench-peers")[0] == 0
    assert peers.left() == {".venv", ".venv-peers", "benchmarks"}


def test_the_peers_have_the_newest_python_that_is_there(peers):
    """One that does not run, such as a stub of pyenv, is passed by; the environment is made once."""
    peers.program("python3.13", "#!/bin/sh\nexit 127\n")
    peers.program("python3.12", PYTHON)
    code, text = peers.do("bench-peers")
    assert code == 0, text
    assert "into .venv-peers with Python 3." in text
    assert (peers.folder / ".venv-peers/bin/python").read_text() == PYTHON
    assert "installing" not in peers.do("bench-peers")[1]
    marked = PYTHON + "# asked for\n"
    peers.program("mine", marked)
    assert peers.do("bench-peers", METANASH_PEERS_PYTHON="mine")[0] == 0
    assert (peers.folder / ".venv-peers/bin/python").read_text() == marked
    assert (peers.folder / ".venv/bin/python").read_text() != marked


def test_an_old_python_says_that_peers_are_older(peers):
    for name in ("python3.13", "python3.12"):
        peers.program(name, "#!/bin/sh\nexit 127\n")
    old = PYTHON.replace('    "-m benchmarks"*)', '    *version_info*) echo 3.11 ;;\n    "-m benchmarks"*)')
    peers.program("python3.11", old)
    code, text = peers.do("bench-peers")
    assert code == 0, text
    assert "the newest QuantEcon and JAX need Python 3.12: older ones are compared" in text
