"""Rows and columns of a matrix exchanged: y[c, r] = x[r, c]."""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.op import Argument, Attrs, Extension, In, Op, Out, ShapeError, Site, Types, moving
from tinsmith.ir.ops._cases import case, every_dtype, int8_case, normal, whole
from tinsmith.ir.ops._layout import of_dtype
from tinsmith.ir.types import SIZES, Quant, TensorType
from tinsmith.ir.walk import Walk


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """x [rows, columns] -> [columns, rows]; a quantised axis moves along."""
    of_dtype("transpose", inputs, 1, *SIZES)
    (x,) = inputs
    if len(x.shape) != 2:
        raise ShapeError("transpose", f"x {x.shape}; expected [rows, columns]")
    quant = x.quant
    if quant and quant.axis is not None:
        quant = Quant(quant.scale, quant.zero_point, 1 - quant.axis)
    return (TensorType(x.shape[::-1], x.dtype, quant),)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """numpy's transpose, row-major."""
    return (np.ascontiguousarray(operands[0].T),)


def walk(site: Site) -> Walk:
    """Down the columns, one after the other."""
    rows, columns = site.inputs[0].shape
    return Walk((columns, rows), (1, columns))


def arguments(site: Site) -> Sequence[Argument]:
    """(x, y, rows, columns)"""
    return [In(0), Out(), *site.inputs[0].shape]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Behind any matrix."""
    return Extension((0,)) if len(x.shape) == 2 else None


CASES = every_dtype(3, 5) | {
    "one_element": case(normal(1, 1)),
    "row": case(normal(1, 9)),
    "column": case(normal(9, 1)),
    "odd": case(normal(3, 7)),
    "quantised": int8_case(whole("int8", 5, 7), quants=(Quant((0.1,), (3,)),)),
    "int8_per_channel": int8_case(whole("int8", 3, 2), quants=(Quant((0.1, 0.2), (0, 0), 1),)),
}

OP = Op(
    name="transpose",
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
