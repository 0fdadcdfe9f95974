"""Files of games: every bit comes back, and what cannot be read is said to be so."""

import gzip
import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse
from strategies import STORAGES, random_tables, seeds, tables

import metanash
from metanash import DiscountedGame, OptimisticMirrorDescent, Transition, learn, read_games, write_games
from metanash.archive import ArchiveError, read_archive, write_archive
from metanash.families import potential_sequence, zero_sum_sequence
from metanash.gamefile import FORMAT, SCHEMA, read_games_and_provenance, read_provenance


def kernels_of(transition):
    return [transition.at(h) for h in range(transition.steps)]


def assert_same_games(one, other):
    assert len(one) == len(other)
    for first, second in zip(one, other, strict=True):
        assert type(first) is type(second)
        assert first.name == second.name
        np.testing.assert_array_equal(first.reward, second.reward)
        np.testing.assert_array_equal(first.initial, second.initial)
        assert first.transition.is_sparse == second.transition.is_sparse
        assert first.transition.n_actions == second.transition.n_actions
        assert first.transition.steps == second.transition.steps
        for got, expected in zip(kernels_of(first.transition), kernels_of(second.transition), strict=True):
            np.testing.assert_array_equal(got, expected)
        assert getattr(first, "discount", None) == getattr(second, "discount", None)
        potentials = getattr(first, "potential", None), getattr(second, "potential", None)
        assert (potentials[0] is None) == (potentials[1] is None)
        if potentials[0] is not None:
            np.testing.assert_array_equal(*potentials)


# Round trips --------------------------------------------------------------------------------------------


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["zero_sum", "markov", "discounted"]).flatmap(tables), st.integers(1, 3), seeds)
def test_every_bit_comes_back(tmp_path, game, count, seed):
    """Dense per step, shared and sparse; some games share a kernel, floats are arbitrary."""
    rng = np.random.default_rng(seed)
    games = [game.game()]
    for _ in range(count):
        other = random_tables(
            rng, game.kind, game.horizon, game.n_states, game.actions, storage=game.storage,
            discount=game.discount, reward_rows=len(game.reward),
        )  # fmt: skip
        games += [other.game(), other.game(games[0].transition)]
    path = tmp_path / "games.npz"
    write_games(path, games)
    read = read_games(path)
    assert_same_games(read, games)
    assert read[2].transition is read[0].transition
    assert read[1].transition is not read[0].transition
    first = path.read_bytes()
    write_games(path, read)
    assert path.read_bytes() == first


def test_names_floats_and_potentials_come_back(tmp_path):
    for games in (
        zero_sum_sequence("mixed", 1, n_games=3, perturbation=0.1, horizon=3, stationary=False, transition_mixing=0.2),
        potential_sequence("action_independent", 1, n_games=3, perturbation=0.1, discount=0.1 + 0.2),
    ):
        write_games(tmp_path / "games.npz", games)
        assert_same_games(read_games(tmp_path / "games.npz"), games)


def test_sparse_kernels_keep_their_holes(tmp_path):
    """Rows of different numbers of entries, matrices of different numbers of entries, kinds out of order."""
    rng = np.random.default_rng(0)
    made = [random_tables(rng, "zero_sum", 2, 5, (2, 3), storage="sparse") for _ in range(3)]
    transitions = [game.transition() for game in made]
    games = [game.game(transitions[k]) for game, k in zip(made, (1, 0, 1), strict=True)]
    write_games(tmp_path / "games.npz", games)
    read = read_games(tmp_path / "games.npz")
    assert_same_games(read, games)
    for got, expected in zip(read[1].transition.kernel, transitions[0].kernel, strict=True):
        assert sparse.issparse(got)
        assert got.nnz == expected.nnz < 30 * 5
    _, arrays = read_archive(tmp_path / "games.npz", FORMAT, SCHEMA)
    assert "transition" not in arrays
    assert arrays["transition_index"].tolist() == [0, 1, 0]


