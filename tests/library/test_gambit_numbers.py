"""Numbers of files and arrays: exact, each player in its own units, and nothing lost without a word.

The oracle is ``fractions.Fraction`` on the words of the file, one by one.
"""

import itertools
import math
import sys
import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from metanash import (
    CorrelatedMirrorDescent,
    DiscountedGame,
    MarkovGame,
    Transition,
    ZeroSumGame,
    gambit,
    learn,
    ne_gains,
    ne_gap,
)
from metanash.archive import ArchiveError
from metanash.gambit import bulk, exact, trees
from metanash.gambit.pairs import exact_pair, pair_product, pair_quotient, pair_sum
from metanash.transitions import MOST_PLAYERS

in_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture
def small_pieces(monkeypatch):
    """Pieces of a few numbers, so that a small file has many."""
    monkeypatch.setattr(bulk, "_PIECE", 9)
    monkeypatch.setattr(exact, "_PIECE", 3)


def read_text(tmp_path, text, name="game.nfg", **options):
    path = tmp_path / name
    path.write_text(text)
    return (gambit.read_nfg if name.endswith("nfg") else gambit.read_efg)(path, **options)


# Exact numbers ------------------------------------------------------------------------------------------

integers = st.integers(-(10**6), 10**6).map(str)
floats = st.floats(-1e3, 1e3).map(repr)
decimals = st.builds("{}{}.{}".format, st.sampled_from(["", "-", "+"]), st.integers(0, 99), st.integers(0, 10**9))
odd = st.sampled_from([
    "1/3", "-7/10", "2/6", "+.5", "-.25", "5.", "1e-3", "1E2", "1.50", "0.30000000000000004", "-0", "007",
    "1e-30", "123456789012345678901.5", "0.1000000000000000055511151231257827", "1e99", "-1e-300",
])  # fmt: skip
words = st.one_of(integers, floats, decimals, odd)


@st.composite
def tables(draw, kinds=(integers, floats, decimals, odd, words)):
    """Numbers of actions and the words of all payoffs, profile after profile, the action of player 1 fastest."""
    actions = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    size = math.prod(actions) * len(actions)
    return actions, draw(st.lists(draw(st.sampled_from(kinds)), min_size=size, max_size=size))


def rewards_by_hand(actions, words):
    """Rewards, offsets and scales by loops over fractions."""
    players = len(actions)
    reward = np.empty((players, *actions))
    lows, scales = [], []
    for i in range(players):
        own = [Fraction(word) for word in words[i::players]]
        low, scale = min(own), max(own) - min(own) or Fraction(1)
        for joint in itertools.product(*map(range, actions)):
            place = sum(a * math.prod(actions[:j]) for j, a in enumerate(joint))
            reward[(i, *joint)] = float((own[place] - low) / scale)
        lows.append(float(low))
        scales.append(float(scale))
    return reward, tuple(lows), tuple(scales)


@pytest.mark.filterwarnings("ignore::metanash.gambit.VanishingPayoffWarning")
@pytest.mark.usefixtures("small_pieces")
@in_folder
@given(tables(), st.booleans())
def test_rewards_are_exact_fractions_rounded_once(tmp_path, table, by_outcome):
    actions, found = table
    players, names = len(actions), " ".join('"x"' for _ in actions)
    sizes = " ".join(map(str, actions))
    if by_outcome:
        rows = [f'{{ "a {{ b" {", ".join(found[k : k + players])} }}' for k in range(0, len(found), players)]
        body = "{\n" + "\n".join(rows) + "\n}\n" + " ".join(str(k + 1) for k in range(len(rows)))
    else:
        body = "\n".join(" ".join(found[k : k + players]) for k in range(0, len(found), players))
    text = f'NFG 1 R "" {{ {names} }} {{ {sizes} }}\n{body}\n'
    game, units = read_text(tmp_path, text, zero_sum=False)
    reward, low, scale = rewards_by_hand(actions, found)
    np.testing.assert_array_equal(game.reward[:, 0, 0], reward)
    assert units == gambit.Units(low, scale)


def test_what_two_floats_cannot_settle_is_settled_by_integers(tmp_path):
    """(2^53 + 3) / 2^54 lies halfway between two floats, and 1e-28 below it the lower one is next."""
    words = ["0." + "0" * 27 + "1", str(2**53 + 3), str(2**54)]
    game, _ = read_text(tmp_path, f'NFG 1 R "" {{ "a" }} {{ 3 }} {" ".join(words)}')
    assert game.reward[0, 0, 0].tolist() == [0.0, 0.5 + 2.0**-53, 1.0]
    game, _ = read_text(tmp_path, f'NFG 1 R "" {{ "a" }} {{ 3 }} 0 {" ".join(words[1:])}')
    assert game.reward[0, 0, 0, 1] == 0.5 + 2.0**-52  # the even one


