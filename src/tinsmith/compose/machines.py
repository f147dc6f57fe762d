"""Support vector machines: kernels, and the votes of pairs of classes.

Source: Chang and Lin, "LIBSVM: a library for support vector machines", ACM TIST 2011, sections 4
(kernels) and 7 (one against one: each pair of classes has a decision; above 0 it is a vote for the
first).
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from tinsmith.compose import elementwise, ending
from tinsmith.ir.builder import Builder

KERNELS = ("linear", "poly", "rbf", "sigmoid")
MOST_DEGREE = 32
MOST_CLASSES = 256


@dataclass(frozen=True)
class Kernel:
    """kind: rbf e^(-gamma |x - v|^2); poly (gamma x.v + offset)^degree; linear, which is poly with
    gamma 1, offset 0 and degree 1; sigmoid tanh(gamma x.v + offset)."""

    kind: str
    gamma: float = 1.0
    offset: float = 0.0
    degree: int = 1


def kernel(b: Builder, x: str, vectors: np.ndarray, how: Kernel) -> str:
    """Kernel of every row of x with every support vector [rows, vectors]."""
    if how.kind == "rbf":
        points = b.constant("vectors", vectors.astype(np.float32))
        far = b.op("distance", x, points, power=2)
        return elementwise.unary(b, "exp", ending.scaled(b, far, -how.gamma))
    y = ending.affine(b, x, how.gamma * vectors, np.full(len(vectors), how.offset))
    if how.kind == "sigmoid":
        return elementwise.unary(b, "tanh", y)
    product = y
    for _ in range(how.degree - 1):
        product = b.op("mul", product, y)
    return product


def votes(b: Builder, raw: str, count: int) -> str:
    """Votes of all pairs [rows, classes]."""
    zero = b.constant("zero", np.zeros((1, 1), np.float32))
    above = elementwise.cast(b, elementwise.compare(b, "greater", raw, zero), "float32")
    first, second = _members(count)
    return ending.affine(b, above, first - second, second.sum(axis=1))


def with_confidence(b: Builder, raw: str, votes: str, count: int) -> str:
    """votes + s / (3 (|s| + 1)), s the sum of a class's decisions: as scikit-learn's
    `_ovr_decision_function` breaks ties."""
    first, second = _members(count)
    sums = ending.affine(b, raw, first - second, np.zeros(count))
    size = ending.shifted(b, ending.scaled(b, elementwise.unary(b, "abs", sums), 3.0), 3.0)
    return b.op("add", b.op("div", sums, size), votes, name="decision")


def probabilities(b: Builder, raw: str, factors: np.ndarray, offsets: np.ndarray, name: str) -> str:
    """Of all classes [rows, classes]: 1 / (1 + e^(factor s + offset)) of the first of each pair,
    coupled; the same article, section 8."""
    scaled = elementwise.binary(b, "mul", raw, b.constant("prob_a", factors.astype(np.float32)))
    moved = elementwise.binary(b, "add", scaled, b.constant("prob_b", offsets.astype(np.float32)))
    other = elementwise.unary(b, "sigmoid", moved)
    one = b.constant("one", np.ones((1, 1), np.float32))
    return b.op("pairwise_coupling", elementwise.binary(b, "sub", one, other), name=name)


def _members(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Which class is the first, and which the second, of each pair [classes, pairs]."""
    pairs = np.array(list(combinations(range(count), 2)))
    each = np.arange(count)[:, None]
    return (pairs[:, 0] == each).astype(np.float64), (pairs[:, 1] == each).astype(np.float64)
