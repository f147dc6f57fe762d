"""int64 indices of the k largest (or smallest) values along one axis, best first; of equal ones
the lower index first. Both zeros are equal, a NaN is above everything.

Attributes: axis; k, 1 to the axis' length; largest (True if absent). The values are what
`gather_elements` takes from x.
"""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.op import Argument, Attrs, Extension, Kernel, Op, ShapeError, Site, Types
from tinsmith.ir.ops._cases import SPECIAL, array, case, normal, whole
from tinsmith.ir.ops._layout import axis_of, flag_of, integer, of_dtype
from tinsmith.ir.ops._reduce import DTYPES, reduce_arguments
from tinsmith.ir.types import TensorType


def _largest(attrs: Attrs) -> bool:
    return flag_of("topk", attrs, "largest", absent=True)


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """float32, int32 or int64 of rank >= 1; the axis shrinks to k."""
    of_dtype("topk", inputs, 1, *DTYPES)
    (x,) = inputs
    axis, k = axis_of("topk", x, attrs), integer("topk", attrs, "k")
    _largest(attrs)
    if not 1 <= k <= x.shape[axis]:
        raise ShapeError("topk", f"k {k} of axis {axis} of x {x.shape}")
    return (TensorType((*x.shape[:axis], k, *x.shape[axis + 1 :]), "int64"),)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """A stable sort by whole numbers in the order of the values."""
    (x,), axis = operands, axis_of("topk", site.inputs[0], site.attrs)
    key = _keys(x) if x.dtype == np.float32 else x
    if _largest(site.attrs):
        key = ~key  # reverses the order of whole numbers, without overflow
    order = np.argsort(key, axis, kind="stable")
    chosen = np.take(order, np.arange(site.outputs[0].shape[axis]), axis)
    return (np.ascontiguousarray(chosen, np.int64),)


def _keys(x: np.ndarray) -> np.ndarray:
    """int32 values in the order of float32 ones."""
    size = np.abs(x).view(np.int32)
    key = np.where(np.signbit(x), -size, size)
    return np.where(np.isnan(x), np.int32(2**31 - 1), key)


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """The best of what is left, k times over."""
    axis = axis_of("topk", site.inputs[0], site.attrs)
    x = np.moveaxis(operands[0], axis, -1)
    y = np.empty((*x.shape[:-1], site.outputs[0].shape[axis]), np.int64)
    for row in np.ndindex(x.shape[:-1]):
        left = list(range(x.shape[-1]))
        for j in range(y.shape[-1]):
            values = [x[row][i] for i in left]
            best = max(values) if _largest(site.attrs) else min(values)
            y[(*row, j)] = left.pop(values.index(best) if best == best else 0)
    return (np.moveaxis(y, -1, axis),)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, y, outer, length, inner, k, largest)"""
    k = integer("topk", site.attrs, "k")
    return [*reduce_arguments(site), k, int(_largest(site.attrs))]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Any number of any axis."""
    if x.dtype not in DTYPES or not x.shape:
        return None
    axis = int(rng.integers(len(x.shape)))
    k = int(rng.integers(1, x.shape[axis] + 1))
    return Extension((0,), {"axis": axis, "k": k, "largest": bool(rng.integers(2))})


_FEW = [[3, 9, -5, 9], [0, 0, 0, 0], [5, 4, 3, 2]]
CASES = {
    "everything": case(array("float32", _FEW), axis=1, k=4),
    "smallest": case(normal(3, 7), axis=-1, k=3, largest=False),
    "middle_axis": case(normal(2, 5, 3), axis=1, k=2),
    "special": case(np.stack([SPECIAL, SPECIAL[::-1]]), axis=1, k=20),
    "special_smallest": case(np.stack([SPECIAL, SPECIAL[::-1]]), axis=1, k=20, largest=False),
    "int32": case(array("int32", _FEW), axis=1, k=3),
    "int32_smallest": case(whole("int32", 7, 3), axis=0, k=7, largest=False),
    "int64": case(array("int64", _FEW), axis=1, k=3),
    "int64_smallest": case(whole("int64", 7, 3), axis=0, k=7, largest=False),
}

OP = Op(
    name="topk",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={d: Kernel(arguments) for d in DTYPES},
    cases=CASES,
    extend=extend,
)
