"""River endgames: cards, betting, sums over hands, and values, against trees that are played deal by deal."""

import pickle

import numpy as np
import oracles_poker as poker
import oracles_river as oracle
import pytest
from extensive_cases import read
from pokerkit import StandardHighHand

from metanash import extensive, river
from metanash.river.blocks import best_response, blocks
from metanash.river.cards import DECK, all_hands, parse_cards, range_weights
from metanash.river.matchup import matchup

BOARD = "Kh9s8d4c2h"
BOARDS = [BOARD, "Ah9h8h4c2d", "7c7dQsQh3d", "9c8d7h6s5c", "Ac2d3h4s9c", "5d4d3d2dKs", "AsKsQsJsTs"]
SMALL = [
    {("Ah", "Ad"): 3, ("Ks", "Qs"): 2, ("9h", "9d"): 1, ("Th", "7h"): 4, ("Kd", "2c"): 1, ("6h", "5h"): 2},
    {("Ah", "Kc"): 2, ("Ks", "Qd"): 1, ("8c", "8h"): 1, ("Th", "7c"): 3, ("Ac", "Qh"): 5, ("Ah", "Ad"): 2},
]  # ties, hands in common, hands that share cards
RULES = {
    "two sizes": {"pot": 100, "stack": 250, "sizes": ("0.5", "1"), "raises": 2, "all_in": True},
    "three raises": {"pot": 60, "stack": 700, "sizes": ("0.25",), "raises": 3, "all_in": False},
    "short": {"pot": 100, "stack": 40, "sizes": ("0.3", "0.75"), "raises": 2, "all_in": False},
    "least raise": {"pot": 100, "stack": 1000, "sizes": ("0.1", "0.2", "2"), "raises": 3, "all_in": True},
    "no bets": {"pot": 10, "stack": 5, "sizes": ("1",), "raises": 0, "all_in": True},
    "only all in": {"pot": 100, "stack": 80, "sizes": (), "raises": 2, "all_in": True},
}


def named(held):
    return {"".join(hand): weight for hand, weight in held.items()}


def endgame_of(rules, ranges=SMALL, board=BOARD):
    sizes, stack = [float(size) for size in rules["sizes"]], rules["stack"]
    return river.river_endgame(
        board, [named(held) for held in ranges], pot=rules["pot"], stacks=(stack, stack + 7), sizes=sizes,
        raises=rules["raises"], all_in=rules["all_in"],
    )  # fmt: skip


def tree_of(folder, rules, ranges=SMALL, board=BOARD):
    return read(folder, oracle.tree(board, ranges, **rules), 2)


def random_strategies(rng, endgame, zeros=0.2):
    """Dirichlet laws, with actions and whole information sets that are never played."""
    found = []
    for plex, n in zip(endgame.betting.players, endgame.n_hands, strict=True):
        strategy = np.ones((plex.n_sequences, n))
        for first, size in zip(plex.first, plex.n_actions, strict=True):
            weights = rng.dirichlet(np.ones(size), size=n).T * (rng.random((size, n)) > zeros)
            weights[0] += weights.sum(axis=0) == 0.0
            strategy[first : first + size] = weights / weights.sum(axis=0)
        found.append(strategy)
    return found


def by_label(endgame, strategies, game):
    """Strategies of the tree, set by set by its name."""
    found = []
    for i, plex in enumerate(game.players):
        own, names = endgame.betting.players[i], endgame.hand_names[i]
        flat = np.ones(plex.n_sequences)
        for j, label in enumerate(plex.labels):
            name, history = label.split(": ")
            k = own.labels.index(history)
            assert own.actions[k] == plex.actions[j]
            rows = strategies[i][own.first[k] : own.first[k] + own.n_actions[k], names.index(name)]
            flat[plex.first[j] : plex.first[j] + plex.n_actions[j]] = rows
        found.append(flat)
    return found


# Cards --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("board", BOARDS)
def test_all_hands_of_a_board_rank_as_five_cards_do(board):
    """Classified one by one, by words: ties are ties, and better is larger."""
    cards = poker.pairs(board)
    ranks = [poker.strength(hand, cards) for hand in poker.all_hands(cards)]
    places = {rank: place for place, rank in enumerate(sorted(set(ranks)))}
    found = river.river_strengths(parse_cards("board", board, 5))
    np.testing.assert_array_equal(np.unique(found, return_inverse=True)[1], [places[rank] for rank in ranks])


