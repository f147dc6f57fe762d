"""One element of x per index, along one axis (attribute ``axis``); operands (x, indices).

y[..., k, ...] = x[..., indices[..., k, ...], ...]. An index below zero counts from the end. What
then still lies outside is brought to the nearest end, so that no index reads beyond x.
"""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.op import Argument, Attrs, Extension, In, Op, Out, ShapeError, Site, Types, moving
from tinsmith.ir.ops._cases import array, case, every_dtype, int8_case, normal, whole
from tinsmith.ir.ops._layout import around, axis_of, inside, of_dtype
from tinsmith.ir.types import SIZES, Quant, TensorType, type_of


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """x of any dtype, int32 indices of x's shape but for the axis; the result has their shape."""
    of_dtype("gather_elements", inputs, 2, *SIZES)
    x, indices = inputs
    axis = axis_of("gather_elements", x, attrs)
    before, behind = x.shape[:axis], x.shape[axis + 1 :]
    alike = len(indices.shape) == len(x.shape)
    if not alike or (indices.shape[:axis], indices.shape[axis + 1 :]) != (before, behind):
        raise ShapeError(
            "gather_elements", f"x {x}, indices {indices}; expected equal but for axis {axis}"
        )
    if indices.dtype != "int32" or (x.quant and x.quant.axis is not None):
        raise ShapeError(
            "gather_elements", f"x {x}, indices {indices}; expected int32, no scales per axis"
        )
    return (TensorType(indices.shape, x.dtype, x.quant),)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """numpy's take_along_axis, with indices brought inside."""
    x, indices = operands
    axis = axis_of("gather_elements", site.inputs[0], site.attrs)
    return (np.take_along_axis(x, inside(indices, x.shape[axis]), axis),)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, indices, y, outer, length, inner, indices along the axis)"""
    x, indices = site.inputs
    axis = axis_of("gather_elements", x, site.attrs)
    return [In(0), In(1), Out(), *around(x.shape, axis), indices.shape[axis]]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Up to four constant indices per place along any axis."""
    if not x.shape or (x.quant and x.quant.axis is not None):
        return None
    axis = int(rng.integers(len(x.shape)))
    length = x.shape[axis]
    shape = (*x.shape[:axis], int(rng.integers(1, 5)), *x.shape[axis + 1 :])
    indices = np.asarray(rng.integers(-length, length, shape), np.int32)
    return Extension((0, (indices, type_of(indices))), {"axis": axis})


_INDICES = array("int32", [[2, -1, 0, 1], [0, 1, -3, 2]])
_THREE_ROWS = array("int32", [[2, -1, 0, 1], [0, 1, -3, 2], [1, 0, 2, -2]])
_OUTSIDE = array("int32", [[3, -4], [2**31 - 1, -(2**31)], [0, -3]])
CASES = every_dtype(3, 4, more=(_THREE_ROWS,), axis=0) | {
    "one_element": case(normal(1), array("int32", [0]), axis=0),
    "last_axis": case(normal(2, 3), _INDICES, constant=(1,), axis=-1),
    "outside": case(whole("int16", 3, 2), _OUTSIDE, axis=0),
    "quantised": int8_case(
        whole("int8", 3, 4), _INDICES, quants=(Quant((0.1,), (3,)), None), axis=0
    ),
}

OP = Op(
    name="gather_elements",
    infer=infer,
    reference=reference,
    kernels=moving(arguments),
    cases=CASES,
    extend=extend,
    moves=True,
)
