"""River poker: hands, deals and payoffs by enumeration; equilibria known from theory; sequences of tasks."""

from fractions import Fraction

import numpy as np
import oracles_poker as oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from metanash import OptimisticMirrorDescent, exact, learn, read_games, write_games
from metanash._inner.cards import parse_cards
from metanash.families import FAMILIES, pot_scale, river_deal, river_poker_sequence
from metanash.river import river_strengths
from metanash_replication.experiments import Sequences, generate_games

BOARD = "Kh9s8d4c2h"
BOARDS = {
    "high cards": BOARD,
    "flush possible": "Ah9h8h4c2d",
    "paired": "7c7dQsQh3d",
    "straight": "9c8d7h6s5c",
    "wheel": "Ac2d3h4s9c",
    "straight flush": "5d4d3d2dKs",
    "royal": "AsKsQsJsTs",
}


def one_game(*address, **options):
    options = {"kind": "random", "n_games": 1, "perturbation": 0.0, "board": BOARD, **options}
    (game,) = river_poker_sequence(options.pop("kind"), *address, **options)
    return game


def chips(game, pot):
    """Payoffs in chips: the unit of reward is known in pots, rewards of 1/2 are nothing won."""
    return (game.reward[0, 0] - 0.5) * pot_scale(game) * pot


def named(held):
    return {"".join(hand): weight for hand, weight in held.items()}


# Hands --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_hands_rank_as_they_should(board):
    """The evaluator of the library against five-card hands classified one by one, all 1081 hands of a board."""
    cards = oracle.pairs(board)
    ranks = [oracle.strength(hand, cards) for hand in oracle.all_hands(cards)]
    places = {rank: place for place, rank in enumerate(sorted(set(ranks)))}
    found = river_strengths(parse_cards("board", board, 5))
    assert len(found) == 1081
    np.testing.assert_array_equal(np.unique(found, return_inverse=True)[1], [places[rank] for rank in ranks])


# Deals --------------------------------------------------------------------------------------------------


def test_card_removal_by_hand():
    """Three deals of 1/3: AhAd and AhQc share a card. Player 1 holds KK with 2/3, player 2 QdJd with 2/3.

    Of KK three quarters are the weaker half and one quarter is in the stronger one, with all of AA; so it is of QJ and
    AQ. Both halves: KK-QJ 9/16 of 1/3. Weak against strong: KK-AQ 3/4 and KK-QJ 3/16 of 1/3. Player 1 always wins.
    """
    deal = river_deal("2c3d5h8s9c", 2, [{"AhAd": 1.0, "KhKd": 1.0}, {"AhQc": 1.0, "QdJd": 1.0}])
    np.testing.assert_allclose(deal.mass, [[3 / 16, 5 / 16], [5 / 16, 3 / 16]], atol=1e-15)
    np.testing.assert_allclose(deal.outcome, deal.mass, atol=1e-15)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(list(BOARDS.values())), st.integers(1, 6), st.data())
def test_buckets_have_equal_mass(board, n, data):
    """Whatever the ranges: a player is dealt each bucket with probability 1/n, and no pair wins more than it weighs."""
    hands = ["".join(hand) for hand in oracle.all_hands(oracle.pairs(board))]
    weights = st.dictionaries(st.sampled_from(hands), st.floats(0.01, 1.0), min_size=1, max_size=12)
    ranges = [data.draw(st.one_of(st.none(), weights)), None]
    deal = river_deal(board, n, ranges if data.draw(st.booleans()) else ranges[::-1])
    for axis in (0, 1):
        np.testing.assert_allclose(deal.mass.sum(axis=axis), 1.0 / n, atol=1e-12)
    assert (np.abs(deal.outcome) <= deal.mass + 1e-12).all()


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_equal_ranges_are_symmetric_and_stronger_buckets_win_more(board):
    deal = river_deal(board, 4)
    np.testing.assert_allclose(deal.mass, deal.mass.T, atol=1e-15)
    np.testing.assert_allclose(deal.outcome, -deal.outcome.T, atol=1e-15)
    assert (np.diff(deal.outcome / deal.mass, axis=0) >= -1e-9).all()
    above = deal.outcome[np.tril_indices(4, -1)] / deal.mass[np.tril_indices(4, -1)]
    if board == BOARDS["high cards"]:
        assert (above > 0.97).all()  # few hands are in two buckets
    assert (np.std(deal.mass) > 1e-4) == (board != BOARDS["royal"])  # card removal makes buckets dependent


