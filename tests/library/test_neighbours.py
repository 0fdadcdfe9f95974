"""Strategic games of pygambit, OpenSpiel, Nashpy and QuantEcon; each with the package itself where it is installed."""

import sys
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

import metanash as mn
from metanash import MarkovGame, Transition, ZeroSumGame, neighbours
from metanash.gambit import from_payoffs, to_payoffs

MODULES = {"pygambit": "pygambit", "openspiel": "pyspiel", "nashpy": "nashpy", "quantecon": "quantecon"}
ZERO_SUM = np.array([[[3.0, -1.0, 0.5], [-1.0, 1.0, 0.25]], [[-3.0, 1.0, -0.5], [1.0, -1.0, -0.25]]])
TWO = np.random.default_rng(1).integers(-50, 50, size=(2, 3, 4)) / 8
THREE = np.random.default_rng(2).integers(-50, 50, size=(3, 2, 3, 4)) / 10


@pytest.fixture(params=MODULES)
def package(request):
    """Name of a package that is installed, and its two functions."""
    if request.param in ("pygambit", "nashpy", "quantecon"):
        pytest.importorskip(MODULES[request.param])
    return SimpleNamespace(
        name=request.param,
        to=getattr(neighbours, f"to_{request.param}"),
        back=getattr(neighbours, f"from_{request.param}"),
    )


def there(package, payoffs, joint):
    """Oracle: payoffs of a profile, asked of the package in its own way."""
    made = package.to(*from_payoffs(payoffs))
    if package.name == "pygambit":
        players = list(made.players)
        if hasattr(made, "get_payoffs"):  # pygambit 17: players and strategies are their labels
            chosen = {player: made.get_strategies(player)[a] for player, a in zip(players, joint, strict=True)}
            return [float(made.get_payoffs(chosen)[player]) for player in players]
        outcome = made[tuple(list(player.strategies)[a] for player, a in zip(players, joint, strict=True))]
        return [float(outcome[player]) for player in players]
    if package.name == "openspiel":
        state = made.new_initial_state()
        state.apply_actions(list(joint))
        return state.returns()
    if package.name == "nashpy":
        return made[np.eye(payoffs.shape[1])[joint[0]], np.eye(payoffs.shape[2])[joint[1]]]
    return made[joint]


@pytest.mark.parametrize("payoffs", [ZERO_SUM, TWO, THREE], ids=["zero-sum", "two", "three"])
def test_payoffs_are_the_same_there_and_back(package, payoffs):
    if package.name == "nashpy" and len(payoffs) == 3:
        with pytest.raises(ValueError, match="a bimatrix game has 2 players, this one has 3"):
            package.to(*from_payoffs(payoffs))
        return
    for joint in np.ndindex(payoffs.shape[1:]):
        np.testing.assert_allclose(there(package, payoffs, joint), payoffs[(slice(None), *joint)], atol=1e-12)
    game, units = package.back(package.to(*from_payoffs(payoffs)))
    np.testing.assert_allclose(to_payoffs(game, units), payoffs, atol=1e-12)
    assert isinstance(game, ZeroSumGame if payoffs is ZERO_SUM else MarkovGame)


def test_solve_takes_their_games(package):
    found = mn.solve(package.to(*from_payoffs(ZERO_SUM)))
    assert found.value == pytest.approx(mn.solve(ZERO_SUM[0]).value)
    assert [policy.shape for policy in found.policies] == [(2,), (3,)]
    general = mn.solve(package.to(*from_payoffs(TWO)))
    np.testing.assert_allclose(general.value, mn.solve(TWO).value, atol=1e-12)


def test_fractions_of_pygambit_are_exact():
    pygambit = pytest.importorskip("pygambit")
    third = pygambit.Rational(1, 3)
    theirs = getattr(pygambit, "StrategicGame", pygambit.Game).from_arrays(
        np.array([[third, third + third]], dtype=object),
        np.array([[third + third, third]], dtype=object),
        title="thirds",
    )
    game, _ = neighbours.from_pygambit(theirs)
    assert type(game) is ZeroSumGame  # floats of 1/3 and 2/3 would do, those of tenths would not
    assert game.name == "thirds"
    tenths, units = from_payoffs([[[0.1, 0.7]], [[0.2, 0.9]]])
    back = neighbours.to_pygambit(tenths, units).to_arrays()
    assert [Fraction(int(x.numerator), int(x.denominator)) for x in back[0].reshape(-1)] == [
        Fraction(1, 10),
        Fraction(7, 10),
    ]


