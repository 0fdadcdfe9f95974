"""The stages of Algorithm 1 with other steps inside: optimistic FTRL, which is the same, and plain mirror descent.

With the entropy, anchors of mirror descent are the prior times the exponential of all payoffs met so far. So FTRL with
the initial policy as prior *is* Algorithm 1 (Mao et al. 2023) inside a stage, what the initial policies met counting as
a payoff, as in line 3 there. :class:`StagedFTRL` therefore runs the kernel of Algorithm 1; tests hold it against loops
that add up payoffs.

:class:`PlainMirrorDescent` leaves out the prediction (line 6): it plays the anchors, which is multiplicative weights in
stages. For H = 1 and a learning rate of order 1 / sqrt(T) its average has an NE-gap of order 1 / sqrt(T) (Freund and
Schapire 1999); with a constant rate it goes around mixed equilibria and nothing is promised.
"""

from dataclasses import dataclass

from metanash.learners.mirror_descent import OptimisticMirrorDescent

__all__ = ["PlainMirrorDescent", "StagedFTRL"]


@dataclass(frozen=True)
class StagedFTRL(OptimisticMirrorDescent):
    """Optimistic FTRL with entropy in the stages of Algorithm 1, the initial policies as priors; see the module.

    Parameters
    ----------
    learning_rate, keep_stages
        As in :class:`metanash.learners.OptimisticMirrorDescent`, and so are initial policies.

    Examples
    --------
    It is Algorithm 1.

    >>> import metanash as mn
    >>> games = mn.families.zero_sum_sequence("mixed", 0, n_games=1, perturbation=0.0)
    >>> runs = [mn.learn(games, learner(0.1), 300) for learner in (mn.learners.StagedFTRL, mn.OptimisticMirrorDescent)]
    >>> bool((runs[0].ne_gap == runs[1].ne_gap).all())
    True
    """


@dataclass(frozen=True)
class PlainMirrorDescent(OptimisticMirrorDescent):
    """Mirror descent with entropy in the stages of Algorithm 1, without its prediction; see the module.

    Parameters
    ----------
    learning_rate, keep_stages
        As in :class:`metanash.learners.OptimisticMirrorDescent`, and so are initial policies.

    Examples
    --------
    With a constant rate it goes around the equilibrium, and what predicts does not.

    >>> import metanash as mn
    >>> games = mn.families.zero_sum_sequence("mixed", 0, n_games=1, perturbation=0.0, horizon=1)
    >>> runs = [mn.learn(games, learner(1.0), 2000) for learner in (PlainMirrorDescent, StagedFTRL)]
    >>> bool(runs[0].ne_gap[0, -1] > 3 * runs[1].ne_gap[0, -1])
    True
    """

    _predicts = False
