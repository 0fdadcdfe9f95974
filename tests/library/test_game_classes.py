"""Every public function that takes games beside every class of games, alone, in a list and in a batch.

The functions are found by walking both packages; one that is in no table here fails the first test.
"""

import collections.abc
import importlib
import inspect
import pkgutil
import sys
import typing
from dataclasses import replace
from unittest import mock

import numpy as np
import pytest

import metanash
import metanash_replication
from metanash import (
    correlated,
    exact,
    gamefile,
    gaps,
    maml,
    meta,
    neighbours,
    policy_gradient,
    similarity,
    simulation,
    swaps,
)
from metanash._inner import histories
from metanash.families import poker
from metanash.gambit import Units, extensive, gametracer, matrices, normal, units
from metanash.games import DiscountedGame, GameBatch, MarkovGame, ZeroSumGame
from metanash.learners import (
    CautiousOMWU,
    CorrelatedMirrorDescent,
    EntropyExtragradient,
    LogBarrierFTRL,
    NaturalGradient,
    OptimisticFTRL,
    OptimisticMirrorDescent,
    ProjectedQAscent,
    RegretMatching,
    SampledCorrelatedDescent,
    SampledMirrorDescent,
    SampledQAscent,
    SoftmaxGradient,
    StagedCautiousOMWU,
    StagedFTRL,
    SwapVLearning,
    VLearning,
    base,
    gradient_play,
    last_iterate,
    stages,
)
from metanash.learners.correlated_mirror_descent import joint_state
from metanash.meta import Individual
from metanash.solution import discounted, markov, stochastic
from metanash.stochastic import StochasticGame
from metanash.transitions import Transition
from metanash_replication import experiments
from metanash_replication.topics.own_games import measure as own_games
from metanash_replication.topics.potential import measure as potential
from metanash_replication.topics.simulations import tables

# Games --------------------------------------------------------------------------------------------------


def _discounted(rows, **more):
    rng = np.random.default_rng(rows)
    chance = rng.dirichlet(np.ones(2), size=(2, 2, 2))
    return DiscountedGame(rng.uniform(size=(rows, 2, 2, 2)), Transition.shared(chance), 0.9, **more)


def _of_one_step(cls, *shape):
    reward = np.linspace(0.75, 1.0, num=int(np.prod(shape))).reshape(shape)
    actions = reward.shape[2:] if cls is ZeroSumGame else reward.shape[3:]
    return cls(reward, Transition.shared(np.ones((1, *actions, 1))))


GAMES = {
    "zero-sum": _of_one_step(ZeroSumGame, 1, 1, 3, 4),  # sizes of river poker, which one function wants
    "two players": _of_one_step(MarkovGame, 2, 1, 1, 3, 4),
    "three players": _of_one_step(MarkovGame, 3, 1, 1, 2, 2, 2),
    "discounted": _discounted(2, potential=np.zeros((2, 2, 2))),
    "team": _discounted(1),
}
GAMES["constant sum"] = replace(
    GAMES["discounted"], reward=np.stack([GAMES["team"].reward[0], 1.0 - GAMES["team"].reward[0]])
)
Z, M, D = {"zero-sum"}, {"two players", "three players"}, {"discounted", "team", "constant sum"}
FORMS = {"alone": lambda game: game, "listed": lambda game: [game], "batch": lambda game: GameBatch((game,))}
STRANGERS = {"an array": np.eye(2), "a text": "chicken.nfg", "nothing": None, "no games": [], "numbers": [1.0, 2.0]}
SAMPLE = {ZeroSumGame: "zero-sum", MarkovGame: "two players", DiscountedGame: "team"}


def _game(given):
    """The game of whatever was given; a stranger's other arguments are those of a zero-sum game."""
    given = list(given.games) if isinstance(given, GameBatch) else given
    given = given[0] if isinstance(given, list) and given else given
    return given if isinstance(given, tuple(SAMPLE)) else GAMES["zero-sum"]


