"""A table of 256 bytes: y = table[x - smallest x]. Any function of one 8-bit value."""

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

DTYPES = ("int8", "uint8")
ENTRIES = 256


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """x int8 or uint8 of any shape, table int8 or uint8 [256] -> x's shape, the table's dtype and
    meaning."""
    of_dtype("lookup", inputs, 2, *DTYPES)
    x, table = inputs
    if table.shape != (ENTRIES,) or table.dtype not in DTYPES:
        raise ShapeError("lookup", f"table {table}; expected int8[256] or uint8[256]")
    return (TensorType(x.shape, table.dtype, table.quant),)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """The entry of each element."""
    x, table = operands
    return (table[x.astype(np.int32) - np.iinfo(x.dtype).min],)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, table, y, elements)"""
    return [In(0), In(1), Out(), site.inputs[0].elements]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Any table behind int8 or uint8."""
    if x.dtype not in DTYPES:
        return None
    table = rng.integers(-128, 128, ENTRIES).astype(np.int8)
    return Extension((0, (table, type_of(table, Quant((0.05,), (int(rng.integers(-9, 9)),))))))


def _case(x: np.ndarray, table: np.ndarray) -> Case:
    quant = Quant((0.5,), (1,)) if table.dtype == np.int8 else None
    return Case((x, table), (type_of(x), type_of(table, quant)), {}, (1,))


CASES = {
    "int8": _case(whole("int8", 3, 8), whole("int8", ENTRIES)),
    "int8_every_value": _case(np.arange(-128, 128).astype(np.int8), whole("int8", ENTRIES, seed=1)),
    "int8_to_uint8": _case(whole("int8", 11), whole("uint8", ENTRIES)),
    "uint8": _case(whole("uint8", 5, 8), whole("uint8", ENTRIES, seed=2)),
    "uint8_to_int8": _case(np.arange(256).astype(np.uint8), whole("int8", ENTRIES, seed=3)),
}

OP = Op(
    name="lookup",
    infer=infer,
    reference=reference,
    kernels={d: Kernel(arguments) for d in DTYPES},
    cost=lambda s: Cost(0, s.inputs[1].nbytes),
    cases=CASES,
    extend=extend,
    access="elementwise",
    alias=(0,),
    pointwise=1,
)