@pytest.mark.usefixtures("small_pieces")
@in_folder
@given(st.lists(st.one_of(integers, floats, decimals, odd), min_size=2, max_size=8), st.integers(-5, 5), st.booleans())
def test_constant_sums_are_compared_as_fractions(tmp_path, found, total, spoiled):
    """A change of 1e-25 of one number is seen."""
    other = [Fraction(total) - Fraction(word) for word in found]
    other[-1] += Fraction(spoiled, 10**25)
    text = " ".join(f"{word} {value}" for word, value in zip(found, other, strict=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gambit.NearlyZeroSumWarning)
        warnings.simplefilter("ignore", gambit.VanishingPayoffWarning)
        game, _ = read_text(tmp_path, f'NFG 1 R "" {{ "a" "b" }} {{ {len(found)} 1 }}\n{text}')
    assert type(game) is (MarkovGame if spoiled else ZeroSumGame)


parts = st.tuples(st.integers(-(10**18), 10**18), st.integers(0, 28))


@given(st.lists(st.tuples(parts, parts), min_size=1, max_size=6))
@example([((0, 0), (27731460095, 0)), ((1, 22), (27731460095, 0))])  # too near to each other for pairs of floats
@example([((1, 28), (0, 0)), ((1, 28), (2**36, 0))])  # 10^28 2^36 apart, which is 0 modulo 2^64
def test_sums_of_decimals_are_exact(pairs):
    """What is 0 modulo 2^64 and small is 0: the decision on every pair is that of fractions."""
    mantissas, places = np.array(pairs).transpose(2, 1, 0)
    table = exact.Decimals(np.clip(mantissas, 1 - 10**18, 10**18 - 1), places.astype(np.int8))
    sums = [table.number(0, k) + table.number(1, k) for k in range(len(pairs))]
    first, same, off = table.sums(slice(0, len(pairs)))
    assert same.tolist() == [total == sums[first] for total in sums]
    size = max(abs(float(table.number(i, k))) for i in range(2) for k in range(len(pairs)))
    np.testing.assert_allclose(off, [float(total - sums[first]) for total in sums], rtol=1e-9, atol=size * 2.0**-90)


numbers = st.fractions(-(10**12), 10**12, max_denominator=10**18)


@given(numbers, numbers)
def test_pairs_have_a_hundred_bits(one, other):
    a, b = exact_pair(one), exact_pair(other)
    assert abs(sum(map(Fraction, map(float, a))) - one) <= abs(one) * Fraction(2) ** -106
    results = [
        (pair_sum(a, b), one + other, abs(one) + abs(other)), (pair_product(a, b), one * other, abs(one * other)),
    ]  # fmt: skip
    if other:
        results.append((pair_quotient(a, b), one / other, abs(one / other)))
    for found, wanted, size in results:
        assert abs(sum(map(Fraction, map(float, found))) - wanted) <= size * Fraction(2) ** -98
        assert float(found[0]) == float(found[0]) + float(found[1])


def test_plain_files_are_read_in_bulk(tmp_path, monkeypatch):
    """Not a single number of the usual forms is looked at by itself."""
    rng = np.random.default_rng(1)
    rows = "\n".join(f"{a!r} {b}" for a, b in zip(rng.normal(size=600).tolist(), range(600), strict=True))
    outcomes = "\n".join(
        f'{{ "" {a!r}, {b}.5 }}' for a, b in zip(rng.normal(size=600).tolist(), range(600), strict=True)
    )
    monkeypatch.setattr(bulk, "_one_by_one", lambda *_: pytest.fail("one by one"))
    monkeypatch.setattr(bulk, "_one_outcome", lambda reader, _: pytest.fail(reader.text[reader.place :][:40]))
    read_text(tmp_path, f'NFG 1 R "" {{ "a" "b" }} {{ 20 30 }}\n{rows}\n')
    monkeypatch.undo()
    single = []
    original = bulk._one_outcome
    monkeypatch.setattr(bulk, "_one_outcome", lambda *given: single.append(1) or original(*given))
    monkeypatch.setattr(bulk, "_PIECE", 1000)
    numbers = " ".join(map(str, range(1, 601)))
    read_text(tmp_path, f'NFG 1 R "" {{ "a" "b" }} {{ 20 30 }}\n{{\n{outcomes}\n}}\n{numbers}\n')
    assert len(single) < 60  # the rest of the last piece


def test_trees_are_read_in_bulk(tmp_path, monkeypatch):
    """Token by token go only lists of actions that were not met before."""
    rng = np.random.default_rng(1)
    game = MarkovGame(rng.uniform(size=(2, 4, 1, 2, 3)), Transition.shared(np.ones((1, 2, 3, 1))))
    gambit.write_efg(tmp_path / "game.efg", game)
    slow = []
    original = trees._Nodes.by_tokens
    monkeypatch.setattr(trees._Nodes, "by_tokens", lambda nodes: slow.append(1) or original(nodes))
    read, _ = gambit.read_efg(tmp_path / "game.efg", scaled=False)
    assert len(slow) == 2
    np.testing.assert_array_equal(read.reward, game.reward)


@in_folder
@given(st.integers(0, 2**32 - 1), st.sampled_from(["steps", "end"]), st.booleans())
def test_trees_are_the_same_token_by_token(tmp_path, seed, when, spaced):
    """The pattern takes nothing that the tokens would not, in spellings of other programs too."""
    rng = np.random.default_rng(seed)
    kernel = Transition.per_step(rng.dirichlet(np.ones(2), size=(2, 2, 2, 3)))
    game = MarkovGame(rng.integers(0, 4, size=(2, 2, 2, 2, 3)) / 3, kernel, [0.25, 0.75], name='} "{')
    text = gambit.efg_text(game, when=when)
    if spaced:
        text = text.replace(" ", " , ").replace("{ ", "{").replace('"1"', '"a } \\" b"')
    with pytest.MonkeyPatch.context() as patch:
        found = [read_text(tmp_path, text, "game.efg", zero_sum=False)]
        patch.setattr(trees._Nodes, "at_once", lambda _: None)
        found.append(read_text(tmp_path, text, "game.efg", zero_sum=False))
    (one, units), (other, same) = found
    np.testing.assert_array_equal(one.reward, other.reward)
    np.testing.assert_array_equal(one.initial, other.initial)
    for h in range(2):
        np.testing.assert_array_equal(one.transition.at(h), other.transition.at(h))
    assert units == same


@pytest.mark.parametrize("by_outcome", [False, True])
@pytest.mark.parametrize(("wrong", "reason"), [
    ("2..5", "'2..5' is no number (a payoff)"),
    ("nan", "'nan' is no number"),
    ("1_0", "'1_0' is no number"),
    ("1e101", "1e101 (a payoff) is beyond 1e100"),
    ("1/0", "'1/0' is no number (a payoff); its denominator is 0"),
    (".", "'.' is no number"),
    ("+-1", "'+-1' is no number"),
    ("1e1000", "the exponent of '1e1000' (a payoff) has more than 3 digits"),
    ("9" * 5000, "is a number of 5,000 characters; at most 4,000 are read: round it"),
    ('"x"', 'found the text "x"'),
])  # fmt: skip
def test_one_bad_number_among_thousands_is_named_with_its_line(tmp_path, wrong, reason, by_outcome):
    lines = [f"{k}.25 {k + 1}" for k in range(40 * 250)]
    lines[7000] = f"7000.25 {wrong}"
    lines = [f'{{ "" {line} }}' for line in lines] if by_outcome else lines
    more = ["}", " ".join(map(str, range(1, 40 * 250 + 1)))] if by_outcome else []
    text = "\n".join(['NFG 1 R "" { "a" "b" } { 40 250 }' + (" {" if by_outcome else ""), *lines, *more])
    with pytest.raises(ArchiveError) as caught:
        read_text(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path / 'game.nfg'}:7002: ")
    assert reason in str(caught.value)


def test_too_many_or_few_among_thousands(tmp_path):
    lines = [f"{k} {k + 1}" for k in range(40 * 250)]
    head = 'NFG 1 R "" { "a" "b" } { 40 250 }'
    for found, line in ((lines[:-3], 9998), ([*lines, "1 2"], 10002), ([*lines[:-1], "1 2 3"], 10001)):
        with pytest.raises(ArchiveError, match=rf":{line}: .* 20000 in all; found {len(' '.join(found).split())}"):
            read_text(tmp_path, "\n".join([head, *found]) + "\n\n")
    with pytest.raises(ArchiveError, match=r":1: .* in all; found 2"):  # nothing is made of that size
        read_text(tmp_path, 'NFG 1 R "" { "a" "b" } { 1000000 1000000 } 1 2')


def test_long_decimals_are_read(tmp_path):
    """Chances and payoffs of hundreds of digits, which we write ourselves, are no numbers of too many."""
    game, _ = read_text(tmp_path, f'NFG 1 R "" {{ "a" }} {{ 3 }} 0.{"3" * 900} 0 1.{"0" * 3000}')
    assert game.reward[0, 0, 0].tolist() == [1 / 3, 0.0, 1.0]


# A scale for each player ----------------------------------------------------------------------------------

A, B = np.array([[2.0, 0.0], [0.0, 1.0]]), np.array([[1e6, 0.0], [0.0, 2e6]])


def test_a_player_in_other_units_does_not_hide_another(tmp_path):
    """(2, 1000000; 0, 0; 0, 0; 1, 2000000): rewards are those of (2, 1; 0, 0; 0, 0; 1, 2)."""
    game, units = read_text(tmp_path, 'NFG 1 R "" { "a" "b" } { 2 2 } 2 1000000  0 0  0 0  1 2000000')
    same, small = gambit.from_bimatrix(A, B / 1e6)
    np.testing.assert_array_equal(game.reward, same.reward)
    assert (units, small) == (gambit.Units((0.0, 0.0), (2.0, 2e6)), gambit.Units((0.0, 0.0), (2.0, 2.0)))
    mu, nu = np.array([0.5, 0.5]), np.array([0.6, 0.4])
    gains = ne_gains(game, (mu[None, None], nu[None, None]))
    by_hand = (A @ nu).max() - mu @ A @ nu, (mu @ B).max() - mu @ B @ nu
    assert [float(units.gain(gains[i], i)) for i in range(2)] == pytest.approx(by_hand, rel=1e-12)
    assert ne_gap(game, (mu[None, None], nu[None, None])) == gains.max()
    runs = [learn(one, CorrelatedMirrorDescent(0.3), 50) for one in (game, same)]
    np.testing.assert_array_equal(runs[0].measures["cce_gap"], runs[1].measures["cce_gap"])


@given(st.integers(-40, 40), st.integers(0, 1), st.integers(0, 2**32 - 1), st.sampled_from([1.0, 0.01, 3e5]))
def test_a_power_of_two_of_one_players_payoffs_changes_no_bit(power, player, seed, size):
    payoffs = size * np.random.default_rng(seed).uniform(size=(2, 2, 3))
    other = payoffs.copy()
    other[player] *= 2.0**power
    (game, units), (again, found) = (gambit.from_payoffs(table, zero_sum=False) for table in (payoffs, other))
    np.testing.assert_array_equal(game.reward, again.reward)
    assert found.scale[player] == units.scale[player] * 2.0**power
    assert found.scale[1 - player] == units.scale[1 - player]
    assert game.reward.reshape(2, -1).min(axis=1).tolist() == [0.0, 0.0]
    assert game.reward.reshape(2, -1).max(axis=1).tolist() == [1.0, 1.0]


@pytest.mark.filterwarnings("ignore::metanash.gambit.VanishingPayoffWarning")
@in_folder
@given(
    tables(kinds=(floats, decimals)), st.fractions(min_value=Fraction(1, 1000), max_value=1000), st.integers(-99, 99)
)
def test_no_positive_affine_map_of_a_file_changes_a_bit(tmp_path, table, factor, shift):
    actions, found = table
    head = f'NFG 1 R "" {{ {" ".join(chr(34) * 2 for _ in actions)} }} {{ {" ".join(map(str, actions))} }} '
    moved = [str(factor * Fraction(word) + shift) if k % len(actions) == 0 else word for k, word in enumerate(found)]
    games = [read_text(tmp_path, head + " ".join(text), zero_sum=False)[0] for text in (found, moved)]
    np.testing.assert_array_equal(games[0].reward, games[1].reward)


def test_payoffs_are_rounded_by_player_when_they_go_back():
    """15 digits of the player's own largest: those of the other are no measure."""
    A, B = np.array([[0.125, 0.5], [0.0, 1.0]]), np.array([[1e30, 0.0], [3e30, 7e30]])
    got = gambit.to_bimatrix(*gambit.from_bimatrix(A, B))
    np.testing.assert_array_equal(got[0], A)
    np.testing.assert_allclose(got[1], B, rtol=1e-14)
    assert gambit.nfg_text(*gambit.from_bimatrix(A, B)).splitlines()[2].startswith("0.125 1000000000000000000")


def test_rewards_as_they_are(tmp_path):
    text = 'NFG 1 R "" { "a" "b" } { 1 2 } 0.25 0.5 0.75 0.25'
    game, units = read_text(tmp_path, text, scaled=False)
    assert (game.reward.tolist(), units) == ([[[[[0.25, 0.75]]]], [[[[0.5, 0.25]]]]], gambit.Units.of_rewards(2))
    with pytest.raises(ArchiveError, match=r"in \[0, 1\]; at \(i, h, s, a\) = \(1, 0, 0, 0, 1\) there is 1.5"):
        read_text(tmp_path, text.replace("0.75 0.25", "0.75 1.5"), scaled=False)
    assert gambit.from_bimatrix([[0.5, 0.25]], scaled=False)[1] == gambit.Units.of_rewards(2)


@pytest.mark.parametrize(("offset", "scale", "message"), [
    ((0.0,), (0.0,), "scale must be above 0"), ((0.0,), (-1.0,), "scale must be above 0"),
    ((0.0,), (math.nan,), "scale must be finite"), ((math.inf,), 1.0, "offset must be finite"),
    ((0.0, 0.0), (1.0,), "an offset and a scale for each player"), ((0.0,), ("1",), "real numbers"),
    (0.0, 1.0, "for each"),
])  # fmt: skip
def test_units_are_checked(offset, scale, message):
    with pytest.raises(ValueError, match=message):
        gambit.Units(offset, scale)


def test_one_scale_stands_for_all():
    assert gambit.Units((1, 2), 3) == gambit.Units((1.0, 2.0), (3.0, 3.0))
    assert hash(gambit.Units((1, 2), 3)) == hash(gambit.Units((1.0, 2.0), (3.0, 3.0)))


# Arrays of objects ----------------------------------------------------------------------------------------


def test_fractions_and_objects_are_taken_exactly():
    third = Fraction(1, 3)
    A = np.array([[third, Fraction(1, 7)], [Fraction(-1, 5), 2]], dtype=object)
    game, units = gambit.from_bimatrix(A, 1 - A)
    assert type(game) is ZeroSumGame
    assert game.reward[0, 0, 0, 0] == float((third + Fraction(1, 5)) / (2 + Fraction(1, 5)))
    assert units == gambit.Units((-0.2, 1.2), 2.2)
    assert gambit.from_bimatrix(A)[0].reward.tolist() == game.reward.tolist()
    for table in (A.tolist(), [[third, 0.5], [np.float32(0.25), np.int64(2)]], [[Decimal("0.1"), 0.5], [True, third]]):
        game, _ = gambit.from_bimatrix(table, zero_sum=True)
        exact = [[Fraction(x) if not isinstance(x, np.generic) else Fraction(x.item()) for x in row] for row in table]
        low, high = min(map(min, exact)), max(map(max, exact))
        wanted = [[float((x - low) / (high - low)) for x in row] for row in exact]
        np.testing.assert_array_equal(game.reward[0, 0], wanted)


def test_zero_sums_of_exact_numbers_are_exact():
    """A difference of 1 beside 2^80 is one; that of the last digit of floats is not."""
    large = [[2**80, 1], [0, 5]]
    with pytest.warns(gambit.VanishingPayoffWarning):
        assert type(gambit.from_bimatrix(large, [[-(2**80), -1], [0, -5]])[0]) is ZeroSumGame
    with pytest.warns(gambit.NearlyZeroSumWarning), pytest.warns(gambit.VanishingPayoffWarning):
        assert type(gambit.from_bimatrix(large, [[1 - 2**80, -1], [0, -5]])[0]) is MarkovGame
    near = np.array([[2**62, 5], [7, 9]])
    with pytest.warns(gambit.NearlyZeroSumWarning), pytest.warns(gambit.VanishingPayoffWarning):
        assert type(gambit.from_bimatrix(near, np.array([[1 - 2**62, -5], [-7, -9]]))[0]) is MarkovGame
    tenths = [[Decimal("0.1"), Decimal("0.7")]]
    assert type(gambit.from_bimatrix(tenths, [[Decimal("0.2"), Decimal("-0.4")]])[0]) is ZeroSumGame


class Arrays:
    """A game of pygambit, as far as it is asked: Rational is a subclass of Fraction."""

    class Rational(Fraction):
        pass

    def to_arrays(self):
        tables = [[["3/2", "2"], ["3", "0"]], [["1/10", "2"], ["1", "1"]]]
        return [np.array([[self.Rational(x) for x in row] for row in table], dtype=object) for table in tables]


def test_games_of_pygambit():
    for game, units in (gambit.from_bimatrix(*Arrays().to_arrays()), gambit.from_matrix_game(Arrays())):
        np.testing.assert_array_equal(gambit.to_payoffs(game, units), [[[1.5, 2], [3, 0]], [[0.1, 2], [1, 1]]])


BAD = [
    (None, "real numbers, got None"), ("x", "real numbers, got 'x'"), ("1.5", "real numbers, got '1.5'"),
    (1j, "real numbers, got 1j"), (math.nan, "finite, got nan"), (math.inf, "finite, got inf"),
    (Decimal("NaN"), "finite, got NaN"), (Decimal("sNaN"), "finite, got sNaN"),
    (Decimal("-Infinity"), "finite, got -Inf"),
    ([1, 2], "got a list as an entry"), (10**101, "within 1e100"), (Decimal("1e101"), "within 1e100"),
    (Fraction(10**102, 3), "within 1e100"), (Decimal("1e999999999"), "within 1e100"),
    (Decimal("1e-999999999"), "places"),
    (object(), "real numbers, got <object"), (np.complex64(1), "real numbers"),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "message"), BAD, ids=[str(entry)[:12] for entry, _ in BAD])