def policy(given, lead=1):
    game = _game(given)
    steps = () if isinstance(game, DiscountedGame) else (game.horizon,)
    shape = (1,) * lead + (*steps, game.n_states)
    return tuple(np.full((*shape, n), 1.0 / n) for n in game.n_actions)


def values(given):
    return np.zeros(policy(given)[0].shape[:-1])


def joints():
    return correlated.CorrelatedPolicy(policy(GAMES["two players"]), (), ())


def of_any_players(given):
    """A correlated policy of the game's sizes, where it has any."""
    return correlated.CorrelatedPolicy(policy(given), (), ()) if isinstance(_game(given), MarkovGame) else joints()


def learner(cls):
    return cls(0.1)


def started(cls, plays, given):
    """A learner's state on the games given, or where it does not play them on others."""
    game = _game(given)
    return learner(cls).start(
        GameBatch(
            (game if isinstance(game, plays) else GAMES[SAMPLE[plays[0] if isinstance(plays, tuple) else plays]],)
        )
    )


def logits():
    return tuple(np.zeros((1, 2, 2)) for _ in range(2))


def stage_value(given):
    found = np.zeros((1, _game(given).n_players, 1, 1))
    return correlated.StageValues(found, found)


def joint(given):
    game = _game(given)
    return np.full((1, 1, 1, *game.n_actions), 1.0 / np.prod(game.n_actions))


def others(given, player):
    """What the other players play, (policies, games, S, actions of the others)."""
    actions = _game(given).n_actions
    count = int(np.prod(actions)) // actions[player]
    return np.full((1, 1, 1, count), 1.0 / count)


def arm(given):
    choice = {ZeroSumGame: "optimistic_mirror_descent", MarkovGame: "correlated_mirror_descent"}
    spec = experiments.Learning(
        learner=choice.get(type(_game(given)), "projected_q_ascent"), learning_rates=[0.1], rate_unit="absolute",
        arm="individual", iterations=2, checkpoints=2, keep_stages=False,
    )  # fmt: skip
    axes = {"perturbation": [0.0], "seed": [0], "game": 1}
    return experiments.run_arm(spec, given, {"axes": axes})


def made_for(name, given):
    """What is made for another package, which need not be installed."""
    with mock.patch.dict(sys.modules, {"pygambit": mock.Mock(), "nashpy": mock.Mock(), "quantecon": mock.Mock(),
                                       "quantecon.game_theory": mock.Mock()}):  # fmt: skip
        return getattr(neighbours, f"to_{name}")(given)


RATES = dict.fromkeys(own_games.LEARNER_OF.values(), 0.1)
TASKS = {"step": 0.1, "inner_steps": 1}

