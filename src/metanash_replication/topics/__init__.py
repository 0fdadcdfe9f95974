"""A folder for each part of the paper.

In it, as far as the part has them:

``plan``
    Names only: measurements, tables, figures, section of the report. The workflow reads it.
``measure``
    Functions from a section of the configuration to arrays: what is learned and evaluated.
``tables``
    Arrays to tidy tables, and rows that set measurements beside bounds.
``figures``
    Tables to figures.
``claims``
    What the paper says, how it is tested, and the rule that gives the verdict.
``section``
    Tables to those of the report.
"""

__all__ = ["TOPICS"]

TOPICS = (
    "zero_sum",
    "potential",
    "maml",
    "general_sum",
    "simulations",
    "larger_tasks",
    "scale",
    "falsification",
    "own_games",
)
"""In the order of the claims. A new topic is a folder with a ``plan`` and its name here."""
