"""Games of the user's own: names."""

from metanash_replication.plans import Figure, Plan, Section, Table

__all__ = ["PLAN"]

PLAN = Plan(
    title="Your own games",
    tables=(
        Table(
            "own_games",
            "Your own games: gap in payoffs against iterations, the mean over the games of a file.",
            judged=True,
        ),
        Table(
            "own_payoffs",
            "Your own games: payoff of every player at the end.",
            judged=True,
        ),
        Table(
            "own_policies",
            "Your own games: policies at the end.",
            judged=True,
        ),
        Table(
            "own_refused",
            "Your own games: files that were refused, and why.",
            judged=True,
        ),
    ),
    figures=(
        Figure(
            "own_games",
            "Your own games: gap in payoffs against iterations, the mean over the games of a file.",
            ("own_games",),
        ),
    ),
    drawn_by="own_games",
    sections=(Section(id="own-games", title="Your own games", figures=("own_games",), needs=("own_games",)),),
    present=lambda config: bool(config["own_games"]["files"]),
)
