"""Nothing damaged is used: one bit is flipped in a file of every kind, and the next run names it and makes it anew."""

import hashlib
import json
import logging
import os

import pytest
from conftest import ROOT, comparable, files_of

from metanash_replication.seals import digest, digests_in, sealed, unsealed
from workflow.running import Run, damage

KINDS = {
    "games": "games/sensitivity_potential/team/block-0.npz",
    "run record": "runs/sensitivity_potential/team/individual/block-0.npz",
    "measurement": "own_games/rock_paper_scissors.npz",
    "table": "sensitivity.csv",
    "text": "references.bib",
    "summary": "summary.md",
    "page": "report.html",
    "article": "article.pdf",
    "provenance": "provenance.json",
    "notebook": "notebooks/findings.ipynb",
    "page of a notebook": "notebooks/findings.html",
    "picture": "paper_figures/own_games.png",
    "drawing": "paper_figures/own_games.pdf",
    "search": "falsify/gradient/search.json",
    "record of a job": "made/own_games/battle_of_the_sexes.json",
    "log": "logs/own_games/one_card_poker.log",
    "benchmark": "benchmarks/falsify/hessian.tsv",
}
"""A file of each kind that a run leaves, but for those in folders that are outputs; no two of one job.

Of those that there are, files whose jobs are followed by the fewest others, so that few figures are drawn again.

Not ``logs/digests.json`` itself: where it is damaged, what it lists is not compared that time. Nor ``kernels.json``,
after which Snakemake learns everything again.
"""