def test_a_board_that_plays_leaves_nothing_to_win():
    """With a royal flush on the board every hand is half in each of two buckets, and every pot is split."""
    deal = river_deal(BOARDS["royal"], 2)
    np.testing.assert_allclose(deal.mass, np.full((2, 2), 0.25), atol=1e-15)
    np.testing.assert_array_equal(deal.outcome, np.zeros((2, 2)))
    assert exact.shapley(one_game(board=BOARDS["royal"])).value[0, 0] == pytest.approx(0.5, abs=1e-12)


# Payoffs ------------------------------------------------------------------------------------------------

SMALL = [
    {("Ah", "Ad"): 3, ("Ks", "Qs"): 2, ("9h", "9d"): 1, ("Th", "7h"): 4, ("Kd", "2c"): 1, ("6h", "5h"): 2},
    {("Ah", "Kc"): 2, ("Ks", "Qd"): 1, ("8c", "8h"): 1, ("Th", "7c"): 3, ("Ac", "Qh"): 5, ("9c", "3c"): 2},
]  # ties, hands in common, hands that share cards; 9s, 8d and Kh are on the board


@pytest.mark.parametrize(("pot", "stack", "fraction", "bet"), [(60, 45, 2.0, 45), (60, 45, 0.5, 30)])
@pytest.mark.parametrize("n", [1, 2])
def test_payoffs_by_all_deals_of_small_ranges(n, pot, stack, fraction, bet):
    """Every plan against every plan, in fractions; the bet is capped by the stack or not."""
    endgame = oracle.Endgame(oracle.pairs(BOARD), SMALL, n)
    game = one_game(n_buckets=n, ranges=[named(held) for held in SMALL], pot=pot, stack=stack, bet=fraction)
    expected = [
        [float(endgame.payoff(i, j, pot, Fraction(bet))) for j in range(4**n)] for i in range(3**n)
    ]  # fmt: skip
    np.testing.assert_allclose(chips(game, pot), expected, atol=1e-11)
    np.testing.assert_allclose(game.reward[0, 0], 0.5 + np.array(expected) / (pot + 2 * bet), atol=1e-13)


@pytest.mark.parametrize("n", [3, 4])
def test_payoffs_by_all_deals_of_all_hands(n):
    """Random plans of the full game, by a loop over the 1 070 190 deals of any two cards to each player."""
    endgame = oracle.UniformEndgame(oracle.pairs(BOARD), n)
    assert endgame.n_deals == 1081 * 990
    found = chips(one_game(n_buckets=n, pot=80, stack=30), 80)
    assert found.shape == (3**n, 4**n)
    rng = np.random.default_rng(n)
    for _ in range(6):
        row, column = int(rng.integers(3**n)), int(rng.integers(4**n))
        assert found[row, column] == pytest.approx(endgame.payoff(row, column, 80, 30), abs=1e-9)


def test_the_largest_loss_is_the_scale():
    """Nuts against air: who calls loses half the pot and the bet, the end of the scale."""
    game = one_game(n_buckets=1, ranges=[{"KsKd": 1.0}, {"7c6c": 1.0}], pot=10, stack=4)
    assert game.reward.min() == pytest.approx(0.5 - 5 / 18)  # player 1 folds
    assert game.reward.max() == 1.0
    (other,) = river_poker_sequence("random", 0, n_games=1, perturbation=0.5, board=BOARD, pot=10, stack=4, n_buckets=1)
    assert pot_scale(other) * 10 <= 27 / 0.5 + 1e-9  # 1.5 (10 + 2 * 4) chips are the scale of every task


# Equilibria ---------------------------------------------------------------------------------------------


def value_for_player_2(matrix):
    """The smallest v for which some strategy lets no row pay more than v, to HiGHS's 1e-7."""
    rows, columns = matrix.shape
    found = linprog(
        [0.0] * columns + [1.0], A_ub=np.hstack([matrix, -np.ones((rows, 1))]), b_ub=np.zeros(rows),
        A_eq=[[1.0] * columns + [0.0]], b_eq=[1.0], bounds=[(0, None)] * columns + [(None, None)],
    )  # fmt: skip
    assert found.status == 0
    return found.fun