@pytest.mark.parametrize("beside", [Fraction(1, 2), 0.5, Decimal("0.5"), 2**70])
def test_entries_that_are_no_numbers_are_named(entry, message, beside):
    table = np.empty((2, 2), dtype=object)
    table[0, 0], table[0, 1], table[1, 0], table[1, 1] = beside, 1, entry, 2
    with pytest.raises(ValueError, match=r"^B at index = \(1, 0\): ") as caught:
        gambit.from_bimatrix([[1, 2], [3, 4]], table)
    assert message in str(caught.value)
    with pytest.raises(ValueError, match=r"^payoffs at index = \(1, 0\): "):
        gambit.from_payoffs(table)

    class Nashpy:
        payoff_matrices = (np.ones((2, 2)), table)

    with pytest.raises(ValueError, match=r"^payoffs of player 2 at index = \(1, 0\): "):
        gambit.from_matrix_game(Nashpy())


@pytest.mark.parametrize(("table", "message"), [
    ([[1, 2], [3]], "A must be a rectangular array"), ([["a", "b"]], "A at index = .* got 'a'"),
    ([[1, 2j]], "A at index .* 2j"), ([[1.0, -1e101]], "A must lie within 1e100; at index"),
    ([[np.nan, 1.0]], r"A must be finite; at index \(0, 0\) there is nan"), (None, "A at index .* got None"),
    ([], "A must not be empty"), (np.empty((0, 2), dtype=object), "A must not be empty"),
    ([[[1.0]]], "must be matrices"), (np.array([[Fraction(1)], [2]], dtype=object)[0], "must be matrices"),
])  # fmt: skip
def test_tables_that_are_none(table, message):
    with pytest.raises(ValueError, match=message):
        gambit.from_bimatrix(table)


