"""How often each of some seeds is drawn, of as many draws with equal chances: the counts of a bootstrap.

The counts are those of :meth:`numpy.random.Generator.multinomial`. :func:`resample` is the part of it that makes them
of uniform numbers, one seed after another, each from the draws that are left by those before.
"""

import math

from metanash.typing import Floats

__all__ = ["resample"]

MOST_EXPECTED = 30.0
"""Beyond, NumPy samples binomial numbers in another way: as in ``resample.h``."""


def resample(uniform: Floats, counts: Floats, numbers: int, resamples: int, seeds: int) -> int:
    """Draw as many seeds as there are, with equal chances, many times.

    Parameters
    ----------
    uniform : (numbers) array
        Of [0, 1). A resample takes one for each seed but the last, as long as draws are left.
    counts : (resamples, seeds) array
        Zeros; how often each was drawn is written there.

    Returns
    -------
    int
        Numbers that were used, from the first on. -1 if they are too few, or a count has a mean above 30, which NumPy
        draws in another way: then the counts are of no use.

    Examples
    --------
    >>> import numpy as np
    >>> counts = np.zeros((2, 3))
    >>> resample(np.random.default_rng(0).random(4), counts, numbers=4, resamples=2, seeds=3)
    4
    >>> bool((counts == np.random.default_rng(0).multinomial(3, [1 / 3] * 3, size=2)).all())
    True
    """
    used = 0
    for row in counts.reshape(resamples, seeds):
        left, draws = 1.0, seeds
        for j in range(seeds - 1):
            chance, left = 1.0 / seeds / left, left - 1.0 / seeds
            p = min(chance, 1.0 - chance)
            if draws * p > MOST_EXPECTED:
                return -1
            count, taken = _binomial(uniform[used:numbers], draws, p)
            used += taken
            if count < 0:
                return -1
            row[j] = count if chance <= 0.5 else draws - count
            draws -= int(row[j])
            if not draws:
                break
        row[seeds - 1] += draws
    return used


def _binomial(uniform: Floats, draws: int, p: float) -> tuple[int, int]:
    """A binomial number, -1 if the uniform numbers are too few, and how many of them it took.

    The first count whose distribution function exceeds the uniform number. Where there is none up to a bound that is
    hardly ever reached, the next uniform number is taken.
    """
    mean = draws * p
    bound = int(min(draws, mean + 10.0 * math.sqrt(mean * (1.0 - p) + 1.0)))
    for taken, number in enumerate(uniform, 1):
        left, here = float(number), math.exp(draws * math.log1p(-p))
        for count in range(bound + 1):
            if left <= here:
                return count, taken
            left, here = left - here, (draws - count) * p * here / ((count + 1) * (1.0 - p))
    return -1, len(uniform)