def test_random_hands_rank_as_pokerkit_says():
    """Across boards: 3000 sets of seven random cards, and 500 from a short deck, where full houses are many."""
    rng = np.random.default_rng(0)
    cards = np.stack([rng.choice(52, 7, replace=False) for _ in range(3000)])
    short = np.stack([rng.choice(np.arange(32, 52), 7, replace=False) for _ in range(500)])
    cards = np.concatenate([cards, short])
    names = ["".join(DECK[card] for card in row) for row in cards]
    expected = [StandardHighHand.from_game(name[:4], name[4:]).entry.index for name in names]
    found = river.seven_card_strengths(cards)
    assert len(np.unique(expected)) > 800
    np.testing.assert_array_equal(np.unique(found, return_inverse=True)[1], np.unique(expected, return_inverse=True)[1])


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("5d4d3d2dAdKsKc", "AsAhAcAdKsKcKh"),  # the lowest straight flush beats aces full of anything
        ("7c7d7h2s2dAsKs", "6c6d6h5s5dAsKs"),
        ("7c7d7h6s6d6hKs", "7c7d7h5s5d5hAs"),  # two threes: the second one is the pair
        ("AsKsQsJs9sTd2d", "KhQhJhTh8h9d2d"),  # a flush, not the straight beside it; against a straight flush below
        ("AcAdKhKs3c3dQh", "AcAdKhKs3c3dJh"),  # of three pairs the kicker is the best rank left
    ],
)
def test_hands_by_name(better, worse):
    cards = [parse_cards("cards", text, 7) for text in (better, worse)]
    found = river.seven_card_strengths(np.array(cards))
    if better.startswith("AsKsQsJs9s"):  # the second is a flush of the king; neither has a straight flush
        assert found[0] // 13**5 == found[1] // 13**5 == 5
    assert found[0] > found[1]


def test_bad_cards_are_named():
    with pytest.raises(ValueError, match=r"'Xh'"):
        river.river_endgame("Xh9s8d4c2h")
    with pytest.raises(ValueError, match="board must be 5 different cards, got '9s9s8d4c2h'"):
        river.river_endgame("9s9s8d4c2h")
    with pytest.raises(ValueError, match=r"range of player 1 must be named once; AhAs"):
        river.river_endgame(BOARD, [None, {"AsAh": 1.0, "AhAs": 1.0}])
    with pytest.raises(ValueError, match=r"weight of .* player 0 .*; AhAs has -1"):
        river.river_endgame(BOARD, [{"AhAs": -1.0}, None])
    with pytest.raises(ValueError, match=r"at place 1 they are \[0, 0,"):
        river.seven_card_strengths(np.array([[*range(7)], [0, 0, 1, 2, 3, 4, 5]]))
    with pytest.raises(ValueError, match="from 0 to 51, got 0 to 52"):
        river.seven_card_strengths(np.array([[0, 1, 2, 3, 4, 5, 52]]))
    with pytest.raises(ValueError, match="axes"):
        river.seven_card_strengths(np.zeros((2, 6), dtype=int))


# Betting ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
def test_the_betting_is_that_of_the_rules(rules):
    """Sets, actions, and chips at each end, by playing all histories over in fractions."""
    tree = endgame_of(rules).betting
    order = [rules[name] for name in ("pot", "stack", "sizes", "raises", "all_in")]
    found = oracle.histories(*order)
    inner = [history for history in found if not oracle.ended(history)]
    assert sorted(label for plex in tree.players for label in plex.labels) == sorted(map("/".join, inner))
    for i, plex in enumerate(tree.players):
        for label, actions in zip(plex.labels, plex.actions, strict=True):
            history = tuple(label.split("/")) if label else ()
            assert len(history) % 2 == i
            assert list(actions) == oracle.legal(history, *order)
    ends = {}
    for sequences, stake, winner in zip(tree.sequences.T, tree.stake, tree.winner, strict=True):
        last = []
        for plex, s in zip(tree.players, sequences, strict=True):
            j = plex.owner[s]
            last.append("/".join([*filter(None, [plex.labels[j]]), plex.actions[j][s - plex.first[j]]]))
        ends[max(last, key=lambda text: text.count("/"))] = stake, winner
    expected = {}
    for history in filter(oracle.ended, found):
        win = oracle.payoff(history, 1, order[0], order[1])
        lose = oracle.payoff(history, -1, order[0], order[1])
        winner = -1 if win != lose else int(win < 0)
        expected["/".join(history)] = float(abs(win)), winner
    assert ends.keys() == expected.keys()
    for history, (stake, winner) in expected.items():
        assert ends[history] == (pytest.approx(stake, rel=1e-14), winner)


