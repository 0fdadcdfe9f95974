"""Configuration files are judged within bounds before anything of them is expanded."""

import os
import time
import tracemalloc
from pathlib import Path

import pytest
import yaml
from conftest import ROOT

pytest.importorskip("snakemake.utils")

from workflow.configuration import bounds, fitting, mistakes, refused_files
from workflow.configuration.__main__ import main
from workflow.configuration.places import Source

SCHEMA = ROOT / "workflow/schemas/config.schema.yaml"


def default():
    return yaml.safe_load((ROOT / "config/config.yaml").read_text())


def expanded(value):
    """Oracle: entries of what YAML has made of a text, one by one; each section or list counts as one more."""
    if isinstance(value, dict):
        return 1 + sum(expanded(part) for pair in value.items() for part in pair)
    return 1 + sum(map(expanded, value)) if isinstance(value, list) else 1


def doubling(levels):
    """Each line stands for twice the one before."""
    lines = ["a0: &a0 [1]", *(f"a{k}: &a{k} [*a{k - 1}, *a{k - 1}]" for k in range(1, levels))]
    return "\n".join(lines) + "\n"


@pytest.fixture
def refused(tmp_path, monkeypatch):
    """What is said of a file with this content."""
    monkeypatch.chdir(tmp_path)

    def judge(content):
        Path("a.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
        return refused_files([Path("a.yaml")])

    return judge


# Entries ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [doubling(2), doubling(5), "a: &b {x: 1, y: [2, 3]}\nc: [*b, *b]\nd: &e [4]\nf: *e\n", "a: &b 1\nc: *b\n", "{}"],
)
def test_entries_are_counted_for_what_aliases_stand_for(refused, monkeypatch, text):
    """Exactly: of two bounds that differ by one, the upper one lets it pass. The same of what has been read."""
    found = yaml.safe_load(text)
    count = expanded(found)
    for most in (count - 1, count):
        monkeypatch.setattr(bounds, "MOST_ENTRIES", most)
        assert (refused(text) == []) == (most == count) == (bounds.object_beyond(found) == [])


def test_what_aliases_stand_for_is_not_made(refused):
    """With the real bound: 30 lines for 2 to the 30 entries are refused in as much time and memory as 30 lines take."""
    tracemalloc.start()
    began = time.process_time()
    (line,) = refused(doubling(30))
    (other,) = mistakes({**default(), "plots": yaml.safe_load(doubling(30))}, SCHEMA)
    assert time.process_time() - began < 5
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()
    assert line == "a.yaml:16: it has more than 100,000 entries, with what its aliases stand for"
    assert other == "everything: there are more than 100,000 entries, with what aliases stand for"


# Files --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfea\x00", "a.yaml: cannot be read: byte 0 is no UTF-8; write it in UTF-8"),
        (b"a: \x80", "a.yaml: cannot be read: byte 3 is no UTF-8; write it in UTF-8"),
        ("a: \0", "a.yaml: is no YAML: unacceptable character #x0000: "),
        ("#" * 1_000_001, "a.yaml: cannot be read: it is longer than 1,000,000 bytes"),
        ("a: 1\nb: " + "9" * 5000, "a.yaml:2: an entry has 5,000 characters, more than 4,096: '9999999999"),
        ("x:\n " + "[" * 40 + "]" * 40, "a.yaml:2: sections and lists lie in each other more than 40 deep"),
        ("[" * 300_000, "a.yaml:1: sections and lists lie in each other more than 40 deep"),
        ("a: &a [1, *a]", "a.yaml:1: *a stands inside of what it stands for"),
        ("a: *b", "a.yaml:1: is no YAML: found undefined alias"),
        ("a:\n\t- b", "a.yaml:2: is no YAML: found character that cannot start any token"),
        ("a: [1", "a.yaml:2: is no YAML: did not find expected"),
        ("a: 2024-13-45", "a.yaml: is no YAML: month must be in 1..12"),
        ("{[1]: 2}", "a.yaml:1: is no YAML: found unhashable key"),
        ("a: 1\nb: !!python/name:os.getcwd", "a.yaml:2: the tag tag:yaml.org,2002:python/name:os.getcwd is none of a"),
        ("a: 1\n__use_yte__: true", "a.yaml:2: a configuration is no program; leave out __use_yte__"),
    ],
)  # fmt: skip
def test_what_is_no_configuration_is_refused_in_a_line(refused, content, said):
    (line,) = refused(content)
    assert line.startswith(said)
    assert len(line) < 300


