"""Games of the user's own: names."""

from metanash_replication.plans import Figure, Plan, Section, Table

__all__ = ["PLAN"]

PLAN = Plan(
    title="Your own games",
    tables=(
        Table("own_games", judged=True),
        Table("own_payoffs", judged=True),
        Table("own_policies", judged=True),
        Table("own_refused", judged=True),
    ),
    figures=(Figure("own_games", ("own_games",)),),
    drawn_by="own_games",
    sections=(Section(id="own-games", title="Your own games", figures=("own_games",), needs=("own_games",)),),
    present=lambda config: bool(config["own_games"]["files"]),
)
