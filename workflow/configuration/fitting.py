"""What must fit together in a configuration whose entries are right one by one.

Each would otherwise end a job with an error, some after everything has been learned.
"""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from workflow.configuration.entries import shortened
from workflow.configuration.mistake import Mistake

__all__ = ["misfits", "numbers_in_game"]

Section = Mapping[str, Any]
Concepts = Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]

MOST_NUMBERS = 10**10
"""Numbers in the rewards and transitions of the games of one file, or of one large game: 80 GB."""
MOST_BLOCKS = 1000
"""Blocks of seeds of all experiments, each of one kind of games: two jobs each, planned at every start."""
_PROJECT = Path(__file__).resolve().parents[2]
_SOURCES = ("config", "docs", "notebooks", "profiles", "src", "tests", "workflow")
_UNSTAGED = ("individual", "carry_over")
"""Meta-updates that need no stages; what the others are made of is in :mod:`metanash.updates`."""
_DEFAULTS = {"n_states": 2, "n_actions": [2, 2], "horizon": 2}
"""Of the families ``zero_sum`` and ``potential``, as their functions have them."""
_TABLES = {"shapley": [3, 3], "prisoners_dilemma": [2, 2], "chicken": [2, 2]}
"""Numbers of actions of games that are one table."""


def misfits(config: Section) -> list[Mistake]:
    """Mistakes of a configuration that the schema has passed."""
    theory = config["theory"]
    checks = (
        _folders(config),
        # those of the user's are tried by the library
        _blocks(config["experiments"]),
        *(_experiment(name, one) for name, one in config["experiments"].items() if not name.startswith("own_")),
        _larger_tasks(config["larger_tasks"], config["experiments"]),
        _mixed_theory(theory["zero_sum"]),
        _horizons(theory["zero_sum"]["random_games"]),
        _rates(theory),
        _step_scaling(theory["potential"]["step_scaling"]),
        _general_sum(theory["general_sum"]),
        _readings(config["readings"]),
        _river(config["river"]["endgames"]),
        _successors(config["successors"]["comparisons"]),
        _promises(config["successors"]["promises"]),
        _updates(config["updates"]),
        _bandit(config["bandit"]),
        _rising(("theory", "scale", "iterations"), theory["scale"]["iterations"]),
        _scale(theory["scale"]),
        _congestion(theory["potential"]["sequences"]["congestion"]),
    )
    return [mistake for check in checks for mistake in check]


def _folders(config: Section) -> Iterator[Mistake]:
    for name in ("results", "paper_figures"):
        try:
            folder = Path(config[name]).resolve()
            is_file = folder.exists() and not folder.is_dir()
        except OSError as error:
            yield Mistake((name,), f"must be a folder: {error.strerror}, there is {shortened(config[name])}")
            continue
        if is_file:
            yield Mistake((name,), f"must be a folder, {shortened(config[name])} is a file")
        for mine in (_PROJECT / part for part in _SOURCES):
            if folder.is_relative_to(mine) or mine.is_relative_to(folder):  # results may be told to be deleted
                words = f"must be apart from what is read, {mine.name} of the project; there is"
                yield Mistake((name,), f"{words} {shortened(config[name])}")
                break
        is_inside = folder.is_relative_to(_PROJECT) or folder.is_relative_to(Path.cwd())
        if not is_inside and not is_file and not _is_meant(name, folder, config):
            words = "lies outside the project: make the folder yourself if it is meant, empty;"
            yield Mistake((name,), f"{words} there is {shortened(config[name])}")


def _is_meant(name: str, folder: Path, config: Section) -> bool:
    """Whether somebody has made a folder for results, or it has some already: files are overwritten there."""
    try:
        inside = [*folder.iterdir()]
    except OSError:  # a folder of figures may lie in one of results that is still empty
        return name == "paper_figures" and folder.is_relative_to(Path(config["results"]).resolve())
    ours = {".pdf", ".png"} if name == "paper_figures" else set()
    return not inside or (folder / "made").is_dir() or all(path.suffix in ours for path in inside)