@pytest.mark.parametrize("n", [1, 2, 3])
def test_values_by_linear_programming(n):
    for game in river_poker_sequence("random", "lp", n_games=3, perturbation=0.5, n_buckets=n):
        assert exact.shapley(game).value[0, 0] == pytest.approx(value_for_player_2(game.reward[0, 0]), abs=1e-7)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_one_bucket_is_fair(seed):
    """Nobody knows anything, and ranges are equal: nothing is won, and to fold is a mistake."""
    game = one_game(seed, n_buckets=1, board=None)
    assert exact.shapley(game).value[0, 0] == pytest.approx(0.5, abs=1e-12)
    np.testing.assert_allclose(
        chips(game, 1.0), [[0.0, -0.5, 0.0, -0.5], [0.0, 0.0, 0.0, 0.0], [0.5, 0.5, 0.0, 0.0]], atol=1e-12
    )


@pytest.mark.parametrize("stack", [25, 100, 300])
def test_nuts_or_air_against_a_bluff_catcher(stack):
    """The textbook game (Chen and Ankenman 2006): bet b into P with nuts or air, half of each.

    The nuts always bet; bluffs are b / (P + b) as many, to make a call worth nothing; P / (P + b) of bets are called,
    to make a bluff worth nothing. Player 1 takes the pot with all hands that bet: (1 + b / (P + b)) / 2 of it.
    """
    pot, ranges = 100, [{"KsKd": 1.0, "7c6c": 1.0}, {"AcAd": 1.0}]
    game = one_game(n_buckets=2, ranges=ranges, pot=pot, stack=stack, bet=10.0)
    solution = exact.shapley(game)
    taken = (1 + stack / (pot + stack)) / 2
    assert (solution.value[0, 0] - 0.5) * pot_scale(game) + 0.5 == pytest.approx(taken, abs=1e-9)
    mu = solution.mu[0, 0].reshape(3, 3)  # plan of the air, plan of the nuts
    assert mu[2].sum() == pytest.approx(stack / (pot + stack), abs=1e-9)
    assert mu[:, 2].sum() == pytest.approx(1.0, abs=1e-9)
    nu = solution.nu[0, 0].reshape(2, 2, 2, 2)  # fold or call, check or bet; of either bucket, which mean nothing here
    called = (nu.sum(axis=(1, 2, 3)) + nu.sum(axis=(0, 1, 3)))[1] / 2
    assert called == pytest.approx(pot / (pot + stack), abs=1e-9)


def plans(base, n=3):
    return np.stack(np.unravel_index(np.arange(base**n), (base,) * n))


def betting(game):
    """How often an equilibrium bets each of three buckets: player 1 at the start, player 2 after a check."""
    solution, first, second = exact.shapley(game), plans(3), plans(4)
    return (
        [solution.mu[0, 0][first[j] == 2].sum() for j in range(3)],
        [solution.nu[0, 0][second[k] % 2 == 1].sum() for k in range(3)],
    )


TEXTURES = [BOARD, BOARDS["flush possible"], BOARDS["paired"]]


@pytest.mark.parametrize("board", TEXTURES)
def test_players_bet_the_top_and_bluff_the_bottom(board):
    """A bet of 0.3 pots. Without the bluffs, or without the bets that they imitate, either player does worse: so it is
    in every equilibrium, not just in the one that is found. The middle bucket has nothing to bet for at the start."""
    game = one_game(board=board, stack=30)
    (low, middle, high), after_check = betting(game)
    assert high > 0.95
    assert 0.3 < low < 0.4
    assert middle < 1e-6
    assert after_check[2] > 0.99
    assert 0.25 < after_check[0] < 0.35
    matrix, value, first, second = game.reward[0, 0], exact.shapley(game).value[0, 0], plans(3), plans(4)
    assert value < 0.5 - 1e-3  # who acts first loses
    for bucket in (0, 2):
        assert exact.matrix_equilibrium(matrix[first[bucket] != 2]).value < value - 1e-3
        assert exact.matrix_equilibrium(matrix[:, second[bucket] % 2 == 0]).value > value + 1e-3