# name: the call, the forms that are taken, the games that are taken
ALONE, BATCH, LIST, ANY = {"alone"}, {"batch"}, {"listed"}, {"alone", "listed", "batch"}
CALLS = {
    "_inner.histories.best_values":
        (lambda x: histories.best_values(x, [1.0], lambda i, _: others(x, i), 10**6), BATCH, M),
    "correlated.CorrelatedPolicy.deviation_values": (lambda x: of_any_players(x).deviation_values(x), BATCH, M),
    "correlated.CorrelatedPolicy.sample_episode":
        (lambda x: of_any_players(x).sample_episode(x, np.random.default_rng(0)), ALONE, M),
    "correlated.CorrelatedPolicy.stage_values": (lambda x: of_any_players(x).stage_values(x), BATCH, M),
    "correlated.CorrelatedPolicy.values": (lambda x: of_any_players(x).values(x), BATCH, M),
    "correlated.StageValues.gain": (lambda x: stage_value(x).gain(x), BATCH, M),
    "correlated.cce_gain_bounds": (lambda x: correlated.cce_gain_bounds(x, of_any_players(x)), BATCH, M),
    "correlated.cce_gains": (lambda x: correlated.cce_gains(x, of_any_players(x)), BATCH, M),
    "correlated.cce_gains_or_bounds": (lambda x: correlated.cce_gains_or_bounds(x, of_any_players(x)), BATCH, M),
    "correlated.cce_gap_bounds": (lambda x: correlated.cce_gap_bounds(x, of_any_players(x)), BATCH, M),
    "correlated.cce_gaps": (lambda x: correlated.cce_gaps(x, of_any_players(x)), BATCH, M),
    "correlated.product_values": (lambda x: correlated.product_values(x, policy(x)), BATCH, M),
    "correlated.stage_values": (lambda x: correlated.stage_values(x, joint(x), stage_value(x)), BATCH, M),
    "correlated.values_after":
        (lambda x: correlated.values_after(x, joint(x), np.zeros((1, 2 * _game(x).n_players, 1, 1))), BATCH, M),
    "exact.shapley": (exact.shapley, ALONE, Z),
    "exact.shapley_batch": (exact.shapley_batch, ANY, Z),
    "experiments.run_arm": (arm, LIST, Z | M | D),
    "families.poker.pot_scale": (poker.pot_scale, ALONE, Z),
    "gambit.gametracer.gam_text": (gametracer.gam_text, ALONE, Z | M),
    "gambit.gametracer.write_gam": (lambda x: gametracer.write_gam("game.gam", x), ALONE, Z | M),
    "gambit.extensive.efg_text": (extensive.efg_text, ALONE, Z | M),
    "gambit.extensive.tree_size": (extensive.tree_size, ALONE, Z | M),
    "gambit.extensive.write_efg": (lambda x: extensive.write_efg("game.efg", x), ALONE, Z | M),
    "gambit.matrices.only_one_shot": (matrices.only_one_shot, ALONE, Z | M),
    "gambit.matrices.to_bimatrix": (matrices.to_bimatrix, ALONE, Z | {"two players"}),
    "gambit.matrices.to_payoffs": (matrices.to_payoffs, ALONE, Z | M),
    "gambit.normal.nfg_text": (normal.nfg_text, ALONE, Z | M),
    "gambit.normal.write_nfg": (lambda x: normal.write_nfg("game.nfg", x), ALONE, Z | M),
    "gambit.units.payoffs_of": (lambda x: units.payoffs_of(x, None), ALONE, Z | M),
    "gambit.units.written_payoffs": (lambda x: units.written_payoffs(x, None), ALONE, Z | M),
    "gamefile.write_games": (lambda x: gamefile.write_games("games.npz", x), LIST, Z | M | D),
    "games.GameBatch": (GameBatch, LIST, Z | M | D),
    "games.GameBatch.of": (GameBatch.of, ANY, Z | M | D),
    "games.MarkovGame.from_zero_sum": (MarkovGame.from_zero_sum, ALONE, Z),
    "gaps.backup": (lambda x: gaps.backup(x, joint(x), values(x)), BATCH, Z | M),
    "gaps.best_response_values": (lambda x: gaps.best_response_values(x, policy(x), 0), BATCH, Z | M | D),
    "gaps.from_start": (lambda x: gaps.from_start(x, values(x)), BATCH, Z | M | D),
    "gaps.joint_optima": (lambda x: gaps.joint_optima(x, np.zeros((1, 2, 2, 2))), BATCH, D),
    "gaps.ne_gains": (lambda x: gaps.ne_gains(x, policy(x, lead=0)), ALONE, Z | M | D),
    "gaps.ne_gains_of": (lambda x: gaps.ne_gains_of(x, policy(x)), BATCH, Z | M | D),
    "gaps.ne_gap": (lambda x: gaps.ne_gap(x, policy(x, lead=0)), ALONE, Z | M | D),
    "gaps.ne_gaps": (lambda x: gaps.ne_gaps(x, policy(x)), BATCH, Z | M | D),
    "gaps.ne_gaps_of_sums": (lambda x: gaps.ne_gaps_of_sums(x, [policy(x)]), BATCH, Z | M | D),
    "gaps.ne_gaps_of_stacks":
        (lambda x: gaps.ne_gaps_of_stacks(x, [part[np.newaxis] for part in policy(x)]), BATCH, Z | M | D),
    "gaps.potential_rises": (lambda x: gaps.potential_rises(x, policy(x), policy(x)), BATCH, D),
    "gaps.potential_values": (lambda x: gaps.potential_values(x, policy(x)), BATCH, D),
    "gaps.rise_error": (gaps.rise_error, ALONE, D),
    "gaps.stage_potential_values": (lambda x: gaps.stage_potential_values(x, policy(x)), BATCH, D),
    "gaps.stage_potentials": (gaps.stage_potentials, BATCH, D),
    "gaps.team_optima": (gaps.team_optima, BATCH, {"team"}),
    "gaps.values": (lambda x: gaps.values(x, policy(x), 0), BATCH, Z | M | D),
    "gaps.all_values": (lambda x: gaps.all_values(x, policy(x)), BATCH, Z | M | D),
    "learners.base.learn": (lambda x: base.learn(x, learner(OptimisticMirrorDescent), 2), ANY, Z),
    "learners.gradient_play.advance": (
        lambda x: gradient_play.advance(
            x, started(ProjectedQAscent, DiscountedGame, x), 1, softmax=False, every_gap=False
        ), BATCH, D),
    "learners.gradient_play.advance_and_measure": (
        lambda x: gradient_play.advance_and_measure(
            x, started(ProjectedQAscent, DiscountedGame, x), [1], softmax=False, every_gap=False), BATCH, D),
    "learners.q_ascent.ProjectedQAscent.advance_and_measure":
        (lambda x: learner(ProjectedQAscent).advance_and_measure(
            x, started(ProjectedQAscent, DiscountedGame, x), [1]), BATCH, D),
    "learners.softmax_gradient.SoftmaxGradient.advance_and_measure":
        (lambda x: learner(SoftmaxGradient).advance_and_measure(
            x, started(SoftmaxGradient, DiscountedGame, x), [1]), BATCH, D),
    "learners.gradient_play.measures": (
        lambda x: gradient_play.measures(
            x, started(ProjectedQAscent, DiscountedGame, x), policy(x), every_gap=False
        ), BATCH, D),
    "learners.gradient_play.starting_state": (lambda x: gradient_play.starting_state(x, None, 0.1), BATCH, D),
    "learners.correlated_mirror_descent.joint_state":
        (lambda x: joint_state(x, stages.before_first(x, 0.1, None)), BATCH, M),
    "learners.last_iterate.regularized_gaps":
        (lambda x: last_iterate.regularized_gaps(x, policy(x), 0.1), BATCH, Z),
    "learners.stages.StagedMirrorDescent.advance":
        (lambda x: learner(OptimisticMirrorDescent).advance(
            x, started(OptimisticMirrorDescent, ZeroSumGame, x), 1), BATCH, Z),
    "learners.stages.StagedMirrorDescent.advance_own":
        (lambda x: learner(OptimisticMirrorDescent).advance_own(
            x, started(OptimisticMirrorDescent, ZeroSumGame, x), 1), BATCH, Z),
    "learners.regret_matching.RegretMatching.advance_own":
        (lambda x: learner(RegretMatching).advance_own(x, started(RegretMatching, ZeroSumGame, x), 1), BATCH, Z),
    "learners.mirror_descent.OptimisticMirrorDescent.advance_and_measure":
        (lambda x: learner(OptimisticMirrorDescent).advance_and_measure(
            x, started(OptimisticMirrorDescent, ZeroSumGame, x), [1]), BATCH, Z),
    "learners.correlated_mirror_descent.CorrelatedMirrorDescent.advance_and_measure":
        (lambda x: learner(CorrelatedMirrorDescent).advance_and_measure(
            x, started(CorrelatedMirrorDescent, MarkovGame, x), [1]), BATCH, M),
    "learners.mirror_descent.OptimisticMirrorDescent.advance_and_watch":
        (lambda x: learner(OptimisticMirrorDescent).advance_and_watch(
            x, started(OptimisticMirrorDescent, ZeroSumGame, x), [1]), BATCH, Z),
    "learners.correlated_mirror_descent.CorrelatedMirrorDescent.advance_and_watch":
        (lambda x: learner(CorrelatedMirrorDescent).advance_and_watch(
            x, started(CorrelatedMirrorDescent, MarkovGame, x), [1]), BATCH, M),
    "learners.regret_matching.RegretMatching.advance_and_measure":
        (lambda x: learner(RegretMatching).advance_and_measure(
            x, started(RegretMatching, ZeroSumGame, x), [1]), BATCH, Z),
    "learners.mirror_descent.OptimisticMirrorDescent.measure_together":
        (lambda x: learner(OptimisticMirrorDescent).measure_together(x, [policy(x)]), BATCH, Z),
    "learners.regret_matching.RegretMatching.measure_together":
        (lambda x: learner(RegretMatching).measure_together(x, [policy(x)]), BATCH, Z),
    "learners.stages.before_first": (lambda x: stages.before_first(x, 0.1, None), BATCH, Z | M),
    "gaps.checked_policy": (lambda x: gaps.checked_policy(x, policy(x)), BATCH, Z | M | D),
    "simulation.draw_keys": (lambda x: simulation.draw_keys(x, 0), BATCH, Z | M | D),
    "simulation.play_tables": (simulation.play_tables, BATCH, Z | M | D),
    "simulation.player_rewards": (simulation.player_rewards, BATCH, Z | M | D),
    "simulation.simulate": (lambda x: simulation.simulate(x, policy(x), 2), ANY, Z | M | D),
    "maml.Tasks.of": (maml.Tasks.of, ANY, D),
    "maml.adapt": (lambda x: maml.adapt(logits(), x, 0.1, 1), ANY, D),
    "maml.meta_gradient": (lambda x: maml.meta_gradient(x, logits(), **TASKS), set(), set()),
    "maml.meta_objective": (lambda x: maml.meta_objective(x, logits(), **TASKS), set(), set()),
    "maml.meta_value_and_gradient": (lambda x: maml.meta_value_and_gradient(x, logits(), **TASKS), set(), set()),
    "maml.train":
        (lambda x: maml.train(x, logits(), step=0.1, iterations=1, inner_step=0.1, inner_steps=1), set(), set()),
    "meta.learn_sequence":
        (lambda x: meta.learn_sequence(x, learner(RegretMatching), Individual(), 2), LIST, Z),
    "neighbours.to_nashpy": (lambda x: made_for("nashpy", x), ALONE, Z | {"two players"}),
    "neighbours.to_openspiel": (lambda x: made_for("openspiel", x), ALONE, Z | M),
    "neighbours.to_pygambit": (lambda x: made_for("pygambit", x), ALONE, Z | M),
    "neighbours.to_quantecon": (lambda x: made_for("quantecon", x), ALONE, Z | M),
    "solution.discounted.discounted_equilibrium": (discounted.discounted_equilibrium, ALONE, {"constant sum"}),
    "solution.discounted.solve_discounted":
        (lambda x: discounted.solve_discounted(x, None), ALONE, D),
    "solution.discounted.team_optimum": (discounted.team_optimum, ALONE, {"team"}),
    "solution.stochastic.solve_general": (stochastic.solve_general, ALONE, D),
    "stochastic.games.StochasticGame.from_discounted": (StochasticGame.from_discounted, ALONE, D),
    "solution.markov.solve_markov": (lambda x: markov.solve_markov(x, None), ALONE, M),
    "solution.markov.solve_one_shot": (lambda x: markov.solve_one_shot(x, None), ALONE, Z | M),
    "solution.markov.solve_zero_sum": (lambda x: markov.solve_zero_sum(x, None), ALONE, Z),
    "swaps.ce_gain_bounds": (lambda x: swaps.ce_gain_bounds(x, of_any_players(x)), BATCH, M),
    "swaps.ce_gains": (lambda x: swaps.ce_gains(x, of_any_players(x)), BATCH, M),
    "swaps.ce_gap_bounds": (lambda x: swaps.ce_gap_bounds(x, of_any_players(x)), BATCH, M),
    "swaps.ce_gaps": (lambda x: swaps.ce_gaps(x, of_any_players(x)), BATCH, M),
    "topics.own_games.measure.learn_own_games": (
        lambda x: own_games.learn_own_games(
            x, Units((0.0,) * _game(x).n_players, 1.0), learning_rates=RATES, iterations=2, n_checkpoints=2
        ), LIST, Z | M | D),
    "policy_gradient.ValueModel.of": (policy_gradient.ValueModel.of, ANY, D),
    "policy_gradient.assembled_gradient": (lambda x: policy_gradient.assembled_gradient(x, logits()), BATCH, D),
    "policy_gradient.assembled_hessian": (lambda x: policy_gradient.assembled_hessian(x, logits()), BATCH, D),
    "similarity.distribution_mismatch": (similarity.distribution_mismatch, BATCH, D),
    "similarity.is_potential_game": (similarity.is_potential_game, ALONE, M | D),
    "similarity.largest_potential_drops":
        (lambda x: similarity.largest_potential_drops(x, x), BATCH, D),
    "similarity.largest_potentials": (similarity.largest_potentials, BATCH, D),
    "similarity.potential_deviation": (similarity.potential_deviation, ALONE, M | D),
    "similarity.stage_potential_deviation": (similarity.stage_potential_deviation, ALONE, D),
    "topics.simulations.tables.stage_equilibria": (lambda x: tables.stage_equilibria(x, "pure", 0), LIST, Z),
    "topics.potential.measure.policies_of_kind":
        (lambda x: potential.policies_of_kind("uniform", x, np.random.default_rng(0)), ALONE, D),
}  # fmt: skip
for _module, _cls, _plays, _taken in (
    ("mirror_descent", OptimisticMirrorDescent, ZeroSumGame, Z),
    ("regret_matching", RegretMatching, ZeroSumGame, Z),
    ("correlated_mirror_descent", CorrelatedMirrorDescent, MarkovGame, M),
    ("q_ascent", ProjectedQAscent, DiscountedGame, D),
    ("softmax_gradient", SoftmaxGradient, DiscountedGame, D),
    ("smooth", OptimisticFTRL, ZeroSumGame, Z),
    ("staged_ftrl", StagedFTRL, ZeroSumGame, Z),
    ("natural_gradient", NaturalGradient, DiscountedGame, D),
    ("cautious", StagedCautiousOMWU, MarkovGame, M),
    ("cautious", CautiousOMWU, MarkovGame, M),
    ("swap_ftrl", LogBarrierFTRL, MarkovGame, M),
    ("last_iterate", EntropyExtragradient, ZeroSumGame, Z),
    ("sampled_ascent", SampledQAscent, DiscountedGame, D),
    ("sampled_stages", SampledMirrorDescent, ZeroSumGame, Z),
    ("sampled_stages", SampledCorrelatedDescent, MarkovGame, M),
    ("v_learning", VLearning, (ZeroSumGame, MarkovGame), Z | M),
    ("swap_v_learning", SwapVLearning, MarkovGame, M),
):
    _name = f"learners.{_module}.{'SmoothLearner' if _module == 'smooth' else _cls.__name__}"

    def _measure(x, cls=_cls, plays=_plays):
        return learner(cls).measure(x, started(cls, plays, x))

    def _advance(x, cls=_cls, plays=_plays):
        return learner(cls).advance(x, started(cls, plays, x), 1)

    CALLS[f"{_name}.start"] = (lambda x, cls=_cls: learner(cls).start(x), BATCH, _taken)
    CALLS[f"{_name}.measure"] = (_measure, BATCH, _taken)
    CALLS[f"{_name}.advance"] = (_advance, BATCH, _taken)  # of the staged ones inherited

