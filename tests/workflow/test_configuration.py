"""The configuration: every entry that is wrong is refused in a few words that name it, before any job."""

import copy
import itertools
import json
import math
from pathlib import Path

import pytest
import yaml
from conftest import OWN, ROOT, Project

from metanash import river
from metanash.meta import META_UPDATES, TARGETS

update_config = pytest.importorskip("snakemake.utils").update_config

from workflow.configuration import MOST, fitting, mistakes, verdict  # noqa: E402  # needs what the pipeline needs
from workflow.configuration.entries import against_schema, shortened  # noqa: E402
from workflow.configuration.mistake import Mistake  # noqa: E402
from workflow.configuration.places import Source, entry, line  # noqa: E402

SCHEMA = ROOT / "workflow/schemas/config.schema.yaml"
ZERO_SUM = ("experiments", "figure1_zero_sum")
LONGEST_LINE, LONGEST = 400, 1500


def merged(*names):
    config = {}
    for name in names:
        update_config(config, yaml.safe_load((ROOT / "config" / f"{name}.yaml").read_text()))
    return config


DEFAULT = merged("config")


def part_at(path, config=DEFAULT):
    for key in path:
        config = config[key]
    return config


def changed(path, value, config=DEFAULT):
    """The configuration with one entry changed."""
    found = copy.deepcopy(config)
    part_at(path[:-1], found)[path[-1]] = value
    return found


def parts(value, path=()):
    """Every entry, section and list with its path; of the items of a list, the first."""
    if path:
        yield path, value
    keys = value if isinstance(value, dict) else [0] if isinstance(value, list) and value else []
    for key in keys:
        yield from parts(value[key], (*path, key))