def chances_of(theirs, profile):
    """Probabilities of all strategies of all players in a profile of pygambit 16 or 17."""
    if hasattr(theirs, "get_strategies"):
        return [profile[player][s] for player in theirs.players for s in theirs.get_strategies(player)]
    return [profile[s] for player in theirs.players for s in player.strategies]


def test_equilibria_are_among_theirs():
    """Of games without degeneracy the other packages list all equilibria.

    Not Nashpy's support_enumeration (0.0.43), which finds none in eight of these games: a probability of 2e-16 where
    there should be none, by rounding, is more than its tolerance of 1e-16.
    """
    pygambit = pytest.importorskip("pygambit")
    pytest.importorskip("nashpy")
    rng = np.random.default_rng(3)
    for _ in range(30):
        payoffs = rng.integers(-100, 100, size=(2, 3, 3)) / 10
        payoffs[1] = np.round(payoffs[1] - payoffs[0], 1)
        found = np.concatenate(mn.solve(payoffs).policies)
        game, units = from_payoffs(payoffs)
        listed = [np.concatenate(pair) for pair in neighbours.to_nashpy(game, units).vertex_enumeration()]
        assert min(np.abs(found - other).max() for other in listed) <= 1e-9
        theirs = neighbours.to_pygambit(game, units)
        profiles = pygambit.nash.enummixed_solve(theirs).equilibria
        listed = [np.array([*map(float, chances_of(theirs, profile))]) for profile in profiles]
        assert min(np.abs(found - other).max() for other in listed) <= 1e-9


def test_what_quantecon_offers_is_known_without_it():
    other = SimpleNamespace(payoff_profile_array=np.moveaxis(THREE, 0, -1))
    np.testing.assert_allclose(to_payoffs(*neighbours.from_neighbour(other)), THREE, atol=1e-12)
    assert mn.solve(SimpleNamespace(payoff_profile_array=np.moveaxis(ZERO_SUM, 0, -1))).is_zero_sum


def test_others_are_refused():
    with pytest.raises(ValueError, match="a dict is no strategic game of a package that is known: pygambit has to_arr"):
        neighbours.from_neighbour({})
    other = SimpleNamespace(payoff_matrices=tuple(TWO))
    np.testing.assert_allclose(to_payoffs(*neighbours.from_nashpy(other)), TWO, atol=1e-12)
    for wrong in (neighbours.from_pygambit, neighbours.from_openspiel, neighbours.from_quantecon):
        with pytest.raises(
            ValueError, match="this SimpleNamespace has not; from_neighbour knows those of all packages"
        ):
            wrong(other)


@pytest.mark.parametrize("name", MODULES)
def test_a_package_that_is_not_installed_is_named(monkeypatch, name):
    wanted = f"{MODULES[name]}.game_theory" if name == "quantecon" else MODULES[name]
    monkeypatch.setitem(sys.modules, wanted, None)
    with pytest.raises(ModuleNotFoundError, match="to make its games, pip install"):
        getattr(neighbours, f"to_{name}")(*from_payoffs(TWO))


@pytest.mark.parametrize("name", MODULES)
def test_games_with_states_are_no_strategic_games(name):
    game = ZeroSumGame(np.ones((2, 1, 2, 2)), Transition.shared(np.ones((1, 2, 2, 1))))
    with pytest.raises(ValueError, match="a strategic game has one state and one step"):
        getattr(neighbours, f"to_{name}")(game)


def test_one_player():
    game, units = from_payoffs([[1.0, 3.0, 2.0]])
    with pytest.raises(ValueError, match="OpenSpiel's strategic games have two players or more"):
        neighbours.to_openspiel(game, units)