def test_provenance_comes_back(tmp_path):
    games = zero_sum_sequence("pure", 1, n_games=1, perturbation=0.1)
    provenance = {"family": "pure", "seed": 3, "sizes": [1, 2], "nested": {"a": None}}
    write_games(tmp_path / "deep" / "er" / "games.npz", games, provenance)
    assert read_provenance(tmp_path / "deep" / "er" / "games.npz") == provenance
    write_games(tmp_path / "games.npz", games)
    assert read_provenance(str(tmp_path / "games.npz")) == {}


def test_equal_content_gives_equal_bytes(tmp_path, monkeypatch):
    games = zero_sum_sequence("pure", 1, n_games=2, perturbation=0.1)
    write_games(tmp_path / "a.npz", games, {"b": 1, "a": 2})
    monkeypatch.setenv("TZ", "Pacific/Apia")
    write_games(tmp_path / "b.npz", list(games), {"a": 2, "b": 1})
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_an_ordinary_umask_gives_a_readable_file(tmp_path):
    path = tmp_path / "games.npz"
    before = os.umask(0o022)
    try:
        write_games(path, zero_sum_sequence("pure", 1, n_games=1, perturbation=0.1))
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o644


# Files that are not written -----------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["numpy.lib.format.write_array", "os.replace"])
def test_a_failing_write_leaves_nothing_and_harms_nothing(tmp_path, monkeypatch, step):
    games = zero_sum_sequence("pure", 1, n_games=1, perturbation=0.1)
    path = tmp_path / "games.npz"

    def broken(*arguments, **options):  # noqa: ARG001
        raise OSError("disk full")

    def failing_write():
        with monkeypatch.context() as patch:
            patch.setattr(step, broken)
            with pytest.raises(OSError, match="disk full"):
                write_games(path, games)

    failing_write()
    assert list(tmp_path.iterdir()) == []
    write_games(path, games)
    before = path.read_bytes()
    failing_write()
    assert [file.name for file in tmp_path.iterdir()] == ["games.npz"]
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (list, ValueError, "at least one game"),
        (lambda: [game().game(), game(kind="markov").game()], ValueError, "one class"),
        (lambda: [game().game(), game(states=3).game()], ValueError, "one size"),
        (lambda: [game().game(), game(storage="sparse").game()], ValueError, "the same way"),
        (lambda: [with_potential(None), with_potential(np.zeros((2, 2, 3)))], ValueError, "all games of a file"),
    ],
)
def test_games_that_are_no_sequence(make, error, message, tmp_path):
    with pytest.raises(error, match=message):
        write_games(tmp_path / "games.npz", make())
    assert list(tmp_path.iterdir()) == []


def game(kind="zero_sum", states=2, storage="per_step"):
    return random_tables(np.random.default_rng(0), kind, 2, states, (2, 3), storage=storage)


def with_potential(potential):
    kernel = np.full((2, 2, 3, 2), 0.5)
    return DiscountedGame(np.zeros((2, 2, 2, 3)), Transition.shared(kernel), 0.5, potential=potential)


def test_provenance_that_json_cannot_hold(tmp_path):
    games = zero_sum_sequence("pure", 1, n_games=1, perturbation=0.1)
    for bad in (np.zeros(2), {1, 2}, float("nan")):
        with pytest.raises((TypeError, ValueError), match="JSON"):
            write_games(tmp_path / "games.npz", games, {"bad": bad})
    assert list(tmp_path.iterdir()) == []


# Files that are not read --------------------------------------------------------------------------------


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "games.npz"
    write_games(path, zero_sum_sequence("mixed", 1, n_games=2, perturbation=0.1, transition_mixing=0.1))
    return path


def test_a_truncated_file_is_an_error_wherever_it_ends(written):
    whole = written.read_bytes()
    lengths = {0, 1, 10, 30, 100, len(whole) // 2, len(whole) - 300, len(whole) - 30, len(whole) - 22, len(whole) - 1}
    for length in sorted(lengths):
        written.write_bytes(whole[:length])
        with pytest.raises(ArchiveError, match=r"games\.npz: truncated, damaged or no metanash-games file"):
            read_games(written)


def test_a_missing_file_is_an_error(tmp_path):
    for read in (read_games, read_provenance):
        with pytest.raises(ArchiveError, match=r"nowhere\.npz: no such file"):
            read(tmp_path / "nowhere.npz")
        with pytest.raises(ArchiveError, match=str(tmp_path)):
            read(tmp_path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"hello", b"\x93NUMPY\x01\x00", b"\x80\x05K\x01."])
