"""Claims of appendix F: larger tasks."""

import pandas as pd

from metanash_replication.ledger.claim import Claim
from metanash_replication.ledger.plainly import of_bound, of_effect, of_speed, of_two_sides
from metanash_replication.ledger.rules import Judge, bound, comparison, effect, speed
from metanash_replication.ledger.words import EXPERIMENT, THEOREM
from metanash_replication.typing import Tables

__all__ = ["CLAIMS"]

PLACE = "Section 6; Appendix F"
CELL = ("experiment", "base_kind", "learning_rate", "perturbation")
VARIANTS = ("output_policy", "stage_average")


def _about(family: str) -> Judge:
    arm, others = ("best_response", VARIANTS) if family == "river_poker" else ("carry_over", ())
    return effect("appendix", arm, CELL, lambda table: table[table["family"] == family], others)


def _of_poker(theory: pd.DataFrame) -> pd.DataFrame:
    return theory[theory["measurement"] == "appendix_poker"]


def _iterations(tables: Tables) -> pd.DataFrame:
    """Speed-ups of the cells that are drawn, named as in ``speed_up.csv``."""
    table = tables["appendix"]
    shown = table[table["rate_shown"] & table["perturbation_shown"] & (table["arm"] != "individual")]
    names = {"experiment": "figure", "speed_up_low": "low", "speed_up_high": "high", "level": "ne_gap"}
    return shown.drop(columns=["low", "high"]).rename(columns=names)


def _values(tables: Tables) -> pd.DataFrame:
    """By how much values differ from the exact ones beyond the gap, beside rounding of linear programming."""
    table = tables["appendix_equilibria"].dropna(subset=["excess"])
    return table.assign(left=table["excess"], right=1e-6)


def _shortfall(tables: Tables) -> pd.DataFrame:
    """Shortfall of carry-over from the joint optimum, beside that of individual learning."""
    table = tables["appendix_equilibria"]
    table = table[table["family"] == "tracking"]
    keys = ["experiment", "base_kind", "learning_rate", "perturbation"]
    arms = {arm: table[table["arm"] == arm].set_index(keys)["error"] for arm in ("carry_over", "individual")}
    return pd.DataFrame({"left": arms["carry_over"], "right": arms["individual"]}).reset_index()


def _growth(tables: Tables) -> pd.DataFrame:
    """Lower ends of exponents of growth, beside linear growth."""
    table = tables["growth_exponents"]
    chosen = table[(table["against"] == "n_states") | (table["quantity"] == "array_bytes")]
    return chosen.dropna(subset=["low"]).rename(columns={"low": "left", "expected": "right"})


