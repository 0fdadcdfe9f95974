"""Names of the arms of an experiment, of the kinds of games and of learners in tables, texts and figures."""

__all__ = ["ARM_LABELS", "CURVE_LABELS", "KIND_LABELS", "LEARNER_LABELS", "UPDATE_LABELS"]

ARM_LABELS = {
    "individual": "individual",
    "best_response": "meta: best responses (5)",
    "shared_best_response": "meta: shared best responses",
    "stage_average": "meta: stage averages",
    "last_stage_average": "meta: last full stages",
    "output_policy": "meta: output policies",
    "carry_over": "meta: carry-over",
}
UPDATE_LABELS = ARM_LABELS | {
    "annealed_best_response": "annealed best responses",
    "annealed_output_policy": "annealed output policies",
    "annealed_last_stage": "annealed last stages",
    "geometric_output_policy": "geometric output policies",
    "learned_by_row": "learned weights, by row",
    "learned": "learned weights",
    "discounted": "discounted last stages",
    "window": "window of last stages",
    "tracking": "learned weights that forget",
    "recognised": "recognised clusters",
    "harris": "best responses of games, learned rate",
    "tuned_individual": "individual, learned rate",
    "tuned_best_response": "best responses (5), learned rate",
    "tuned_tracking": "learned weights that forget, learned rate",
}
CURVE_LABELS = UPDATE_LABELS | {"individual_at_rate": "individual, same rate"}
"""Of meta-updates, and of an arm beside them that is none: it has the learning rate of meta-learning."""
KIND_LABELS = {
    "mixed": "mixed equilibria",
    "pure": "pure equilibria",
    "random": "random games",
    "team": "Markov team",
    "action_independent": "action-independent transitions",
    "separable": "separable rewards",
    "congestion": "congestion",
    "public_goods": "public goods",
    "shapley": "Shapley's game",
    "prisoners_dilemma": "prisoner's dilemma",
    "chicken": "chicken",
    "sorted": "sorted order",
    "alternating": "alternating order",
    "shared": "shared position",
    "own": "positions of their own",
    "still": "all alike",
    "drift": "drift",
    "abrupt": "abrupt change",
    "clusters": "two clusters",
}
LEARNER_LABELS = {
    "optimistic_mirror_descent": "Algorithm 1",
    "optimistic_ftrl": "optimistic FTRL",
    "staged_ftrl": "FTRL in stages",
    "plain_mirror_descent": "mirror descent",
    "optimistic_gradient": "optimistic gradient",
    "entropy_extragradient": "predictive update with entropy",
    "entropy_omwu": "OMWU with entropy",
    "correlated_mirror_descent": "Algorithm 2",
    "cautious_omwu": "DLRC-OMWU",
    "staged_cautious_omwu": "DLRC-OMWU in stages",
    "log_barrier_ftrl": "log-barrier FTRL",
    "projected_q_ascent": "projected Q-ascent",
    "softmax_gradient": "softmax gradient",
    "natural_gradient": "natural gradient",
    "v_learning": "V-learning",
    "swap_v_learning": "V-learning for CE",
    "sampled_mirror_descent": "Algorithm 1, sampled",
    "sampled_correlated_descent": "Algorithm 2, sampled",
    "sampled_q_ascent": "Q-ascent, sampled",
}
