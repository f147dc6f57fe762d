"""Probabilities of classes from those of all pairs of classes, float32.

x[r, (i, j)] is how likely class i is where only i and j are possible, pairs (i, j), i < j, in
order. Looked for is p with sum 1 that minimises p Q p, Q[t, t] = sum of r[j, t]^2, Q[t, j] =
-r[j, t] r[t, j]. Source: Wu, Lin and Weng, "Probability estimates for multi-class classification by
pairwise coupling", JMLR 5 (2004), algorithm 2, with the bounds that LIBSVM has (Chang and Lin,
ACM TIST 2011, section 8).
"""

from collections.abc import Sequence
from itertools import combinations
from math import isqrt

import numpy as np

from tinsmith.ir.op import (
    F32,
    Argument,
    Attrs,
    Case,
    Cost,
    Extension,
    In,
    Kernel,
    Op,
    Out,
    Scratch,
    ShapeError,
    Site,
    Types,
)
from tinsmith.ir.ops._cases import array, case
from tinsmith.ir.ops._layout import of_dtype
from tinsmith.ir.types import TensorType

MOST_CLASSES = 64
MOST_ROUNDS = 100
LEAST = 1e-7
"""Pairs are held to this and 1 less it."""


def classes_of(pairs: int) -> int:
    """How many classes have so many pairs; 0 for none."""
    count = (1 + isqrt(1 + 8 * pairs)) // 2
    return count if pairs > 0 and count * (count - 1) // 2 == pairs else 0


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """x [rows, pairs] -> [rows, classes]."""
    of_dtype("pairwise_coupling", inputs, 1, "float32")
    (x,) = inputs
    count = classes_of(x.shape[1]) if len(x.shape) == 2 else 0
    if not 2 <= count <= MOST_CLASSES:
        raise ShapeError("pairwise_coupling", f"x {x}; expected [rows, pairs of 2 to 64 classes]")
    return (TensorType((x.shape[0], count), "float32"),)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """Row by row, all sums in order; every operation is rounded."""
    (x,) = operands
    return (np.stack([_coupled(row, np.float32) for row in x]),)


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """The same in float64."""
    (x,) = operands
    return (np.stack([_coupled(row, np.float64) for row in x]),)


def _coupled(row: np.ndarray, kind: type) -> np.ndarray:
    count = classes_of(len(row))
    q = _products(row.astype(kind), count)
    p: np.ndarray = np.full(count, np.float32(1 / count), kind)
    for _ in range(MOST_ROUNDS):
        qp: np.ndarray = np.zeros(count, kind)
        total = kind(0)
        for j in range(count):
            qp = qp + q[:, j] * p[j]
        for t in range(count):
            total = total + p[t] * qp[t]
        if np.max(np.abs(qp - total)) < np.float32(0.005 / count):
            break
        for t in range(count):
            step = (total - qp[t]) / q[t, t]
            scale = kind(1) + step
            p[t] = p[t] + step
            total = (total + step * (step * q[t, t] + kind(2) * qp[t])) / scale / scale
            qp = (qp + step * q[t]) / scale
            p = p / scale
    return p


def _products(row: np.ndarray, count: int) -> np.ndarray:
    """Q [classes, classes]."""
    kind = row.dtype.type
    low, high = kind(np.float32(LEAST)), kind(np.float32(1 - LEAST))
    held = np.where(row > low, np.where(row < high, row, high), low)
    r = np.zeros((count, count), kind)
    for value, (i, j) in zip(held, combinations(range(count), 2), strict=True):
        r[i, j], r[j, i] = value, kind(1) - value
    q = -(r.T * r)
    for t in range(count):
        q[t, t] = 0
        for j in range(count):
            q[t, t] = q[t, t] + r[j, t] * r[j, t]
    return q


def arguments(site: Site) -> Sequence[Argument]:
    """(x, y, q, rows, classes, start, enough)"""
    rows, count = site.outputs[0].shape
    held = Scratch(4 * count * (count + 1))
    start, enough = (F32(float(np.float32(v / count))) for v in (1, 0.005))
    return [In(0), Out(), held, rows, count, start, enough]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Rows of as many elements as there are pairs of some classes."""
    if x.dtype != "float32" or len(x.shape) != 2:
        return None
    return Extension((0,)) if 2 <= classes_of(x.shape[1]) <= MOST_CLASSES else None


def _case(rows: int, count: int, scale: float = 0.5) -> Case:
    rng = np.random.default_rng([rows, count])
    pairs = rng.uniform(0.5 - scale, 0.5 + scale, (rows, count * (count - 1) // 2))
    return case(pairs.astype(np.float32))


CASES = {
    "three": _case(1, 3),
    "two": _case(4, 2),
    "near": _case(2, 4, 0.05),
    "many": _case(3, 9),
    "bounds": case(array("float32", [[0, 1, 1], [1, 0, 1], [-3, 7, 0.5], [0, 0, 0], [1, 1, 0]])),
}

OP = Op(
    name="pairwise_coupling",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={"float32": Kernel(arguments)},
    cost=lambda s: Cost(2 * MOST_ROUNDS * s.outputs[0].elements * s.outputs[0].shape[1]),
    cases=CASES,
    extend=extend,
)
