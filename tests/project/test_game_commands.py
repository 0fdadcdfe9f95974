"""``metanash solve``, ``gap``, ``convert`` and ``learn``: what they print, how they fail, and that they agree."""

import io
import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import metanash as mn
from metanash import cli
from metanash.gambit import from_payoffs, to_payoffs
from metanash.solution import load

ROOT = Path(__file__).parents[2]
HIDE = "2 2 2  3 0 0 1  0 1 1 0\n"  # by hand: strategies (1/2, 1/2) and (1/4, 3/4), payoffs .75 and .5
PENNIES = "2,-1\n-1,1\n"  # value 1/5, both (2/5, 3/5)
GAME = {"game", "name", "players", "actions", "states", "steps", "discount"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hide.gam").write_text(HIDE)
    (tmp_path / "pennies.csv").write_text(PENNIES)
    games = mn.families.zero_sum_sequence("mixed", 1, n_games=3, perturbation=0.1)
    mn.write_games(tmp_path / "three.npz", games)
    return tmp_path


@pytest.fixture
def told(capsys):
    """What a command prints, by its words."""

    def run(*words, code=0):
        assert cli.main(list(words)) == code
        out, err = capsys.readouterr()
        return out if code == 0 else err

    return run


def give(monkeypatch, text):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(text.encode())))


# Solve --------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("folder")
def test_solve_prints_a_game(told):
    assert told("solve", "hide.gam").splitlines() == [
        "hide.gam: strategic, general sum, 2 x 2 actions",
        "general-sum game, payoffs 0.75, 0.5, NE-gap 0",
        "player 1  0.5       0.5",
        "player 2  0.25      0.75",
        "by Lemke-Howson in integers",
    ]


@pytest.mark.usefixtures("folder")
def test_solve_prints_json(told):
    found = json.loads(told("solve", "pennies.csv", "--json"))
    assert (found["schema"], found["command"], found["file"]) == (1, "solve", "pennies.csv")
    (game,) = found["games"]
    assert set(game) == GAME | {"zero_sum", "value", "gap", "method", "policies"}
    assert game["value"] == pytest.approx(0.2)
    assert (game["players"], game["actions"], game["states"], game["steps"], game["discount"]) == (
        2,
        [2, 2],
        1,
        1,
        None,
    )
    np.testing.assert_allclose(game["policies"], [[0.4, 0.6]] * 2)
    general = json.loads(told("solve", "hide.gam", "--json"))["games"][0]
    assert (general["value"], general["zero_sum"]) == ([0.75, 0.5], False)


@pytest.mark.usefixtures("folder")
def test_solve_takes_several_games(told):
    lines = told("solve", "three.npz").splitlines()
    assert lines[0].startswith("three.npz: 3 games; --game K prints the policies of one")
    assert [line.split()[0] for line in lines[2:]] == ["0", "1", "2"]
    found = json.loads(told("solve", "three.npz", "--json"))["games"]
    assert [game["game"] for game in found] == [0, 1, 2]
    for k, game in enumerate(mn.read_games("three.npz")):
        assert found[k]["value"] == mn.solve(game).value
    alone = json.loads(told("solve", "three.npz", "--game", "2", "--json"))["games"]
    assert alone == found[2:]
    assert "three.npz has no game 3" in told("solve", "three.npz", "--game", "3", code=1)


def test_solve_reads_standard_input(told, monkeypatch):
    give(monkeypatch, "[[2, -1], [-1, 1]]")
    out = told("solve", "-", "--format", "json")
    assert out.startswith(
        "standard input: strategic, constant sum, 2 x 2 actions\nzero-sum game, value 0.2 to player 1"
    )
    give(monkeypatch, "[[2, -1], [-1, x]]")
    assert told("solve", "-", "--format", "json", code=1).startswith("metanash solve: standard input:1: no JSON")


