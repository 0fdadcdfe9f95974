"""Learning of a sequence of similar Markov games, each from where a meta-update of the games before lets it start."""

import metanash as mn

# ten zero-sum Markov games around one whose equilibria are pure; the numbers and names address the random draws
games = mn.families.zero_sum_sequence("pure", 2023, "example", n_games=10, perturbation=0.1)
learner = mn.OptimisticMirrorDescent(learning_rate=0.2)

means = {}
for name in ("individual", "best_response", "output_policy"):
    update = mn.META_UPDATES[name](len(games))
    gaps = mn.learn_sequence(games, learner, update, iterations=300).ne_gap[0]  # (game, checkpoint)
    means[name] = gaps[1:, -1].mean()  # the first game has nothing before it
    print(f"{name:14s} mean NE-gap of games 2 to 10 after 300 iterations: {means[name]:.4f}")

for name in ("best_response", "output_policy"):
    print(f"{name} is {means['individual'] / means[name]:.1f} times as near as learning each game by itself")
