"""Experiments as data: what a configuration means, and which cell of a record is which run."""

import itertools
from dataclasses import asdict, replace

import numpy as np
import oracles_general
import pytest

import metanash as mn
from metanash.bounds import largest_ascent_step
from metanash.families import FAMILIES
from metanash.learners import LEARNERS, checkpoints
from metanash.similarity import distribution_mismatch
from metanash_replication import experiments
from metanash_replication.experiments import Learning, Sequences, generate_games, run_arm

ZERO_SUM = {
    "family": "zero_sum",
    "base_kind": "pure",
    "options": {"horizon": 2, "n_states": 3, "n_actions": [2, 3], "stationary": False},
    "perturbations": [0.0, 0.1, 0.4],
    "count": 4,
}
POTENTIAL = {
    "family": "potential",
    "base_kind": "team",
    "options": {"n_states": 2, "n_actions": [2, 3], "discount": 0.8},
    "perturbations": [0.3, 0.1],
    "count": 3,
}
MIRROR = {
    "arm": "best_response",
    "learner": "optimistic_mirror_descent",
    "learning_rates": [0.3, 0.05],
    "iterations": 25,
    "checkpoints": 5,
    "keep_stages": True,
    "rate_unit": "absolute",
}
ASCENT = MIRROR | {"arm": "carry_over", "learner": "projected_q_ascent", "keep_stages": False}
CASES = {
    "best_response": (ZERO_SUM, MIRROR),
    "stage_average": (ZERO_SUM, MIRROR | {"arm": "stage_average"}),
    "output_policy": (ZERO_SUM, MIRROR | {"arm": "output_policy"}),
    "individual": (ZERO_SUM, MIRROR | {"arm": "individual"}),
    "carry_over": (POTENTIAL, ASCENT),
    "individual_ascent": (POTENTIAL, ASCENT | {"arm": "individual"}),
}
SEEDS, ROOT = [5, 2, 11], 7

LEARNER = {"optimistic_mirror_descent": mn.OptimisticMirrorDescent, "projected_q_ascent": mn.ProjectedQAscent}


def record_of(games, learning, seeds=SEEDS):
    made, provenance = generate_games(Sequences.from_config(games), seeds, ROOT)
    return run_arm(Learning.from_config(learning), made, provenance)


@pytest.fixture(scope="module")
def records():
    return {name: record_of(*case) for name, case in CASES.items()}


def own_sequence(games, seed, perturbation):
    """The games of one seed and one perturbation, straight from the family."""
    return FAMILIES[games["family"]](
        games["base_kind"], ROOT, games["family"], seed, n_games=games["count"], perturbation=perturbation,
        **games["options"],
    )  # fmt: skip


def own_run(games, learning, seed, perturbation, rate):
    """One sequence alone, by the public functions of the library."""
    return mn.learn_sequence(
        own_sequence(games, seed, perturbation),
        LEARNER[learning["learner"]](rate),
        mn.META_UPDATES[learning["arm"]](games["count"]),
        learning["iterations"],
        at=checkpoints(learning["iterations"], learning["checkpoints"]),
    )


# A configuration ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("cls", "section"), [(Sequences, ZERO_SUM), (Learning, MIRROR)])
def test_keys_are_named(cls, section):
    for key in section:
        without = {name: value for name, value in section.items() if name != key}
        with pytest.raises(ValueError, match=f"key '{key}' is missing"):
            cls.from_config(without)
        with pytest.raises(ValueError, match=f"unknown key '{key}s'; known are .*'{key}'"):
            cls.from_config(section | {f"{key}s": 1})


def test_sections_are_kept_as_they_are():
    sequences, learning = Sequences.from_config(POTENTIAL), Learning.from_config(MIRROR)
    assert asdict(sequences) == POTENTIAL | {"perturbations": (0.3, 0.1)}
    assert asdict(learning) == MIRROR | {"learning_rates": (0.3, 0.05)}


