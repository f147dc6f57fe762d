"""Votes of the k nearest: 0 for all distances of a row but the k smallest (of equal ones the
first); theirs is 1, or with ``inverse`` 1 / distance. Where some are zero, with ``inverse`` only
those vote, with 1 each, as in scikit-learn's neighbours."""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.op import Argument, Attrs, Extension, In, Kernel, Op, Out, ShapeError, Site, Types
from tinsmith.ir.ops._cases import array, case, normal
from tinsmith.ir.ops._layout import integer, of_dtype
from tinsmith.ir.types import TensorType


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """float32 [..., n], the shape stays. Attributes: k (1..n), inverse (bool)."""
    of_dtype("nearest", inputs, 1, "float32")
    (x,) = inputs
    k = integer("nearest", attrs, "k")
    if not x.shape or not 1 <= k <= x.shape[-1] or not isinstance(attrs.get("inverse"), bool):
        raise ShapeError("nearest", f"x {x}, k {k}, inverse {attrs.get('inverse')!r}")
    return (x,)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """One after the other, the smallest of those that are left."""
    rows = operands[0].reshape(-1, operands[0].shape[-1])
    y = np.zeros_like(rows)
    for row, out in zip(rows, y, strict=True):
        for _ in range(integer("nearest", site.attrs, "k")):
            out[_smallest(row, out)] = 1
        chosen = out != 0
        zero = chosen & (row == 0)
        if site.attrs["inverse"] and zero.any():
            out[:] = zero
        elif site.attrs["inverse"]:
            with np.errstate(all="ignore"):
                out[chosen] = np.float32(1) / row[chosen]
    return (y.reshape(operands[0].shape),)


def _smallest(row: np.ndarray, taken: np.ndarray) -> int:
    best = -1
    for i in np.flatnonzero(taken == 0).tolist():
        if best < 0 or row[i] < row[best]:
            best = i
    return best


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """By a stable sort, in float64."""
    x = operands[0].astype(np.float64)
    order = np.argsort(x, axis=-1, kind="stable")[..., : integer("nearest", site.attrs, "k")]
    chosen = np.zeros(x.shape, bool)
    np.put_along_axis(chosen, order, True, axis=-1)
    if not site.attrs["inverse"]:
        return (chosen.astype(np.float64),)
    zero = chosen & (x == 0)
    with np.errstate(all="ignore"):
        inverse = np.where(chosen, 1 / x, 0.0)
    return (np.where(zero.any(-1, keepdims=True), zero.astype(np.float64), inverse),)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, y, rows, length of a row, k, inverse)"""
    (x,) = site.inputs
    k = integer("nearest", site.attrs, "k")
    inverse = int(bool(site.attrs["inverse"]))
    return [In(0), Out(), x.elements // x.shape[-1], x.shape[-1], k, inverse]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Any k behind any float32 with an axis."""
    if x.dtype != "float32" or not x.shape:
        return None
    k = int(rng.integers(1, x.shape[-1] + 1))
    return Extension((0,), {"k": k, "inverse": bool(rng.integers(2))})


_TIES = array("float32", [[2, 1, 1, 0.5, 1], [0, 3, 0, 0, 1], [4, 4, 4, 4, 4], [1e-3, 7, 5, 0, 9]])
CASES = {
    "small": case(np.abs(normal(2, 5)), k=2, inverse=False),
    "all": case(np.abs(normal(1, 4)), k=4, inverse=True),
    "ties": case(_TIES, k=3, inverse=False),
    "ties_inverse": case(_TIES, k=3, inverse=True),
    "inverse": case(np.abs(normal(3, 30)), k=7, inverse=True),
    "special": case(
        array("float32", [[np.nan, 1, np.inf, -1, 1e-45], [np.inf, np.inf, 3, 2, np.nan]]),
        k=3, inverse=True,
    ),
}  # fmt: skip

OP = Op(
    name="nearest",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={"float32": Kernel(arguments)},
    cases=CASES,
    extend=extend,
)