def flip(path, position=None, bit=3):
    """Flip a bit, and give the file its old time back: size and time are as they were."""
    times, content = path.stat(), bytearray(path.read_bytes())
    content[len(content) // 2 if position is None else position] ^= 1 << bit
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


# A small folder -----------------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A folder with what one job leaves, written here by hand: a table, a folder, a figure, record, log, benchmark."""
    monkeypatch.chdir(tmp_path)
    files = {
        "results/a.csv": b"x\n1\n", "results/found/one.npz": b"one", "results/found/two.npz": b"two",
        "figures/a.png": b"\x89PNG", "results/logs/a.log": b"INFO: made\n", "results/benchmarks/a.tsv": b"s\n1\n",
        "results/kernels.json": b"{}\n", "results/mine.txt": b"of the user's",
        "results/found/.snakemake_timestamp": b"",
    }  # fmt: skip
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    one, two = (hashlib.sha256(name).hexdigest() for name in (b"one", b"two"))
    record = {
        "rule": "tabulate", "inputs": {}, "code": "", "parameters": "",
        "outputs": {
            "{results}/a.csv": hashlib.sha256(b"x\n1\n").hexdigest(),
            "{results}/found": hashlib.sha256(f"{one} one.npz\n{two} two.npz\n".encode()).hexdigest(),
            "{figures}/a.png": hashlib.sha256(b"\x89PNG").hexdigest(),
        },
        "folders": {"{results}/found": {"one.npz": one, "two.npz": two}},
    }  # fmt: skip
    (tmp_path / "results/made").mkdir()
    (tmp_path / "results/made/a.json").write_text(sealed(record))
    damage.end_list("results")
    return tmp_path


def found():
    return {one.path.as_posix(): one.words for one in damage.damaged("results", "figures")}


def test_what_is_whole_is_no_damage_and_missing_files_are_snakemakes(small):
    assert found() == {}
    for name in ("a.csv", "logs/a.log", "benchmarks/a.tsv", "mine.txt", "logs/digests.json"):
        (small / "results" / name).unlink()
    assert found() == {}


def test_every_flipped_bit_is_found_and_named(small):
    """In every byte of every file but the user's own."""
    files = [name for name in files_of(small) if not name.endswith(("mine.txt", "timestamp"))]
    assert len(files) == 9
    for name in files:
        path, content = small / name, (small / name).read_bytes()
        for position in range(len(content)):
            flip(path, position, position % 8)
            assert name in found(), position
            path.write_bytes(content)
    assert found() == {}


def test_each_fault_has_its_words(small):
    results = small / "results"
    (results / "a.csv").write_text("x\n")
    (results / "found/new.npz").write_bytes(b"new")
    (results / "logs/a.log").write_text("INFO: something else\n")
    (small / "figures/a.png").unlink()
    os.mkfifo(small / "figures/a.png")  # whoever opens it waits for ever
    assert found() == {
        "figures/a.png": "no file",
        "results/a.csv": "truncated, or changed since rule tabulate made it",
        "results/found/new.npz": "truncated, or changed since rule tabulate made it",
        "results/logs/a.log": "truncated, or changed since the last run ended",
    }
    (results / "found/new.npz").unlink()
    (results / "found/two.npz").unlink()  # the folder is another one
    assert found()["results/found"] == "truncated, or changed since rule tabulate made it"
    for text in ("", "{}", "[]", "null", "[" * 100_000, '{"rule": "learn"}', sealed({"rule": "learn"})):
        (results / "made/a.json").write_text(text)
        assert found()["results/made/a.json"].startswith("damaged, or of an earlier version ("), text


@pytest.mark.usefixtures("small")
def test_what_cannot_be_read_is_damaged(monkeypatch):
    """As on a disk that fails."""

    def failing(path):
        if path.name == "a.csv":
            raise OSError(5, "Input/output error")
        return digest(path)

    monkeypatch.setattr(damage, "digest", failing)
    assert found() == {"results/a.csv": "cannot be read (Input/output error)"}


def test_damaged_files_are_set_aside_and_their_job_has_no_record(small):
    """Nothing that somebody has written there is lost; what is damaged in a folder leaves the rest in its place."""
    for name in ("results/a.csv", "results/found/one.npz"):
        flip(small / name)
    flipped = (small / "results/a.csv").read_bytes()
    damage.set_aside(damage.damaged("results", "figures"))
    assert (small / damage.ASIDE / "results/a.csv").read_bytes() == flipped
    assert not (small / "results/a.csv").exists()
    assert files_of(small / "results/found") == [".snakemake_timestamp", "two.npz"]
    assert not (small / "results/made/a.json").exists()
    assert found() == {}
    flip(small / "results/logs/a.log")
    (small / "results/made/a.json").touch()
    damage.set_aside([one for one in damage.damaged("results", "figures") if one.path.suffix == ".log"])
    assert not (small / "results/made/a.json").exists()  # its job is run again
    assert (small / "results/kernels.json").exists()


def test_a_record_moves_nothing_outside_its_folders(small):
    """Whoever has written it."""
    record = unsealed((small / "results/made/a.json").read_text())
    (small / "mine.csv").write_text("mine")
    outputs = dict.fromkeys(["{results}/../mine.csv", "mine.csv", str(small / "mine.csv"), "{else}/mine.csv"], "0" * 64)
    (small / "results/made/a.json").write_text(sealed({**record, "outputs": outputs}))
    assert found() == {}


def test_many_are_told_up_to_a_bound():
    many = [damage.Damage(ROOT / f"{k}.csv", "odd") for k in range(25)]
    lines = damage.in_words(many).splitlines()
    assert len(lines) == 22
    assert lines[1] == f"  {ROOT}/0.csv: odd"
    assert lines[-1] == "  and 5 more"


def test_a_run_that_only_looks_names_damage_and_leaves_it(small, caplog):
    flip(small / "results/a.csv")
    run = Run("results", "figures", logging.getLogger("test"))
    with caplog.at_level(logging.INFO):
        for arguments in (["--dag"], ["-n"], ["--cores", "1"]):
            caplog.clear()
            run.parsed(arguments, is_main=True)
            assert caplog.text.count("results/a.csv: truncated") == (arguments != ["--dag"])
            assert (small / "results/a.csv").exists() == (arguments != ["--cores", "1"])
    run.begin()
    assert not (small / "results/logs/digests.json").exists()  # a killed run leaves none that is out of date
    run.end()
    assert unsealed((small / "results/logs/digests.json").read_text()).keys() == {
        "benchmarks/a.tsv", "kernels.json", "logs/a.log"
    }  # fmt: skip


# Texts with a digest of themselves ----------------------------------------------------------------------


def test_a_sealed_text_is_json_with_a_digest_that_others_can_work_out():
    content = {"b": [1, 2], "a": "η"}
    text = sealed(content)
    found = json.loads(text)
    seal = found.pop("digest")
    assert found == content == unsealed(text)
    assert seal == hashlib.sha256(b'{"a": "\\u03b7", "b": [1, 2]}').hexdigest()
    with pytest.raises(ValueError, match="no entry may be called digest"):
        sealed({"digest": 1})
    with pytest.raises(ValueError, match="not that of what it says"):
        unsealed(text.replace("1", "3"))
    with pytest.raises(ValueError, match="not that of what it says"):
        unsealed(text.strip())


def test_digest_of_a_folder_is_that_of_names_and_files(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a").write_text("1\n")
    known = "4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865"  # printf '1\n' | sha256sum
    assert digests_in(tmp_path) == {"in/a": known}
    assert digest(tmp_path) == hashlib.sha256(f"{known} in/a\n".encode()).hexdigest()
    assert digest(tmp_path / "nowhere") == ""


# A run --------------------------------------------------------------------------------------------------


ANY = ["results/smoke/kernels.json"]
"""A target: who only looks is told of all damage, whatever is asked for."""


def test_every_kind_of_file_is_named_and_made_anew(edited):
    """One bit of each, at the old time and size; the run that finds them ends with the bytes of before."""
    before = comparable(edited)
    (instance, *_) = sorted(edited.path("falsify/gradient/instances").glob("*.npz"))
    names = [*KINDS.values(), instance.relative_to(edited.path("")).as_posix()]
    for name in names:
        flip(edited.path(name))
    looked = edited.dry_run(target=ANY)
    answer = edited.snakemake("--cores", "2")
    assert answer.code == 0, answer.text
    for name in names:
        assert f"  results/smoke/{name}: " in looked.text, name
        assert f"  results/smoke/{name}: " in answer.text, name
        assert (edited.folder / damage.ASIDE / "results/smoke" / name).exists(), name
        assert edited.path(name).exists(), name
    timed = {"provenance.json", "report.html", *(f"made/{name}.json" for name in ("provenance", "report"))}
    timed |= {"made/own_games_accepted.json"}
    after = comparable(edited)
    assert [name for name in before if after.get(name) != before[name] and name not in timed] == []
    assert "damaged" not in edited.dry_run(target=ANY).text
    flip(edited.path("logs/digests.json"))
    assert "  results/smoke/logs/digests.json: damaged (" in edited.dry_run(target=ANY).text
