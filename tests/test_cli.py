"""The command line: what it prints and how it fails."""

import csv
import subprocess
import sys
import types

import numpy as np
import pytest

from metanash import cli, kernels
from metanash.records import write_measurement


def test_info_names_versions_and_kernels(capsys):
    assert cli.main(["info"]) == 0
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert lines["numpy"] == np.__version__
    assert lines["kernels"] == f"{kernels.backend} ({kernels.instruction_set})"


def test_every_command_explains_itself(capsys):
    for name, (_, purpose) in cli.COMMANDS.items():
        with pytest.raises(SystemExit) as left:
            cli.main([name, "--help"])
        assert left.value.code == 0
        assert f"metanash {name}" in capsys.readouterr().out
        assert purpose


def test_an_unknown_command_is_refused_with_the_known_ones(capsys):
    with pytest.raises(SystemExit) as left:
        cli.main(["falsfy"])
    assert left.value.code == 2
    assert "'info'" in capsys.readouterr().err


@pytest.mark.parametrize("error", [ValueError("seeds must be at least 1"), FileNotFoundError("no such game")])
def test_an_error_is_one_line_and_exit_code_1(error, monkeypatch, capsys):
    def fail(_options):
        raise error

    module = types.SimpleNamespace(__doc__="Fails.", add_arguments=lambda _: None, run=fail)
    monkeypatch.setitem(sys.modules, "metanash.commands.failing", module)
    monkeypatch.setitem(cli.COMMANDS, "failing", ("metanash.commands.failing", "fails"))
    assert cli.main(["failing"]) == 1
    assert capsys.readouterr().err == f"metanash failing: {error}\n"


COLUMNS = ("id", "place", "statement", "tested_by", "result", "verdict", "worst", "worst_row", "worst_runs", "figures",
           "tables", "runs")  # fmt: skip
ROWS = [
    ("first", "Theorem 1", "$x$", "Runs.", "Bad.", "violated", "burn-in, H=1", "theorem 1", "theory/a.npz", "f/b.png",
     "theory.csv", "theory/a.npz theory/c.npz"),
    ("second", "Section 2", "Yes.", "No.", "None.", "not tested", "", "", "", "", "", ""),
]  # fmt: skip
THEORY = "claim,form,setting,iteration,left,right,runs,violations\n" + "".join(
    f'{claim},{form},"burn-in, H=1",7,0.5,{right},4,{violations}\n'
    for claim, form, right, violations in (("theorem 1", "printed", 0.125, 3), ("theorem 5", "printed", 9.0, 0))
)


@pytest.fixture
def results(tmp_path):
    with (tmp_path / "claims.csv").open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *ROWS])
    (tmp_path / "theory.csv").write_text(THEORY)
    return tmp_path


def test_claims_are_listed_with_their_verdicts(results, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert cli.main(["claims", "--results", str(results)]) == 0
    first, second, _, counts = capsys.readouterr().out.splitlines()
    assert first.split() == ["first", "violated", "Theorem", "1"]
    assert second.split() == ["second", "not", "tested", "Section", "2"]
    assert counts == "1 violated, 1 not tested"


def test_a_claim_is_printed_with_its_files_and_both_sides(results, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    assert cli.main(["claims", "first", "--results", str(results)]) == 0
    printed = capsys.readouterr().out
    assert "printed: at T=7 left side 0.5, right side 0.125; violated in 3 of 4 runs" in printed
    assert "right side 9" not in printed  # another theorem in a setting of that name
    for line in (
        f"measured  {results}/theory/a.npz",
        f"also      {results}/theory/c.npz",
        f"figures   {results}/f/b.png",
        f"print     metanash show {results}/theory/a.npz",
        f"repeat    snakemake --cores 1 --force {results}/theory/a.npz",
    ):
        assert line in printed.splitlines()


def test_an_unknown_claim_is_refused_with_the_known_ones(results, capsys):
    assert cli.main(["claims", "third", "--results", str(results)]) == 1
    assert capsys.readouterr().err == "metanash claims: no claim 'third'; there are first, second\n"
    assert cli.main(["claims", "--results", str(results / "elsewhere")]) == 1
    assert "claims.csv: no such file; run the pipeline" in capsys.readouterr().err


def test_show_prints_header_and_arrays(tmp_path, capsys):
    path = tmp_path / "a.npz"
    write_measurement(path, {"horizon": 3}, {"gap": np.array([[0.5, 0.25]]), "names": np.array(["x"])})
    assert cli.main(["show", str(path)]) == 0
    printed = capsys.readouterr().out
    assert '"horizon": 3' in printed
    assert [line.split() for line in printed.splitlines()[-2:]] == [
        ["gap", "float64", "(1,", "2)", "0.25", "to", "0.5"],
        ["names", "<U1", "(1,)"],
    ]
    assert cli.main(["show", str(path), "gap"]) == 0
    assert capsys.readouterr().out == "[[0.5  0.25]]\n"
    assert cli.main(["show", str(path), "gaps"]) == 1
    assert "no array 'gaps'; there are gap, names" in capsys.readouterr().err


def test_show_refuses_what_is_no_file_of_metanash(tmp_path, capsys):
    for name, content in (("text.npz", b"not a zip"), ("cut.npz", b"PK\x03\x04")):
        (tmp_path / name).write_bytes(content)
        assert cli.main(["show", str(tmp_path / name)]) == 1
        assert f"{name}: damaged, or no file of metanash" in capsys.readouterr().err
    np.save(tmp_path / "plain.npy", np.zeros(3))
    assert cli.main(["show", str(tmp_path / "plain.npy")]) == 1
    assert cli.main(["show", str(tmp_path / "none.npz")]) == 1
    assert "none.npz: no such file" in capsys.readouterr().err


def test_a_reader_may_stop_reading(results):
    """As in ``metanash claims | head``: no message, no traceback."""
    command = [sys.executable, "-m", "metanash.cli", "claims", "--results", str(results)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == 0


def test_a_claim_names_the_worst_of_its_runs_first(results, capsys, monkeypatch):
    """Not the first of all runs: what is printed and repeated is what decided."""
    monkeypatch.setenv("COLUMNS", "120")
    with (results / "claims.csv").open("a", newline="") as file:
        runs = "theory/a.npz theory/b.npz theory/c.npz"
        csv.writer(file).writerows(
            [("third", "Theorem 2", "$x$", "Runs.", "Bad.", "violated", "", "", "theory/c.npz", "", "theory.csv", runs),
             ("fourth", "Theorem 3", "$x$", "Runs.", "Good.", "holds", "", "", "", "", "theory.csv", runs),
             ("fifth", "Theorem 4", "$x$", "Runs.", "Bad.", "violated", "", "", "theory/c.npz theory/b.npz", "",
              "theory.csv", runs)]
        )  # fmt: skip
    for claim, measured, also in [("third", "c", "ab"), ("fourth", "a", "bc"), ("fifth", "cb", "a")]:
        assert cli.main(["claims", claim, "--results", str(results)]) == 0
        lines = capsys.readouterr().out.splitlines()
        files = [f"{results}/theory/{letter}.npz" for letter in measured + also]
        start = lines.index(f"measured  {files[0]}")
        titles = ["measured", *[""] * (len(measured) - 1), "also", *[""] * (len(also) - 1)]
        shown = [f"{title:10s}{file}" for title, file in zip(titles, files, strict=True)]
        assert lines[start : start + len(files)] == shown
        assert f"print     metanash show {files[0]}" in lines
        (repeat,) = (line for line in lines if line.startswith("repeat"))
        assert files[0] in repeat.split()
        assert not set(files[1:]) & set(repeat.split())
