"""Two tensors of one dtype joined along one axis (attribute ``axis``); more by nesting."""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.op import Argument, Attrs, Extension, In, Op, Out, ShapeError, Site, Types, moving
from tinsmith.ir.ops._cases import anything, case, int8_case, normal, whole
from tinsmith.ir.ops._layout import around, axis_of, of_dtype
from tinsmith.ir.types import SIZES, Quant, TensorType


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """a and b of equal shape but for the axis; quantised ones with one Quant for both."""
    of_dtype("concat", inputs, 2, *SIZES)
    a, b = inputs
    axis = axis_of("concat", a, attrs)
    alike = a.dtype == b.dtype and len(a.shape) == len(b.shape)
    if not alike or any(
        p != q for i, (p, q) in enumerate(zip(a.shape, b.shape, strict=True)) if i != axis
    ):
        raise ShapeError("concat", f"a {a}, b {b}; expected equal but for axis {axis}")
    if a.quant != b.quant or (a.quant and a.quant.axis is not None):
        raise ShapeError("concat", f"a {a}, b {b}; expected one and the same quantisation")
    joined = a.shape[axis] + b.shape[axis]
    return (TensorType((*a.shape[:axis], joined, *a.shape[axis + 1 :]), a.dtype, a.quant),)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """numpy's concatenate."""
    return (np.concatenate(operands, axis_of("concat", site.inputs[0], site.attrs)),)


def arguments(site: Site) -> Sequence[Argument]:
    """(a, b, y, outer, elements of a and of b per outer step)"""
    axis = axis_of("concat", site.inputs[0], site.attrs)
    (outer, a, inner), (_, b, _) = (around(t.shape, axis) for t in site.inputs)
    return [In(0), In(1), Out(), outer, a * inner, b * inner]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """With another activation of the same type."""
    if not x.shape or (x.quant and x.quant.axis is not None):
        return None
    return Extension((0, 1), {"axis": int(rng.integers(len(x.shape)))})


_Q = Quant((0.1,), (3,))
CASES = {d: case(anything(d, 3, 4), anything(d, 3, 2, seed=1), axis=1) for d in SIZES} | {
    "one_element_each": case(normal(1), normal(1, seed=1), axis=0),
    "first_axis": case(normal(2, 3), normal(4, 3, seed=1), axis=0),
    "last_axis": case(normal(3, 2), normal(3, 5, seed=1), axis=-1),
    "middle_axis": case(normal(2, 1, 3), normal(2, 4, 3, seed=1), axis=1),
    "quantised": int8_case(whole("int8", 3, 4), whole("int8", 3, 1), quants=(_Q, _Q), axis=1),
}

OP = Op(
    name="concat",
    infer=infer,
    reference=reference,
    kernels=moving(arguments),
    cases=CASES,
    extend=extend,
    access="moving",
    alias=(0, 1),
)
