"""metanash: learning and meta-learning of equilibria in tabular Markov games.

The names below are enough for most uses; the rest is in the modules.

Games
    :mod:`~metanash.games`: zero-sum, general-sum and discounted games, frozen and validated; batches of them
    :mod:`~metanash.transitions`: transition kernels, dense, shared by all steps, or sparse
    :mod:`~metanash.families`: seeded sequences of similar games
    :mod:`~metanash.gamefile`: reading and writing games
    :mod:`~metanash.gambit`: games of other programs (.nfg, .efg, payoff matrices) and their units
    :mod:`~metanash.neighbours`: strategic games of pygambit, OpenSpiel, Nashpy and QuantEcon, both ways
    :mod:`~metanash.extensive`: extensive games with perfect recall, read, solved, measured and learned in sequence form
    :mod:`~metanash.river`: river endgames of no-limit hold'em, 1081 hands a side, learned without a matrix of hands
    :mod:`~metanash.stochastic`: general-sum stochastic games with discounts of players, actions of states, and ends
    :mod:`~metanash.similarity`: whether a game is a potential game, and how alike the games of a sequence are
Learning
    :mod:`~metanash.learners`: Algorithms 1 and 2, projected Q-ascent, softmax gradient, regret matching; the loop
    :mod:`~metanash.meta`: the starting policies of the next game, from the games before; learning of a sequence
    :mod:`~metanash.updates`: meta-updates beside the paper's: weights and learning rates learned on line, forgetting
    :mod:`~metanash.maml`: exact MAML on a set of games
    :mod:`~metanash.correlated`: the correlated policy that Algorithm 2 puts out, and its CCE-gaps
    :mod:`~metanash.swaps`: how far a correlated policy is from a correlated equilibrium, by what swap deviations gain
    :mod:`~metanash.policy_gradient`: objectives of softmax policies, their Hessians, and the ascent
Solving
    :mod:`~metanash.solution`: an equilibrium of whatever game somebody has, in one line
Evaluation
    :mod:`~metanash.simulation`: sampled play of fixed policies, the same draws on any machine
    :mod:`~metanash.gaps`: exact values, best responses and NE-gaps
    :mod:`~metanash.exact`: equilibria of zero-sum games by the simplex method
    :mod:`~metanash.bounds`: right-hand sides of the theorems
Tools
    :mod:`~metanash.simplex`: softmax, projection, divergences
    :mod:`~metanash.streams`: random generators addressed by name
    :mod:`~metanash.archive`: files of named arrays with a header
    :mod:`~metanash.typing`: types of arrays in signatures
    :mod:`~metanash.kernels`: inner loops, compiled or in NumPy; which of them run, and on how many threads
    :mod:`~metanash.cli` and :mod:`~metanash.commands`: the command ``metanash``

A name that begins with an underscore, ``metanash._inner`` among them, is used inside the library only and may change
at any time.

Symbols are those of Mao et al. (2023), "Multi-Agent Meta-Reinforcement Learning: Sharper Convergence Rates with Task
Similarity", NeurIPS 2023: mu and nu (policies of the max- and min-player), eta (learning rate), tau (stage),
``discount`` for gamma. Index order: player, step h, state s, actions in player order, next state; a batch of games
comes before all of these.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from metanash import families
    from metanash.correlated import CorrelatedPolicy
    from metanash.gamefile import read_games, write_games
    from metanash.games import DiscountedGame, GameBatch, MarkovGame, ZeroSumGame
    from metanash.gaps import ne_gains, ne_gap
    from metanash.learners import (
        CorrelatedMirrorDescent,
        OptimisticMirrorDescent,
        ProjectedQAscent,
        RegretMatching,
        learn,
    )
    from metanash.meta import META_UPDATES, learn_sequence
    from metanash.simulation import simulate
    from metanash.solution import Solution, solve
    from metanash.stochastic import StochasticGame
    from metanash.transitions import Transition

__all__ = [
    "META_UPDATES",
    "CorrelatedMirrorDescent",
    "CorrelatedPolicy",
    "DiscountedGame",
    "GameBatch",
    "MarkovGame",
    "OptimisticMirrorDescent",
    "ProjectedQAscent",
    "RegretMatching",
    "Solution",
    "StochasticGame",
    "Transition",
    "ZeroSumGame",
    "families",
    "learn",
    "learn_sequence",
    "ne_gains",
    "ne_gap",
    "read_games",
    "simulate",
    "solve",
    "write_games",
]
__version__ = "0.1.0"

if not TYPE_CHECKING:
    _HOMES = {
        "CorrelatedPolicy": "correlated",
        **dict.fromkeys(("read_games", "write_games"), "gamefile"),
        **dict.fromkeys(("DiscountedGame", "GameBatch", "MarkovGame", "ZeroSumGame"), "games"),
        **dict.fromkeys(("ne_gains", "ne_gap"), "gaps"),
        **dict.fromkeys(("CorrelatedMirrorDescent", "OptimisticMirrorDescent", "ProjectedQAscent"), "learners"),
        **dict.fromkeys(("RegretMatching", "learn"), "learners"),
        **dict.fromkeys(("META_UPDATES", "learn_sequence"), "meta"),
        **dict.fromkeys(("Solution", "solve"), "solution"),
        "simulate": "simulation",
        "StochasticGame": "stochastic",
        "Transition": "transitions",
    }

    def __getattr__(name: str) -> Any:
        """Load a name or a module when it is first asked for: a command pays for what it uses only."""
        if name.startswith("_"):
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        if name in _HOMES:
            found = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
        else:
            try:
                found = importlib.import_module(f"{__name__}.{name}")
            except ModuleNotFoundError as error:
                if error.name != f"{__name__}.{name}":
                    raise
                raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
        globals()[name] = found
        return found

    def __dir__() -> list[str]:
        """All names, also those that are not loaded yet."""
        return sorted({*globals(), *__all__})
