"""A folder for each part of the paper.

In it, as far as the part has them:

``plan``
    Names and captions: measurements, tables, figures, section of the report. The workflow reads it.
``measure``
    Functions from a section of the configuration to arrays: learning and evaluation.
``tables``
    Arrays to tidy tables, and rows that set measurements beside bounds.
``figures``
    Tables to figures.
``claims``
    Sentences of the paper, their tests, and the rules that give the verdicts.
``section``
    Tables to those of the report.
"""

__all__ = ["TOPICS"]

TOPICS = (
    "zero_sum",
    "potential",
    "maml",
    "general_sum",
    "remarks",
    "simulations",
    "readings",
    "larger_tasks",
    "river",
    "successors",
    "updates",
    "bandit",
    "scale",
    "falsification",
    "own_games",
    "claims_map",
)
"""In the order of the claims. A new topic is a folder with a ``plan`` and its name here."""
