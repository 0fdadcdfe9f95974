"""From a game file to its equilibrium to a figure: how fast two learners come near it. Needs matplotlib."""

from pathlib import Path

import matplotlib.pyplot as plt

import metanash as mn
from metanash.gamefile import read_games_in_units

# goals and saves per hundred kicks, profile by profile, the kicker's choice fastest; any .nfg of Gambit will do
Path("kick.nfg").write_text("""NFG 1 R "Penalty kick" { "Kicker" "Keeper" } { 3 2 }
55 45  80 20  95 5
90 10  75 25  40 60
""")
print(mn.solve("kick.nfg"))

(game,), units = read_games_in_units("kick.nfg")  # rewards in [0, 1], and the way back to payoffs
learners = {"mirror descent": mn.OptimisticMirrorDescent(learning_rate=0.2), "regret matching": mn.RegretMatching()}
figure, axes = plt.subplots(figsize=(5.5, 3.4), layout="constrained")
for (name, learner), line in zip(learners.items(), ("-", "--"), strict=True):
    run = mn.learn(game, learner, iterations=10_000)
    gap = units.scale[0] * run.ne_gap[0]  # exact, in goals
    shown = gap > 0
    axes.loglog(run.checkpoints[shown], gap[shown], line, label=name)
    print(f"{name}: gap {gap[-1]:.1e} after {run.checkpoints[-1]} iterations")
axes.set(xlabel="iterations T", ylabel="NE-gap (goals per hundred kicks)")
axes.legend()
figure.savefig("kick.png", dpi=200)
print("drawn in kick.png")