NO_FUNCTIONS = {
    "learners.base.Learner", "learners.base.step_by_step", "learners.base.watched_step_by_step", "meta.MetaUpdate",
    "commands.progress.Watched",
    "_inner.runs.measured_run", "_inner.runs.mixed_means", "games.GameBatch.trusted",
    "families.sequences.alike",
}  # fmt: skip
"""Protocols, more of a game of any class, and what hands all to a learner or a game that others have checked."""
MORE = {"solution.entry.solve"}
"""Takes matrices and paths too: ``tests/library/solution``."""
CHECKS = {*MORE, "games.check_batch", "games.check_game", "games.check_games"}


# What there is ------------------------------------------------------------------------------------------


def about_games(hint):
    """Whether a type is one of games, batches or tasks, or made of them."""
    if typing.get_origin(hint) in {type, collections.abc.Callable}:
        return False
    if hint in {*SAMPLE, GameBatch, maml.Tasks}:
        return True
    if isinstance(hint, typing.TypeVar):
        return hint.__bound__ is not None and about_games(hint.__bound__)
    return typing.get_origin(hint) is GameBatch or any(about_games(part) for part in typing.get_args(hint))


def takes_games(function):
    hints = typing.get_type_hints(function)
    named = {name for name in inspect.signature(function).parameters if name in {"game", "games", "batch", "batches"}}
    return any(
        about_games(hint) or (name in named and hint is typing.Any) for name, hint in hints.items() if name != "return"
    )


