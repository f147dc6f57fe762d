"""A function of int16 from a table of 513 points with a straight line between two of them.

y = table[i] + ((table[i + 1] - table[i]) * (x mod 128) + 64 >> 7) with i = 256 + (x >> 7). Source:
TensorFlow Lite, lite/kernels/internal/common.h, LUTLookup of int16.
"""

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
from tinsmith.ir.ops._cases import whole
from tinsmith.ir.ops._layout import of_dtype
from tinsmith.ir.types import Quant, TensorType, type_of

POINTS = 513
_BITS = 7


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """x int16 of any shape, table int16 [513] -> int16 with the table's meaning."""
    of_dtype("lookup16", inputs, 2, "int16")
    x, table = inputs
    if (table.shape, table.dtype) != ((POINTS,), "int16"):
        raise ShapeError("lookup16", f"table {table}; expected int16[{POINTS}]")
    return (TensorType(x.shape, "int16", table.quant),)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """The line between two points; halves of a step upwards."""
    x, table = (o.astype(np.int32) for o in operands)
    at, share = 256 + (x >> _BITS), x & ((1 << _BITS) - 1)
    line = (table[at + 1] - table[at]) * share + (1 << (_BITS - 1))
    return ((table[at] + (line >> _BITS)).astype(np.int16),)


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """numpy's interpolation in float64, in steps of the result before rounding."""
    x, table = operands
    places = np.arange(POINTS) * 128.0 - 32768
    return (np.interp(x.astype(np.float64), places, table.astype(np.float64)),)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, table, y, elements)"""
    return [In(0), In(1), Out(), site.inputs[0].elements]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Any table behind int16."""
    if x.dtype != "int16":
        return None
    table = rng.integers(-32768, 32768, POINTS).astype(np.int16)
    return Extension((0, (table, type_of(table, Quant((0.001,), (0,))))))


def _case(x: np.ndarray, table: np.ndarray) -> Case:
    return Case((x, table), (type_of(x), type_of(table, Quant((0.5,), (0,)))), {}, (1,))


def _steep() -> np.ndarray:
    """From one end of int16 to the other at each point."""
    return np.where(np.arange(POINTS) % 2, 32767, -32768).astype(np.int16)


_MANY = np.append(np.arange(-32768, 32768, 7), 32767).astype(np.int16)
CASES = {
    "small": _case(whole("int16", 4, 9), whole("int16", POINTS)),
    "many": _case(_MANY, whole("int16", POINTS, seed=1)),
    "steep": _case(_MANY, _steep()),
}

OP = Op(
    name="lookup16",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={"int16": Kernel(arguments)},
    cost=lambda s: Cost(s.inputs[0].elements, s.inputs[1].nbytes),
    cases=CASES,
    extend=extend,
    access="elementwise",
    alias=(0,),
    pointwise=1,
)
