"""Names of the arms of an experiment, of the kinds of games and of learners in tables, texts and figures."""

__all__ = ["ARM_LABELS", "KIND_LABELS", "LEARNER_LABELS"]

ARM_LABELS = {
    "individual": "individual",
    "best_response": "meta: best responses (5)",
    "shared_best_response": "meta: shared best responses",
    "stage_average": "meta: stage averages",
    "last_stage_average": "meta: last full stages",
    "output_policy": "meta: output policies",
    "carry_over": "meta: carry-over",
}
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
}
LEARNER_LABELS = {
    "optimistic_mirror_descent": "Algorithm 1",
    "optimistic_ftrl": "optimistic FTRL",
    "plain_mirror_descent": "mirror descent",
    "optimistic_gradient": "optimistic gradient",
    "entropy_omwu": "OMWU with entropy",
    "correlated_mirror_descent": "Algorithm 2",
    "cautious_omwu": "DLRC-OMWU",
    "staged_cautious_omwu": "DLRC-OMWU in stages",
    "log_barrier_ftrl": "log-barrier FTRL",
    "projected_q_ascent": "projected Q-ascent",
    "softmax_gradient": "softmax gradient",
    "natural_gradient": "natural gradient",
    "v_learning": "V-learning",
    "sampled_mirror_descent": "Algorithm 1, sampled",
    "sampled_correlated_descent": "Algorithm 2, sampled",
    "sampled_q_ascent": "Q-ascent, sampled",
}