@pytest.mark.parametrize("board", TEXTURES)
def test_before_a_large_bet_player_1_waits(board):
    """A bet of the pot: it costs player 1 nothing to check all hands and to leave the betting to player 2, whose bluffs
    are b / (P + b) = 1/2 of the bets that they imitate, since it is the middle bucket that may call; cards removed, and
    hands in two buckets, move that by a few percent."""
    game = one_game(board=board, stack=100)
    matrix, value, first, second = game.reward[0, 0], exact.shapley(game).value[0, 0], plans(3), plans(4)
    waiting = (first != 2).all(axis=0)
    assert exact.matrix_equilibrium(matrix[waiting]).value == pytest.approx(value, abs=1e-7)
    low, middle, high = betting(game)[1]
    assert (low, middle, high) == (pytest.approx(0.5, abs=0.02), pytest.approx(0.0, abs=1e-6), pytest.approx(1.0))
    for bucket in (0, 2):
        assert exact.matrix_equilibrium(matrix[:, second[bucket] % 2 == 0]).value > value + 1e-2


def test_it_can_be_learned():
    (game,) = river_poker_sequence("random", "learn", n_games=1, perturbation=0.2)
    gap = np.ravel(learn(game, OptimisticMirrorDescent(16.0), 400).measures["ne_gap"]) * pot_scale(game)
    assert gap[0] > 0.3
    assert 0.0 <= gap[-1] < 0.03


# Sequences ----------------------------------------------------------------------------------------------


def tasks(games):
    """(pot, stack) of each, as the names have them."""
    words = [game.name.replace(",", "").split() for game in games]
    return np.array([[float(word[word.index(what) + 1]) for what in ("pot", "stack")] for word in words])


def sequence(kind, *address, n_games=7, perturbation=0.5, **options):
    return river_poker_sequence(kind, *address, n_games=n_games, perturbation=perturbation, n_buckets=2, **options)


@pytest.mark.parametrize("n_games", [1, 2, 3, 6, 7])
def test_orders_are_of_the_same_tasks(n_games):
    games = {kind: sequence(kind, "orders", n_games=n_games) for kind in ("random", "sorted", "alternating")}
    assert len({frozenset(game.reward.tobytes() for game in part) for part in games.values()}) == 1
    depth = {kind: tasks(part)[:, 1] / tasks(part)[:, 0] for kind, part in games.items()}
    rising = sorted(depth["random"])
    assert depth["sorted"].tolist() == rising
    turns = [rising.pop(0 if k % 2 == 0 else -1) for k in range(n_games)]
    assert depth["alternating"].tolist() == turns
    for kind, part in games.items():
        assert [game.name.split(":")[0] for game in part] == [f"{kind} {k}" for k in range(n_games)]
    if n_games == 7:
        assert depth["random"].tolist() not in (sorted(depth["random"]), turns)


def test_addresses_name_games():
    for one, other in zip(sequence("sorted", "a", 1), sequence("sorted", "a", 1), strict=True):
        np.testing.assert_array_equal(one.reward, other.reward)
        assert one.name == other.name
    for one, other in zip(sequence("random", "a", n_games=2), sequence("random", "a", n_games=5), strict=False):
        np.testing.assert_array_equal(one.reward, other.reward)
    different = [sequence("random", *address) for address in (("a", 1), ("a", 2), ("b", 1), ("a", "1"))]
    assert len({game.reward.tobytes() for games in different for game in games}) == 28
    boards = {game.name.split()[2] for games in different for game in games}
    assert len(boards) == 4  # one a sequence
    for board in boards:
        assert len(set(oracle.pairs(board.strip(",")))) == 5
    games = different[0]
    assert all(game.transition is games[0].transition for game in games)


def test_noise_is_paired_over_sizes():
    near, far = (tasks(sequence("random", "pairs", n_games=200, perturbation=size)) for size in (0.2, 0.4))
    base = np.array([100.0, 75.0])
    np.testing.assert_allclose(far - base, 2 * (near - base), atol=1e-3)  # names have six digits
    z = (far / base - 1.0) / 0.4
    assert np.abs(z).max() <= 1.0 + 1e-4
    assert np.std(z, axis=0) == pytest.approx(1 / np.sqrt(3), abs=0.06)
    assert abs(np.corrcoef(z.T)[0, 1]) < 0.25
    same = sequence("random", "pairs", perturbation=0.0)
    assert (tasks(same) == base).all()
    assert len({game.reward.tobytes() for game in same}) == 1