@pytest.mark.usefixtures("folder")
def test_format_is_for_files_of_other_names(told, folder):
    (folder / "payoffs.txt").write_text(PENNIES)
    assert "value 0.2" in told("solve", "payoffs.txt", "--format", "csv")
    assert "payoffs.txt:1: " in told("solve", "payoffs.txt", "--format", "nfg", code=1)
    refused = told("solve", "payoffs.txt", code=1)
    assert "payoffs.txt: a text, no metanash-games file" in refused
    assert refused.endswith("; of a name that does not end in its format, --format says it\n")
    for name in ("nowhere.txt", "nowhere.csv", "payoffs.txt/nowhere.txt"):
        assert "--format" not in told("solve", name, code=1)


def test_usage_is_exit_code_2(capsys):
    for words, said in (
        (["solve", "-"], "--format is needed with -"),
        (["solve"], "required: file"),
        (["solve", "a.nfg", "--zero-sum", "--general-sum"], "not allowed with"),
        (["convert", "a.nfg", "a.doc"], "what is written has a name that ends in .nfg"),
        (["learn", "a.nfg", "--learner", "magic"], "invalid choice: 'magic'"),
    ):
        with pytest.raises(SystemExit) as left:
            cli.main(words)
        assert left.value.code == 2
        assert said in capsys.readouterr().err


def test_help_has_examples(capsys):
    for name in ("solve", "gap", "convert", "learn"):
        with pytest.raises(SystemExit) as left:
            cli.main([name, "--help"])
        assert left.value.code == 0
        out = capsys.readouterr().out
        assert out.partition("examples:\n")[2].startswith(f"  metanash {name} ")
        assert "exit codes: 0, or 1 if something is wrong with the game" in out


def test_what_is_warned_of_is_a_line(tmp_path, capsys):
    path = tmp_path / "thirds.nfg"
    path.write_text('NFG 1 R "x" { "A" "B" } { 1 2 }\n0.3333333333 0.6666666667  0.1 0.9000000000001\n')
    assert cli.main(["solve", str(path)]) == 0
    out, err = capsys.readouterr()
    assert re.fullmatch(r"metanash solve: note: x: payoffs .* zero_sum=True makes it zero-sum.*\n", err)
    assert "general-sum game" in out
    assert cli.main(["solve", str(path), "--zero-sum"]) == 0
    out, err = capsys.readouterr()
    assert "zero-sum game" in out
    assert err == ""


def test_a_game_that_is_not_solved_is_an_error(tmp_path, told, monkeypatch):
    monkeypatch.setattr("metanash.solution.several.PRIORS", 0)
    ring = np.stack([np.repeat(np.eye(2)[..., None], 2, 2), np.repeat(np.eye(2)[None], 2, 0),
                     np.repeat(1 - np.eye(2)[:, None], 2, 1)])  # fmt: skip
    (tmp_path / "ring.json").write_text(json.dumps(ring.tolist()))
    assert "ring.json: none of 0 paths" in told("solve", str(tmp_path / "ring.json"), code=1)


def test_it_runs_as_a_process(folder):
    command = [sys.executable, "-m", "metanash.cli", "solve", "pennies.csv"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder)
    assert "value 0.2 to player 1" in done.stdout
    assert done.stderr == ""