BAD_LEARNING = [
    ("iterations", 0, "iterations must be an integer of at least 1, got 0"),
    ("iterations", -3, "iterations .* got -3"),
    ("iterations", 10.0, "iterations must be an integer"),
    ("iterations", True, "iterations must be an integer"),
    ("iterations", "10", "iterations must be an integer"),
    ("checkpoints", 0, "checkpoints must be an integer of at least 1"),
    ("learning_rates", [0.1, 0.0], r"learning_rates must be above 0; at index \(1,\) it is 0"),
    ("learning_rates", [-0.1], r"learning_rates must be above 0; at index \(0,\)"),
    ("learning_rates", [0.1, float("nan")], "learning_rates must be finite"),
    ("learning_rates", [0.1, float("inf")], "learning_rates must be finite"),
    ("learning_rates", [], "learning_rates must not be empty"),
    ("learning_rates", ["0.1"], "learning_rates must hold real numbers"),
    ("arm", "bestresponse", "arm must be one of .*'best_response'.*, got 'bestresponse'"),
    ("rate_unit", "relative", "rate_unit must be absolute or theory, got 'relative'"),
    ("rate_unit", "", "rate_unit must be absolute or theory, got ''"),
    ("learner", "mirror", "learner must be one of .*'optimistic_mirror_descent'.*, got 'mirror'"),
]


@pytest.mark.parametrize(("key", "value", "message"), BAD_LEARNING)
def test_bad_learning_is_named(key, value, message):
    with pytest.raises(ValueError, match=message):
        Learning.from_config(MIRROR | {key: value})


BAD_SEQUENCES = [
    ("family", "zerosum", "family must be one of .*'zero_sum'.*, got 'zerosum'"),
    ("count", 0, "count must be an integer of at least 1, got 0"),
    ("count", 2.0, "count must be an integer"),
]


@pytest.mark.parametrize(("key", "value", "message"), BAD_SEQUENCES)
def test_bad_sequences_are_named(key, value, message):
    with pytest.raises(ValueError, match=message):
        Sequences.from_config(ZERO_SUM | {key: value})


@pytest.mark.parametrize(
    ("games", "message"),
    [
        (ZERO_SUM | {"base_kind": "team"}, "'team'"),
        (ZERO_SUM | {"base_kind": "mixed"}, "A = B"),  # 2 x 3 actions
        (ZERO_SUM | {"perturbations": [0.1, -0.1]}, "perturbation .* -0.1"),
        (POTENTIAL | {"base_kind": "pure"}, "'pure'"),
        (POTENTIAL | {"options": {"discount": 1.0}}, "discount"),
    ],
)
def test_games_that_do_not_exist_are_named(games, message):
    with pytest.raises(ValueError, match=message):
        generate_games(Sequences.from_config(games), [0], ROOT)


def test_learner_must_be_able_to_play():
    for games, learning, message in (
        (POTENTIAL, MIRROR, "OptimisticMirrorDescent takes games of class ZeroSumGame, got a DiscountedGame"),
        (ZERO_SUM, ASCENT, "ProjectedQAscent takes games of class DiscountedGame, got a ZeroSumGame"),
    ):
        with pytest.raises(ValueError, match=message):
            record_of(games, learning)


# Games --------------------------------------------------------------------------------------------------


def bits(game):
    return game.reward.tobytes(), np.asarray(game.transition.kernel).tobytes(), game.initial.tobytes(), game.name


@pytest.mark.parametrize("games", [ZERO_SUM, POTENTIAL])
def test_games_come_by_perturbation_seed_and_number(games):
    made, provenance = generate_games(Sequences.from_config(games), SEEDS, ROOT)
    wanted = [
        game
        for perturbation in games["perturbations"]
        for seed in SEEDS
        for game in own_sequence(games, seed, perturbation)
    ]
    assert [bits(game) for game in made] == [bits(game) for game in wanted]
    assert provenance["axes"] == {"perturbation": games["perturbations"], "seed": SEEDS, "game": games["count"]}
    assert provenance["root_seed"] == ROOT
    assert {key: provenance[key] for key in ("family", "base_kind", "options")} == {
        key: games[key] for key in ("family", "base_kind", "options")
    }