def functions_of_games():
    found = {}
    modules = [
        info.name
        for package in (metanash, metanash_replication)
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    ]
    for path in modules:
        module, place = importlib.import_module(path), path.partition(".")[2]
        for name in getattr(module, "__all__", []):
            thing = getattr(module, name)
            if getattr(thing, "__module__", None) != path or f"{place}.{name}" in NO_FUNCTIONS:
                continue
            if inspect.isclass(thing):
                members = {f"{name}.{key}": getattr(thing, key) for key in vars(thing) if not key.startswith("_")}
                members = {key: each for key, each in members.items() if f"{place}.{key}" not in NO_FUNCTIONS}
                callables = {key: member for key, member in members.items() if callable(member)}
                if "__init__" in vars(thing):
                    callables[name] = thing.__init__
            else:
                callables = {name: thing} if callable(thing) else {}
            found |= {f"{place}.{key}": f for key, f in callables.items() if takes_games(f)}
    return found


FOUND = functions_of_games()


def test_every_public_function_of_games_is_in_the_table():
    inherited = {f"learners.{method}" for method in (
        "mirror_descent.OptimisticMirrorDescent.advance", "correlated_mirror_descent.CorrelatedMirrorDescent.advance",
        "staged_ftrl.StagedFTRL.start", "staged_ftrl.StagedFTRL.advance", "staged_ftrl.StagedFTRL.measure",
        "last_iterate.EntropyExtragradient.advance",
        "sampled_stages.SampledMirrorDescent.start", "sampled_stages.SampledMirrorDescent.advance",
        "sampled_stages.SampledCorrelatedDescent.start", "sampled_stages.SampledCorrelatedDescent.advance",
        "cautious.StagedCautiousOMWU.advance", "cautious.StagedCautiousOMWU.measure",
    )}  # fmt: skip
    assert set(FOUND) - CHECKS == set(CALLS) - inherited
    assert len(FOUND) > 60