# Sums of floats -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("total", [0.3, 1.0, 0.0, -7.7, 1e6 / 3])
def test_float_sums_that_are_constant_up_to_rounding_are_recognised(total):
    """Half a unit in the last place of both payoffs: nobody could have written the sum better."""
    for seed in range(200):
        R = np.random.default_rng(seed).random((3, 4))
        game, units = gambit.from_bimatrix(R, total - R)
        assert type(game) is ZeroSumGame
        np.testing.assert_allclose(gambit.to_bimatrix(game, units)[1], total - R, atol=1e-15 * max(1.0, abs(total)) * 8)


def test_a_large_entry_does_not_hide_a_small_difference():
    with pytest.warns(gambit.VanishingPayoffWarning):
        game, _ = gambit.from_bimatrix([[1e16, 1.0, 2.0]], [[-1e16, -1.0, -1.5]], zero_sum=False)
    assert type(game) is MarkovGame
    with pytest.warns(gambit.VanishingPayoffWarning), pytest.warns(gambit.NearlyZeroSumWarning, match="at most 0.5"):
        game, _ = gambit.from_bimatrix([[1e16, 1.0, 2.0]], [[-1e16, -1.0, -1.5]])
    assert type(game) is MarkovGame


def test_a_near_miss_is_said_and_can_be_told(tmp_path):
    R = np.random.default_rng(3).random((3, 3))
    rows = [f"{r!r} {1 - r!r}" for r in R.ravel().tolist()]
    text = f'NFG 1 R "decimals" {{ "a" "b" }} {{ 3 3 }}\n{" ".join(rows)}'
    with pytest.warns(gambit.NearlyZeroSumWarning, match="^decimals: .*up to rounding.* zero_sum=True"):
        game, _ = read_text(tmp_path, text)
    assert type(game) is MarkovGame
    assert type(read_text(tmp_path, text, zero_sum=True)[0]) is ZeroSumGame
    assert type(read_text(tmp_path, text, zero_sum=False)[0]) is MarkovGame
    with pytest.warns(gambit.NearlyZeroSumWarning, match="at most 5e-10"):
        gambit.from_bimatrix(R, -R + np.eye(3) * 5e-10)
    gambit.from_bimatrix(R, -R + np.eye(3) * 5e-9)  # far enough: general-sum without a word
    gambit.from_bimatrix(R * 1e-12, np.eye(3) * 1e-12)  # small, but nothing like zero-sum