# Experiments --------------------------------------------------------------------------------------------


def _blocks(experiments: Section) -> Iterator[Mistake]:
    """No more jobs than can be planned in some seconds; told of the experiment that has most."""
    counts = {
        name: -(-one["seeds"] // one["seeds_per_block"]) * len(one["base_kinds"]) for name, one in experiments.items()
    }
    if sum(counts.values()) > MOST_BLOCKS:
        name = max(counts, key=counts.__getitem__)
        words = f"makes {counts[name]:,} blocks of seeds, of {sum(counts.values()):,} of all experiments, where at most"
        place = ("experiments", name, "seeds_per_block")
        yield Mistake(
            place,
            f"{words} {MOST_BLOCKS:,} are planned; write a larger number than {experiments[name]['seeds_per_block']}",
        )


def _experiment(name: str, section: Section) -> Iterator[Mistake]:
    place, games = ("experiments", name), section["games"]
    options = games["options"]
    if "mixed" in section["base_kinds"] and len(set(options.get("n_actions", [2, 2]))) > 1:
        words = f"mixed games need n_actions with A = B, there is {shortened(options['n_actions'])}"
        yield Mistake((*place, "games", "options", "n_actions"), words)
    staged = [arm for arm in section["arms"] if arm not in _UNSTAGED]
    if staged and games["count"] < 2:
        words = (
            f"must be at least 2 for the arm {staged[0]}, which learns from the games before; there is {games['count']}"
        )
        yield Mistake((*place, "games", "count"), words)
    horizon = options.get("horizon", _DEFAULTS["horizon"])
    yield from _full_stage(
        (*place, "learning", "iterations"), section["arms"], horizon, section["learning"]["iterations"]
    )
    numbers = numbers_in_game(games["family"], options)
    files = len(games["perturbations"]) * min(section["seeds"], section["seeds_per_block"]) * games["count"]
    if numbers * files > MOST_NUMBERS:
        words = f"one file would hold {files:,} games of {numbers:,} numbers, at most {MOST_NUMBERS:,} in all"
        yield Mistake((*place, "games"), words)


def numbers_in_game(family: str, options: Section) -> int:
    """Numbers in rewards and transitions of one game of a family, or 0 where the schema bounds them by itself."""
    sizes = {**_DEFAULTS, **options}
    if family in {"zero_sum", "potential"}:
        steps = sizes["horizon"] if family == "zero_sum" else 1
        return int(steps * sizes["n_states"] * math.prod(sizes["n_actions"]) * (sizes["n_states"] + 1))
    moves = 2 * options.get("reach", 1) + 1
    if family == "tracking":
        states, players = options.get("n_states", 21), options.get("n_players", 4)
        return int(states * moves**players * (states + players))
    if family == "tracking_positions":
        positions, players = options.get("n_positions", 100), options.get("n_players", 2)
        return int(options.get("horizon", 5) * (positions * moves) ** players * players)
    return 0


def _larger_tasks(larger_tasks: Section, experiments: Section) -> Iterator[Mistake]:
    for name, shown in larger_tasks.items():
        if name not in experiments:
            yield Mistake(("larger_tasks", name), f"there is no experiments/{name}")
            continue
        experiment = experiments[name]
        for key, known in (
            ("learning_rate", experiment["learning"]["learning_rates"]),
            ("perturbation", experiment["games"]["perturbations"]),
        ):
            if shown[key] not in known:
                words = f"must be one of experiments/{name}: {shortened(known)}, there is {shortened(shown[key])}"
                yield Mistake(("larger_tasks", name, key), words)
        if shown["references"] > experiment["seeds"]:
            words = (
                f"must be at most the {experiment['seeds']} seeds of experiments/{name}, there is {shown['references']}"
            )
            yield Mistake(("larger_tasks", name, "references"), words)
        if experiment["seeds_per_block"] < experiment["seeds"]:
            words = (
                f"must be all {experiment['seeds']} seeds, which are one job; there is {experiment['seeds_per_block']}"
            )
            yield Mistake(("experiments", name, "seeds_per_block"), words)


def _readings(readings: Section) -> Iterator[Mistake]:
    for name in ("zero_sum", "potential"):
        actions = readings[name]["n_actions"]
        if max(actions) == 1:
            words = "must have a player with two actions, since there is no gap to reach without one"
            yield Mistake(("readings", name, "n_actions"), f"{words}; there is {shortened(actions)}")
    section, here = readings["zero_sum"], ("readings", "zero_sum")
    a, b = section["n_actions"]
    if "mixed" in section["base_kinds"] and a != b:
        yield Mistake((*here, "n_actions"), f"mixed games need A = B, there is [{a}, {b}]")
    each = [{key: [value] for key, value in section["reference"].items()}, *section["grids"]]
    arms, horizons = ([value for one in each for value in one.get(key, ())] for key in ("arm", "horizon"))
    yield from _full_stage((*here, "iterations"), arms, max(horizons), section["iterations"])


def _full_stage(place: tuple[str, ...], arms: Sequence[str], horizon: int, iterations: int) -> Iterator[Mistake]:
    if "last_stage_average" in arms and iterations < horizon:
        words = f"must be at least H = {horizon} for the arm last_stage_average, which needs a full stage"
        yield Mistake(place, f"{words}; there is {iterations}")


# Theorems -----------------------------------------------------------------------------------------------


Bets = tuple[tuple[int, "Bets"], ...]


def _river(section: Section) -> Iterator[Mistake]:
    """Sizes that rise, and betting trees of one shape, whatever chips are drawn."""
    sizes, raises, size = section["sizes"], section["raises"], section["perturbation"]
    yield from _rising(("river", "endgames", "sizes"), sizes)
    depth = section["stack"] / section["pot"]
    shallow, deep = (_bets(depth * (1 - side) / (1 + side), sizes, raises) for side in (size, -size))
    if shallow != deep:
        words = (
            f"a size of bet reaches it in some endgames only, at a pot of {section['pot']:g} and a perturbation of "
            f"{size:g}: betting trees must have one shape; there is {section['stack']:g}"
        )
        yield Mistake(("river", "endgames", "stack"), words)


_ZERO_SUM, _POTENTIAL = ("mixed", "pure", "random"), ("team", "action_independent", "separable")
_GENERAL = ("random", "congestion", "public_goods", "shapley", "prisoners_dilemma", "chicken")
_CONCEPTS = {
    "average": (_ZERO_SUM, ("optimistic_mirror_descent", "optimistic_ftrl", "plain_mirror_descent")),
    "last": (_ZERO_SUM, ("optimistic_ftrl", "optimistic_gradient", "entropy_omwu")),
    "cce": (_GENERAL, ("correlated_mirror_descent", "cautious_omwu", "staged_cautious_omwu")),
    "ce": (_GENERAL, ("log_barrier_ftrl",)),
    "potential": (_POTENTIAL, ("projected_q_ascent", "softmax_gradient", "natural_gradient")),
}
"""Kinds of games and learners of the solution concepts of the topic ``successors``."""
_BANDIT = {
    "nash": (_ZERO_SUM, ("v_learning", "sampled_mirror_descent", "optimistic_mirror_descent")),
    "cce": (_GENERAL, ("v_learning", "sampled_correlated_descent", "correlated_mirror_descent")),
    "ce": (_GENERAL, ("swap_v_learning",)),
    "potential": (_POTENTIAL, ("sampled_q_ascent", "projected_q_ascent")),
}
"""The same of the topic ``bandit``."""
_LEAST_IN_A_DECADE, _LEAST_ITERATIONS = 3, 300
"""Checkpoints that a slope is fitted to; T whose last two decades have as many."""


def _successors(section: Section) -> Iterator[Mistake]:
    for name, one in section["settings"].items():
        for entry, words in _successor(one, section["checkpoints"]):
            yield Mistake(("successors", "comparisons", "settings", name, *entry), words)


def _successor(one: Section, checkpoints: int) -> Iterator[tuple[tuple[str, ...], str]]:
    """Places in a setting, and what does not fit there."""
    yield from _concept(one, _CONCEPTS)
    if "cautious_omwu" in one["rates"] and one.get("horizon", 1) > 1:
        yield ("rates", "cautious_omwu"), f"plays games of one step, there are {one['horizon']}; take the staged one"
    yield from _decades("iterations", one["iterations"], one["iterations"], checkpoints)


def _promises(section: Section) -> Iterator[Mistake]:
    """Of the topic ``successors``: games that a promise is about, and slopes on two decades."""
    for name, one in section["settings"].items():
        found = [*_promise(one)]
        found += _decades("iterations", one["iterations"], one["iterations"], section["checkpoints"])
        for entry, words in found:
            yield Mistake(("successors", "promises", "settings", name, *entry), words)


def _promise(one: Section) -> Iterator[tuple[tuple[str, ...], str]]:
    """Places in a setting of a promise, and what does not fit there."""
    promise, actions = one["promise"], one["n_actions"]
    discounted = promise in {"single", "team"}
    size, other = ("discount", "horizon") if discounted else ("horizon", "discount")
    if size not in one:
        yield (), f"games of the promise {promise} need a {size}"
    if other in one:
        yield (other,), f"games of the promise {promise} have no {other}; leave it out"
    if discounted != (one["base_kind"] == "team"):
        words = "team" if discounted else ", ".join(_ZERO_SUM)
        yield ("base_kind",), f"of the promise {promise} must be one of {words}; there is {shortened(one['base_kind'])}"
    if promise not in {"stages", "single", "team"} and one.get("horizon", 1) > 1:
        yield ("horizon",), f"the promise {promise} is about games of one step, there are {one['horizon']}"
    if promise not in {"stages", "single", "team"} and one.get("n_states", 1) > 1:
        yield ("n_states",), f"the promise {promise} is about games of one state, there are {one['n_states']}"
    if promise == "gradient" and (one["base_kind"] != "mixed" or list(actions) != [2, 2]):
        yield (), "the constant of the promise gradient is known of mixed games with n_actions [2, 2]"
    players = {"single": "one player", "team": "two players or more"}.get(promise, "two players")
    fits = {"single": len(actions) == 1, "team": len(actions) >= 2 and math.prod(actions) <= 10**4}
    if not fits.get(promise, len(actions) == 2 and (one["base_kind"] != "mixed" or actions[0] == actions[1])):
        words = "of mixed games A = B, and" if one["base_kind"] == "mixed" else "with"
        yield ("n_actions",), f"the promise {promise} is about {players}, {words} at most 10,000 joint actions"


def _bandit(section: Section) -> Iterator[Mistake]:
    """Of the topic ``bandit``: slopes are fitted to checkpoints at multiples of the batch."""
    learning = section["learning"]
    for name, one in learning["settings"].items():
        found = [*_concept(one, _BANDIT)]
        found += _decades("episodes", one["episodes"], one["episodes"] // one["batch"], learning["checkpoints"])
        for entry, words in found:
            yield Mistake(("bandit", "learning", "settings", name, *entry), words)
    a, b = section["sequences"]["n_actions"]
    for name, one in section["sequences"]["settings"].items():
        if one["base_kind"] == "mixed" and a != b:
            place = ("bandit", "sequences", "settings", name, "base_kind")
            yield Mistake(place, f"mixed games need A = B, n_actions are [{a}, {b}]")


def _concept(one: Section, concepts: Concepts) -> Iterator[tuple[tuple[str, ...], str]]:
    """Places in a setting where games or learners are not those of its concept."""
    concept, kind, actions = one["concept"], one["base_kind"], one["n_actions"]
    kinds, learners = concepts[concept]
    if kind not in kinds:
        yield ("base_kind",), f"of the concept {concept} must be one of {', '.join(kinds)}; there is {shortened(kind)}"
    elif kinds is _ZERO_SUM and (len(actions) != 2 or (kind == "mixed" and actions[0] != actions[1])):
        words = "two players, and of mixed games A = B"
        yield ("n_actions",), f"zero-sum games need {words}; there is {shortened(list(actions))}"
    elif kinds is _GENERAL and (told := _actions(kind, actions)):
        yield ("n_actions",), told
    elif math.prod(actions) > 10**4:
        yield ("n_actions",), f"{math.prod(actions):,} joint actions are more than 10,000"
    size, other = ("discount", "horizon") if concept == "potential" else ("horizon", "discount")
    if size not in one:
        yield (), f"games of the concept {concept} need a {size}"
    if other in one:
        yield (other,), f"games of the concept {concept} have no {other}; leave it out"
    for learner in one["rates"]:
        if learner not in learners:
            yield ("rates", learner), f"learners of the concept {concept} are {', '.join(learners)}"


def _decades(name: str, value: int, iterations: int, checkpoints: int) -> Iterator[tuple[tuple[str, ...], str]]:
    """What does not fit where slopes are fitted on the last two decades of iterations."""
    most = 10 ** ((checkpoints - 1) / _LEAST_IN_A_DECADE)
    if not _LEAST_ITERATIONS <= iterations <= most:
        each = value / iterations if iterations else value
        words = (
            f"must lie in [{_LEAST_ITERATIONS * each:.7g}, {most * each:.3g}], since slopes on two decades of T need "
            "checkpoints in both"
        )
        yield (name,), f"{words}; there is {shortened(value)}"


def _bets(stack: float, sizes: Sequence[float], raises: int, level: float = 0.0, last: float = 0.0) -> Bets:
    """Which sizes can be bet below all-in, in pots, and what after each; as :func:`metanash.river.betting_tree`."""
    found: dict[float, tuple[int, Bets]] = {}
    for k, size in enumerate(sizes if raises else ()):
        total = level + max(size * (1.0 + 2.0 * level), last)
        if total < stack and total not in found:
            found[total] = (k, _bets(stack, sizes, raises - 1, total, total - level))
    return tuple(found.values())


def _mixed_theory(theory: Section) -> Iterator[Mistake]:
    for name in ("long_runs", "sequences", "small_step_sequences"):
        a, b = theory[name]["n_actions"]
        if "mixed" in theory[name]["base_kinds"] and a != b:
            yield Mistake(("theory", "zero_sum", name, "n_actions"), f"mixed games need A = B, there is [{a}, {b}]")
    sizes = theory["random_games"]["actions"]
    if "mixed" in theory["random_games"]["base_kinds"] and all(a != b for a, b in sizes):
        words = f"mixed games need A = B; none of {shortened(sizes)} has it"
        yield Mistake(("theory", "zero_sum", "random_games", "actions"), words)


def _horizons(section: Section) -> Iterator[Mistake]:
    horizons, iterations = section["horizons"], section["iterations"]
    if len(horizons) != len(iterations):
        words = f"must be as many as horizons, one for each: {len(horizons)}, there are {len(iterations)}"
        yield Mistake(("theory", "zero_sum", "random_games", "iterations"), words)


def _rising(place: tuple[str, ...], numbers: Sequence[float]) -> Iterator[Mistake]:
    if any(b <= a for a, b in itertools.pairwise(numbers)):
        yield Mistake(place, f"must rise, there is {shortened(numbers)}")


def _log_spaced(iterations: int, count: int) -> list[int]:
    """As :func:`metanash.learners.checkpoints` has them."""
    if count == 1:
        return [iterations]
    return sorted({*(round(iterations ** (k / (count - 1))) for k in range(count)), iterations})


def _rates(theory: Section) -> Iterator[Mistake]:
    """Windows on which slopes are fitted: rising, and with two checkpoints at least of the runs they are of."""
    for name in ("zero_sum", "potential"):
        section = theory[name]
        runs = section["long_runs"]
        grid = _log_spaced(runs["iterations"], runs["checkpoints"])
        yield from _windows(("theory", name), section["slopes"]["windows"], grid, "checkpoints of long_runs")
    general = theory["general_sum"]
    for name in ("rates", "schedules"):
        yield from _rising(("theory", "general_sum", name, "iterations"), general[name]["iterations"])
    grid = general["rates"]["iterations"]
    yield from _windows(("theory", "general_sum"), general["slopes"]["windows"], grid, "iterations of rates")


def _step_scaling(section: Section) -> Iterator[Mistake]:
    for k, comparison in enumerate(section["comparisons"]):
        place = ("theory", "potential", "step_scaling", "comparisons", k)
        for factor in comparison["factors"]:
            if comparison["iterations"] % factor:
                words = f"must be a multiple of the factor {factor}, there is {comparison['iterations']}"
                yield Mistake((*place, "iterations"), words)


def _windows(
    section: tuple[str, ...], windows: Sequence[Sequence[float]], grid: Sequence[int], words: str
) -> Iterator[Mistake]:
    place = (*section, "slopes", "windows")
    for k, (start, end) in enumerate(windows):
        inside = sum(start <= t <= end for t in grid)
        if start >= end:
            yield Mistake((*place, k), f"must rise, there is {shortened([start, end])}; write [{end:g}, {start:g}]")
        elif inside < 2:
            what = (
                f"must have two {words} inside, there {'is 1' if inside else 'are none'} in {shortened([start, end])}"
            )
            yield Mistake((*place, k), f"{what}; the last of {len(grid)} is {grid[-1]}")
    if all(start < end for start, end in windows) and any(
        b[0] <= a[0] or b[1] <= a[1] for a, b in itertools.pairwise(windows)
    ):
        yield Mistake(place, f"must come one after another, since the last one counts; there is {shortened(windows)}")


def _actions(kind: str, actions: Sequence[int]) -> str:
    """What a kind of general-sum game says against these numbers of actions; empty if nothing."""
    if kind in _TABLES and list(actions) != _TABLES[kind]:
        return f"{kind} is a game of {_TABLES[kind]} actions, there is {shortened(list(actions))}"
    if kind == "congestion" and len(set(actions)) > 1:
        return f"in congestion games all players have as many actions, there is {shortened(list(actions))}"
    if kind == "public_goods" and min(actions) < 2:
        return f"in public_goods every player needs two actions, there is {shortened(list(actions))}"
    return ""


def _general_sum(section: Section) -> Iterator[Mistake]:
    here = ("theory", "general_sum")
    random, sequences = section["random_games"], section["sequences"]
    cases: list[tuple[tuple[Any, ...], str, Sequence[int]]] = [
        ((*here, "random_games", "actions", k), kind, actions)
        for kind in random["base_kinds"]
        for k, actions in enumerate(random["actions"])
    ]
    cases += [
        ((*here, runs, "settings", name, "n_actions"), section[runs]["base_kind"], setting["n_actions"])
        for runs in ("rates", "schedules")
        for name, setting in section[runs]["settings"].items()
    ]
    cases.append(((*here, "sequences", "n_actions"), sequences["base_kind"], sequences["n_actions"]))
    cases += [
        ((*here, "sequences", "sweeps", "n_actions", k), sequences["base_kind"], actions)
        for k, actions in enumerate(sequences["sweeps"]["n_actions"])
    ]
    cases += [((*here, "sequences", "kinds", kind), kind, actions) for kind, actions in sequences["kinds"].items()]
    for place, kind, actions in cases:
        words = _actions(kind, actions)
        if words:
            yield Mistake(place, words)
        elif math.prod(actions) > 10**7:
            yield Mistake(place, f"{math.prod(actions):,} joint actions are more than 10,000,000")


def _scale(section: Section) -> Iterator[Mistake]:
    here, plan = ("theory", "scale"), section["zero_sum"]
    for k, states in enumerate(plan["states"]):
        if states < plan["branching"]:
            words = f"must be at least branching, which is {plan['branching']}; there is {states}"
            yield Mistake((*here, "zero_sum", "states", k), words)
    rows = max(plan["states"], default=0) * max(plan["actions"], default=0) ** 2
    largest = rows * (plan["branching"] + plan["horizon"])
    if largest > MOST_NUMBERS:
        words = f"the largest game has {largest:,} numbers, more than {MOST_NUMBERS:,}; make it smaller"
        yield Mistake((*here, "zero_sum"), words)
    moved = section["tracking"]
    largest = (3 * max(moved["positions"], default=0)) ** 2 * 2 * moved["horizon"]
    if largest > MOST_NUMBERS:
        words = f"the largest game has {largest:,} numbers, more than {MOST_NUMBERS:,}; make it smaller"
        yield Mistake((*here, "tracking"), words)


def _congestion(section: Section) -> Iterator[Mistake]:
    """Four facilities: 4^N joint actions."""
    for k, players in enumerate(section["players"]):
        if 4**players > 10**8:
            words = f"must be at most 13, for 4^N joint actions; there is {players}"
            yield Mistake(("theory", "potential", "sequences", "congestion", "players", k), words)


_UPDATE_KINDS = {
    "zero_sum": ("mixed", "pure", "random"),
    "moving": ("still", "drift", "abrupt", "clusters"),
    "sparse_zero_sum": ("random",),
    "river_poker": ("random", "sorted", "alternating"),
    "general_sum": ("random", "congestion", "public_goods", "shapley", "prisoners_dilemma", "chicken"),
}
"""Kinds of games of the families of the topic ``updates``."""


def _updates(section: Section) -> Iterator[Mistake]:
    for name, one in section["comparisons"]["settings"].items():
        where = ("updates", "comparisons", "settings", name)
        family, kinds = one["family"], _UPDATE_KINDS[one["family"]]
        for k, kind in enumerate(one["base_kinds"]):
            if kind not in kinds:
                words = f"of the family {family} must be of {', '.join(kinds)}, got {shortened(kind)}"
                yield Mistake((*where, "base_kinds", k), words)
        general = family == "general_sum"
        learner = "correlated_mirror_descent" if general else "optimistic_mirror_descent"
        actions = one["options"].get("n_actions", [2, 2])
        if not general and len(actions) != 2:
            yield Mistake((*where, "options", "n_actions"), f"must be of two players, there is {shortened(actions)}")
        if "mixed" in (*one["base_kinds"], one["options"].get("base_kind")) and len(set(actions)) > 1:
            words = f"mixed games need n_actions with A = B, there is {shortened(actions)}"
            yield Mistake((*where, "options", "n_actions"), words)
        if one["learner"] != learner:
            yield Mistake((*where, "learner"), f"of the family {family} must be {learner}, got {one['learner']}")
        iterations = one.get("iterations", section["comparisons"]["iterations"])
        yield from _full_stages((*where, "options", "horizon"), one["options"].get("horizon", 2), iterations)
    moving = section["moving"]
    horizon, actions = moving["options"].get("horizon", 2), moving["options"].get("n_actions", [2, 2])
    yield from _full_stages(("updates", "moving", "options", "horizon"), horizon, moving["iterations"])
    if len(actions) != 2 or ("mixed" in moving["base_kinds"] and len(set(actions)) > 1):
        words = f"must be of two players, A = B for mixed games; there is {shortened(actions)}"
        yield Mistake(("updates", "moving", "options", "n_actions"), words)
    for k, actions in enumerate(section["bounds"]["n_actions"]):
        if len(actions) != 2:
            words = f"must be of two players, there is {shortened(actions)}"
            yield Mistake(("updates", "bounds", "n_actions", k), words)
    for name, one in section["crossover"]["settings"].items():
        yield from _rising(("updates", "crossover", "settings", name, "games"), one["games"])


def _full_stages(place: tuple[str, ...], horizon: int, iterations: int) -> Iterator[Mistake]:
    if iterations < horizon:
        words = f"must be at most T = {iterations}, since the first stage has H iterations; there is {horizon}"
        yield Mistake(place, words)