@pytest.mark.parametrize("games", [ZERO_SUM, POTENTIAL])
def test_sequences_do_not_depend_on_their_block(games):
    spec = Sequences.from_config(games | {"perturbations": [0.2]})
    together, _ = generate_games(spec, [0, 1, 2, 3], ROOT)
    apart = [game for block in ([2, 3], [1], [0]) for game in generate_games(spec, block, ROOT)[0]]
    k = games["count"]
    by_seed = [bits(game) for game in together]
    assert [bits(game) for game in apart] == by_seed[2 * k :] + by_seed[k : 2 * k] + by_seed[:k]
    assert len(set(by_seed)) == 4 * k


@pytest.mark.parametrize("games", [ZERO_SUM, POTENTIAL])
def test_root_seed_changes_the_games(games):
    spec = Sequences.from_config(games)
    here, there = (generate_games(spec, [0], root)[0] for root in (1, 2))
    assert all(bits(a) != bits(b) for a, b in zip(here, there, strict=True))


def test_sizes_of_perturbation_are_paired():
    """Base game and noise are common to the sizes: rewards that are not clipped move in proportion to the size."""
    spec = Sequences.from_config(POTENTIAL | {"perturbations": [0.0, 0.01, 0.02], "options": {}})
    made, _ = generate_games(spec, [0], ROOT)
    base, one, two = (np.stack([game.reward for game in made[3 * i : 3 * i + 3]]) for i in range(3))
    inside = (two > 0.0) & (two < 1.0) & (one > 0.0) & (one < 1.0)
    assert inside.mean() > 0.5
    np.testing.assert_allclose((two - base)[inside], 2.0 * (one - base)[inside], atol=1e-12)
    assert (base == base[0]).all()  # without a perturbation, the games are one


# The axes of a record -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_each_cell_is_a_run_of_its_own(records, name):
    """Learning rates, perturbations and seeds side by side change no bit of any of them."""
    (games, learning), record = CASES[name], records[name]
    axes = learning["learning_rates"], games["perturbations"], SEEDS
    grid = checkpoints(learning["iterations"], learning["checkpoints"])
    assert record["ne_gap"].shape == (*map(len, axes), games["count"], len(grid))
    gaps = set()
    for r, p, s in itertools.product(*(range(len(axis)) for axis in axes)):
        alone = own_run(games, learning, axes[2][s], axes[1][p], axes[0][r])
        np.testing.assert_array_equal(record["ne_gap"][r, p, s], alone.ne_gap[0], strict=True)
        for player in range(2):
            policies = np.stack([run.policy[player][0] for run in alone.runs])
            np.testing.assert_array_equal(record[f"policy_{player}"][r, p, s], policies, strict=True)
        gaps.add(alone.ne_gap.tobytes())
    assert len(gaps) == len(axes[0]) * len(axes[1]) * len(axes[2])  # else a swap of axes would not show


@pytest.mark.parametrize("name", CASES)
def test_axes_are_written_down(records, name):
    (games, learning), record = CASES[name], records[name]
    assert record["seeds"].tolist() == SEEDS
    assert record["learning_rates"].tolist() == learning["learning_rates"]
    assert record["perturbations"].tolist() == games["perturbations"]
    assert record["checkpoints"].tolist() == [1, 2, 5, 11, 25]  # rounded powers of 25^(1/4) = 2.236
    assert record["ne_gap"].dtype == np.float64


@pytest.mark.parametrize("name", CASES)
def test_spec_says_what_was_run(records, name):
    (games, learning), record = CASES[name], records[name]
    assert {key: record.spec[key] for key in learning if key != "learning_rates"} == {
        key: learning[key] for key in learning if key != "learning_rates"
    }
    assert list(record.spec["learning_rates"]) == learning["learning_rates"]
    assert record.spec["games"]["base_kind"] == games["base_kind"]
    assert record.spec["games"]["root_seed"] == ROOT
    assert record.provenance == {
        "numpy": np.__version__,
        "kernels": mn.kernels.backend,
        "instruction_set": mn.kernels.instruction_set,
    }


