"""Distances of rows to points: y[r, p] = sum over k of |x[r, k] - points[p, k]|^power, power 1 or 2
(the square of the Euclidean distance); nothing but the result is held in memory."""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.op import (
    Argument,
    Attrs,
    Case,
    Cost,
    Extension,
    In,
    Kernel,
    Op,
    Out,
    ShapeError,
    Site,
    Types,
)
from tinsmith.ir.ops._cases import case, normal
from tinsmith.ir.ops._layout import integer, of_dtype
from tinsmith.ir.types import TensorType, type_of


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """x [rows, features], points [count, features], float32 -> [rows, count]. Attribute: power, 1
    or 2."""
    of_dtype("distance", inputs, 2, "float32")
    x, points = inputs
    if points.dtype != "float32" or len(x.shape) != 2 or len(points.shape) != 2:
        raise ShapeError("distance", f"x {x}, points {points}; expected float32 matrices")
    if x.shape[1] != points.shape[1] or integer("distance", attrs, "power") not in (1, 2):
        raise ShapeError("distance", f"x {x}, points {points}, power {attrs['power']}")
    return (TensorType((x.shape[0], points.shape[0]), "float32"),)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """The sum runs over k in order; each square is rounded before it is added."""
    x, points = operands
    y = np.zeros((len(x), len(points)), np.float32)
    for k in range(x.shape[1]):
        d = x[:, k : k + 1] - points[:, k]
        y = y + (np.where(d < 0, -d, d) if site.attrs["power"] == 1 else d * d)
    return (y,)


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """The same in float64."""
    x, points = (o.astype(np.float64) for o in operands)
    d = np.abs(x[:, None] - points[None])
    return (np.asarray((d if site.attrs["power"] == 1 else d * d).sum(-1)),)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, points, y, rows, features, count, power)"""
    x, points = site.inputs
    power = integer("distance", site.attrs, "power")
    return [In(0), In(1), Out(), *x.shape, points.shape[0], power]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Up to eight points behind a matrix."""
    if x.dtype != "float32" or len(x.shape) != 2:
        return None
    points = rng.normal(size=(int(rng.integers(1, 9)), x.shape[1])).astype(np.float32)
    return Extension((0, (points, type_of(points))), {"power": int(rng.integers(1, 3))})


def _case(rows: int, features: int, count: int, power: int) -> Case:
    points = normal(count, features, seed=1)
    return case(normal(rows, features), points, constant=(1,), power=power)


CASES = {
    "small": _case(1, 3, 5, 2),
    "sums": _case(1, 4, 6, 1),
    "rows": _case(4, 7, 9, 2),
    "rows_of_sums": _case(3, 5, 4, 1),
    "one_point": _case(1, 1, 1, 2),
    "far": case(normal(1, 6, scale=1e6), normal(5, 6, seed=1), constant=(1,), power=2),
}

OP = Op(
    name="distance",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={"float32": Kernel(arguments)},
    cost=lambda s: Cost(s.inputs[1].elements * s.inputs[0].shape[0], s.inputs[1].nbytes),
    cases=CASES,
    extend=extend,
)