# Payoffs that vanish --------------------------------------------------------------------------------------


def test_payoffs_that_are_lost_beside_the_range_are_said(tmp_path):
    text = 'NFG 1 R "lost" { "a" "b" } { 3 1 } 10000000000000000 1  1 2  2 4'
    with pytest.warns(
        gambit.VanishingPayoffWarning, match="^lost: payoffs 1 and 2 of player 1 .* from 1 to 1000"
    ) as said:
        read_text(tmp_path, text)
    assert len(said) == 1
    with pytest.warns(
        gambit.VanishingPayoffWarning, match=r"payoffs 1 and 2 of player 2 .*range, from -1000000000000000000 to 2"
    ):
        gambit.from_payoffs([[[0.0, 1.0, 2.0]], [[1.0, 2.0, -1e18]]], zero_sum=False)
    with pytest.warns(gambit.VanishingPayoffWarning, match="payoffs 0.5 and 0.75 of player 1"):
        gambit.from_bimatrix([[Fraction(1, 2), Fraction(3, 4), -(10**18)]])
    many = " ".join(["1/3 1", "2/3 2"] * 3)
    with pytest.warns(gambit.VanishingPayoffWarning, match="payoffs 0.3333333333333333 and 0.6666666666666666"):
        read_text(tmp_path, f'NFG 1 R "" {{ "a" "b" }} {{ 7 1 }} {many} 1e17 1')