@pytest.mark.parametrize("case", [CASES["best_response"], CASES["carry_over"]], ids=["zero_sum", "potential"])
def test_seeds_do_not_depend_on_their_block(case):
    together = record_of(*case, seeds=[0, 1, 2])
    for block, place in ([2], [2]), ([0, 1], [0, 1]), ([1, 0], [1, 0]):
        apart = record_of(*case, seeds=block)
        assert apart["seeds"].tolist() == block
        for name in set(together.arrays) - {"seeds", "learning_rates", "perturbations", "checkpoints"}:
            if name == "stage_iterations":
                np.testing.assert_array_equal(apart[name], together[name])
            else:
                np.testing.assert_array_equal(apart[name], together[name][:, :, place], strict=True)


def test_learning_rates_do_not_depend_on_each_other():
    games, learning = CASES["best_response"]
    both = record_of(games, learning)
    other = record_of(games, learning | {"learning_rates": learning["learning_rates"][1:]})
    np.testing.assert_array_equal(both["ne_gap"][1:], other["ne_gap"], strict=True)


# Units of learning rates --------------------------------------------------------------------------------

RESULTS_ONLY = {"learning_rates"}
"""What a record in units of the theory says otherwise: it has the multiples."""


def same_results(one, other):
    assert set(one.arrays) == set(other.arrays)
    for name in set(one.arrays) - RESULTS_ONLY:
        np.testing.assert_array_equal(one[name], other[name], strict=True)


@pytest.mark.parametrize("arm", ["best_response", "individual"])
@pytest.mark.parametrize("horizon", [1, 2, 3])
def test_theory_unit_of_zero_sum_games(horizon, arm):
    """Multiples of 1 / (8 H^2): 1/8, 1/32, 1/72. The record has the multiples, and says so."""
    games = ZERO_SUM | {"options": ZERO_SUM["options"] | {"horizon": horizon}}
    learning = MIRROR | {"arm": arm, "learning_rates": [1.0, 6.0], "rate_unit": "theory"}
    unit = {1: 0.125, 2: 0.03125, 3: 1 / 72}[horizon]
    theory = record_of(games, learning)
    same_results(theory, record_of(games, learning | {"learning_rates": [unit, 6.0 * unit], "rate_unit": "absolute"}))
    assert theory["learning_rates"].tolist() == [1.0, 6.0]
    assert theory.spec["rate_unit"] == "theory"
    plain = record_of(games, learning | {"rate_unit": "absolute"})
    assert (theory["ne_gap"] != plain["ne_gap"]).any()


MIXED = POTENTIAL | {"options": POTENTIAL["options"] | {"discount": 0.5, "transition_mixing": 0.5}, "count": 5}
DISTANCING = {
    "family": "congestion",
    "base_kind": "distancing",
    "options": {"n_players": 3, "weights": [1.0, 2.0, 4.0], "penalty": 5.0, "discount": 0.5},
    "perturbations": [0.3, 0.1],
    "count": 3,
}


@pytest.mark.parametrize("arm", ["carry_over", "individual"])
@pytest.mark.parametrize("games", [MIXED, POTENTIAL, DISTANCING], ids=["own kernels", "one kernel", "congestion"])
def test_theory_unit_of_discounted_games(games, arm):
    """Multiples of (1 - gamma)^4 / (8 kappa^3 N A_max), kappa the largest of the K games of each sequence."""
    learning = ASCENT | {"arm": arm, "learning_rates": [200.0, 50.0], "rate_unit": "theory"}
    record, steps = record_of(games, learning), {}
    for (p, size), (s, seed) in itertools.product(enumerate(games["perturbations"]), enumerate(SEEDS)):
        sequence = own_sequence(games, seed, size)
        kappa = [float(distribution_mismatch(mn.GameBatch.of(game))[0]) for game in sequence]
        game = sequence[0]
        formula = (1.0 - game.discount) ** 4 / (8.0 * max(kappa) ** 3 * game.n_players * max(game.n_actions))
        unit = float(largest_ascent_step(game.discount, max(kappa), game.n_players, max(game.n_actions)))
        assert unit == pytest.approx(formula, rel=1e-14)
        steps[p, s] = unit, kappa
        for r, multiple in enumerate(learning["learning_rates"]):
            alone = own_run(games, learning, seed, size, multiple * unit)
            np.testing.assert_array_equal(record["ne_gap"][r, p, s], alone.ne_gap[0], strict=True)
            for player in range(game.n_players):
                policies = np.stack([run.policy[player][0] for run in alone.runs])
                np.testing.assert_array_equal(record[f"policy_{player}"][r, p, s], policies, strict=True)
    assert record["learning_rates"].tolist() == [200.0, 50.0]
    assert (record["ne_gap"][0] != record["ne_gap"][1]).any()
    if games is MIXED:  # the largest is that of the first game, of one in between, of the last
        assert {int(np.argmax(kappa)) for _, kappa in steps.values()} == {0, 1, 4}
    if games is not DISTANCING:
        assert len({unit for unit, _ in steps.values()}) >= len(SEEDS)


