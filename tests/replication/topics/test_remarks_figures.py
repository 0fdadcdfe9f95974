"""The figure of the sentences of the text shows the numbers of its tables."""

import pandas as pd
import pytest
from drawings import WIDTH, in_style

from metanash_replication.topics.remarks import figures

style = pytest.fixture(autouse=True)(in_style)


def test_panels_are_the_tables():
    restarts = pd.DataFrame(
        [(kind, name, t, 0.1 * k + 1.0 / t) for kind in ("mixed", "pure")
         for k, name in enumerate(("last", "first", "average")) for t in (10, 100)],
        columns=["base_kind", "iterate", "iteration", "ne_gap"],
    )  # fmt: skip
    rows = [(name, t, 0.5 / t) for name in ("a", "b", "c") for t in (10, 100)]
    rates = pd.DataFrame(rows, columns=["algorithm", "iteration", "regret"])
    terms = pd.DataFrame(
        [(h, 2, k, h / k) for h in (1, 2) for k in (5, 50)], columns=["horizon", "max_actions", "games", "ratio"]
    )
    tables = {"restarts": restarts, "dynamic_rates": rates, "last_terms": terms}
    axes = figures.FIGURES["remarks"](tables, WIDTH).axes
    assert [ax.get_title() for ax in axes] == ["iterates", "regret", "equation (6)"]
    wanted = [
        [part["ne_gap"].tolist() for _, part in restarts.groupby(["base_kind", "iterate"], sort=False)],
        [part["regret"].tolist() for _, part in rates.groupby("algorithm")],
        [*(part["ratio"].tolist() for _, part in terms.groupby("horizon")), [1.0, 1.0]],
    ]
    for ax, lines in zip(axes, wanted, strict=True):
        assert [list(line.get_ydata()) for line in ax.get_lines()] == lines