def parts_of_all(value, path=()):
    """The same, with all items of lists."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    for key in keys:
        yield (*path, key), value[key]
        yield from parts_of_all(value[key], (*path, key))


def found_in(config):
    return mistakes(config, SCHEMA)


@pytest.mark.parametrize("names", [("config",), ("config", "smoke"), ("config", "deep")])
def test_the_configurations_of_the_repository_pass(names):
    assert found_in(merged(*names)) == []


def test_arms_are_those_of_the_library():
    """All meta-updates in experiments; in readings, those that average a target, whose alpha may be another."""
    definitions = yaml.safe_load(SCHEMA.read_text())["$defs"]
    assert definitions["arms"]["items"]["enum"] == list(META_UPDATES)
    assert definitions["staged_arms"]["items"]["enum"] == ["individual", *TARGETS]
    assert definitions["target"]["enum"] == list(TARGETS)
    for arm in TARGETS:
        alone = changed((*ZERO_SUM, "arms"), ["individual", arm])
        alone["experiments"]["figure1_zero_sum"]["games"]["count"] = 1
        assert f"games/count: must be at least 2 for the arm {arm}" in "".join(found_in(alone))


def test_nothing_stands_beside_a_reference_that_its_definition_has_too():
    """But a description: a rule that stood there twice would count once (``entries._put_in``)."""
    schema = yaml.safe_load(SCHEMA.read_text())
    beside = {}
    for path, part in parts_of_all(schema):
        if isinstance(part, dict) and "$ref" in part:
            definition = schema["$defs"][part["$ref"].removeprefix("#/$defs/")]
            beside[path] = (part.keys() - {"description"}) & definition.keys()
    assert len(beside) > 400
    assert not set().union(*beside.values())


# Every entry, with everything that might stand there -----------------------------------------------------

WRONG = [math.nan, math.inf, -math.inf, -1, 0, 1e20, 10**30, 20.0, "text", "20", "1e5", True, None, [], {}]

ZERO = {  # nothing perturbed, referred to, ahead, mixed, stepped or allowed for
    "perturbation", "perturbations", "references", "discount", "discounts", "transition_mixing", "inner_steps",
    "margin", "root_seed", "shares", "exploration",
}  # fmt: skip
WINDOW = ("windows[0][0]",)  # a window may begin earlier
REAL = {  # any number above 0, so 20.0 as well
    "counted_at_rate",
    "learning_rate", "learning_rates", "step_factors", "step", "step_size", "inner_step", "rate_factor", "levels",
    "rate_factors", "constants", "level", "projected_q_ascent", "optimistic_mirror_descent", "width", "pot", "stack",
    "sizes", "rate_per_hand",
    "optimistic_ftrl", "plain_mirror_descent", "optimistic_gradient", "entropy_omwu", "cautious_omwu",
    "staged_cautious_omwu", "log_barrier_ftrl", "softmax_gradient", "natural_gradient",
    "correlated_mirror_descent", "v_learning", "swap_v_learning", "sampled_mirror_descent",
    "sampled_correlated_descent", "sampled_q_ascent", "bet", "perturbation", "perturbations", "mixed", "pure", "team",
    "action_independent",
}  # fmt: skip
TEXT = {"results", "paper_figures", "figure"}
EMPTY = {
    "options",
    "kinds",
    "files",
    "budgets",
    "sizes",
    "perturbation",
    "games",
    "players",
    "states",
    "actions",
    "positions",
}
"""Families have defaults; there need be no other kinds, own games, sweeps, and games of growing size."""
ELSEWHERE = {"learning_rates", "perturbations"}
"""Entries of experiments that ``larger_tasks`` refers to: the mistake is told there."""


def runs_all_the_same(path, value):
    """The few changes of a single entry that leave a configuration that runs: everything else must be refused."""
    last = [key for key in path if isinstance(key, str)][-1]
    before = part_at(path)
    if isinstance(value, bool | str):
        return type(before) is type(value) and (isinstance(value, bool) or last in TEXT)
    if value in ([], {}):
        return type(before) is type(value) and last in EMPTY
    return isinstance(before, int | float) and (
        (value == 0 and last in ZERO) or (value == 20.0 and (last in REAL or entry(path).endswith(WINDOW)))
    )


def depths():
    return range(1, 1 + max(len(path) for path, _ in parts(DEFAULT)))


@pytest.fixture(scope="module")
def refused_by_schema():
    """(path, number of the wrong value) -> words, of all entries of one depth at a time."""
    found = {}
    for number, value in enumerate(WRONG):
        for depth in depths():
            places = [path for path, _ in parts(DEFAULT) if len(path) == depth]
            config = copy.deepcopy(DEFAULT)
            for path in places:
                part_at(path[:-1], config)[path[-1]] = copy.deepcopy(value)
            found |= {(one.path, number): one.words for one in against_schema(config, SCHEMA)}
    return found


@pytest.mark.parametrize("number", range(len(WRONG)), ids=lambda number: shortened(WRONG[number]))
def test_every_entry_is_refused_or_runs_all_the_same(refused_by_schema, number):
    """Alone, so that what other entries say of it is seen too, where the schema has nothing against it."""
    value = WRONG[number]
    for path, before in parts(DEFAULT):
        if type(before) is type(value) and before == value:
            continue
        words = refused_by_schema.get((path, number))
        if words is not None:
            assert len(words) < LONGEST_LINE
            continue
        lines = found_in(changed(path, copy.deepcopy(value)))
        if not lines:
            assert runs_all_the_same(path, value), (entry(path), value)
            continue
        names = [entry(path)] + [f"larger_tasks/{path[1]}/{key[:-1]}" for key in path if key in ELSEWHERE]
        assert any(name in line for line in lines for name in names), (entry(path), value, lines)
        assert len(verdict(lines)) < LONGEST


def test_every_section_refuses_an_unknown_entry_and_names_the_nearest():
    """An entry of the section with two letters exchanged, in all sections at once."""
    config, wanted = copy.deepcopy(DEFAULT), {}
    free = {"options": ["horizon", "n_states"], "files": [], "budgets": [], "sizes": []}  # names of the user's
    for path, section in parts(DEFAULT):
        if (
            isinstance(section, dict)
            and path[-1] not in {*free, "kinds", "settings", "parts", "inner_loops"}
            and section
        ):
            name = max(section, key=len)
            wrong = f"{name[0]}{name[2]}{name[1]}{name[3:]}x"
            part_at(path, config)[wrong] = 1
            wanted[(*path, wrong)] = name
    told = {one.path: one.words for one in against_schema(config, SCHEMA)}
    for path, name in wanted.items():
        assert "there is no such entry" in told[path], path
        assert name in told[path], (path, told[path])
        assert len(told[path]) < LONGEST_LINE
    assert len(wanted) > 60


# What is said --------------------------------------------------------------------------------------------

SAID = {
    "an integer with a point": ((*ZERO_SUM, "seeds"), 20.0, "seeds: must be an integer, there is 20.0; write 20"),
    "thousand with a point": (
        ("own_games", "iterations"),
        1000.0,
        "own_games/iterations: must be an integer, there is 1000.0; write 1000",
    ),
    "a large float": ((*ZERO_SUM, "learning", "iterations"), 1e20, "iterations: must be an integer, there is 1e+20"),
    "many checkpoints": (
        (*ZERO_SUM, "learning", "checkpoints"),
        1e9,
        "checkpoints: must be an integer, there is 1000000000.0; write 1000000000",
    ),
    "too many checkpoints": (
        (*ZERO_SUM, "learning", "checkpoints"),
        10**9,
        "checkpoints: must be at most 100000, there is 1000000000",
    ),
    "nan": (
        ("speed_up", "levels", "pure", 1),
        math.nan,
        "speed_up/levels/pure[1]: must be a finite number, there is .nan",
    ),
    "inf": (("plots", "width"), math.inf, "plots/width: must be a finite number, there is .inf"),
    "text of a number": (
        ("own_games", "iterations"),
        "1e5",
        "must be an integer, there is '1e5', which is text here; write 100000",
    ),
    "a number for a list": (
        (*ZERO_SUM, "learning", "learning_rates"),
        0.2,
        "must be a list, there is 0.2; write [0.2]",
    ),
    "two rates in a figure": (
        (*ZERO_SUM, "learning", "learning_rates"),
        [0.1, 0.2],
        "learning_rates: must have at most 1 item, there are 2: [0.1, 0.2]",
    ),
    "two perturbations in a figure": (
        (*ZERO_SUM, "games", "perturbations"),
        [0.1, 0.2],
        "perturbations: must have at most 1 item, there are 2: [0.1, 0.2]",
    ),
    "an unknown arm": ((*ZERO_SUM, "arms", 1), "bestresponse", "there is 'bestresponse'; best_response is the nearest"),
    "an arm of another learner": (
        ("theory", "zero_sum", "sequences", "arms"),
        ["individual", "carry_over"],
        "stage_average, output_policy, there is 'carry_over'",
    ),
    "a list item twice": (
        ("theory", "zero_sum", "long_runs", "horizons"),
        [1, 1],
        "horizons: must have no item twice: [1, 1]",
    ),
    "no individual arm": ((*ZERO_SUM, "arms"), ["best_response"], "must have 'individual' among its items"),
    "an option of another family": (
        (*ZERO_SUM, "games", "options", "discount"),
        0.9,
        "options/discount: there is no such entry; there are horizon, n_states",
    ),
    "a folder of wildcards": (("results",), "results/{x}", "results: must be a folder without wildcards"),
    "a folder with a control character": (("results",), "a\0b", "results: must be a folder without wildcards, control"),
    "a folder with a needless dot": (("results",), "./a", "results: must be a folder without wildcards"),
    "the project for results": (("results",), ".", "results: must be apart from what is read, config of the project"),
    "a folder above the project": (("results",), "../..", "results: must be apart from what is read"),
    "documentation for figures": (
        ("paper_figures",),
        "results/../docs/x",
        "paper_figures: must be apart from what is read, docs of the project; there is 'results/../docs/x'",
    ),
    "a name that is too long": (("results",), "a" * 300, "results: must be a folder: File name too long"),
    "an own game with braces": (
        ("own_games", "files"),
        {"mine": "games/{x}.nfg"},
        "own_games/files/mine: must be a file .nfg, .efg, .gam, .csv, .tsv, .json or .npz, without braces and control "
        "characters in its name",
    ),
    "an own game with a line break": (
        ("own_games", "files"),
        {"mine": "a.nfg\n"},
        "own_games/files/mine: must be a file",
    ),
    "a name with a line break": (("own_games", "files"), {"mine\n": "a.nfg"}, "own_games/files: must be of the form"),
    "a key that is no text": (("speed_up", 3), 1, "speed_up[3]: a name must be text, 3 is none; quote it"),
    "one game and a staged arm": (
        (*ZERO_SUM, "games", "count"),
        1,
        "games/count: must be at least 2 for the arm best_response",
    ),
    "mixed games": (
        (*ZERO_SUM, "games", "options", "n_actions"),
        [2, 3],
        "mixed games need n_actions with A = B, there is [2, 3]",
    ),
    "mixed games in theory": (
        ("theory", "zero_sum", "long_runs", "n_actions"),
        [2, 3],
        "theory/zero_sum/long_runs/n_actions: mixed games need A = B",
    ),
    "no mixed size": (
        ("theory", "zero_sum", "random_games", "actions"),
        [[1, 2]],
        "theory/zero_sum/random_games/actions: mixed games need A = B",
    ),
    "mixed games in readings": (
        ("readings", "zero_sum", "n_actions"),
        [2, 3],
        "readings/zero_sum/n_actions: mixed games need A = B, there is [2, 3]",
    ),
    "readings without a choice": (
        ("readings", "potential", "n_actions"),
        [1, 1],
        "readings/potential/n_actions: must have a player with two actions",
    ),
    "readings without a full stage": (
        ("readings", "zero_sum", "iterations"),
        4,
        "readings/zero_sum/iterations: must be at least H = 5 for the arm last_stage_average",
    ),
    "an arm without a full stage": (
        (*ZERO_SUM,),
        {
            **DEFAULT["experiments"]["figure1_zero_sum"],
            "arms": ["individual", "last_stage_average"],
            "learning": {**DEFAULT["experiments"]["figure1_zero_sum"]["learning"], "iterations": 1},
        },
        "figure1_zero_sum/learning/iterations: must be at least H = 2 for the arm last_stage_average",
    ),
    "an arm of no average in a grid": (
        ("readings", "zero_sum", "grids", 1, "arm"),
        ["carry_over"],
        "readings/zero_sum/grids[1]/arm[0]: must be one of best_response, shared_best_response",
    ),
    "a grid of nothing": (
        ("readings", "zero_sum", "grids", 1),
        {"step": [0.1]},
        "readings/zero_sum/grids[1]/step: there is no such entry; there are horizon, games",
    ),
    "an alpha of 1": (
        ("readings", "zero_sum", "reference", "alpha"),
        1,
        "readings/zero_sum/reference/alpha: does not fit (above 0 and below 1, or theory, which is 1 / sqrt(K)): 1",
    ),
    "a window reversed": (
        ("theory", "zero_sum", "slopes", "windows", 1),
        [1e6, 1e5],
        "theory/zero_sum/slopes/windows[1]: must rise, there is [1000000.0, 100000.0]; write [100000, 1e+06]",
    ),
    "windows out of order": (
        ("theory", "zero_sum", "slopes", "windows"),
        [[1e6, 1e7], [1e5, 1e6]],
        "windows: must come one after another",
    ),
    "a window after the run": (
        ("theory", "zero_sum", "long_runs", "iterations"),
        1000000,
        "theory/zero_sum/slopes/windows[2]: must have two checkpoints of long_runs inside, there is 1",
    ),
    "schedules that fall": (
        ("theory", "general_sum", "schedules", "iterations"),
        [10**7, 10**4],
        "theory/general_sum/schedules/iterations: must rise",
    ),
    "steps that do not divide": (
        ("theory", "potential", "step_scaling", "comparisons", 0, "iterations"),
        1000001,
        "step_scaling/comparisons[0]/iterations: must be a multiple of the factor 100, there is 1000001",
    ),
    "rates that fall": (
        ("theory", "general_sum", "rates", "iterations"),
        [10**7, 10**4],
        "theory/general_sum/rates/iterations: must rise",
    ),
    "times that fall": (
        ("theory", "scale", "iterations"),
        [200, 20],
        "theory/scale/iterations: must rise, there is [200, 20]",
    ),
    "fewer states than branches": (
        ("theory", "scale", "zero_sum", "states"),
        [2],
        "states[0]: must be at least branching, which is 4; there is 2",
    ),
    "a game of one table": (
        ("theory", "general_sum", "sequences", "kinds", "shapley"),
        [2, 2],
        "kinds/shapley: shapley is a game of [3, 3] actions",
    ),
    "huge games": (
        ("experiments", "appendix_tracking", "games", "options", "n_players"),
        12,
        "appendix_tracking/games: one file would hold 120 games",
    ),
    "huge congestion games": (
        ("theory", "potential", "sequences", "congestion", "players"),
        [30],
        "players[0]: must be at most 13",
    ),
    "fewer iterations than horizons": (
        ("theory", "zero_sum", "random_games", "iterations"),
        [10],
        "iterations: must be as many as horizons",
    ),
    "betting trees of several shapes": (
        ("river", "endgames", "stack"),
        150.0,
        "river/endgames/stack: a size of bet reaches it in some endgames only, at a pot of 100",
    ),
    "a kind of game of another concept": (
        ("successors", "comparisons", "settings", "ce-random-H2", "base_kind"),
        "team",
        "ce-random-H2/base_kind: of the concept ce must be one of random, congestion",
    ),
    "a learner of another concept": (
        ("successors", "comparisons", "settings", "potential-team", "rates"),
        {"optimistic_ftrl": 0.1},
        "rates/optimistic_ftrl: learners of the concept potential are projected_q_ascent",
    ),
    "a learner of one step": (
        ("successors", "comparisons", "settings", "cce-chicken-H1", "horizon"),
        2,
        "rates/cautious_omwu: plays games of one step, there are 2",
    ),
    "a promise about one step": (
        ("successors", "promises", "settings", "entropy-mixed", "horizon"),
        2,
        "entropy-mixed/horizon: the promise entropy is about games of one step, there are 2",
    ),
    "a promise about one state": (
        ("successors", "promises", "settings", "plain-mixed", "n_states"),
        2,
        "plain-mixed/n_states: the promise plain is about games of one state, there are 2",
    ),
    "a promise about two players": (
        ("successors", "promises", "settings", "plain-random", "n_actions"),
        [2, 2, 2],
        "plain-random/n_actions: the promise plain is about two players, with at most 10,000 joint actions",
    ),
    "a promise about one player": (
        ("successors", "promises", "settings", "single", "n_actions"),
        [2, 2],
        "single/n_actions: the promise single is about one player, with at most 10,000 joint actions",
    ),
    "a promise about teams": (
        ("successors", "promises", "settings", "team-N2", "base_kind"),
        "mixed",
        "team-N2/base_kind: of the promise team must be one of team; there is 'mixed'",
    ),
    "a constant that is not known": (
        ("successors", "promises", "settings", "gradient-mixed", "n_actions"),
        [3, 3],
        "gradient-mixed: the constant of the promise gradient is known of mixed games with n_actions [2, 2]",
    ),
    "a promise with a discount": (
        ("successors", "promises", "settings", "stages-mixed-H1", "discount"),
        0.5,
        "stages-mixed-H1/discount: games of the promise stages have no discount; leave it out",
    ),
    "too few iterations for the slope of a promise": (
        ("successors", "promises", "settings", "team-N3", "iterations"),
        100,
        "team-N3/iterations: must lie in [300, ",
    ),
    "a kind of game of another family": (
        ("updates", "comparisons", "settings", "choose-H1", "base_kinds"),
        ["mixed", "drift"],
        "choose-H1/base_kinds[1]: of the family zero_sum must be of mixed, pure, random, got",
    ),
    "a learner of another family": (
        ("updates", "comparisons", "settings", "choose-H1", "learner"),
        "correlated_mirror_descent",
        "choose-H1/learner: of the family zero_sum must be optimistic_mirror_descent",
    ),
    "mixed games of unequal actions on the way": (
        ("updates", "moving", "options", "n_actions"),
        [2, 3],
        "moving/options/n_actions: must be of two players, A = B for mixed games",
    ),
    "numbers of games that fall": (
        ("updates", "crossover", "settings", "pure-identical", "games"),
        [5, 2],
        "pure-identical/games: must rise",
    ),
    "no first stage": (
        ("updates", "moving", "options", "horizon"),
        501,
        "moving/options/horizon: must be at most T = 500",
    ),
    "too few iterations for slopes": (
        ("successors", "comparisons", "settings", "ce-random-H2", "iterations"),
        100,
        "iterations: must lie in [300, ",
    ),
    "a learner with bandit feedback of another concept": (
        ("bandit", "learning", "settings", "potential-team", "rates"),
        {"v_learning": 1.0},
        "rates/v_learning: learners of the concept potential are sampled_q_ascent",
    ),
    "too few episodes for slopes": (
        ("bandit", "learning", "settings", "cce-random-H2", "episodes"),
        20000,
        "episodes: must lie in [30000, ",
    ),
    "sequences of mixed games of two sizes": (
        ("bandit", "sequences", "n_actions"),
        [2, 3],
        "mixed-K10/base_kind: mixed games need A = B, n_actions are [2, 3]",
    ),
    "a cell that is not there": (
        ("larger_tasks", "appendix_poker", "learning_rate"),
        0.3,
        "must be one of experiments/appendix_poker: [0.125, 1.0, 4.0, 16.0, ...], there is 0.3",
    ),
    "an unknown claim": (
        ("falsification", "budgets", "theorem_7"),
        10,
        "falsification/budgets/theorem_7: there is no such claim; theorem_6 is the nearest",
    ),
    "sizes of an unknown claim": (
        ("falsification", "sizes", "theorm_1"),
        ["2x2"],
        "falsification/sizes/theorm_1: there is no such claim; theorem_1 is the nearest",
    ),
    "an unknown family": (
        ("experiments", "own_family"),
        {**OWN["own_family"], "arms": ["individual", "meta"]},
        "own_family/arms[1]: there is no arm 'meta'",
    ),
}


def shapes(sizes, raises, stacks):
    return [river.betting_tree(1.0, stack, sizes, raises=raises) for stack in stacks]


@pytest.mark.parametrize("raises", [1, 2, 3])
@pytest.mark.parametrize("sizes", [[0.5], [0.1, 0.2, 2.0], [0.33, 0.75, 1.5]])
def test_betting_trees_differ_where_the_library_says_so(sizes, raises):
    """All pairs of depths: what is worked out of the configuration, beside the trees themselves."""
    stacks = [0.05, 0.15, 0.4, 0.7, 1.2, 1.6, 2.6, 5.0, 9.0, 30.0, 200.0]
    trees = shapes(sizes, raises, stacks)
    for (one, tree), (other, beside) in itertools.combinations(zip(stacks, trees, strict=True), 2):
        same = fitting._bets(one, sizes, raises) == fitting._bets(other, sizes, raises)
        assert same == tree.same_shape(beside), (one, other)
    assert len({fitting._bets(stack, sizes, raises) for stack in stacks}) > 1


@pytest.mark.parametrize("case", SAID)
def test_what_is_said(case):
    path, value, words = SAID[case]
    lines = found_in(changed(path, value))
    assert any(words in line for line in lines), lines
    assert len(verdict(lines)) < LONGEST


def test_sizes_that_do_not_fit_their_claim_are_refused_by_the_library():
    """All in one question, since each starts an interpreter: what parses, fits, and can be evaluated."""
    wrong = {
        "theorem_1": ["2x2-H", "2x2x2", "2x2-K5-T64"], "theorem_2": ["2x2-K2-T8"], "equation_4": ["2x2"],
        "gradient": ["2x2-T8"], "theorem_5": ["2", "2x2-T8-g0.5"], "proposition_1": ["2x2-S100000-T8"],
    }  # fmt: skip
    right = {"theorem_3": ["2x2-K3-T64"], "theorem_6": ["2x2-K2-T8"]}
    lines = found_in(changed(("falsification", "sizes"), wrong | right))
    said = [
        "theorem_1[0]: a size is written like", "theorem_1[1]: Theorem 1 is about two players",
        "theorem_1[2]: Theorem 1 knows no sequence of K games", "theorem_2[0]: Theorem 2 needs more than 4 games",
        "equation_4[0]: no instance of the size", "gradient[0]: gradient at most G knows no number T of iterations",
        "theorem_5[0]: Theorem 5 is about two players or more", "theorem_5[1]: Theorem 5 knows no discount",
        "proposition_1[0]: an instance of the size",
    ]  # fmt: skip
    assert len(lines) == len(said)
    for words in said:
        assert any(f"falsification/sizes/{words}" in line for line in lines), words


def test_own_experiments_are_tried_in_small():
    """What an experiment would fail with is said at once; all in one question."""

    def own(section=None, games=None, learning=None):
        made = copy.deepcopy(OWN["own_family"])
        made["games"] |= games or {}
        made["learning"] |= learning or {}
        return made | (section or {})

    wrong = {
        "own_a": (
            own(games={"family": "zerosum"}),
            "games/family: there is no family 'zerosum'; zero_sum is the nearest",
        ),
        "own_b": (
            own(games={"options": {"n_state": 2}}),
            "games/options/n_state: the family zero_sum takes no such option; n_states",
        ),
        "own_c": (own(learning={"learner": "mirror"}), "learning/learner: there is no learner 'mirror'"),
        "own_d": (
            own(learning={"learner": "projected_q_ascent"}),
            ": projected_q_ascent with the arm individual on pure games",
        ),
        "own_e": (own({"arms": ["carry_over"]}), ": optimistic_mirror_descent with the arm carry_over on pure games"),
        "own_f": (own({"base_kinds": ["team"]}), ": kind of a zero-sum base game must be one of"),
        "own_g": (own(games={"options": {"n_states": "two"}}), ": n_states must be an integer"),
    }
    config = {**DEFAULT, "experiments": {**DEFAULT["experiments"], **OWN, **{k: v[0] for k, v in wrong.items()}}}
    lines = found_in(config)
    assert len(lines) == len(wrong)
    for name, (_, words) in wrong.items():
        assert any(f"experiments/{name}" in line and words in line for line in lines), (name, lines)


def test_many_mistakes_are_told_at_a_time_and_the_rest_counted():
    config = copy.deepcopy(DEFAULT)
    for section in config["experiments"].values():
        section |= {"seeds": -1, "seeds_per_block": 0}
    lines = found_in(config)
    assert len(lines) == 2 * len(config["experiments"]) > MOST
    told = verdict(lines).splitlines()
    assert told[0] == f"config: {len(lines)} mistakes, and nothing was run"
    assert len(told) == 1 + MOST + 1
    assert told[-1] == f"  ... and {len(lines) - MOST} more"


# Where it stands -----------------------------------------------------------------------------------------


def written(folder, name, text):
    path = folder / name
    path.write_text(text)
    return Source.of_file(path)


def test_file_and_line_are_those_of_the_entry_that_counts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = written(
        tmp_path,
        "a.yaml",
        "plots:\n  width: 0.1\n  gap_scale: {1a: cubic}\nspeed_up:\n  levels:\n    pure:\n    - 0.1\n    - .nan\n",
    )
    second = written(tmp_path, "b.json", '{"plots":\n {"width": 0.2}}')
    third = Source.of_command_line({"own_games": {"iterations": "x"}}, ["own_games={iterations: x}"])
    config = copy.deepcopy(DEFAULT)
    update_config(config, yaml.safe_load((tmp_path / "a.yaml").read_text()))
    update_config(config, json.loads((tmp_path / "b.json").read_text()))
    update_config(config, {"own_games": {"iterations": "x"}})
    lines = mistakes(config, SCHEMA, [first, second, third])
    assert [line.partition(": must")[0] for line in sorted(lines)] == [
        "--config: own_games/iterations", "a.yaml:3: plots/gap_scale/1a", "a.yaml:8: speed_up/levels/pure[1]",
        "b.json:2: plots/width",
    ]  # fmt: skip


def test_what_a_list_lacks_is_missing_where_the_list_is(tmp_path, monkeypatch):
    """A list replaces one of an earlier file; sections are merged, so there the entry may stand in any."""
    monkeypatch.chdir(tmp_path)
    whole = written(tmp_path, "a.yaml", "x:\n  y:\n  - {a: 1, b: 2}\n  z: {a: 1}\n")
    less = written(tmp_path, "b.yaml", "\n\nx:\n  y:\n  - {a: 1}\n  z: {}\n")
    assert line(Mistake(("x", "y", 0, "b"), "is missing"), [whole, less]) == "b.yaml:5: x/y[0]/b: is missing"
    assert line(Mistake(("x", "z", "a"), "is missing"), [whole, less]) == "a.yaml:4: x/z/a: is missing"
    given = Source.of_command_line({"x": {"y": [{}]}}, ["x={y: [{}]}"])
    assert line(Mistake(("x", "y", 0, "b"), "is missing"), [whole, given]) == "--config: x/y[0]/b: is missing"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.yaml", "plots:\n  width: 5\nplots:\n  width: 6\n", "a.yaml:3: plots: stands in line 1 too"),
        ("a.yaml", "plots:\n  width: 5\n  'width': 6\n", "a.yaml:3: plots/width: stands in line 2 too"),
        ("a.yaml", "x: [{b: 1}, {a: 1, a: 2}]\n", "a.yaml:1: x[1]/a: stands in line 1 too"),
        ("a.json", '{"plots": {"width": 5,\n "width": 6}}', "a.json:2: plots/width: stands in line 1 too"),
        ("a.json", '{\t"plots":{"width":5,\n\t"width":"\\/"}}', "a.json:2: plots/width: stands in line 1 too"),
    ],
)
def test_keys_that_stand_twice_are_refused(tmp_path, monkeypatch, name, text, words):
    monkeypatch.chdir(tmp_path)
    source = written(tmp_path, name, text)
    lines = mistakes(DEFAULT, SCHEMA, [source])
    assert len(lines) == 1
    assert lines[0].startswith(words)


def test_anchors_merges_and_what_cannot_be_read_are_no_duplicates(tmp_path):
    text = "base: &b {seeds: 3, c: &c [1]}\nx: {<<: *b, seeds: 4}\ny: *b\n"
    for source in (
        written(tmp_path, "a.yaml", text), written(tmp_path, "b.yaml", "a: [1\n"), written(tmp_path, "c.yaml", ""),
        Source.of_file(tmp_path / "none.yaml"), Source.of_file(tmp_path),
    ):  # fmt: skip
        assert source.duplicates == []
        assert source.place_of(("nowhere",)) is None


def test_arguments_given_twice_are_refused():
    source = Source.of_command_line({"root_seed": 2}, ["root_seed=1", "root_seed=2", "plots={a: 5}", "plots={a: 1}"])
    assert mistakes(DEFAULT, SCHEMA, [source]) == ["--config: root_seed: is given twice; leave one"]


def test_sections_that_hold_themselves_are_no_trap():
    config = copy.deepcopy(DEFAULT)
    config["plots"]["plots"] = config["plots"]
    assert found_in(config) == ["everything: sections and lists lie in each other more than 40 deep"]


# Snakemake itself ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def unbuilt(tmp_path_factory):
    """A copy of the repository, whose kernels may be of other sources: nothing of it is run."""
    return Project.copied_from_repository(tmp_path_factory.mktemp("unbuilt") / "project")


@pytest.mark.parametrize(
    ("text", "arguments", "said"),
    [
        (
            "experiments:\n  figure1_zero_sum:\n    seeds: 20.0\n",
            (),
            "config/mine.yaml:3: experiments/figure1_zero_sum/seeds: must be an integer",
        ),
        (
            "speed_up:\n  resample: 10\n",
            (),
            "config/mine.yaml:2: speed_up/resample: there is no such entry; resamples is the nearest",
        ),
        (
            "speed_up: {resamples: 10}\nplots: {width: 5}\nspeed_up: {resamples: 20}\n",
            (),
            "config/mine.yaml:3: speed_up: stands in line 1 too",
        ),
        ("{}\n", ("--config", "root_seed=nan"), "--config: root_seed: must be a finite number, there is .nan"),
        (
            "falsification:\n  sizes: {theorem_1: [2x2x2]}\n",
            (),
            "config/mine.yaml:2: falsification/sizes/theorem_1[0]: Theorem 1 is about two players",
        ),
    ],
)
def test_snakemake_refuses_before_the_first_job(unbuilt, text, arguments, said):
    (unbuilt.folder / "config/mine.yaml").write_text(text)
    answer = unbuilt.command(
        "-m", "snakemake", "-n", "--configfile", "config/smoke.yaml", "config/mine.yaml", *arguments
    )
    assert answer.code == 1
    assert f"  {said}" in answer.text
    assert "config: a mistake, and nothing was run" in answer.text
    assert "Traceback" not in answer.text
    assert len(answer.text) < LONGEST
    assert not Path(unbuilt.folder, "results").exists()
