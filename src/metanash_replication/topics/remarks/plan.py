"""Sentences of the text that no theorem is about: names, and where the settings stand."""

from metanash_replication.plans import Figure, Measurement, Plan, Section, Table, Tabulation

__all__ = ["PLAN"]


def _whole(function: str, message: str, *, random: bool = True) -> Measurement:
    return Measurement(
        function=function,
        section=f"theory/remarks/{function}",
        random=random,
        file=f"theory/remarks/{function}",
        message=message,
    )


def _of_each_kind(function: str, message: str) -> Measurement:
    return Measurement(
        function=function,
        section=f"theory/remarks/{function}",
        over={"base_kind": "base_kinds"},
        file=f"theory/remarks/{function}/{{base_kind}}",
        message=f"{message}: {{base_kind}}",
    )


PLAN = Plan(
    title="Sentences of the text",
    measurements=(
        _of_each_kind("restarts", "Iterates of Algorithm 1 at the ends of stages"),
        _of_each_kind("initial_states", "Theorem 1 with random initial states"),
        _of_each_kind("carried_policies", "Carried-over policies at the next game"),
        _whole("dynamic_rates", "Mirror descent with the rates of incremental updates", random=False),
        _whole("leaders", "Mirror descent beside the regularised leader"),
        _whole("several_equilibria", "Games with several equilibria"),
        _whole("growth_of_gaps", "Growth of the measured sides of bounds"),
    ),
    tables=(
        Table(
            "restarts",
            "Gaps of iterates of Algorithm 1 at the ends of stages and right after them, and of their averages.",
            judged=True,
        ),
        Table(
            "dynamic_rates",
            "Regret of mirror descent with the weights of incremental updates, beside the leader and stages.",
            judged=True,
        ),
        Table("leaders", "Mirror descent beside the regularised leader: differences of policies.", judged=True),
        Table("last_terms", "Equation (6) without its first term, over equation (4), by K.", judged=True),
        Table("several_equilibria", "Identical games with several equilibria: outputs and dissimilarity.", judged=True),
        Table(
            "carried_policies",
            "Gaps of carried-over policies before anything is learned; the dissimilarity of potentials and constants.",
            judged=True,
        ),
        Table(
            "bound_growth",
            "Growth of the measured sides of bounds with what multiplies the bounds, as exponents with intervals.",
            judged=True,
        ),
    ),
    tabulated=Tabulation(
        message="Sentences of the text beside the measurements",
        settings={
            "settings": "theory/remarks/last_terms/settings",
            "numbers": "theory/remarks/last_terms/games",
            "resamples": "speed_up/resamples",
            "root_seed": "root_seed",
        },
    ),
    bounds=True,
    figures=(
        Figure(
            "remarks",
            (
                "Sentences of the text, measured. Gap of iterates of Algorithm 1 at the ends of stages and right after "
                "them; regret with the rates of incremental value updates; equation (6) for identical games over "
                "equation (4)."
            ),
            ("restarts", "dynamic_rates", "last_terms"),
        ),
    ),
    drawn_by="finite_horizon",
    sections=(
        Section(
            id="remarks",
            title="Sentences of the text",
            claims=(
                "iterates-converge",
                "mirror-descent-or-leader",
                "dynamic-rates",
                "random-initial-states",
                "several-equilibria",
                "last-terms-negligible",
                "growth-of-bounds",
                "carried-policy",
                "potential-metric",
            ),
            figures=("remarks",),
        ),
    ),
)