def test_the_page_has_the_entries_of_json(folder, told):
    """Its tables, section by section, beside what is printed."""
    page = (ROOT / "docs" / "command.md").read_text().partition("## JSON\n")[2]
    common, solved, gap, learned = (
        {name for row in re.findall(r"^\| (`.*?) \|", part, flags=re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
        for part in re.split(r"^`\w+` (?:has these|describes)", page, flags=re.MULTILINE)
    )
    assert common == GAME
    lead = {"schema", "command", "file"}
    (folder / "found.json").write_text(told("solve", "hide.gam", "--json"))
    found = json.loads((folder / "found.json").read_text())
    assert set(found) == {*lead, "games"}
    assert set(found["games"][0]) == common | solved
    assert set(json.loads(told("gap", "hide.gam", "found.json", "--json"))) == lead | common | gap
    assert set(json.loads(told("learn", "hide.gam", "-T", "9", "--json"))) == lead | common | learned


# Gap ----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("folder")
def test_gap_by_hand(told, folder):
    """Against (1/2, 1/2) row 1 pays 3/2 and row 2 pays 1/2; player 2 earns 0 in column 1 and 1 in column 2."""
    (folder / "mine.json").write_text("[[0, 1], [0.5, 0.5]]")
    assert told("gap", "hide.gam", "mine.json").splitlines() == [
        "hide.gam: strategic, general sum, 2 x 2 actions",
        "          payoff        gain by a best response",
        "player 1  0.5           1",
        "player 2  0.5           0.5",
        "NE-gap 1, the largest",
    ]
    found = json.loads(told("gap", "hide.gam", "mine.json", "--json"))
    assert (found["payoffs"], found["gains"], found["gap"]) == ([0.5, 0.5], [1.0, 0.5], 1.0)
    assert set(found) == GAME | {"schema", "command", "file", "policies", "zero_sum", "payoffs", "gains", "gap"}
    np.savez(folder / "mine.npz", np.array([0.0, 1.0]), np.full((1, 1, 2), 0.5))
    assert "NE-gap 1, the largest" in told("gap", "hide.gam", "mine.npz")
    (folder / "mine.json").write_text('{"policies": [[1, 0], [1, 0]]}')  # 2 for sure; player 2 would have -1
    assert told("gap", "pennies.csv", "mine.json").splitlines()[-1] == "NE-gap 3, the sum of both"


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", ["hide.gam", "pennies.csv", "three.npz"])
def test_gap_takes_what_solve_prints(told, folder, name):
    (folder / "found.json").write_text(told("solve", name, "--json"))
    for number in range(len(load(name).games)):
        found = json.loads(told("gap", name, "found.json", "--game", str(number), "--json"))
        assert found["gap"] <= 1e-15 * 10


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[0, 1]", "mine.json:1: no JSON"),
        ("3", "mine.json: policies are a list of one array for each player"),
        ('{"games": []}', "mine.json: no policies of game 0; metanash solve --game 0 --json finds some"),
        ("[[0, 1]]", "mine.json: there is one array for each player, 2 in all; found 1"),
        ("[[0, 1], [1]]", "mine.json: player 2 has 2 actions, not 1 as in its strategy"),
        ("[[0, 1], [1, [2]]]", "mine.json: the policy of player 2 must be an array of numbers"),
        ("[[0, 1], [0.5, 0.6]]", r"mine.json: policy of player 2 rows .* the mass is 1.1"),
        ("[[[0, 1]], [0.5, 0.5]]", r"mine.json: the policy of player 1 must have shape \(1, 1, 2\), got \(1, 2\)"),
    ],
)
def test_policies_that_are_none_are_named(told, folder, text, words):
    (folder / "mine.json").write_text(text)
    assert re.search(words, told("gap", "hide.gam", "mine.json", code=1))


@pytest.mark.usefixtures("folder")
def test_policies_that_cannot_be_read(told, folder):
    assert "mine.json: no such file" in told("gap", "hide.gam", "mine.json", code=1)
    (folder / "mine.npz").write_bytes(b"hello")
    assert "mine.npz: no .npz of arrays" in told("gap", "hide.gam", "mine.npz", code=1)
    (folder / "mine.json").write_bytes(b"\xff\xfe")
    assert "mine.json: no text file" in told("gap", "hide.gam", "mine.json", code=1)


# Convert ------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("target", ["a.nfg", "a.gam", "a.csv", "a.tsv", "a.json", "a.efg", "a.npz"])
@pytest.mark.parametrize("source", ["hide.gam", "pennies.csv"])
def test_payoffs_come_through_every_format(told, source, target):
    assert told("convert", source, target).startswith(f"{target}: ")
    before, after = load(source), load(target)
    np.testing.assert_array_equal(to_payoffs(after.games[0], after.units), to_payoffs(before.games[0], before.units))
    assert type(after.games[0]) is type(before.games[0])