def test_theory_unit_does_not_depend_on_the_block():
    learning = ASCENT | {"learning_rates": [200.0], "rate_unit": "theory"}
    together = record_of(MIXED, learning, seeds=[0, 1, 2])
    for seed in (0, 1, 2):
        apart = record_of(MIXED, learning, seeds=[seed])
        np.testing.assert_array_equal(apart["ne_gap"][:, :, 0], together["ne_gap"][:, :, seed], strict=True)


def test_theory_unit_needs_a_theorem():
    games = {"family": "general_sum", "base_kind": "random", "options": {}, "perturbations": [0.1], "count": 2}
    for learner in ("correlated_mirror_descent", "optimistic_mirror_descent"):
        learning = MIRROR | {"learner": learner, "arm": "individual", "rate_unit": "theory", "keep_stages": False}
        with pytest.raises(ValueError, match="rate_unit: theory needs zero-sum or discounted games, got a MarkovGame"):
            record_of(games, learning)


# Arms ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arms", [("individual", "best_response", "stage_average", "output_policy"),
                                  ("individual_ascent", "carry_over")])  # fmt: skip
def test_arms_meet_the_same_games_and_start_the_first_alike(records, arms):
    base, *others = (records[arm] for arm in arms)
    for other in others:
        assert other.spec["games"] == base.spec["games"]
        np.testing.assert_array_equal(other["ne_gap"][:, :, :, 0], base["ne_gap"][:, :, :, 0], strict=True)
        assert (other["ne_gap"][:, :, :, 1:] != base["ne_gap"][:, :, :, 1:]).any()
    seen = [record["ne_gap"][..., 1:, :].tobytes() for record in (base, *others)]
    assert len(set(seen)) == len(arms)


def test_individual_learning_is_learning_each_game_alone(records):
    """No sequence, no meta-update: one call of ``learn`` on each game."""
    (games, _), record = CASES["individual"], records["individual"]
    for (p, size), (s, seed) in itertools.product(enumerate(games["perturbations"]), enumerate(SEEDS)):
        for k, game in enumerate(own_sequence(games, seed, size)):
            alone = mn.learn(game, mn.OptimisticMirrorDescent(0.3), 25, at=[1, 2, 5, 11, 25])
            np.testing.assert_array_equal(record["ne_gap"][0, p, s, k], alone.ne_gap[0], strict=True)


GENERAL_SUM = {
    "family": "general_sum",
    "base_kind": "shapley",
    "options": {"horizon": 2, "n_states": 2, "n_actions": [3, 3], "stationary": False},
    "perturbations": [0.3],
    "count": 2,
}
CORRELATED = MIRROR | {
    "arm": "output_policy", "learner": "correlated_mirror_descent", "learning_rates": [0.5], "keep_stages": False,
}  # fmt: skip


