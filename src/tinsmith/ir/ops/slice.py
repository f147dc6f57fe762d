"""A run of indices along one axis: ``size`` of them from ``start`` on."""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.op import Argument, Attrs, Extension, In, Op, Out, ShapeError, Site, Types, moving
from tinsmith.ir.ops._cases import case, every_dtype, int8_case, normal, whole
from tinsmith.ir.ops._layout import around, axis_of, integer, of_dtype
from tinsmith.ir.types import SIZES, Quant, TensorType
from tinsmith.ir.walk import Walk


def _where(x: TensorType, attrs: Attrs) -> tuple[int, int, int]:
    axis = axis_of("slice", x, attrs)
    start, size = integer("slice", attrs, "start"), integer("slice", attrs, "size")
    if start < 0 or size < 1 or start + size > x.shape[axis]:
        raise ShapeError("slice", f"x {x.shape}, axis {axis}, start {start}, size {size}")
    return axis, start, size


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """x with its axis shortened to ``size``; scales along that axis are cut the same way."""
    of_dtype("slice", inputs, 1, *SIZES)
    (x,) = inputs
    axis, start, size = _where(x, attrs)
    quant = x.quant
    if quant and quant.axis == axis:
        end = start + size
        quant = Quant(quant.scale[start:end], quant.zero_point[start:end], axis)
    return (TensorType((*x.shape[:axis], size, *x.shape[axis + 1 :]), x.dtype, quant),)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """A copy of the part."""
    axis, start, size = _where(site.inputs[0], site.attrs)
    return (np.take(operands[0], np.arange(start, start + size), axis),)


def walk(site: Site) -> Walk:
    """Parts of rows."""
    axis, start, size = _where(site.inputs[0], site.attrs)
    outer, length, inner = around(site.inputs[0].shape, axis)
    return Walk((outer, size, inner), (length * inner, inner, 1), start * inner)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, y, outer, length, inner, start, size)"""
    axis, start, size = _where(site.inputs[0], site.attrs)
    return [In(0), Out(), *around(site.inputs[0].shape, axis), start, size]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Any part along any axis."""
    if not x.shape or (x.quant and x.quant.axis is not None):
        return None
    axis = int(rng.integers(len(x.shape)))
    size = int(rng.integers(1, x.shape[axis] + 1))
    start = int(rng.integers(0, x.shape[axis] - size + 1))
    return Extension((0,), {"axis": axis, "start": start, "size": size})


CASES = every_dtype(4, 5, axis=1, start=1, size=3) | {
    "one_element": case(normal(1), axis=0, start=0, size=1),
    "everything": case(normal(3, 5), axis=1, start=0, size=5),
    "first_axis": case(normal(7, 3), axis=0, start=2, size=4),
    "last_axis": case(normal(3, 7), axis=-1, start=4, size=3),
    "middle_axis": case(normal(2, 5, 3), axis=1, start=1, size=2),
    "quantised": int8_case(
        whole("int8", 5, 7), quants=(Quant((0.1,), (3,)),), axis=1, start=1, size=5
    ),
}

OP = Op(
    name="slice",
    infer=infer,
    reference=reference,
    kernels=moving(arguments),
    cases=CASES,
    extend=extend,
    access="moving",
    alias=(0,),
    moves=True,
    walk=walk,
)
