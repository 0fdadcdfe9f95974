"""What the fuzzer has found, replayed: each input of the corpus is read, or refused in few words."""

import time

import pytest

from metanash.archive import ArchiveError

pytest.importorskip("jsonschema")

from benchmarks.fuzz import targets  # needs what the pipeline needs
from benchmarks.fuzz.targets import TARGETS, FaultError

CORPUS = targets.ROOT / "tests/corpus"
SECONDS = 20
"""For all inputs of a target; they take one or two."""


def test_each_target_has_a_corpus():
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS)
    assert all(any(path.iterdir()) for path in CORPUS.iterdir())
    assert sum(path.stat().st_size for path in CORPUS.rglob("*")) < 2_000_000


@pytest.mark.parametrize("name", TARGETS)
def test_the_corpus_shows_no_fault(name):
    began = time.process_time()
    for path in sorted((CORPUS / name).iterdir()):
        try:
            TARGETS[name](path.read_bytes())
        except Exception as error:
            raise AssertionError(f"{path}: {type(error).__name__}: {error}") from error
    assert time.process_time() - began < SECONDS


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (KeyError("planted"), KeyError),
        (RecursionError(), RecursionError),
        (MemoryError(), MemoryError),
        (ArchiveError("no name"), FaultError),
        (ArchiveError("game.nfg: " + "x" * targets.LONGEST), FaultError),
    ],
)
def test_a_fault_is_seen(monkeypatch, error, fault):
    """Whatever is no refusal in few words, of a reader or the command."""

    def fail(*_):
        raise error

    with pytest.raises(fault):
        targets._reading("game.nfg", fail)(b"NFG")
    monkeypatch.setattr(targets.cli, "main", fail)
    with pytest.raises(type(error)):
        TARGETS["arguments"](b"info\n\n")


@pytest.mark.parametrize(("said", "code"), [("Traceback (most recent call last)", 1), ("x" * 9999, 1), ("", 3)])
def test_a_command_that_says_too_much_or_ends_otherwise_is_seen(monkeypatch, said, code):
    def main(_):
        print(said, file=targets.sys.stderr)
        return code

    monkeypatch.setattr(targets.cli, "main", main)
    with pytest.raises(FaultError):
        TARGETS["arguments"](b"info\n\n")


def test_arguments_outside_of_the_folder_are_not_tried(monkeypatch):
    """What is drawn at random must not write there."""
    monkeypatch.setattr(targets.cli, "main", lambda _: pytest.fail("it was tried"))
    for data in (b"convert\ngame.nfg\n/new.nfg\n\n", b"convert\ngame.nfg\n../new.nfg\n\n", b"learn\ngame.nfg\n\n", b""):
        TARGETS["arguments"](data)


def test_an_archive_that_reads_otherwise_the_second_time_is_seen(monkeypatch):
    found = iter([({"a": 1}, {}), ({"a": 2}, {})])
    monkeypatch.setattr(targets, "read_archive", lambda *_: next(found))
    with pytest.raises(FaultError, match="another one when it is read again"):
        TARGETS["npz"](b"")