def test_a_tree_by_hand():
    """Pot 100, stack 300, half pot and pot, one raise. After a bet of 50 the pot is 200 with the call: raise 0.5 is to
    150, raise 1 to 250; after a bet of 100 to 250, and to 400, which is all in."""
    tree = river.betting_tree(100, 300, (0.5, 1.0), raises=2, all_in=False)
    second = tree.players[1]
    actions = dict(zip(second.labels, second.actions, strict=True))
    assert actions["bet 0.5"] == ("fold", "call", "raise 0.5", "raise 1")
    assert actions["bet 1"] == ("fold", "call", "raise 0.5", "all-in")
    assert sorted(set(tree.stake.tolist())) == [50, 100, 150, 200, 300, 350]


def test_trees_have_one_shape_whatever_the_chips():
    tree = river.betting_tree(100, 300, (0.5,), raises=2)
    for other, same in (
        (river.betting_tree(10, 31, (0.5,), raises=2), True),
        (river.betting_tree(100, 130, (0.5,), raises=2), False),  # a raise to 150 is all-in
        (river.betting_tree(100, 300, (0.6,), raises=2), False),
        (river.betting_tree(100, 300, (0.5,), raises=1), False),
        (river.betting_tree(100, 300, (0.5,), raises=2, all_in=False), False),
    ):
        assert tree.same_shape(other) == same
        parts = [(one.players[0].actions, one.players[1].actions, one.sequences.tolist()) for one in (tree, other)]
        assert (parts[0] == parts[1]) == same


def test_bad_bets_are_named():
    with pytest.raises(ValueError, match="pot must be a finite number above 0, got 0"):
        river.betting_tree(0.0, 10.0)
    with pytest.raises(ValueError, match=r"sizes must be .* increasing; got \(1.0, 0.5\)"):
        river.betting_tree(1.0, 10.0, (1.0, 0.5))
    with pytest.raises(ValueError, match="raises must be an integer of at least 0, got -1"):
        river.betting_tree(1.0, 10.0, raises=-1)
    with pytest.raises(ValueError, match="stacks must be above 0; that of player 1 is -3"):
        river.river_endgame(BOARD, stacks=(4, -3))
    with pytest.raises(ValueError, match="stacks must be two"):
        river.river_endgame(BOARD, stacks=(4,))


# Sums over hands ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("share", [1.0, 0.5, 0.02])
def test_sums_over_hands_are_those_of_all_pairs(board, share):
    """The matrices of hands by hands, which the library never makes."""
    cards = parse_cards("board", board, 5)
    rng, every, strength = np.random.default_rng(1), all_hands(cards), river.river_strengths(cards)
    mine, theirs = (np.flatnonzero(rng.random(len(every)) < share) for _ in range(2))
    pairs = matchup(every[mine], strength[mine], every[theirs], strength[theirs])
    holds = (every[:, :, np.newaxis] == np.arange(52)).any(axis=1).astype(int)
    apart = (holds[mine] @ holds[theirs].T == 0).astype(float)
    sign = np.sign(strength[mine][:, np.newaxis] - strength[theirs]) * apart
    reach = rng.random((11, len(theirs))) * (rng.random((11, len(theirs))) < 0.7)
    np.testing.assert_allclose(pairs.without_common_card(reach), reach @ apart.T, atol=1e-10)
    np.testing.assert_allclose(pairs.weaker_less_stronger(reach), reach @ sign.T, atol=1e-10)
    np.testing.assert_allclose(pairs.weaker_less_stronger(reach[0]), sign @ reach[0], atol=1e-10)
    weaker, equal, stronger = pairs.counts()
    np.testing.assert_array_equal(weaker, (sign > 0).sum(axis=1))
    np.testing.assert_array_equal(stronger, (sign < 0).sum(axis=1))
    np.testing.assert_array_equal(weaker + equal + stronger, apart.sum(axis=1))


# Deals --------------------------------------------------------------------------------------------------


def test_hands_that_cannot_be_dealt_are_left_out():
    """AhAd shares a card with both hands of the other; Kh is on the board; a weight of 0 is no hand."""
    ranges = [{"AhAd": 5, "QcQd": 1, "KhKd": 1, "3c3d": 0}, {"AhJc": 2, "AdJd": 3}]
    endgame = river.river_endgame(BOARD, ranges)
    assert endgame.hand_names == (("QcQd",), ("JcAh", "JdAd"))
    np.testing.assert_allclose(np.outer(*endgame.factors), [[0.4, 0.6]], atol=1e-15)
    with pytest.raises(ValueError, match="these leave none"):
        river.river_endgame(BOARD, [{"AhAd": 1}, {"AhAc": 1}])