def test_pots_are_read_off_the_games(tmp_path):
    """L = 1.5 (50 + 75) chips are half of the scale; in a file too."""
    games = sequence("sorted", "pots")
    scale = [pot_scale(game) for game in games]
    np.testing.assert_allclose(scale, 2 * 1.5 * 125 / tasks(games)[:, 0], rtol=1e-5)
    write_games(tmp_path / "river.npz", games)
    again = read_games(tmp_path / "river.npz")
    assert [pot_scale(game) for game in getattr(again, "games", again)] == scale


def test_an_experiment_can_have_them():
    options = {"n_buckets": 2, "ranges": [{"AhAd": 1, "KsQs": 2.5, "7c6c": 1}, None], "board": BOARD}
    games, provenance = generate_games(Sequences("river_poker", "alternating", options, (0.1, 0.2), 3), [0, 1], 7)
    assert len(games) == 12
    assert provenance["axes"]["game"] == 3
    assert FAMILIES["river_poker"] is river_poker_sequence


# Errors -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "rising"}, r"one of \['alternating', 'random', 'sorted'\], got 'rising'"),
        ({"n_games": 0}, "n_games must be an integer of at least 1"),
        ({"n_buckets": 0}, "n_buckets must be an integer of at least 1"),
        ({"n_buckets": 5}, "n_buckets must be at most 4, that is 81 x 256 plans; got 5"),
        ({"perturbation": -0.1}, r"perturbation must lie in \[0, 1\), got -0\.1"),
        ({"perturbation": 1.0}, r"perturbation must lie in \[0, 1\), got 1\.0"),
        ({"perturbation": float("nan")}, "perturbation must lie in"),
        ({"pot": 0.0}, r"pot must be a finite number above 0, got 0\.0"),
        ({"stack": -1.0}, r"stack must be a finite number above 0, got -1\.0"),
        ({"bet": float("nan")}, "bet must be a finite number above 0, got nan"),
        ({"pot": float("inf")}, "pot must be a finite number"),
        ({"board": "Kh9s8d4c"}, "board must be 5 different cards, got 'Kh9s8d4c'"),
        ({"board": "Kh9s8d4c4c"}, "board must be 5 different cards"),
        ({"board": "Kh9s8d4c1c"}, r"board must be written in cards such as Ah, Tc or 2d; .* there is '1c'"),
        ({"board": "Kh9s8d4c2"}, "there is '2'"),
        ({"ranges": [{"AhAd": 1.0}]}, "ranges must be two, one per player, got 1"),
        ({"ranges": [None, {"AhAx": 1.0}]}, "a hand in the range of player 2 must be written in cards .* is 'Ax'"),
        ({"ranges": [{"AhAh": 1.0}, None]}, "a hand in the range of player 1 must be 2 different cards, got 'AhAh'"),
        ({"ranges": [{"AhAd": -1.0}, None]}, r"range of player 1 must be a finite .* at least 0; AhAd has -1\.0"),
        ({"ranges": [{"AhAd": float("inf")}, None]}, "AhAd has inf"),
        ({"ranges": [{"AhAd": 1.0, "AdAh": 1.0}, None]}, "must be named once; AdAh is there in both orders"),
        ({"ranges": [{"KhAd": 1.0}, None]}, "ranges must leave a deal without a common card on Kh9s8d4c2h"),
        ({"ranges": [{"AcAd": 1.0}, {"AdAh": 1.0}]}, "these leave none"),
        ({"ranges": [{}, None]}, "these leave none"),
    ],
)
def test_bad_arguments(change, message):
    with pytest.raises(ValueError, match=message):
        one_game(**change)


def test_pots_of_other_games_are_unknown():
    message = "known of games of river poker only.*got a reward of shape"
    for kind, options in (("pure", {}), ("mixed", {"horizon": 1, "n_states": 1, "n_actions": (3, 3)})):
        (game,) = FAMILIES["zero_sum"](kind, 0, n_games=1, perturbation=0.0, **options)
        with pytest.raises(ValueError, match=message):
            pot_scale(game)
    game = one_game(n_buckets=1)
    worthless = type(game)(np.full_like(game.reward, 0.5), game.transition)
    with pytest.raises(ValueError, match=r"more than 1/2 for a bet that is folded to; .* \(1, 1, 3, 4\) with 0\.5"):
        pot_scale(worthless)