def test_what_may_stand_in_a_configuration_is_let_pass(refused):
    """Also where Snakemake, or the schema, is going to refuse it."""
    for text in ("", "[1]", '{"a": [1.5, null]}', "a: !!float 1\nb: '9'\n", "a: &b {x: 1}\nc: {<<: *b}\n"):
        assert refused(text) == []
    assert refused_files((ROOT / "config").glob("*.yaml")) == []


def test_what_is_no_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.yaml")
    for name, said in (("pipe.yaml", "a folder, a pipe or a device, no file"), ("no.yaml", "No such file or directory"),
                       ("a" * 300, "File name too long"), ("", "Is a directory")):  # fmt: skip
        (line,) = refused_files([tmp_path / name])
        assert line.endswith(f"cannot be read: {said}")
    assert Source.of_file(tmp_path / "pipe.yaml").tree is None


def test_files_are_those_among_the_arguments_of_snakemake(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert main(["--cores", "2", "-n", "--configfile", "config/smoke.yaml", "config/deep.yaml", "--", "all"]) == 0
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text("a: *b\n")
    arguments = ["--configfile", "config/smoke.yaml", f"{tmp_path}/a.yaml", "-p", f"--configfiles={tmp_path}/b.yaml"]
    assert main(arguments) == 1
    told = capsys.readouterr().err
    assert told.startswith("config: 2 mistakes, and nothing was run\n")
    assert f"  {tmp_path}/a.yaml:1: is no YAML" in told
    assert f"  {tmp_path}/b.yaml:1: is no YAML" in told


def test_a_file_beyond_the_bounds_is_told_by_the_snakefile_too(tmp_path):
    (tmp_path / "a.yaml").write_text("a: &a [1, *a]\n")
    source = Source.of_file(tmp_path / "a.yaml")
    assert mistakes(default(), SCHEMA, [source]) == [f"{tmp_path}/a.yaml:1: *a stands inside of what it stands for"]


# What must fit -------------------------------------------------------------------------------------------


def with_folders(results, figures=None):
    config = default() | {"results": str(results), "paper_figures": str(figures or f"{results}/paper_figures")}
    return [line.partition(":")[0] for line in mistakes(config, SCHEMA)]


def test_folders_outside_of_the_project_are_made_by_the_user(tmp_path):
    """Results are written over, and damaged ones moved: nothing of the kind may happen to somebody's own files."""
    new = tmp_path / "new"
    assert with_folders(new) == ["results"]
    new.mkdir()
    assert with_folders(new) == []
    (new / "thesis.pdf").write_text("mine")
    assert with_folders(new) == ["results"]
    (new / "made").mkdir()  # a run has been here
    assert with_folders(new) == []
    assert with_folders("results/new", tmp_path / "figures") == ["paper_figures"]
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures/figure1a.pdf").touch()
    assert with_folders("results/new", tmp_path / "figures") == []
    (tmp_path / "figures/notes.txt").touch()
    assert with_folders("results/new", tmp_path / "figures") == ["paper_figures"]
    assert with_folders("results/new") == []
    assert with_folders("../elsewhere") == ["results"]


def test_no_more_blocks_of_seeds_than_can_be_planned():
    config = default()
    section = config["experiments"]["figure1_zero_sum"]
    others = sum(
        -(-one["seeds"] // one["seeds_per_block"]) * len(one["base_kinds"]) for one in config["experiments"].values()
    ) - -(-section["seeds"] // section["seeds_per_block"]) * len(section["base_kinds"])
    section |= {"seeds": (fitting.MOST_BLOCKS - others) // 2, "seeds_per_block": 1}
    assert mistakes(config, SCHEMA) == []
    section["seeds"] += 1
    (line,) = mistakes(config, SCHEMA)
    assert line.startswith("experiments/figure1_zero_sum/seeds_per_block: makes ")
    assert line.endswith("where at most 1,000 are planned; write a larger number than 1")