def test_weights_of_the_wrong_form_are_named():
    tree = river.betting_tree(1.0, 1.0)
    with pytest.raises(ValueError, match=r"shape \(2, 1081\)"):
        river.RiverEndgame(BOARD, np.ones((2, 5)), tree)
    weights = np.ones((2, 1081))
    weights[1, 3] = -1.0
    with pytest.raises(ValueError, match="that of 2c3d of player 1 is not"):
        river.RiverEndgame(BOARD, weights, tree)


def test_an_endgame_survives_pickle():
    endgame = endgame_of(RULES["two sizes"])
    again = pickle.loads(pickle.dumps(endgame))
    strategies = random_strategies(np.random.default_rng(0), endgame)
    np.testing.assert_array_equal(river.ne_gains(again, strategies), river.ne_gains(endgame, strategies))
    assert again.betting.same_shape(endgame.betting)


# Trees --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
@pytest.mark.parametrize("seed", range(3))
def test_values_gains_and_best_responses_are_those_of_the_tree(tmp_path, rules, seed):
    endgame, game = endgame_of(rules), tree_of(tmp_path, rules)
    strategies = random_strategies(np.random.default_rng(seed), endgame)
    flat = by_label(endgame, strategies, game)
    np.testing.assert_allclose(river.values(endgame, strategies), extensive.values(game, flat), atol=1e-10)
    np.testing.assert_allclose(river.ne_gains(endgame, strategies), extensive.ne_gains(game, flat), atol=1e-10)
    best = by_label(endgame, river.best_responses(endgame, strategies), game)
    worth = extensive.values(game, flat)
    for i in (0, 1):
        profile = [best[j] if j == i else flat[j] for j in (0, 1)]
        gain = extensive.values(game, profile)[i] - worth[i]
        assert gain == pytest.approx(extensive.ne_gains(game, flat)[i], abs=1e-10)
    assert endgame.spread == pytest.approx(game.spread[0], rel=1e-12)


@pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
def test_as_extensive_is_the_tree(tmp_path, rules):
    """By payoffs and chances at all ends, found by the names of the sequences."""
    endgame, game = endgame_of(rules), tree_of(tmp_path, rules)
    made = river.as_extensive(endgame)

    def ends(one):
        names = [
            [
                "",
                *(
                    f"{label} > {action}"
                    for label, own in zip(plex.labels, plex.actions, strict=True)
                    for action in own
                ),
            ]
            for plex in one.players
        ]
        keys = [tuple(names[i][s] for i, s in enumerate(column)) for column in one.sequences.T.tolist()]
        return {key: (*pay, c) for key, pay, c in zip(keys, one.payoff.T.tolist(), one.chance.tolist(), strict=True)}

    mine, theirs = ends(made), ends(game)
    assert mine.keys() == theirs.keys()
    for key, numbers in theirs.items():
        assert mine[key] == pytest.approx(numbers, abs=1e-12)
    strategies = random_strategies(np.random.default_rng(5), endgame)
    for one, other in zip(river.to_extensive(endgame, strategies), by_label(endgame, strategies, made), strict=True):
        np.testing.assert_array_equal(one, other)


def test_best_responses_share_ties_as_trees_do():
    """At sets that are not reached too: player 0 only checks, so nothing depends on what player 1 does after bets."""
    endgame = endgame_of(RULES["two sizes"])
    game, strategies = river.as_extensive(endgame), random_strategies(np.random.default_rng(3), endgame)
    strategies[0][1:5] = [[1.0], [0.0], [0.0], [0.0]]
    expected = extensive.best_responses(game, river.to_extensive(endgame, strategies))
    found = river.to_extensive(endgame, river.best_responses(endgame, strategies))
    for mine, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert ((expected[1] > 0.0) & (expected[1] < 1.0)).sum() > 20


def test_ties_are_those_within_rounding():
    """Of two hands; a difference of 1e-9 decides, one of 1e-14 is rounding."""
    parts = blocks(extensive.Treeplex([0], [2]), 2)
    gradient = np.array([[0.0, 0.0], [1.0, 1.0], [1.0 + 1e-14, 1.0 + 1e-9]])
    np.testing.assert_array_equal(best_response(parts, gradient)[1:], [[0.5, 0.0], [0.5, 1.0]])


