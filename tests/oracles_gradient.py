"""Derivatives of values of softmax policies, by number systems instead of formulas.

Nothing is imported from ``metanash`` nor from NumPy. Values are explicit loops over joint actions that work in any
number system; derivatives come from running them in two of them:

- complex numbers: the imaginary part of f(x + 1e-30 i) is 1e-30 f'(x), without cancellation (Squire and Trapp 1998);
- :class:`Dual` numbers a + b e with e^2 = 0, whose parts may be complex: the e-part of f(x + u e) is f'(x) u.

A gradient is a complex step of a value, a Hessian a complex step of a dual derivative, and the meta-gradient a complex
step through inner ascents whose gradients are dual derivatives. Logits are nested lists, ``theta[player][s][action]``.
"""

import cmath
import itertools
from dataclasses import dataclass

STEP = 1e-30


@dataclass(frozen=True)
class Dual:
    a: complex
    b: complex

    def __add__(self, other):
        other = _dual(other)
        return Dual(self.a + other.a, self.b + other.b)

    def __neg__(self):
        return Dual(-self.a, -self.b)

    def __sub__(self, other):
        return self + -_dual(other)

    def __rsub__(self, other):
        return _dual(other) + -self

    def __mul__(self, other):
        other = _dual(other)
        return Dual(self.a * other.a, self.a * other.b + self.b * other.a)

    def __truediv__(self, other):
        other = _dual(other)
        return Dual(self.a / other.a, (self.b * other.a - self.a * other.b) / (other.a * other.a))

    def __rtruediv__(self, other):
        return _dual(other) / self

    __radd__, __rmul__ = __add__, __mul__


def _dual(x):
    return x if isinstance(x, Dual) else Dual(x, 0.0)


def _exp(x):
    return Dual(cmath.exp(x.a), cmath.exp(x.a) * x.b) if isinstance(x, Dual) else cmath.exp(x)


def softmax(row):
    weights = [_exp(x) for x in row]
    total = sum(weights)
    return [w / total for w in weights]


def _solve(matrix, right):
    """Elimination without pivots, for a diagonally dominant matrix."""
    n = len(matrix)
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for k, i in itertools.product(range(n), range(n)):
        if i != k:
            factor = rows[i][k] / rows[k][k]
            rows[i] = [x - factor * y for x, y in zip(rows[i], rows[k], strict=True)]
    return [rows[i][n] / rows[i][i] for i in range(n)]


def _at(table, joint):
    for a in joint:
        table = table[a]
    return table


@dataclass(frozen=True)
class Problem:
    """reward[s][a_1]...[a_N], kernel[s][a_1]...[a_N][s'], discount, initial[s]."""

    reward: list
    kernel: list
    discount: float
    initial: list

    def value(self, theta):
        """Discounted value of the softmax policies."""
        policies = [[softmax(row) for row in player] for player in theta]
        states, matrix, earned = len(self.initial), [], []
        for s in range(states):
            row, total = [1.0 * (z == s) for z in range(states)], 0.0
            for joint in itertools.product(*(range(len(player[s])) for player in policies)):
                weight = 1.0
                for player, a in zip(policies, joint, strict=True):
                    weight = weight * player[s][a]
                total = total + weight * _at(self.reward[s], joint)
                chance = _at(self.kernel[s], joint)
                row = [x - self.discount * weight * p for x, p in zip(row, chance, strict=True)]
            matrix.append(row)
            earned.append(total)
        return sum(p * v for p, v in zip(self.initial, _solve(matrix, earned), strict=True))

    def gradient(self, theta):
        """By complex steps."""
        return [self.value(moved).imag / STEP for moved in _complex_steps(theta)]

    def dual_gradient(self, theta):
        """By dual numbers; ``theta`` may be complex."""
        return [self.value(moved).b for moved in _moves(theta, lambda x: Dual(x, 1.0))]

    def hessian(self, theta):
        """``[i][j]``: complex steps of dual derivatives."""
        rows = [[d.imag / STEP for d in self.dual_gradient(moved)] for moved in _complex_steps(theta)]
        return [list(column) for column in zip(*rows, strict=True)]

    def adapted(self, theta, step, steps):
        """Logits after some steps of gradient ascent."""
        for _ in range(steps):
            theta = unflat([x + step * g for x, g in zip(flat(theta), self.dual_gradient(theta), strict=True)], theta)
        return theta


def meta_objective(problems, probability, theta, step, steps):
    """Equation (9)."""
    return sum(p * one.value(one.adapted(theta, step, steps)) for p, one in zip(probability, problems, strict=True))


def meta_gradient(problems, probability, theta, step, steps):
    """Derivative of equation (9), by complex steps; equation (10) is not used."""
    return [meta_objective(problems, probability, m, step, steps).imag / STEP for m in _complex_steps(theta)]


def first_order_gradient(problems, probability, theta, step, steps):
    """Average gradient at the adapted logits."""
    gradients = [one.gradient(one.adapted(theta, step, steps)) for one in problems]
    return [sum(p * g for p, g in zip(probability, column, strict=True)) for column in zip(*gradients, strict=True)]


def flat(theta):
    return [x for player in theta for row in player for x in row]


def unflat(numbers, like):
    stream = iter(numbers)
    return [[[next(stream) for _ in row] for row in player] for player in like]


def _moves(theta, move):
    """``theta`` with one number after another moved."""
    numbers = flat(theta)
    for k, x in enumerate(numbers):
        yield unflat([*numbers[:k], move(x), *numbers[k + 1 :]], theta)


def _complex_steps(theta):
    return _moves(theta, lambda x: x + STEP * 1j)