@pytest.mark.usefixtures("folder")
def test_decimals_come_through_every_format(told, folder):
    payoffs = np.random.default_rng(2).integers(-999, 999, size=(3, 2, 3, 2)) / 100
    (folder / "0.json").write_text(json.dumps(payoffs.tolist()))
    for k, suffix in enumerate(("nfg", "gam", "npz", "efg", "json")):
        source = "0.json" if k == 0 else f"{k - 1}.{('nfg', 'gam', 'npz', 'efg')[k - 1]}"
        told("convert", source, f"{k}.{suffix}")
    assert (folder / "4.json").read_text() == (folder / "0.json").read_text().replace(".0,", ",").replace(
        ".0]", "]"
    ) + "\n"


@pytest.mark.usefixtures("folder")
def test_a_sum_that_is_not_0_is_kept_by_tables(told, folder):
    """One matrix stands for a sum of 0, so a game of constant sum 7 has two."""
    game, units = from_payoffs([[[2, -1], [-1, 1]], [[5, 8], [8, 6]]])
    mn.gambit.write_nfg("seven.nfg", game, units)
    told("convert", "seven.nfg", "seven.csv")
    assert (folder / "seven.csv").read_text() == "2,-1\n-1,1\n\n5,8\n8,6\n"
    told("convert", "pennies.csv", "zero.json")
    assert (folder / "zero.json").read_text() == "[[2, -1], [-1, 1]]\n"


@pytest.mark.usefixtures("folder")
def test_games_with_states(told):
    told("convert", "three.npz", "second.efg", "--game", "1")
    value = mn.solve(mn.read_games("three.npz")[1]).value
    assert mn.solve("second.efg").value == pytest.approx(value, abs=1e-12)
    told("convert", "three.npz", "again.npz")
    assert [game.name for game in mn.read_games("again.npz")] == [game.name for game in mn.read_games("three.npz")]
    assert "three.npz holds 3 games, numbered from 0" in told("convert", "three.npz", "a.efg", code=1)
    said = told("convert", "three.npz", "a.nfg", "--game", "0", code=1)
    assert "three.npz cannot be written as .nfg: a strategic game has one state and one step" in said


@pytest.mark.usefixtures("folder")
def test_what_is_there_is_not_written_over(told, folder):
    before = (folder / "hide.gam").read_bytes()
    assert "hide.gam is there already; --force writes over it" in told("convert", "pennies.csv", "hide.gam", code=1)
    assert (folder / "hide.gam").read_bytes() == before
    told("convert", "pennies.csv", "hide.gam", "--force")
    assert mn.solve("hide.gam").value == pytest.approx(0.2)


@pytest.mark.usefixtures("folder")
def test_formats_that_cannot_hold_a_game(told, folder):
    still = mn.Transition.shared(np.ones((1, 2, 2, 1)))
    mn.write_games(folder / "long.npz", [mn.DiscountedGame(np.ones((2, 1, 2, 2)) / 2, still, 0.9)])
    assert "long.npz has a discounted game, which only .npz holds" in told("convert", "long.npz", "a.efg", code=1)
    (folder / "one.gam").write_text("1 3  2 5 3")
    for name in ("a.csv", "a.json"):
        said = told("convert", "one.gam", name, code=1)
        assert "a single row is read as a matrix of two players; .nfg and .gam hold games of one player" in said
    assert told("convert", "one.gam", "one.nfg") == "one.nfg: strategic, general sum, 3 actions\n"
    (folder / "three.json").write_text(json.dumps(np.zeros((3, 2, 2, 2)).tolist()))
    assert "a table holds games of two players, this one has 3" in told("convert", "three.json", "a.csv", code=1)