@pytest.mark.parametrize("name", sorted(set(FOUND) - CHECKS))
def test_its_documentation_says_which_classes_it_takes(name):
    _, forms, taken = CALLS[name]
    owner = getattr(metanash.games, "GameBatch") if name == "games.GameBatch" else FOUND[name]  # noqa: B009
    said = inspect.getdoc(owner)
    if not forms:
        assert "Tasks" in str(inspect.signature(owner))
        return
    if taken != Z | M | D:
        classes = {type(GAMES[kind]).__name__ for kind in taken}
        assert all(cls in said for cls in classes), said
    assert "ValueError" in said


# The matrix ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(CALLS))
def test_games_of_the_right_classes_are_taken_and_all_others_refused(name, tmp_path, monkeypatch):
    """A refusal is a ValueError that names what was given; of a wrong class it names the classes that are taken too."""
    monkeypatch.chdir(tmp_path)
    call, forms, taken = CALLS[name]
    classes = {type(GAMES[kind]) for kind in taken}
    for kind, game in GAMES.items():
        for form, wrap in FORMS.items():
            given = wrap(game)
            if form in forms and kind in taken:
                call(given)
                continue
            with pytest.raises(ValueError) as refused:  # noqa: PT011
                call(given)
            if type(game) in classes and form in forms:
                continue  # of a class that is taken, but no team, or of three players
            said = str(refused.value)
            if not forms:
                assert "takes Tasks, got a" in said
                continue
            assert (type(game).__name__ if form != "listed" else "list") in said or type(game).__name__ in said, said
            assert "takes" in said, said
            if form in forms and taken != Z | M | D:
                assert all(cls.__name__ in said for cls in classes), said
    for stranger in STRANGERS.values():
        with pytest.raises(ValueError, match=r"takes|made of|needs") as refused:
            call(stranger)
        assert "len()" not in str(refused.value)
    assert not list(tmp_path.iterdir()) or "write" in name


