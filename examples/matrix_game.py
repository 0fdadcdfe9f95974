"""Two matrix games solved: a penalty kick (zero-sum) and a game of chicken (general sum), each with its NE-gap."""

import metanash as mn

# chances of a goal, in per cent: the kicker kicks left, through the middle or right; the keeper dives left or right
goals = [[55, 90], [80, 75], [95, 40]]
kick = mn.solve(goals)
kicker, keeper = kick.policies
print(f"goals per hundred kicks: {kick.value:.2f}, and no deviation gains more than {kick.gap:.0e}")
print("kicks left, middle, right:", *(f"{share:.3f}" for share in kicker))
print("dives left, right:", *(f"{share:.3f}" for share in keeper))

# payoffs of both drivers, who may swerve or dare
ann = [[6, 2], [7, 0]]
bob = [[6, 7], [2, 0]]
print()
print(mn.solve((ann, bob)))