# Learn --------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("folder")
def test_learn_prints_how_the_gap_falls(told):
    lines = told("learn", "pennies.csv", "-T", "2000").splitlines()
    assert lines[:2] == [
        "pennies.csv: strategic, constant sum, 2 x 2 actions",
        "regret_matching, rate 10; NE-gap in payoffs",
    ]
    assert lines[2].split() == ["iteration", "gap"]
    assert lines[-4:-2] == ["player 1", "            0.4       0.6"]
    game, units = mn.gambit.from_bimatrix([[2, -1], [-1, 1]])
    run = mn.learn(game, mn.RegretMatching(), 2000)
    found = json.loads(told("learn", "pennies.csv", "--iterations", "2000", "--json"))
    np.testing.assert_allclose(found["gaps"], units.gain(run.ne_gap[0], 0), rtol=1e-12)
    np.testing.assert_array_equal(found["policies"][0], run.policy[0][0, 0, 0])
    assert (found["measure"], found["unit"], found["gap"]) == ("ne_gap", "payoffs", found["gaps"][-1])
    keys = {"schema", "command", "file", "learner", "learning_rate", "iterations", "measure", "unit", "checkpoints"}
    assert set(found) == GAME | keys | {"gaps", "gap", "policies"}


@pytest.mark.usefixtures("folder")
def test_each_class_has_its_learner(told, folder):
    general = json.loads(told("learn", "hide.gam", "-T", "100", "--json"))
    assert (general["learner"], general["measure"], general["policies"]) == (
        "correlated_mirror_descent",
        "cce_gap",
        None,
    )
    assert general["unit"] == "parts of each player's range of payoffs"
    still = mn.Transition.shared(np.ones((1, 2, 2, 1)))
    team = mn.DiscountedGame([[[[1.0, 0.0], [0.0, 0.5]]]], still, 0.5)
    mn.write_games(folder / "team.npz", [team])
    found = json.loads(told("learn", "team.npz", "-T", "500", "--rate", "0.1", "--json"))
    assert (found["learner"], found["learning_rate"]) == ("projected_q_ascent", 0.1)
    assert found["gap"] == pytest.approx(mn.ne_gap(team, [np.array(part) for part in found["policies"]]), abs=1e-12)
    named = json.loads(told("learn", "three.npz", "--game", "1", "--learner", "optimistic_mirror_descent", "--json"))
    run = mn.learn(mn.read_games("three.npz")[1], mn.OptimisticMirrorDescent(0.2), 1000)
    np.testing.assert_array_equal(named["gaps"], run.ne_gap[0])


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("learner", "measure"),
    [("log_barrier_ftrl", "ce_gap"), ("cautious_omwu", "cce_gap"), ("correlated_mirror_descent", "cce_gap")],
)
def test_a_learner_tells_the_gap_that_it_is_about(told, learner, measure):
    found = json.loads(told("learn", "hide.gam", "-T", "300", "--rate", "0.5", "--learner", learner, "--json"))
    assert found["measure"] == measure
    assert 0.0 <= found["gap"] < found["gaps"][0]
    words = told("learn", "hide.gam", "-T", "3", "--learner", learner).splitlines()[1]
    assert f"; {measure.removesuffix('_gap').upper()}-gap in parts" in words


@pytest.mark.usefixtures("folder")
def test_learners_that_do_not_fit_are_told(told):
    assert "takes games of class MarkovGame" in told(
        "learn", "pennies.csv", "--learner", "correlated_mirror_descent", code=1
    )
    assert "iterations must be an integer of at least 1" in told("learn", "pennies.csv", "-T", "0", code=1)
    assert "learning_rate" in told("learn", "pennies.csv", "--rate", "-1", code=1)


@pytest.mark.usefixtures("folder")
def test_learn_draws(told, folder, monkeypatch):
    pytest.importorskip("matplotlib").use("Agg")
    told("learn", "pennies.csv", "-T", "50", "--plot", "gap.png")
    assert (folder / "gap.png").read_bytes().startswith(b"\x89PNG")
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    assert "matplotlib, which is not installed" in told("learn", "pennies.csv", "--plot", "a.png", code=1)


@pytest.mark.usefixtures("folder")
def test_show_knows_gametracers_files(told):
    lines = told("show", "hide.gam").splitlines()
    assert lines[0] == "GameTracer strategic game, general sum"
    assert "has no arrays; leave 'reward' out" in told("show", "hide.gam", "reward", code=1)


