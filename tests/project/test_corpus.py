"""What the fuzzer has found, replayed: each input of the corpus is read, or refused in few words."""

import time

import pytest

from metanash.archive import ArchiveError

pytest.importorskip("jsonschema")

from benchmarks.fuzz import counts, targets  # needs what the pipeline needs
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


def test_a_gap_that_another_command_denies_is_seen(monkeypatch):
    """Of a tree that is solved: the gap of its policies is what it is, whatever solve says."""
    tree = b'EFG 2 R "" { "A" "B" }\np "" 1 1 "" { "l" "r" } 0\nt "" 1 "" { 1 -1 }\nt "" 2 "" { 0 0 }\n'
    TARGETS["trees"](tree)
    true = targets._command
    monkeypatch.setattr(
        targets, "_command", lambda words: (true(words)[0], true(words)[1].replace('"gap": 0.0', '"gap": 0.5'))
        if words[0] == "solve" else true(words),
    )  # fmt: skip
    with pytest.raises(FaultError, match=r"solve says that the gap is 0\.5"):
        TARGETS["trees"](tree)


def test_a_game_that_changes_when_it_is_written_is_seen(monkeypatch):
    tree = (
        b'EFG 2 R "" { "A" "B" }\np "" 1 1 "" { "l" "r" } 0\np "" 2 1 "" { "x" } 0\nt "" 1 "" { 1 -1 }\n'
        b'p "" 2 1 "" { "x" } 0\nt "" 2 "" { 0 0 }\n'
    )
    TARGETS["steps"](tree)
    monkeypatch.setattr(targets, "write_steps", lambda path, *_: path.write_bytes(tree.replace(b"1 -1", b"2 -2")))
    with pytest.raises(FaultError, match="when it is written and read again"):
        TARGETS["steps"](tree)
    monkeypatch.setattr(targets, "write_steps", lambda path, *_: path.write_bytes(b"EFG"))
    with pytest.raises(FaultError, match="what is written cannot be read"):
        TARGETS["steps"](tree)


@pytest.mark.parametrize("kind", targets.GAMES)
def test_policies_reach_the_game(kind, monkeypatch):
    """What is no policy is refused, with the name of the file; a message without one is seen."""
    monkeypatch.setattr(targets.cli, "main", lambda _: print("it is wrong", file=targets.sys.stderr) or 1)
    with pytest.raises(FaultError, match="without the name of a file"):
        TARGETS["policies"](kind.encode() + b"\n[[]]")


def test_gains_that_are_no_gains_are_seen(monkeypatch):
    data = b"2c3d5h8s9c\nAhAd\nKhKd 2h3h:0.5\n10 5 6 1"
    TARGETS["cards"](data)
    for wrong in ([-1.0, 0.0], [float("nan"), 0.0]):
        monkeypatch.setattr(targets, "ne_gains", lambda *_, wrong=wrong: targets.np.array(wrong))
        with pytest.raises(FaultError, match="best responses"):
            TARGETS["cards"](data)


STATISTICS = """\
INFO: seed corpus: files: 23 min: 1b max: 3338b total: 15064b rss: 120Mb
#24\tINITED cov: 900 ft: 1000 corp: 20/13Kb exec/s: 0 rss: 130Mb
#512\tNEW    cov: 903 ft: 1010 corp: 21/13Kb lim: 4096 exec/s: 256 rss: 131Mb L: 12/3338 MS: 1 ChangeBit-
"""


@pytest.mark.parametrize(
    ("said", "inputs"),
    [
        (STATISTICS, 512),  # killed by a fault, before it could say how many there were
        (STATISTICS + "Done 700 runs in 61 second(s)\nstat::number_of_executed_units: 700\n", 700),
    ],
)
def test_inputs_are_counted(said, inputs):
    assert counts.inputs_of(said) == inputs


def test_a_fuzzer_that_says_nothing_is_no_run():
    with pytest.raises(ValueError, match="did not say how many"):
        counts.inputs_of("Traceback (most recent call last):\n")


def test_the_table_has_the_last_run_of_each_target(tmp_path):
    for folder in (counts.COUNTS.parent, counts.PAGE.parent):
        (tmp_path / folder).mkdir(parents=True)
    page = tmp_path / counts.PAGE
    page.write_text("no table")
    row = counts.Row(inputs=1000, seconds=60, faults=0, commit="abc")
    with pytest.raises(ValueError, match="no table of the fuzzer"):
        counts.keep({"npz": row}, tmp_path)
    page.write_text(f"before\n{counts.BEGIN}\nold\n{counts.END}\nafter\n")
    counts.keep({"npz": row, "csv": row | {"faults": 1}}, tmp_path)
    counts.keep({"npz": row | {"inputs": 2345}}, tmp_path)
    text = page.read_text()
    assert text.startswith(f"before\n{counts.BEGIN}\n| target |")
    assert text.endswith(f"\n{counts.END}\nafter\n")
    for row in ("| 2,345 | 60 | 0 | abc |", "| 1,000 | 60 | 1 | abc |", "| together | | 3,345 | 120 | 1 | |"):
        assert row in text
    assert "old" not in text


def test_the_page_has_what_was_counted():
    rows = counts.read()
    assert set(rows) == set(counts.WORDS) == set(TARGETS)
    page = (targets.ROOT / counts.PAGE).read_text(encoding="utf-8")
    assert f"{counts.BEGIN}\n{counts.table(rows)}\n{counts.END}" in page
