"""The command line: what it prints and how it fails."""

import copy
import csv
import hashlib
import json
import os
import subprocess
import sys
import types

import numpy as np
import pytest

from metanash import cli, kernels
from metanash.archive import read_archive, write_archive
from metanash.families import zero_sum_sequence
from metanash.gambit import write_efg
from metanash.gamefile import FORMAT, SCHEMA
from metanash_replication.records import write_measurement
from metanash_replication.seals import sealed


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


COLUMNS = ("id", "kind", "place", "statement", "tested_by", "result", "verdict", "plain", "worst", "worst_row",
           "worst_runs", "figures", "tables", "runs")  # fmt: skip
ROWS = [
    ("first", "theorem", "Theorem 1", "$x$", "Runs.", "Bad.", "violated", "It is false.", "burn-in, H=1", "theorem 1",
     "theory/a.npz", "f/b.png", "theory.csv", "theory/a.npz theory/c.npz"),
    ("second", "sentence", "Section 2", "Yes.", "No.", "None.", "not replicated", "It is not.", "", "", "", "", "", ""),
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
    assert second.split() == ["second", "not", "replicated", "Section", "2"]
    assert counts == "1 violated, 1 not replicated"


def test_a_claim_is_printed_with_its_files_and_both_sides(results, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    assert cli.main(["claims", "first", "--results", str(results)]) == 0
    printed = capsys.readouterr().out
    assert "printed: at T=7 left side 0.5, right side 0.125; violated in 3 of 4 runs" in printed
    assert "right side 9" not in printed  # another theorem in a setting of that name
    for line in (
        "verdict   violated (theorem)",
        "          It is false.",
        f"measured  {results}/theory/a.npz",
        f"also      {results}/theory/c.npz",
        f"figures   {results}/f/b.png",
        f"print     metanash show {results}/theory/a.npz",
        f"repeat    snakemake --cores 1 --force {results}/theory/a.npz "
        f"({results}/provenance.json does not say by which --configfile they were made: add it)",
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


def refused(capsys, *arguments):
    """What a command that fails says: one line."""
    assert cli.main([str(argument) for argument in arguments]) == 1
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1
    assert printed.err.startswith(f"metanash {arguments[0]}: ")
    assert len(printed.err) < 700
    return printed.err


def test_show_refuses_what_is_no_file_of_metanash(tmp_path, capsys):
    np.save(tmp_path / "plain.npy", np.zeros(3))
    np.savez(tmp_path / "plain.npz", x=np.zeros(3))
    for name, content in (
        ("text.npz", b"not a zip"),
        ("cut.npz", b"PK\x03\x04"),
        ("empty.npz", b""),
        ("a.json", b"{}"),
    ):
        (tmp_path / name).write_bytes(content)
    for name, words in {
        "text.npz": "a text, no metanash file; any editor opens it, metanash show opens .npz of metanash, .nfg",
        "cut.npz": "truncated, damaged or no metanash file",
        "empty.npz": "truncated, damaged or no metanash file (it is empty); make it again",
        "a.json": "a JSON text, no metanash file; any editor opens it",
        "plain.npy": "a single array of NumPy, no metanash file; numpy.load reads it",
        "plain.npz": "an .npz of NumPy with the arrays x, no metanash file",
        "none.npz": "no such file",
        "none/none.npz": f"no such file; there is no folder {tmp_path}/none either",
        "none.nfg": "no such file",
        "none.csv": "no such file",
        "": "a folder, no metanash file; name a file in it",
    }.items():
        path = tmp_path / name
        assert f"{path}: {words}" in refused(capsys, "show", path)


def test_show_survives_every_damage(tmp_path, capsys):
    """Cut anywhere, and with a bit flipped anywhere: the file is shown as it was or refused in one line."""
    path = tmp_path / "a.npz"
    write_measurement(path, {"horizon": 3}, {"gap": np.array([[0.5, 0.25]]), "names": np.array(["x"])})
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        assert str(path) in refused(capsys, "show", path)
    told = 0
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(bytes(damaged))
        code = cli.main(["show", str(path)])
        printed = capsys.readouterr()
        assert code in {0, 1}
        assert printed.err.count("\n") == code
        told += code
    assert told > len(whole) // 2


def test_show_does_not_wait_for_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "pipe.npz", "pipe.nfg", "pipe.csv"):
        if not (tmp_path / name).exists():
            (tmp_path / name).symlink_to(tmp_path / "pipe")
        done = subprocess.run(
            [sys.executable, "-m", "metanash.cli", "show", str(tmp_path / name)],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 1
        assert f"{name}: a pipe" in done.stderr


def test_show_prints_games_of_gambit(tmp_path, capsys):
    path = tmp_path / "chicken.nfg"
    path.write_text('NFG 1 R "Chicken" { "1" "2" } { 2 3 }\n\n0 0 7 2 2 7 6 6 1 1 -3 4\n')
    assert cli.main(["show", str(path)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Gambit    strategic game, general sum",
        "title     Chicken",
        "players   2",
        "actions   2 x 3",
        "steps     1, states 1",
        "payoffs   of player 1: -3 to 7",
        "payoffs   of player 2: 0 to 7",
        f"read it   metanash.read_games('{path}')",
    ]
    game = zero_sum_sequence("mixed", 1, n_games=1, perturbation=0.0)[0]
    write_efg(tmp_path / "a.efg", game)
    assert cli.main(["show", str(tmp_path / "a.efg")]) == 0
    printed = capsys.readouterr().out
    assert "Gambit    extensive game, two players, constant sum" in printed
    assert "steps     2, states 2" in printed
    assert "has no arrays" in refused(capsys, "show", path, "gap")
    path.write_text("NFG 1 R")
    assert f"{path}:1: " in refused(capsys, "show", path)


def test_show_prints_the_head_of_a_table(tmp_path, capsys):
    path = tmp_path / "a.csv"
    path.write_text("figure,ne_gap\n" + "".join(f"1a,{k}\n" for k in range(7)))
    assert cli.main(["show", str(path)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "a table: 7 rows, 2 columns",
        "figure                   1a  1a  1a  1a  1a",
        "ne_gap                   0  1  2  3  4",
        "(values of the first 5 rows)",
    ]
    assert cli.main(["show", str(path), "ne_gap"]) == 0
    assert capsys.readouterr().out.split() == list("0123456")
    assert "no column 'gap'; there are figure, ne_gap" in refused(capsys, "show", path, "gap")
    (tmp_path / "a.tsv").write_text("s\tmax_rss\n1.5\t20\n")
    assert cli.main(["show", str(tmp_path / "a.tsv")]) == 0
    assert "a table: 1 rows, 2 columns" in capsys.readouterr().out


# Tables that are damaged ---------------------------------------------------------------------------------

LINE = ",".join(ROWS[1])
TABLES = {
    "empty": (b"", "claims.csv: empty; run the pipeline, or name the folder with --results"),
    "no rows": (",".join(COLUMNS).encode(), "claims.csv: a table without rows; run the pipeline"),
    "missing columns": (b"id,verdict\na,b\n", "claims.csv: the columns kind, place, statement, tested_by, result,"),
    "another delimiter": (
        ";".join(COLUMNS).encode() + b"\n",
        "claims.csv: its first line is 'id;kind;place;statement;",
    ),
    "a column twice": (",".join([*COLUMNS, "id"]).encode(), "claims.csv: the column 'id' is there twice"),
    "binary": (b"\x00\xff\xfe\x80", "claims.csv: no text, no table; run the pipeline"),
    "a zip": (b"PK\x03\x04\xff\xff", "no table; run the pipeline"),
    "zeros": (b"\x00" * 40, "claims.csv: no text, no table; run the pipeline"),
    "a quote without a partner": (
        f'{",".join(COLUMNS)}\n{LINE}\n"{LINE}\n{LINE}\n'.encode(),
        "claims.csv:3: no table from here on (unexpected end of data); look for a quote without a partner",
    ),
    "text after a quote": (f'{",".join(COLUMNS)}\n"a"b,{LINE}\n'.encode(), "claims.csv:2: no table from here on"),
    "a long row": (
        f"{','.join(COLUMNS)}\n{LINE},more\n".encode(),
        f"claims.csv:2: {len(COLUMNS) + 1} fields, the table has {len(COLUMNS)} columns",
    ),
    "a short row": (
        f"{','.join(COLUMNS)}\n{LINE}\na,b\n".encode(),
        f"claims.csv:3: 2 fields, the table has {len(COLUMNS)} columns",
    ),
    "a huge field": (f"{','.join(COLUMNS)}\n{'x' * 200_000}\n".encode(), "field larger than field limit"),
}


@pytest.mark.parametrize("case", TABLES)
def test_damaged_tables_are_refused(results, capsys, case):
    content, words = TABLES[case]
    (results / "claims.csv").write_bytes(content)
    for arguments in ((), ("first",)):
        assert words in refused(capsys, "claims", *arguments, "--results", results)


def test_results_that_are_no_folder_of_results_are_refused(results, capsys):
    (results / "claims.csv").rename(results / "file")
    assert "file/claims.csv: " in refused(capsys, "claims", "--results", results / "file")
    (results / "claims.csv").mkdir()
    assert "claims.csv: a folder" in refused(capsys, "claims", "--results", results)


def test_a_table_that_is_not_as_it_was_made_is_not_shown(results, capsys):
    """By the record of the job; a verdict turned, which no other check can see."""
    path, content = results / "claims.csv", (results / "claims.csv").read_bytes()
    outputs = {"{results}/claims.csv": hashlib.sha256(content).hexdigest()}
    record = {"rule": "ledger", "inputs": {}, "code": "", "parameters": "", "outputs": outputs, "folders": {}}
    (results / "made").mkdir()
    (results / "made/ledger.json").write_text(sealed(record))
    (results / "made/other.json").write_text("{}")  # of an earlier version, or damaged
    assert cli.main(["claims", "--results", str(results)]) == 0
    capsys.readouterr()
    path.write_bytes(content.replace(b"not replicated", b"now replicated"))
    words = refused(capsys, "claims", "--results", results)
    assert "claims.csv: truncated, or changed since rule ledger made it; run the pipeline again" in words


def test_claims_need_the_row_that_they_name(results, capsys):
    """Nothing is printed by halves."""
    (results / "theory.csv").write_text(THEORY.replace("theorem 1", "theorem 9"))
    words = refused(capsys, "claims", "first", "--results", results)
    assert "theory.csv: no row about theorem 1 in the setting burn-in, H=1" in words
    (results / "theory.csv").write_text(THEORY.replace("0.125", "much"))
    assert "right of theorem 1, burn-in, H=1 is no number: 'much'" in refused(
        capsys, "claims", "first", "--results", results
    )
    (results / "theory.csv").unlink()
    assert "theory.csv: no such file; run the pipeline" in refused(capsys, "claims", "first", "--results", results)
    assert capsys.readouterr().out == ""
    assert cli.main(["claims", "second", "--results", str(results)]) == 0  # which needs none


def test_the_nearest_claim_is_named(results, capsys):
    assert "no claim 'frist'; first is the nearest; there are first, second" in refused(
        capsys, "claims", "frist", "--results", results
    )


@pytest.mark.parametrize(
    ("written", "command"),
    [
        ({"results": "results", "arguments": []}, "snakemake --cores 1 --force results/theory/a.npz"),
        (
            {"results": "results/smoke", "arguments": ["--configfile", "config/smoke.yaml", "my config.yaml"]},
            "snakemake --cores 1 --force results/smoke/theory/a.npz --configfile config/smoke.yaml 'my config.yaml'",
        ),
        (
            {"results": "other", "arguments": ["--config", "plots={width: 5}"]},
            "snakemake --cores 1 --force other/theory/a.npz --config 'plots={width: 5}'",
        ),
    ],
)
def test_the_command_that_repeats_has_the_configuration_of_these_results(results, capsys, written, command):
    (results / "provenance.json").write_text(json.dumps(written))
    assert cli.main(["claims", "first", "--results", str(results)]) == 0
    assert f"repeat    {command}\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"results": 3, "arguments": []}', '{"results": "a", "arguments": [1]}', "[" * 9999]
)
def test_where_the_configuration_is_not_known_that_is_said(results, capsys, text):
    (results / "provenance.json").write_text(text)
    assert cli.main(["claims", "first", "--results", str(results)]) == 0
    assert "provenance.json does not say by which --configfile they were made: add it)" in capsys.readouterr().out


def test_narrow_terminals(results, monkeypatch):
    for columns in ("0", "1", "12"):
        monkeypatch.setenv("COLUMNS", columns)
        assert cli.main(["claims", "--results", str(results)]) == 0
        assert cli.main(["claims", "first", "--results", str(results)]) == 0


# Instances that are none ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def instance(tmp_path_factory):
    """Header and arrays of a saved instance of Proposition 1, and its file."""
    folder = tmp_path_factory.mktemp("search")
    assert cli.main(["falsify", "proposition-1", "--budget", "60", "--size", "2x2-T8", "--output", str(folder)]) == 0
    path = next((folder / "instances").glob("*.npz"))
    return path, *read_archive(path, FORMAT, SCHEMA)


def found(header):
    return header["provenance"]["falsify"]


SPOILT = {
    "another claim": (lambda h, _: found(h).update(claim="theorem_9"), "claim must be one of theorem_1"),
    "a claim and form about other games": (
        lambda h, _: found(h).update(claim="theorem_1", form="printed"), "the file has a DiscountedGame",
    ),
    "another form": (lambda h, _: found(h).update(form="prinetd"), "form of Proposition 1 must be one of"),
    "no size": (lambda h, _: found(h).update(size="2x"), "a size is written like"),
    "another size": (lambda h, _: found(h).update(size="3x2-T8"), "of size 3x2-T8 must have shape"),
    "a size that does not fit": (lambda h, _: found(h).update(size="2x2-K2-T8"), "knows no sequence of K games"),
    "a huge size": (lambda h, _: found(h).update(size="2x2-S90000-T8"), "numbers; at most 100,000,000"),
    "another discount": (lambda h, _: found(h).update(size="2x2-T8-g0.5"), "another discount than the size"),
    "another T": (lambda h, _: found(h).update(iterations=10**9), "T = 1000000000 is none of"),
    "no T": (lambda h, _: found(h).update(iterations="many"), "iterations an integer"),
    "a number for a claim": (lambda h, _: found(h).update(claim=3), "claim must be text, there is 3"),
    "a list for a claim": (lambda h, _: found(h).update(claim=[]), "claim must be text"),
    "no arrays": (lambda h, _: found(h).pop("arrays"), "entry 'arrays' of the instance is missing"),
    "arrays that are none": (lambda h, _: found(h).update(arrays=[1]), "arrays must be named lists of numbers"),
    "an array missing": (lambda h, _: found(h)["arrays"].pop("policy_0"), "the array policy_0 of the instance is"),
    "an array too many": (lambda h, _: found(h)["arrays"].update(x=[1.0]), "Proposition 1 has no array x"),
    "an array of text": (lambda h, _: found(h)["arrays"].update(policy_0="x"), "no instance of a claim"),
    "a ragged array": (lambda h, _: found(h)["arrays"].update(policy_0=[[1], [1, 2]]), "no instance of a claim"),
    "an array of another shape": (lambda h, _: found(h)["arrays"].update(policy_0=[1.0]), "policy_0 of size 2x2-T8"),
    "a policy that is none": (lambda h, _: found(h)["arrays"].update(policy_0=[[2.0, -1.0]]), "cannot be evaluated"),
    "no instance": (lambda h, _: h["provenance"].pop("falsify"), "a game file, but no instance of a claim"),
    "no provenance": (lambda h, _: h.update(provenance=[1]), "provenance must be named entries"),
    "other games": (lambda h, _: h.update(kind="markov"), ""),
}  # fmt: skip


@pytest.mark.parametrize("case", SPOILT)
def test_instances_that_are_none_are_refused(instance, tmp_path, capsys, case):
    change, words = SPOILT[case]
    _, header, arrays = instance
    header = {key: value for key, value in copy.deepcopy(header).items() if key not in {"format", "schema"}}
    change(header, arrays)
    write_archive(tmp_path / "spoilt.npz", FORMAT, SCHEMA, header, arrays)
    told = refused(capsys, "falsify", "--replay", tmp_path / "spoilt.npz")
    assert f"{tmp_path / 'spoilt.npz'}: " in told
    assert words in told


def test_a_right_instance_is_replayed_and_what_is_no_game_file_refused(instance, tmp_path, capsys):
    assert cli.main(["falsify", "--replay", str(instance[0])]) == 0
    assert "T = " in capsys.readouterr().out
    whole = instance[0].read_bytes()
    path = tmp_path / "cut.npz"
    for length in range(0, len(whole), 199):
        path.write_bytes(whole[:length])
        assert str(path) in refused(capsys, "falsify", "--replay", path)
    for suffix, text in (("nfg", "NFG"), ("txt", "x"), ("csv", "a,b")):
        path = tmp_path / f"a.{suffix}"
        path.write_text(text)
        assert str(path) in refused(capsys, "falsify", "--replay", path)
    assert "a folder" in refused(capsys, "falsify", "--replay", tmp_path)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("theorem-9",), "claim must be one of"),
        (("theorem-1", "--form", "x"), "form of Theorem 1 must be one of"),
        (("theorem-1", "--size", "2x"), "a size is written like"),
        (("theorem-1", "--size", "2x2-K5-T8"), "knows no sequence of K games"),
        (("theorem-1", "--budget", "0"), "budget must be an integer of at least 1"),
    ],
)
def test_searches_that_cannot_be_are_refused(tmp_path, capsys, arguments, words):
    assert words in refused(capsys, "falsify", *arguments, "--output", tmp_path / "search")
    assert not (tmp_path / "search").exists()


def test_help_names_what_can_be_shown(capsys):
    with pytest.raises(SystemExit):
        cli.main(["show", "--help"])
    printed = " ".join(capsys.readouterr().out.split())
    for suffix in (".npz", ".nfg", ".efg", ".csv", ".tsv"):
        assert suffix in printed


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
            [("third", "theorem", "Theorem 2", "$x$", "Runs.", "Bad.", "violated", "It is false.", "", "",
              "theory/c.npz", "", "theory.csv", runs),
             ("fourth", "theorem", "Theorem 3", "$x$", "Runs.", "Good.", "holds", "It is true.", "", "", "",
              "", "theory.csv", runs),
             ("fifth", "theorem", "Theorem 4", "$x$", "Runs.", "Bad.", "violated", "It is false.", "", "",
              "theory/c.npz theory/b.npz", "", "theory.csv", runs)]
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
