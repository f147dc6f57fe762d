"""Weighted median of each row, in binary64 given as bits: the first value, from the smallest up, at
which the running sum of the weights is at least half of their sum."""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.op import Argument, Attrs, Extension, In, Kernel, Op, Out, ShapeError, Site, Types
from tinsmith.ir.ops._cases import case
from tinsmith.ir.ops._layout import of_dtype
from tinsmith.ir.types import TensorType, type_of


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """x [rows, n] and weights [n], not negative, int64 that hold binary64 -> int64 [rows, 1]."""
    of_dtype("weighted_median", inputs, 2, "int64")
    x, weights = inputs
    if len(x.shape) != 2 or weights.shape != x.shape[1:] or weights.dtype != "int64":
        raise ShapeError("weighted_median", f"x {x}, weights {weights}")
    return (TensorType((x.shape[0], 1), "int64"),)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """Equal values in order of their places; sums in that order, rounded to nearest even."""
    x, weights = operands
    size = x & np.int64(2**63 - 1)
    order = np.argsort(np.where(x < 0, -size, size), axis=1, kind="stable")
    with np.errstate(all="ignore"):
        sums = np.cumsum(weights.view(np.float64)[order], axis=1)
        at = (sums + sums >= sums[:, -1:]).argmax(axis=1)
    return (np.take_along_axis(x, np.take_along_axis(order, at[:, None], 1), 1),)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, weights, y, rows, length of a row)"""
    return [In(0), In(1), Out(), *site.inputs[0].shape]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Behind an int64 matrix."""
    if x.dtype != "int64" or len(x.shape) != 2:
        return None
    weights = rng.uniform(0.1, 2, x.shape[1]).view(np.int64)
    return Extension((0, (weights, type_of(weights))))


_RNG = np.random.default_rng(8)
_EQUAL = np.array([[3.0, 1.0, 2.0, 0.0], [-0.0, 0.0, -1.0, 5.0], [2.0, 2.0, 2.0, -2.0]])
_REPEATED = np.array([[1.0, 0.0, -0.0, 0.0, -0.0]])
CASES = {
    "small": case(_EQUAL[:, :3].copy().view(np.int64), np.array([1.0, 0.1, 0.2]).view(np.int64)),
    "equal_weights": case(_EQUAL.view(np.int64), np.ones(4).view(np.int64), constant=(1,)),
    "zeros": case(
        _REPEATED.view(np.int64), np.array([2.5, 1.0, 1.0, 0.25, 0.5]).view(np.int64), constant=(1,)
    ),
    "many": case(
        _RNG.normal(size=(6, 15)).view(np.int64), _RNG.uniform(0, 3, 15).view(np.int64),
        constant=(1,),
    ),
}  # fmt: skip

OP = Op(
    name="weighted_median",
    infer=infer,
    reference=reference,
    kernels={"int64": Kernel(arguments)},
    cases=CASES,
    extend=extend,
)