def test_rounding_of_floats_is_no_loss(tmp_path):
    """0.1 + 0.2 beside 0.3, in arrays, files and objects; integers that differ by one are not close."""
    table = [[[0.3, 0.1 + 0.2, 5.0, 0.0]], [[1.0, 2.0, 3.0, 4.0]]]
    gambit.from_payoffs(table)
    gambit.from_payoffs(np.array(table, dtype=object))
    read_text(tmp_path, 'NFG 1 R "" { "a" "b" } { 1 4 } 0.3 1 0.30000000000000004 2 5 3 0 4')
    large = [[[10**16, 10**16 - 1, 0, 5]], [[1, 2, 3, 4]]]
    for payoffs in (large, np.array(large, dtype=object), np.array([[[2.0**53, 2.0**53 - 1, 0, 5]], [[1, 2, 3, 4.0]]])):
        with pytest.warns(gambit.VanishingPayoffWarning, match="of player 1 cannot be told apart"):
            gambit.from_payoffs(payoffs)
    with pytest.warns(
        gambit.VanishingPayoffWarning, match="payoffs 9999999999999999 and 10000000000000000 of player 1"
    ):
        read_text(tmp_path, 'NFG 1 R "" { "a" "b" } { 1 3 } 10000000000000000 1 9999999999999999 2 0 3')


def test_equal_payoffs_in_other_words_are_not_lost(tmp_path):
    text = 'NFG 1 R "" { "a" "b" } { 4 1 } 1 1  1.0 1/3  10e-1 2/6  100000000000000000000 0'
    game, _ = read_text(tmp_path, text)
    assert game.reward[0].ravel().tolist() == [0.0, 0.0, 0.0, 1.0]


# Many players ---------------------------------------------------------------------------------------------


def lonely(players):
    """A game of players with one action each: payoffs and a kernel."""
    return np.full((players, 1, 1, *(1,) * players), 0.5), np.ones((1, *(1,) * players, 1))


@pytest.mark.parametrize("players", [30, MOST_PLAYERS])
def test_many_players_work_everywhere(tmp_path, players):
    reward, kernel = lonely(players)
    game = MarkovGame(reward, Transition.shared(kernel))
    discounted = DiscountedGame(reward[:, 0], Transition.shared(kernel), 0.5)
    assert ne_gap(game, [np.ones((1, 1, 1))] * players) == 0.0
    assert ne_gap(discounted, [np.ones((1, 1))] * players) == 0.0
    run = learn(game, CorrelatedMirrorDescent(0.1), 3)
    assert run.measures["cce_gap"].max() == 0.0
    for name, write in (("game.nfg", gambit.write_nfg), ("game.efg", gambit.write_efg)):
        write(tmp_path / name, game)
        read, units = (gambit.read_nfg if name == "game.nfg" else gambit.read_efg)(tmp_path / name)
        assert (read.n_players, units.offset) == (players, (0.5,) * players)
    assert gambit.to_payoffs(*gambit.from_payoffs(reward[:, 0, 0])).shape == (players, *(1,) * players)
    with pytest.raises(ValueError, match=r"reward must lie in \[0, 1\]; at"):
        MarkovGame(3 * reward, Transition.shared(kernel))


def test_more_players_are_refused_with_the_reason(tmp_path):
    players = MOST_PLAYERS + 1
    reward, kernel = lonely(players)
    still = Transition.trusted(kernel[np.newaxis], 1, (1,) * players)
    names, ones = " ".join(['"x"'] * players), "1 " * players
    lines = [f'p "" {i + 1} 1 "" {{ "x" }} 0' for i in range(players)]
    calls = [
        lambda: Transition.shared(kernel),
        lambda: Transition.per_step(kernel[np.newaxis]),
        lambda: Transition.sparse([np.ones((1, 1))], (1,) * players),
        lambda: MarkovGame(reward, still),
        lambda: DiscountedGame(reward[:, 0], still, 0.5),
        lambda: gambit.from_payoffs(reward[:, 0, 0]),
        lambda: read_text(tmp_path, f'NFG 1 R "" {{ {names} }} {{ {ones} }} {ones}'),
        lambda: read_text(tmp_path, "\n".join([f'EFG 2 R "" {{ {names} }}', *lines, 't "" 0']), "game.efg"),
    ]
    for call in calls:
        with pytest.raises(
            ValueError, match=r"at most 60 players, since arrays have at most 64 axes .*; got 61 players"
        ):
            call()
    with pytest.raises(ArchiveError, match=r"game\.nfg:1: games have at most 60 players"):
        read_text(tmp_path, f'NFG 1 R "" {{ {names} {names} }} {{ {ones} {ones} }} {ones}')


# Chances and payoffs before the first move ----------------------------------------------------------------