def test_the_gap_of_correlated_policies_is_that_of_deviators_who_are_told_nothing():
    """Of several steps too: beliefs about the stage by Bayes' rule, from runs of one game at a time."""
    record = record_of(GENERAL_SUM, CORRELATED, [5])
    assert record.measure == "cce_gap"
    games = FAMILIES["general_sum"](
        "shapley", ROOT, "general_sum", 5, n_games=2, perturbation=0.3, **GENERAL_SUM["options"]
    )
    runs = mn.learn_sequence(games, mn.CorrelatedMirrorDescent(0.5), mn.META_UPDATES["output_policy"](2), 25)
    for k, (game, run) in enumerate(zip(games, runs.runs, strict=True)):
        rewards, kernel = [table.tolist() for table in game.reward], np.asarray(game.transition.kernel).tolist()
        joints, initial = ([part[0].tolist() for part in parts] for parts in (run.policy.joints, run.policy.initial))
        shares = [n / 25 for n in run.policy.iterations]
        plays = oracles_general.played_tables(joints, initial)
        gains = []
        for i in (0, 1):
            case = (rewards, kernel, game.initial.tolist())
            best = oracles_general.best_by_beliefs(*case, shares, plays, i)
            kept = sum(
                share * oracles_general.value_of_play(*case, play, i) for share, play in zip(shares, plays, strict=True)
            )
            gains.append(best - kept)
        assert record["cce_gap"][0, 0, 0, k, -1] == pytest.approx(max(gains), abs=1e-12)
    told = np.stack([run.measures["cce_gap_bound"][0] for run in runs.runs])
    assert (record["cce_gap"][0, 0, 0, :, -1] < told[:, -1]).all()  # which is another number


@pytest.mark.parametrize(
    ("learner", "horizon", "measure"),
    [
        ("correlated_mirror_descent", 2, "cce_gap"), ("sampled_correlated_descent", 2, "cce_gap"),
        ("staged_cautious_omwu", 2, "cce_gap"), ("cautious_omwu", 1, "cce_gap"), ("log_barrier_ftrl", 1, "cce_gap"),
        ("log_barrier_ftrl", 2, "cce_gap_bound"), ("v_learning", 2, "cce_gap_bound"),
    ],
)  # fmt: skip
def test_learners_of_correlated_policies_are_recorded(learner, horizon, measure):
    """With the parts of the players: distributions, and for H = 1 those of the last average, by sums over actions."""
    options = {"horizon": horizon, "n_states": 2, "n_actions": [2, 3], "stationary": False}
    games = GENERAL_SUM | {"base_kind": "random", "options": options}
    learning = CORRELATED | {"learner": learner, "arm": "individual"}
    record = record_of(games, learning, [5])
    assert record.measure == measure
    for i, n in enumerate((2, 3)):
        part = record[f"policy_{i}"]
        assert part.shape == (1, 1, 1, 2, horizon, 2, n)
        np.testing.assert_allclose(part.sum(axis=-1), 1.0, atol=1e-12)
    if learner == "cautious_omwu":
        game = FAMILIES["general_sum"]("random", ROOT, "general_sum", 5, n_games=2, perturbation=0.3, **options)[1]
        (joint,) = mn.learn(game, LEARNERS[learner](0.5), 25).policy.joints
        np.testing.assert_allclose(record["policy_0"][0, 0, 0, 1], joint[0].sum(axis=3), atol=1e-15)
        np.testing.assert_allclose(record["policy_1"][0, 0, 0, 1], joint[0].sum(axis=2), atol=1e-15)


def test_the_gap_is_the_bound_where_the_exact_one_takes_too_much(monkeypatch):
    """Of all games and checkpoints, even if one alone takes too much."""
    true, calls = experiments.cce_gains_or_bounds, []

    def once(games, policy):
        calls.append(len(games))
        return true(games, policy, 10 if len(calls) == 10 else 10**7)

    monkeypatch.setattr(experiments, "cce_gains_or_bounds", once)
    record = record_of(GENERAL_SUM, CORRELATED, [5])
    assert len(calls) == 10
    assert record.measure == "cce_gap_bound"
    games = FAMILIES["general_sum"](
        "shapley", ROOT, "general_sum", 5, n_games=2, perturbation=0.3, **GENERAL_SUM["options"]
    )
    runs = mn.learn_sequence(
        games, mn.CorrelatedMirrorDescent(0.5), mn.META_UPDATES["output_policy"](2), 25, at=record["checkpoints"]
    )
    np.testing.assert_array_equal(record.gap[0, 0], runs.measured("cce_gap_bound"))


