"""Slices of x at given indices along one axis (attribute ``axis``); operands (x, indices).

An index below zero counts from the end. What then still lies outside is brought to the nearest end,
so that no index, wherever it comes from, reads beyond x.
"""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.op import Argument, Attrs, Extension, In, Op, Out, ShapeError, Site, Types, moving
from tinsmith.ir.ops._cases import anything, array, case, every_dtype, int8_case, normal, whole
from tinsmith.ir.ops._layout import around, axis_of, inside, of_dtype
from tinsmith.ir.types import SIZES, Quant, TensorType, type_of


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """x of any dtype, int32 indices; the result has the indices' shape in the axis's place."""
    of_dtype("gather", inputs, 2, *SIZES)
    x, indices = inputs
    axis = axis_of("gather", x, attrs)
    if indices.dtype != "int32":
        raise ShapeError("gather", f"the indices are {indices}; expected int32")
    if x.quant and x.quant.axis is not None:
        raise ShapeError("gather", f"x {x} is quantised per axis {x.quant.axis}")
    shape = (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])
    return (TensorType(shape, x.dtype, x.quant),)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """numpy's take, with indices brought inside."""
    x, indices = operands
    axis = axis_of("gather", site.inputs[0], site.attrs)
    return (np.take(x, inside(indices, x.shape[axis]), axis),)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, indices, y, outer, length, inner, number of indices)"""
    x, indices = site.inputs
    axis = axis_of("gather", x, site.attrs)
    return [In(0), In(1), Out(), *around(x.shape, axis), indices.elements]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Up to four constant indices along any axis."""
    if not x.shape or (x.quant and x.quant.axis is not None):
        return None
    axis = int(rng.integers(len(x.shape)))
    length = x.shape[axis]
    drawn = rng.integers(-length, length, int(rng.integers(1, 5)))
    indices = np.asarray(drawn, np.int32)
    return Extension((0, (indices, type_of(indices))), {"axis": axis})


_INDICES = array("int32", [[2, -1], [0, 1]])
_OUTSIDE = array("int32", [3, -4, 2**31 - 1, -(2**31), 0, -3])
CASES = every_dtype(3, 4, more=(_INDICES,), axis=0) | {
    "one_element": case(normal(1), array("int32", [0]), axis=0),
    "one_index": case(normal(2, 3, 2), anything("int32"), axis=1),
    "last_axis": case(normal(3, 5), array("int32", [4, 0, 0]), constant=(1,), axis=-1),
    "outside": case(whole("int16", 3, 2), _OUTSIDE, axis=0),
    "quantised": int8_case(
        whole("int8", 3, 4), _INDICES, quants=(Quant((0.1,), (3,)), None), axis=1
    ),
}

OP = Op(
    name="gather",
    infer=infer,
    reference=reference,
    kernels=moving(arguments),
    cases=CASES,
    extend=extend,
    moves=True,
)