# What went wrong ----------------------------------------------------------------------------------------


def discounted_game():
    """The discounted game of the two stage games below, worth 5.23473292 and 5.14148624."""
    stages_ = np.array([[[3.0, -1.0], [-2.0, 4.0]], [[0.0, 2.0], [1.0, -3.0]]])
    reward = (stages_ + 3.0) / 7.0
    chance = [[[[0.8, 0.2], [0.1, 0.9]], [[0.5, 0.5], [0.3, 0.7]]], [[[0.2, 0.8], [0.6, 0.4]], [[1, 0], [0, 1]]]]
    return DiscountedGame(np.stack([reward, 1.0 - reward]), Transition.shared(np.array(chance)), 0.9)


def test_shapley_does_not_read_players_as_steps():
    for solve, given, said in (
        (exact.shapley, discounted_game(), "shapley takes a ZeroSumGame"),
        (exact.shapley_batch, [discounted_game()] * 2, "shapley_batch takes games of class ZeroSumGame"),
    ):
        with pytest.raises(ValueError, match=f"^{said}, got a DiscountedGame; a discounted game has no horizon: "):
            solve(given)


def test_a_refusal_says_what_to_do_instead():
    zero_sum, two, team = (GAMES[kind] for kind in ("zero-sum", "two players", "team"))
    for call, said in (
        (
            lambda: exact.shapley(two),
            r"shapley takes a ZeroSumGame, got a MarkovGame; of two players whose rewards add up to 1, "
            r"ZeroSumGame\(game.reward\[0\], game.transition, game.initial\) is the same game",
        ),
        (
            lambda: exact.shapley(GameBatch((zero_sum,))),
            "shapley takes a ZeroSumGame, got a GameBatch of ZeroSumGame; its games are in .games",
        ),
        (
            lambda: exact.shapley([zero_sum]),
            "shapley takes a ZeroSumGame, got a list; take one game after the other",
        ),
        (
            lambda: gaps.ne_gaps(zero_sum, policy(zero_sum)),
            "ne_gaps takes a GameBatch, got a ZeroSumGame; GameBatch.of makes one",
        ),
        (
            lambda: base.learn(zero_sum, learner(CorrelatedMirrorDescent), 2),
            "CorrelatedMirrorDescent takes games of class MarkovGame, got a ZeroSumGame; "
            "MarkovGame.from_zero_sum makes one of a zero-sum game",
        ),
        (
            lambda: base.learn(two, learner(ProjectedQAscent), 2),
            "ProjectedQAscent takes games of class DiscountedGame, got a MarkovGame; "
            "a game of so many steps has no discount: learners.LEARNERS has learners for it",
        ),
        (
            lambda: gamefile.write_games("never.npz", team),
            "write_games takes a list of games, got a DiscountedGame; put it in a list",
        ),
        (lambda: GameBatch.of([1.0]), "a batch takes a game, got a float; see metanash.games"),
    ):
        with pytest.raises(ValueError, match=f"^{said}$"):
            call()
    same = ZeroSumGame(two.reward[0], two.transition, two.initial)  # as the first message says
    assert exact.shapley(same).value.shape == (1, 1)