# Extensive games ----------------------------------------------------------------------------------------

POKER = """EFG 2 R "one card" { "Alice" "Bob" }
c "" 1 "" { "king" 1/2 "queen" 1/2 } 0
p "" 1 1 "king" { "bet" "fold" } 0
p "" 2 1 "called" { "call" "pass" } 0
t "" 1 "" { 2 -2 } t "" 2 "" { 1 -1 } t "" 3 "" { -1 1 }
p "" 1 2 "queen" { "bet" "fold" } 0
p "" 2 1 "called" { "call" "pass" } 0
t "" 4 "" { -2 2 } t "" 2 "" { 1 -1 } t "" 3 "" { -1 1 }
"""  # Myerson's: she bets a third of her queens, he calls two bets of three, and it is worth 1/3 to her


@pytest.fixture
def poker(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "poker.efg").write_text(POKER)
    return tmp_path


@pytest.mark.usefixtures("poker")
def test_solve_prints_a_tree_by_information_sets(told):
    assert told("solve", "poker.efg").splitlines()[:1] == [
        "poker.efg: one card, extensive, 2 players, 2 + 1 information sets, 6 ends"
    ]
    lines = told("solve", "poker.efg").splitlines()
    assert lines[1].startswith("zero-sum game, value 0.333333 to player 1, NE-gap ")
    assert [line.split() for line in lines[2:5]] == [
        ["Alice", "king", "bet", "1", "fold", "0"], ["queen", "bet", "0.333333", "fold", "0.666667"],
        ["Bob", "called", "call", "0.666667", "pass", "0.333333"],
    ]  # fmt: skip
    assert lines[5:] == ["by a linear program in sequence form"]


def test_gap_of_a_tree_takes_what_solve_prints_and_says_what_is_wrong(poker, told):
    found = json.loads(told("solve", "poker.efg", "--json"))
    entry = found["games"][0]
    assert set(entry) == GAME | {"information_sets", "terminals", "zero_sum", "value", "gap", "method", "policies"}
    assert (entry["information_sets"], entry["terminals"]) == ([2, 1], 6)
    assert entry["policies"][1] == [
        {"information_set": "called", "actions": ["call", "pass"], "probabilities": pytest.approx([2 / 3, 1 / 3])}
    ]
    (poker / "found.json").write_text(json.dumps(found))
    assert json.loads(told("gap", "poker.efg", "found.json", "--json"))["gap"] == pytest.approx(0.0, abs=1e-12)
    # she always bets (in any order of her sets), he always passes: she wins 1, and gains nothing; he gains 1 by calling
    alice = [
        {"information_set": name, "actions": ["bet", "fold"], "probabilities": [1, 0]} for name in ("queen", "king")
    ]
    bob = {"information_set": "called", "actions": ["call", "pass"], "probabilities": [0, 1]}
    (poker / "mine.json").write_text(json.dumps([alice, [bob]]))
    said = json.loads(told("gap", "poker.efg", "mine.json", "--json"))
    assert (said["payoffs"], said["gains"], said["gap"]) == ([1.0, -1.0], [0.0, 1.0], 1.0)
    (poker / "flat.json").write_text("[[1, 0, 1, 0], [0, 1]]")  # by sequences
    assert json.loads(told("gap", "poker.efg", "flat.json", "--json"))["gains"] == [0.0, 1.0]
    for text, wrong in (
        ("[[1, 0, 1, 0]]", "one list for each player, 2 in all; found 1"),
        (json.dumps([alice[:1], [bob]]), "player 1 must have 2 information sets"),
        (json.dumps([alice, [{**bob, "information_set": "seen"}]]), "no information set 'seen'"),
        (json.dumps([alice, [{**bob, "probabilities": [1]}]]), "no information set 'called' with actions"),
        (json.dumps([alice, [{**bob, "probabilities": [0.4, 0.4]}]]), "must sum to 1"),
        (json.dumps([alice, [{**bob, "probabilities": ["a", "b"]}]]), "must be numbers"),
        ("[[1, 0, 1, 0], [0, 1, 2]]", "player 2 must have 2 probabilities"),
    ):
        (poker / "mine.json").write_text(text)
        assert wrong in told("gap", "poker.efg", "mine.json", code=1)