def test_carry_over_starts_where_the_last_game_ended(records):
    (games, learning), record = CASES["carry_over"], records["carry_over"]
    first, second, _ = own_sequence(games, SEEDS[1], games["perturbations"][1])
    learner = mn.ProjectedQAscent(learning["learning_rates"][1])
    start = mn.learn(first, learner, 25).policy
    np.testing.assert_array_equal(
        record["ne_gap"][1, 1, 1, 1], mn.learn(second, learner, 25, at=[1, 2, 5, 11, 25], initial=start).ne_gap[0]
    )


# Stages -------------------------------------------------------------------------------------------------

READ = {
    "best_response": lambda stage, player: stage.best_response(player),
    "average": lambda stage, player: stage.average[player],
    "initial": lambda stage, player: stage.initial[player],
    "regret": lambda stage, player: stage.regret(player),
    "kl": lambda stage, player: stage.kl_to_initial(player),
}


@pytest.mark.parametrize("name", ["best_response", "stage_average", "output_policy", "individual"])
def test_stage_arrays_are_the_learners(records, name):
    (games, learning), record = CASES[name], records[name]
    axes = learning["learning_rates"], games["perturbations"], SEEDS
    for r, p, s in itertools.product(*(range(len(axis)) for axis in axes)):
        learner = mn.OptimisticMirrorDescent(axes[0][r])
        alone = own_run(games, learning, axes[2][s], axes[1][p], axes[0][r])
        for k, run in enumerate(alone.runs):
            stages = learner.stages(run.state)
            assert [stage.iterations for stage in stages] == record["stage_iterations"].tolist()
            for tau, stage in enumerate(stages):
                place = (r, p, s, k, tau)
                np.testing.assert_array_equal(record["stage_value"][place], stage.value[0], strict=True)
                np.testing.assert_array_equal(record["stage_q"][place], stage.q[0], strict=True)
                for (quantity, read), (player, letter) in itertools.product(READ.items(), enumerate(("mu", "nu"))):
                    np.testing.assert_array_equal(
                        record[f"stage_{quantity}_{letter}"][place], read(stage, player)[0], strict=True
                    )


def test_stage_lengths_add_up(records):
    """L_{tau+1} = floor(3 L_tau / 2) for H = 2: 2, 3, 4, 6, 9 make 24, and T = 25 cuts the sixth stage (13)."""
    assert records["best_response"]["stage_iterations"].tolist() == [2, 3, 4, 6, 9, 1]


def test_stages_are_kept_on_request_only():
    games, learning = CASES["best_response"]
    without = record_of(games, learning | {"keep_stages": False})
    assert not [name for name in without.arrays if name.startswith("stage_")]
    np.testing.assert_array_equal(without["ne_gap"], record_of(games, learning)["ne_gap"], strict=True)
    ascent = record_of(POTENTIAL, ASCENT | {"keep_stages": True})  # a learner without stages
    assert not [name for name in ascent.arrays if name.startswith("stage_")]


# Mismatches ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("axis", ["perturbation", "seed", "game"])
def test_games_that_were_not_announced_are_refused(axis):
    made, provenance = generate_games(Sequences.from_config(ZERO_SUM), SEEDS, ROOT)
    length = provenance["axes"][axis]
    shorter = length - 1 if axis == "game" else length[:-1]
    lying = provenance | {"axes": provenance["axes"] | {axis: shorter}}
    with pytest.raises(ValueError, match="games were announced, there are 36"):
        run_arm(Learning.from_config(MIRROR), made, lying)
    with pytest.raises(ValueError, match="3 x 3 x 4 games were announced, there are 35"):
        run_arm(Learning.from_config(MIRROR), made[:-1], provenance)


def test_specs_are_frozen():
    spec = Learning.from_config(MIRROR)
    with pytest.raises(AttributeError):
        spec.iterations = 3
    assert replace(spec, iterations=3).iterations == 3


def test_one_game_one_iteration_one_seed():
    record = record_of(ZERO_SUM | {"count": 1, "perturbations": [0.0]}, MIRROR | {"iterations": 1}, seeds=[0])
    assert record["ne_gap"].shape == (2, 1, 1, 1, 1)
    assert record["checkpoints"].tolist() == [1]
    assert record["stage_iterations"].tolist() == [1]