def drawn(chances, *, payoffs="", second="", labels=("0:0", "0:1", "0:2", "0:3")):
    """A tree whose states are drawn first, with one player of two actions; payoffs 1, 2, ... after the first."""
    lines = [
        'EFG 2 R "drawn" { "a" }',
        f'c "" 1 "" {{ {" ".join(f"{chr(34)}{k}{chr(34)} {p}" for k, p in enumerate(chances))} }} {payoffs or 0}',
    ]
    for k, _ in enumerate(chances):
        lines += [
            f'p "" 1 {k + 1} "{labels[k]}" {{ "x" "y" }} {second or 0}',
            f't "" {90 + k} "" {{ {labels[k][-1]} }}',
            't "" 0',
        ]
    return "\n".join(lines)


@pytest.mark.parametrize(("chances", "wanted"), [
    (["0.3333333333333333"] * 3, [1 / 3] * 3),
    (["0.333333333333333"] * 3, [1 / 3] * 3),
    (["0.33333333333333331"] * 3, [1 / 3] * 3),
    (["3.333333333333333e-1"] * 3, [1 / 3] * 3),
    (["0.6666666666666667", "0.3333333333333333"], [2 / 3, 1 / 3]),
    (["0.6666666666666666", "0.3333333333333333"], [2 / 3, 1 / 3]),
    (["0.7000000000000001", "0.3"], [0.7, 0.3]),
    (["1/3", "2/3"], [1 / 3, 2 / 3]), (["1/3", "1/3", "1/3"], [1 / 3] * 3),
    (["0.25", ".75"], [0.25, 0.75]), (["+.5", "5e-1"], [0.5, 0.5]), (["1", "0"], [1.0]),
    (["0", "1/2", "0.5"], [0.0, 0.5, 0.5]),
    (["0.0003770739064857"] * 2652, [1 / 2652] * 4),
])  # fmt: skip
def test_chances_that_sum_to_one_up_to_their_digits(tmp_path, chances, wanted):
    labels = ["0:" + str(min(k, 3)) for k in range(len(chances))]
    game, _ = read_text(tmp_path, drawn(chances, labels=labels), "game.efg")
    wanted = wanted if len(chances) <= 4 else [1 / 2652, 1 / 2652, 1 / 2652, 2649 / 2652]
    np.testing.assert_allclose(game.initial, wanted, rtol=1e-15)
    if all("/" not in chance for chance in chances) and len(set(chances)) == 1 and len(chances) == 3:
        assert (game.initial == 1 / 3).all()  # exactly, and rounded once


@pytest.mark.parametrize(("chances", "reason"), [
    (["0.3333333333", "0.6666666666"], "0.3333333333 + 0.6666666666 = 0.9999999999, which is 1e-10 too little"),
    (["0.33333333333333"] * 3, "= 0.99999999999999, which is 1e-14 too little"),
    (["0.333333333300000000"] * 3, "too little; write fractions like 1/3, or decimals of 15 digits or more"),
    (["0.3333333333333330"] * 3, "which is 1e-15 too little"),
    (["0.333333333333334"] * 3, "which is 2e-15 too much"),  # more than half a unit of each
    (["1/3", "1/3"], "1/3 + 1/3 = 0.6666666666666666, which is 0.333 too little"),
    (["0.5", "0.5000000000000003"], "which is 3e-16 too much"), (["0.75", "0.5"], "= 1.25, which is 0.25 too much"),
    (["3/2", "-1/2"], "chances must be at least 0, found 3/2 + -1/2"), (["0", "0"], "which is 1 too little"),
])  # fmt: skip
def test_other_chances_are_refused_with_sum_and_remedy(tmp_path, chances, reason):
    with pytest.raises(ArchiveError) as caught:
        read_text(tmp_path, drawn(chances), "game.efg")
    assert str(caught.value).startswith(f"{tmp_path / 'game.efg'}:2: chances must ")
    assert reason in str(caught.value)


def test_chances_that_lead_to_one_state_add_up(tmp_path):
    """First as exact numbers: 0.1 + 0.2 is 3/10; also three steps of chance, one with no chance at all."""
    game, _ = read_text(tmp_path, drawn(["0.1", "0.2", "0.7"], labels=("0:0", "0:0", "0:1")), "game.efg")
    assert game.initial.tolist() == [0.3, 0.7]
    text = """EFG 2 R "" { "a" }
p "" 1 1 "0:0" { "x" } 0
c "" 1 "" { "l" 1/10 "m" 1/5 "r" 7/10 } 0
p "" 1 2 "1:0" { "x" } 0
t "" 1 "" { 1 }
c "" 2 "" { "u" 1 "never" 0 } 0
p "" 1 3 "1:0" { "x" } 0
t "" 1
t "" 9 "" { 99 }
p "" 1 4 "1:1" { "x" } 0
t "" 0
"""
    game, _ = read_text(tmp_path, text, "game.efg")
    assert game.transition.at(0)[0, 0].tolist() == [0.3, 0.7]
    assert game.reward[0, 1, :, 0].tolist() == [1.0, 0.0]