@pytest.mark.parametrize(
    ("board", "first", "second", "spread"),
    [
        (BOARD, {"AhAd": 1}, {"QhQd": 1, "AcAs": 1}, 50.0),  # the first wins or ties
        (BOARD, {"QhQd": 1}, {"AcAs": 1, "QcQs": 1}, 50.0),  # loses or ties
        (BOARD, {"AhAd": 1}, {"QhQd": 1}, 1.0),  # wins whatever happens: there is no range
        (BOARD, {"AhAd": 1, "JhJd": 1}, {"QhQd": 1}, 100.0),
        (BOARDS[-1], None, None, 1.0),  # every pot is split
    ],
)
def test_the_range_of_payoffs_counts_what_can_be_dealt(board, first, second, spread):
    """A pot of 100 and no bets: a win is 50, a tie 0."""
    assert river.river_endgame(board, [first, second], pot=100.0, raises=0).spread == spread


def test_gradients_are_those_of_the_tree():
    endgame = endgame_of(RULES["least raise"])
    game, strategies = river.as_extensive(endgame), random_strategies(np.random.default_rng(4), endgame)
    expected = extensive.gradients(game, river.to_extensive(endgame, strategies))
    for mine, theirs in zip(river.gradients(endgame, strategies), expected, strict=True):
        np.testing.assert_allclose(mine[1:].T.ravel(), theirs[1:], atol=1e-11)


def test_the_equilibrium_of_the_linear_program_has_no_gap():
    """Ten hands a side; the program is solved on the tree, its strategies are judged in vector form."""
    rng = np.random.default_rng(2)
    hands = poker.all_hands(poker.pairs(BOARD))
    ranges = [
        {hands[h]: int(w) for h, w in zip(rng.choice(1081, 10, replace=False), rng.integers(1, 9, 10), strict=True)}
        for _ in range(2)
    ]
    endgame = endgame_of(RULES["two sizes"], ranges)
    solution = extensive.solve_constant_sum(river.as_extensive(endgame))
    strategies = [
        np.vstack([np.ones(n), flat[1:].reshape(n, -1).T])
        for n, flat in zip(endgame.n_hands, solution.strategies, strict=True)
    ]
    assert river.ne_gap(endgame, strategies) < 1e-6
    assert river.values(endgame, strategies)[0] == pytest.approx(solution.value, abs=1e-6)
    assert river.ne_gap(endgame, endgame.uniform()) > 10.0
    run = river.learn_river(endgame, river.RiverCFR(), 1000, at=[1000])
    assert river.values(endgame, run.average)[0] == pytest.approx(solution.value, abs=run.measures["ne_gap"][-1])
    assert run.measures["exploitability"][-1] < 1e-3


def test_exploitability_is_the_mean_gain_in_pots():
    """Kings against aces as the docstring of ne_gains works it out: gains of 1.875 and 4.375 for a pot of 10."""
    endgame = river.river_endgame("2c3d5h8s9c", [{"KhKd": 1}, {"AhAd": 1}], pot=10.0, stacks=(5, 9), sizes=(), raises=1)
    assert river.exploitability(endgame, endgame.uniform()) == pytest.approx(0.3125, abs=1e-15)
    assert river.ne_gap(endgame, endgame.uniform()) == pytest.approx(4.375, abs=1e-14)


def test_a_large_tree_is_refused():
    with pytest.raises(ValueError, match=r"the tree of 1070190 deals x 25 ends is too large"):
        river.as_extensive(river.river_endgame(BOARD))


def test_what_is_no_strategy_or_endgame_is_named():
    endgame = endgame_of(RULES["short"])
    first, second = endgame.uniform()
    with pytest.raises(ValueError, match="a strategy for each of two players; got 1"):
        river.values(endgame, [first])
    with pytest.raises(ValueError, match=r"player 1 must have \d+ sequences x 6 hands, got \(3, 2\)"):
        river.ne_gap(endgame, [first, np.ones((3, 2))])
    with pytest.raises(ValueError, match=r"must sum to 1 at information set 0"):
        river.best_responses(endgame, [first * 1.5 - 0.5, second])
    with pytest.raises(ValueError, match="takes a RiverEndgame, got a list"):
        river.ne_gains([endgame], [first, second])


def test_full_ranges_are_symmetric_where_it_does_not_matter():
    """1081 hands a side, no bets: equal ranges share the pot; range_weights has them all."""
    endgame = river.river_endgame(BOARD, raises=0)
    assert endgame.n_hands == (1081, 1081)
    assert range_weights(0, None, parse_cards("board", BOARD, 5)).sum() == 1081
    np.testing.assert_allclose(river.values(endgame, endgame.uniform()), [0.0, 0.0], atol=1e-11)
    np.testing.assert_allclose(np.sum(river.ne_gains(endgame, endgame.uniform())), 0.0, atol=1e-11)