def test_convert_a_tree_of_turns_to_a_markov_game(folder, told):
    """Bob stops for -1, or lets Ann choose; the file has the steps, and the units of its payoffs."""
    (folder / "turns.efg").write_text(
        'EFG 2 R "turns" { "Ann" "Bob" }\np "" 2 1 "" { "stop" "go" } 0\nt "" 1 "" { 1 -1 }\n'
        'p "" 1 1 "" { "a" "b" "c" } 0\nt "" 2 "" { 3 -3 }\nt "" 3 "" { -2 2 }\nt "" 4 "" { 0 0 }\n'
    )
    said = told("convert", str(folder / "turns.efg"), str(folder / "turns.npz"))
    assert said == (
        f"{folder / 'turns.npz'}: turns, 2 steps, constant sum, 2 states, 3 x 2 actions; "
        "a position with fewer actions has its last one several times\n"
    )
    assert "as a Markov game (metanash.read_games) 2 steps, 2 states and 3 x 2 actions" in told(
        "show", str(folder / "turns.efg")
    )
    (game,) = mn.read_games(folder / "turns.npz")
    assert -2 + 5 * mn.solve(game).value - 2 == pytest.approx(1.0)  # two steps, payoffs from -2 to 3


@pytest.mark.usefixtures("poker")
@pytest.mark.parametrize("learner", [[], ["--learner", "dilated_mirror_descent", "--rate", "0.5"]])
def test_learn_a_tree(told, learner):
    said = json.loads(told("learn", "poker.efg", "-T", "400", "--json", *learner))
    assert said["gap"] < 0.05
    assert said["gaps"][-1] < said["gaps"][0]
    assert said["policies"][0][0]["information_set"] == "king"
    assert "NE-gap of the average strategies" in told("learn", "poker.efg", "-T", "9", *learner)


@pytest.mark.usefixtures("poker")
def test_learners_are_for_their_games(told, folder):
    assert "has no learning rate" in told("learn", "poker.efg", "--rate", "1", code=1)
    assert "is an extensive game, which predictive_cfr and" in told(
        "learn", "poker.efg", "--learner", "regret_matching", code=1
    )
    assert "is no extensive game" in told("learn", str(folder / "hide.gam"), "--learner", "predictive_cfr", code=1)


def test_convert_a_tree_to_its_strategic_form_with_perfect_recall_or_without(poker, told):
    assert told("convert", "poker.efg", "poker.nfg") == "poker.efg: the strategic form has 4 x 2 reduced strategies\n"
    assert mn.solve("poker.nfg").value == pytest.approx(1 / 3)
    told("convert", "poker.efg", "again.efg")
    assert told("solve", "again.efg").splitlines()[1:] == told("solve", "poker.efg").splitlines()[1:]
    refused = told("convert", "poker.efg", "poker.npz", code=1)
    assert "poker.efg is an extensive game, and .npz holds Markov games; write .efg, .nfg or .json" in refused
    assert "player 2 cannot tell it from the position of line" in refused
    (poker / "driver.efg").write_text('EFG 2 R "" { "A" } p "" 1 1 "exit?" { "off" "on" } 0 t "" 1 "" { 0 } '
                                      'p "" 1 1 "exit?" { "off" "on" } 0 t "" 2 "" { 4 } t "" 3 "" { 1 }')  # fmt: skip
    assert "absent-minded" in told("solve", "driver.efg", code=1)
    assert told("convert", "driver.efg", "driver.nfg").endswith("has 2 reduced strategies\n")
    assert mn.solve("driver.nfg").value == pytest.approx(1.0)  # pure: off at once, or never