def test_chance_that_nobody_sees_is_averaged(tmp_path):
    """A coin behind everybody's back: payoffs and the next draw are means, and the information sets are one state."""
    text = """EFG 2 R "" { "a" "b" }
c "" 1 "" { "l" 1/4 "r" 3/4 } 0
p "" 1 1 "" { "x" "y" } 0
p "" 2 1 "" { "u" } 0
t "" 1 "" { 4 0 }
p "" 2 1 0
t "" 2 "" { 0 4 }
p "" 1 1 0
p "" 2 1 0
t "" 3 "" { 8 8 }
p "" 2 1 0
t "" 2
"""
    game, units = read_text(tmp_path, text, "game.efg")
    np.testing.assert_allclose(gambit.to_payoffs(game, units), [[[7], [0]], [[6], [4]]])
    game, units = read_text(tmp_path, drawn(["1/4", "1/4", "1/2"], labels=("0:4", "0:8", "0:2")).replace(
        'p "" 1 2 "0:8" { "x" "y" } 0', 'p "" 1 1 0'), "game.efg")  # fmt: skip
    assert game.initial[[2, 4]].tolist() == [0.5, 0.5]
    np.testing.assert_allclose(units.payoff(game.reward[0, 0, [2, 4]], 0), [[2, 0], [6, 0]])  # given that one is there
    seen = text.replace('p "" 1 1 0\np "" 2 1 0', 'p "" 1 1 0\np "" 2 2 "" { "u" } 0')
    with pytest.raises(ArchiveError, match=r"game\.efg:9: no Markov game: player 2 sees .* what chance did"):
        read_text(tmp_path, seen, "game.efg")


def test_payoffs_before_the_first_move_belong_to_the_first_step(tmp_path):
    plain, _ = read_text(tmp_path, drawn(["1/4", "3/4"]), "game.efg")
    game, units = read_text(tmp_path, drawn(["1/4", "3/4"], payoffs='1 "" { 10 }'), "game.efg")
    np.testing.assert_array_equal(game.reward, plain.reward)
    assert units.offset == (10.0,)
    game, units = read_text(
        tmp_path, 'EFG 2 R "" { "a" }\np "" 1 1 "" { "x" "y" } 1 "" { 5 }\nt "" 2 "" { 1 }\nt "" 0', "game.efg"
    )
    np.testing.assert_array_equal(gambit.to_payoffs(game, units), [[6, 5]])
    # on the way to a state: those of chance and of the first mover, state by state
    text = drawn(["1/4", "3/4"], payoffs='1 "" { 10 }').replace(
        'p "" 1 2 "0:1" { "x" "y" } 0', 'p "" 1 2 "0:1" { "x" "y" } 7 "" { 3 }'
    )
    game, units = read_text(tmp_path, text, "game.efg")
    payoffs = units.offset[0] + units.scale[0] * game.reward[0, 0]
    np.testing.assert_allclose(payoffs, [[10, 10], [14, 13]])


# Lines and causes -----------------------------------------------------------------------------------------

HEAD = 'EFG 2 R "t" { "a" "b" }\n'
NODES = """p "" 1 1 "one" { "h" "t" } 0
p "" 2 1 "two" { "u" } 0
t "" 1 "o" { 1 2 }
p "" 2 1 0
t "" 2 "" { 3 4 }
"""


@pytest.mark.parametrize(("old", "new", "line", "reason"), [
    ('t "" 1 "o" { 1 2 }', 't ""', 4, "this node lacks the number of its outcome (0 for none); found 'p' in its place"),
    ('t "" 2 "" { 3 4 }', 't ""', 6, "this node lacks the number of its outcome (0 for none); found the end"),
    ('{ "u" } 0', '{ "u" }', 3, "this node lacks the number of its outcome (0 for none); found 't'"),
    ('p "" 2 1 0', 'p "" 2 1', 5, "this node lacks the number of its outcome (0 for none); found 't'"),
    ('p "" 2 1 0', 'p "" 2', 5, "this node lacks the number of its information set; found 't'"),
    ('p "" 2 1 0', 'p ""', 5, "this node lacks the number of its player; found 't'"),
    ('"two" { "u" } 0', '"two"', 3, "this node lacks the list of its actions"),
    ("{ 1 2 }", "{ 1 2", 4, "a payoff or a closing brace was expected next, found 'p' on line 5"),
    ("{ 1 2 }", "{ 1 x }", 4, "'x' is no number (a payoff)"),
    ('{ "u" } 0', '{ "u"', 3, "the next action, in quotes, or a closing brace was expected next, found 't' on line 4"),
    ('{ "u" } 0', '{ "u" 0', 3, "the next action, in quotes, or a closing brace was expected, found '0'"),
    ("2 \"\" { 3 4 }", "0 { 3 4 }", 6, "outcome 0 means no payoffs; number outcomes from 1"),
    ('p "" 2 1 0', 'p "" 2 1 0 { 3 4 }', 5, "outcome 0 means no payoffs"),
    ('"t" { "a" "b" }', '"t" { "a" "b"', 1, "or a closing brace was expected next, found 'p' on line 2"),
    ("{ 1 2 }", "{ 1 " + "9" * 5000 + " }", 4, "is a number of 5,000 characters; at most 4,000 are read"),
    ('t "" 1 "o"', 't "" 1/2 "o"', 4, "its outcome (0 for none) must be an integer of at least 0, found 1/2"),
    ('p "" 2 1 0', 'p "" 2 1 "two" { "v" } 0', 5, "this information set had other actions when it was first met"),
])  # fmt: skip
def test_the_line_is_that_of_the_fault(tmp_path, old, new, line, reason):
    text = HEAD + NODES
    assert old in text
    read_text(tmp_path, text, "game.efg")
    with pytest.raises(ArchiveError) as caught:
        read_text(tmp_path, text.replace(old, new, 1), "game.efg")
    assert str(caught.value).startswith(f"{tmp_path / 'game.efg'}:{line}: ")
    assert reason in str(caught.value)


def test_digits_that_somebody_has_limited(tmp_path):
    """Python converts 4,300 digits, or as few as it is told to: a number that it refuses is refused with its reason."""
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(640)
    try:
        with pytest.raises(ArchiveError, match=r":1: .* \(a payoff\) is a number of 902 characters: Exceeds the limit"):
            read_text(tmp_path, f'NFG 1 R "" {{ "a" }} {{ 1 }} 0.{"3" * 900}')
    finally:
        sys.set_int_max_str_digits(before)