def test_other_files_are_an_error(tmp_path, content):
    path = tmp_path / "games.npz"
    path.write_bytes(content)
    with pytest.raises(ArchiveError, match=r"games\.npz"):
        read_games(path)


NFG = 'NFG 1 R "a game" { "1" "2" } { 2 2 }\n\n3 2 0 0 0 0 2 3\n'
NUMBERS = r"numbers become a game by metanash\.gambit\.from_bimatrix and from_payoffs"
OTHERS = {
    "a.agg": (b"#AGG\n2\n", r"an action-graph game of Gambit, .*read_agg\('a\.agg'\)\.to_nfg\('a\.nfg'\)"),
    "a.bagg": (b"#BAGG\n2\n", r"an action-graph game of Gambit, .*pygambit\.read_bagg"),
    "a.txt": (b"hello", f"a text, .*{NUMBERS}"),
    "b.txt": (NFG.encode(), r"a strategic game of Gambit, .*give it a name that ends in \.nfg"),
    "c.npz": (b"\xef\xbb\xbfEFG 2 R", r"an extensive game of Gambit, .*give it a name that ends in \.efg"),
    "a.csv": (b"1,2\n3,4\n", f"a table, .*{NUMBERS}"),
    "a.json": (b'{"a": 1}', f"a JSON text, .*{NUMBERS}"),
    "nothing": (b"[[1, 2]]", "a JSON text"),
    "a.nfg.gz": (gzip.compress(NFG.encode()), r"compressed with gzip, .*unpack it: gunzip a\.nfg\.gz"),
    "a.npy": (b"\x93NUMPY\x01\x00rest", r"a single array of NumPy, .*numpy\.load reads it"),
    "a.pkl": (b"\x80\x05K\x01.", "a pickle of Python"),
    "a.pdf": (b"%PDF-1.7", "a PDF document"),
    "a.xz": (b"\xfd7zXZ\x00rest", "compressed with xz, .*unpack it: unxz"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_files_of_other_programs_are_named_with_what_can_be_read(tmp_path, name):
    content, words = OTHERS[name]
    path = tmp_path / name
    path.write_bytes(content)
    for read in (read_games, read_provenance):
        with pytest.raises(ArchiveError, match=rf"{re.escape(str(path))}: {words}") as caught:
            read(path)
        assert "what can be read: .npz of metanash, .nfg and .efg of Gambit" in str(caught.value)
        assert "\n" not in str(caught.value)


def test_npz_files_and_zips_of_others_are_named(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros(3), y=np.ones(2))
    with pytest.raises(ArchiveError, match=r"a\.npz: an \.npz of NumPy with the arrays x, y, .*numpy\.load reads it"):
        read_games(tmp_path / "a.npz")
    with zipfile.ZipFile(tmp_path / "b.npz", "w") as file:
        file.writestr("chicken.nfg", NFG)
    with pytest.raises(ArchiveError, match=r"b\.npz: a zip of other files, .*unzip b\.npz"):
        read_games(tmp_path / "b.npz")


@pytest.mark.parametrize("name", ["folder", "folder.nfg", "folder.efg", "folder.npz"])
def test_folders_and_pipes_are_named(tmp_path, name):
    path = tmp_path / name
    path.mkdir()
    for read in (read_games, read_provenance, read_games_and_provenance):
        with pytest.raises(ArchiveError, match=f"{name}: a folder, no file of games; name a file in it"):
            read(path)
    path.rmdir()
    os.mkfifo(path)  # nobody writes to it
    for read in (read_games, read_provenance, read_games_and_provenance):
        with pytest.raises(ArchiveError, match=f"{name}: a pipe, no file of games; write it to a file first"):
            read(path)


def test_games_and_provenance_are_read_at_one_go(tmp_path):
    games = zero_sum_sequence("pure", 1, n_games=2, perturbation=0.1)
    write_games(tmp_path / "games.npz", games, {"seed": 3})
    read, provenance = read_games_and_provenance(tmp_path / "games.npz")
    assert_same_games(read, games)
    assert provenance == {"seed": 3} == read_provenance(tmp_path / "games.npz")
    (tmp_path / "a.nfg").write_text(NFG)
    read, provenance = read_games_and_provenance(tmp_path / "a.nfg")
    assert (read[0].name, provenance) == ("a game", {})


def test_bytes_of_game_files_stay(tmp_path):
    """SHA-256 of the arrays as they were written when they were stacked in memory, and files had no digests."""
    wanted = {
        "zero_sum": ("5b72480b15926e0a", zero_sum_sequence("pure", 1, n_games=2, perturbation=0.1)),
        "potential": ("7a067aa5ff12fddc", potential_sequence("team", 1, n_games=2, perturbation=0.1)),
    }
    for name, (sha, games) in wanted.items():
        exact = [_rounded(game) for game in games]
        write_games(tmp_path / name, exact, {"a": 1})
        with zipfile.ZipFile(tmp_path / name) as file:  # what zlib makes of it may differ from version to version
            content = b"".join(file.read(entry) for entry in file.namelist() if entry != "header.npy")
        assert hashlib.sha256(content).hexdigest()[:16] == sha


def _rounded(game):
    """With rewards in 64ths and chances of a half, which are the same on every machine."""
    common = {"reward": np.round(game.reward * 64) / 64, "name": game.name}
    if isinstance(game, DiscountedGame):
        kernel = np.full((1, *game.reward.shape[1:], 2), 0.5)
        return DiscountedGame(transition=Transition.per_step(kernel), discount=0.5, **common)
    return type(game)(transition=Transition.per_step(np.full((*game.reward.shape, 2), 0.5)), **common)


PEAK = """
import resource, sys
sys.path.insert(0, {src!r})
from metanash_replication.experiments import *
from metanash.gamefile import *
options = dict(n_states=31, n_players=4, reach=1, discount=0.9)
spec = Sequences("tracking", "shared", options, (0.3,), 120)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
if {job!r} == "write":
    games, provenance = generate_games(spec, [1], 2023)
    write_games({path!r}, games, provenance)
else:
    games, provenance = read_games_and_provenance({path!r})
    run_arm(Learning("individual", "projected_q_ascent", (0.1,), "absolute", 2, 1, False), games, provenance)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
kernels = {{id(g.transition): g.transition.kernel.nbytes for g in games}}
print(sum(kernels.values()) + sum(g.reward.nbytes for g in games))
"""


def test_large_games_are_in_memory_once(tmp_path):
    """Peak memory over the bytes of the games: 4.2 to write and 2.4 to learn when they were stacked and read twice."""
    src = str(Path(metanash.__file__).parents[1])
    for job in ("write", "learn"):
        code = PEAK.format(src=src, job=job, path=str(tmp_path / "games.npz"))
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        peak, own = map(int, done.stdout.split())
        assert own > 70e6
        assert peak < 1.6 * own, job


def rewritten(path, change, format_name=FORMAT, schema=SCHEMA):
    """Write the file again with its header and arrays changed."""
    header, arrays = read_archive(path, FORMAT, SCHEMA)
    change(header, arrays)
    kept = {key: value for key, value in header.items() if key not in {"format", "schema"}}
    write_archive(path, format_name, schema, kept, arrays)


def test_another_format_or_schema_is_an_error(written):
    rewritten(written, lambda header, arrays: None, schema=99)  # noqa: ARG005
    with pytest.raises(
        ArchiveError, match=r"games\.npz: schema version 99 of metanash-games, this metanash reads .* 1"
    ):
        read_games(written)
    write_archive(written, "metanash-run", SCHEMA, {}, {})
    with pytest.raises(
        ArchiveError, match=r"games\.npz: a metanash-games file was expected, this one says 'metanash-run'"
    ):
        read_games(written)
    np.savez(written, reward=np.zeros(3))
    with pytest.raises(ArchiveError, match="header"):
        read_games(written)
    for text in ('"text"', "[1]", "{}", "{broken"):
        np.savez(written, header=np.array(text))
        with pytest.raises(ArchiveError, match=r"games\.npz"):
            read_games(written)


@pytest.mark.parametrize("entry", ["reward", "initial", "transition", "transition_index"])
def test_a_missing_array_is_named(written, entry):
    rewritten(written, lambda header, arrays: arrays.pop(entry))  # noqa: ARG005
    with pytest.raises(ArchiveError, match=rf"games\.npz: entry '{entry}' is missing"):
        read_games(written)


@pytest.mark.parametrize("entry", ["transition_data", "transition_indices", "transition_indptr", "transition_bounds"])
def test_a_missing_part_of_a_sparse_kernel_is_named(tmp_path, entry):
    path = tmp_path / "games.npz"
    write_games(path, [game(storage="sparse").game()])
    rewritten(path, lambda header, arrays: arrays.pop(entry))  # noqa: ARG005
    with pytest.raises(ArchiveError, match=rf"games\.npz: entry '{entry}' is missing"):
        read_games(path)


@pytest.mark.parametrize("entry", ["kind", "names", "n_actions", "transition", "discount"])
def test_a_missing_part_of_the_header_is_named(tmp_path, entry):
    path = tmp_path / "games.npz"
    storage = "sparse_shared" if entry == "n_actions" else "shared"
    discounted = random_tables(np.random.default_rng(0), "discounted", 1, 2, (2, 3), storage=storage, discount=0.5)
    write_games(path, [discounted.game()])
    rewritten(path, lambda header, arrays: header.pop(entry))  # noqa: ARG005
    with pytest.raises(ArchiveError, match=rf"games\.npz: entry '{entry}' is missing"):
        read_games(path)


@pytest.mark.parametrize(
    ("entry", "change", "message"),
    [
        ("kind", lambda kind: "poker", "'poker' is missing or unknown"),  # noqa: ARG005
        ("names", len, ""),
        ("reward", lambda reward: reward + 1, "reward must lie in"),
        ("reward", lambda reward: reward * np.nan, "reward must be finite"),
        ("reward", lambda reward: reward[:1], "names for 1 games"),
        ("reward", lambda reward: reward.astype(str), ""),
        ("transition", lambda kernels: kernels / 2, "rows must be distributions"),
        ("initial", lambda initial: initial / 2, "initial rows must be"),
        ("transition_index", lambda index: index + 5, "index"),
    ],
)
def test_a_game_in_a_file_is_checked_like_any_other(written, entry, change, message):
    def spoil(header, arrays):
        found = arrays if entry in arrays else header
        found[entry] = change(found[entry])

    rewritten(written, spoil)
    with pytest.raises(ArchiveError, match=rf"games\.npz: .*{message}"):
        read_games(written)


def test_pickled_objects_are_not_read(tmp_path):
    path = tmp_path / "games.npz"
    header = json.dumps({"format": FORMAT, "schema": SCHEMA})
    np.savez(path, header=np.array(header), reward=np.array([print], dtype=object))
    with pytest.raises(ArchiveError, match=r"games\.npz"):
        read_games(path)


def test_the_file_is_a_plain_zip_of_arrays(written):
    with zipfile.ZipFile(written) as archive:
        names = archive.namelist()
    assert sorted(names) == ["header.npy", "initial.npy", "reward.npy", "transition.npy", "transition_index.npy"]


@pytest.mark.parametrize("storage", STORAGES)
def test_read_games_are_ready_to_learn(tmp_path, storage):
    """A batch of read games behaves as the batch of those that were written."""
    rng = np.random.default_rng(0)
    games = [random_tables(rng, "zero_sum", 2, 3, (2, 3), storage=storage).game() for _ in range(2)]
    write_games(tmp_path / "games.npz", games)
    runs = [learn(made, OptimisticMirrorDescent(0.2), 12) for made in (games, read_games(tmp_path / "games.npz"))]
    np.testing.assert_array_equal(runs[0].ne_gap, runs[1].ne_gap)
