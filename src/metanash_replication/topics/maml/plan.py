"""Theorem 4: names, and where the settings stand."""

from metanash_replication.plans import Figure, Measurement, Plan, Reads, Section, Table, Tabulation

__all__ = ["PLAN"]


def _of_each_kind(function: str) -> Measurement:
    return Measurement(
        function=function,
        rule=f"maml_{function}",
        section=f"theory/maml/{function}",
        over={"base_kind": "base_kinds"},
        file=f"theory/meta_gradient/{function}/{{base_kind}}",
        message=f"Softmax policies: {function}, {{base_kind}}",
    )


PLAN = Plan(
    title="MAML",
    recorded_as="meta_gradient",  # as files of measurements are called, which claims have cited from the first
    measurements=(
        *map(_of_each_kind, ("constant_ratios", "gradient_checks", "inner_loop", "random_games")),
        Measurement(
            function="meta_training",
            section="theory/maml/meta_training",
            over={"loop": "inner_loops", "base_kind": "base_kinds", "discount": "discounts"},
            file="theory/meta_gradient/meta_training/{loop}-{base_kind}-{discount}",
            message="Exact MAML: {loop}, {base_kind}, discount {discount}",
        ),
    ),
    tables=(
        Table(
            "meta_training",
            "Objective and gradient of MAML along meta-training.",
        ),
        Table(
            "adaptation",
            "Gaps on held-out games after inner steps from each initialisation.",
            judged=True,
        ),
        Table(
            "gradient_checks",
            "Equation (10) beside differences of equation (9), the worst by kind, discount and inner steps.",
            judged=True,
        ),
        Table(
            "inner_loop",
            "Iterations of softmax policy gradient to a small gap.",
        ),
        Table(
            "inner_loop_rates",
            (
                "Softmax policy gradient: exponent of 1/epsilon in the iterations to a gap of epsilon, at "
                "fixed initial policies."
            ),
            judged=True,
        ),
        Table(
            "inner_loop_slopes",
            "Slopes of these iterations on the least probability of best actions.",
            judged=True,
        ),
    ),
    tabulated=Tabulation(
        message="Theorem 4 beside the measurements",
        settings={
            "level": "theory/maml/gap_level",
            "levels": "theory/maml/gap_levels",
            "resamples": "speed_up/resamples",
            "root_seed": "root_seed",
        },
    ),
    bounds=True,
    figures=(
        Figure(
            "theorem4_norms",
            (
                "Norm of the gradient of the MAML objective beside Theorem 4. Smallest so far, exact and sampled "
                "meta-gradients."
            ),
            ("meta_training",),
        ),
        Figure(
            "maml_adaptation",
            "Adaptation to held-out games. NE-gap against inner steps from each initialisation.",
            ("adaptation",),
        ),
        Figure(
            "maml_inner_loop",
            (
                "The constant that the inner loop hides. Iterations to a small gap against the least probability of "
                "best actions."
            ),
            ("inner_loop", "inner_loop_slopes"),
        ),
    ),
    drawn_by="discounted",
    sections=(
        Section(
            id="theorem-4",
            title="Theorem 4: MAML in potential games",
            claims=("inner-loop", "equation-10", "smoothness", "theorem-4", "maml-adapts"),
            figures=("theorem4_norms", "maml_adaptation", "maml_inner_loop"),
        ),
    ),
    notebooks={
        "potential": Reads(tables=("meta_training", "adaptation", "inner_loop", "inner_loop_slopes"), bounds=True),
        "findings": Reads(tables=("inner_loop_slopes",), bounds=True),
    },
)