CLAIMS = [
    Claim(
        id="larger-tasks-poker",
        kind=EXPERIMENT,
        place=PLACE,
        statement="Meta-learning with update (5) helps in a poker endgame too.",
        tested=(
            r"River poker with real boards and hands, pot and stack varying: gap at $T$ of tasks $2$ to $K$ over that "
            r"of individual learning, on short and long sequences, in three orders, at all learning rates."
        ),
        plain=of_effect("Update (5) in a poker endgame"),
        judge=_about("river_poker"),
        figures=("appendix_poker",),
        tables=("appendix", "appendix_games"),
        runs=("runs/appendix_poker*",),
    ),
    *(
        Claim(
            id=f"larger-tasks-iterations-{name.replace('_', '-')}",
            kind=EXPERIMENT,
            place=PLACE,
            statement=f"Meta-learning needs much fewer iterations: {words}.",
            tested=(
                "Iterations that mean curves take to a gap, individual over meta-learning, with a bootstrap over seeds."
            ),
            plain=of_speed(f"{'Carry-over' if arm == 'carry_over' else 'Update (5)'} on {words}"),
            judge=speed(f"appendix_{name}", kind, arm, others, rows=_iterations, source="appendix.csv"),
            figures=(figure,),
            tables=("appendix", "appendix_curves"),
            runs=(f"runs/appendix_{name}/{kind}/*",),
        )
        for name, kind, arm, others, figure, words in (
            ("poker", "random", "best_response", VARIANTS, "appendix_poker", "a short sequence of poker tasks"),
            ("poker_large", "random", "best_response", VARIANTS, "appendix_poker", "the largest poker tasks"),
            ("poker_long", "random", "best_response", VARIANTS, "appendix_poker", "a long sequence of poker tasks"),
            ("tracking", "shared", "carry_over", (), "appendix_tracking", "linear-quadratic tracking"),
        )
    ),
    Claim(
        id="larger-tasks-tracking",
        kind=EXPERIMENT,
        place=PLACE,
        statement="Carry-over helps in linear-quadratic tracking with four players too.",
        tested=(
            r"A Markov team whose tasks differ in target and drift: gap at $T$ of tasks $2$ to $K$ over that of "
            r"individual learning."
        ),
        plain=of_effect("Carry-over in linear-quadratic tracking"),
        judge=_about("tracking"),
        figures=("appendix_tracking",),
        tables=("appendix",),
        runs=("runs/appendix_tracking/*",),
    ),
    Claim(
        id="larger-tasks-optimum",
        kind=EXPERIMENT,
        place=PLACE,
        statement="The players of a team who carry their policies over are worth no less for it.",
        tested="What the learned policies are worth less than the joint optimum, beside individual learning.",
        plain=of_two_sides(
            "What carry-over is worth to a team",
            good="A team that carries its policies over is worth no less: at worst it misses {left}, beside {right}.",
            some="A team that carries its policies over is worth less in {failing} of {cases} settings.",
            bad="A team that carries its policies over is worth less: it misses {left}, beside {right}.",
        ),
        judge=comparison("appendix_equilibria", _shortfall, CELL, "a shortfall of {left} beside {right} ({where})"),
        figures=("appendix_tracking",),
        tables=("appendix_equilibria",),
        runs=("runs/appendix_tracking/*",),
    ),
    Claim(
        id="larger-tasks-values",
        kind=EXPERIMENT,
        place=PLACE,
        statement="The policies that are learned in poker are approximate equilibria.",
        tested="Values by linear programming: those of the learned policies differ from them by at most their gaps.",
        plain=of_two_sides(
            "Values of what is learned in poker",
            good=(
                "What is learned in poker is an approximate equilibrium: values are right up to the gap in all "
                "{cases} cases."
            ),
            some="Values of what is learned in poker are off by more than the gap in {failing} of {cases} cases.",
            bad="What is learned in poker is no approximate equilibrium: values are off in {failing} of {cases} cases.",
        ),
        judge=comparison(
            "appendix_equilibria", _values, (*CELL, "arm"), "an excess of {left} beside {right} ({where})"
        ),
        figures=("appendix_poker",),
        tables=("appendix_equilibria",),
        runs=("runs/appendix_poker*",),
    ),
    Claim(
        id="larger-tasks-equation-4",
        kind=THEOREM,
        place="Section 3.1, equation (4), at the scale of Appendix F",
        statement="Equation (4) bounds the gap in the poker endgame.",
        tested="Individual learning at the largest learning rate that Theorem 1 admits.",
        plain=of_bound("Equation (4) in a poker endgame"),
        judge=bound("equation 4", rows=_of_poker),
        figures=("appendix_poker",),
        tables=("theory",),
        runs=("runs/appendix_poker/*/individual/*",),
    ),
    Claim(
        id="larger-tasks-growth",
        kind=EXPERIMENT,
        place=PLACE,
        statement=(
            "The methods scale: an iteration costs time proportional to the number of states, a game memory "
            "proportional to its possible transitions."
        ),
        tested="Exponents of growth on large sparse games: the lower ends of their intervals beside linear growth.",
        plain=of_two_sides(
            "How time and memory grow, which other configurations measure",
            good="Time and memory grow in proportion to the game at most: to the power of {left} or more at worst.",
            some=(
                "Time or memory grow faster than the game in {failing} of {cases} cases: to the power of {left} or "
                "more."
            ),
            bad="Time and memory grow faster than the game: to the power of {left} or more.",
        ),
        judge=comparison(
            "growth_exponents",
            _growth,
            ("series", "quantity", "against"),
            "an exponent of at least {left} beside {right} ({where})",
        ),
        needs=("growth_exponents",),
    ),
]
