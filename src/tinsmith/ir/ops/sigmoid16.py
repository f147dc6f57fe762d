"""The logistic function of int16 (attribute ``tanh``: the hyperbolic tangent) from a table of 256
entries with interpolation; the result has scale 2^-15.

The argument is first brought to steps of 1/12288 (logistic) or 1/6144 (tanh's own halves):
(x * multiplier + half) >> shift. Source: TensorFlow Lite,
lite/kernels/internal/reference/integer_ops/{logistic,tanh}.h; the entries are
round(65536 / (1 + e^(-i / 24))), some of them one more, less 32768 so that they fit int16.
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
from tinsmith.ir.ops._layout import integer, of_dtype
from tinsmith.ir.types import Quant, TensorType, type_of

ENTRIES = 256
ABOVE = (
    4, 8, 12, 14, 15, 16, 17, 19, 20, 21, 22, 25, 27, 28, 29, 30, 31, 33, 34, 35, 37, 39, 40, 41,
    43, 44, 45, 46, 49, 50, 54, 62, 63, 64, 66, 82, 86, 93, 100, 103, 112, 116, 135, 255,
)  # fmt: skip
"""Entries of the reference's table (lite/kernels/internal/common.h, sigmoid_table_uint16) that are
one more than the nearest integer; found by comparing all 65,536 results."""
RESULT = Quant((2.0**-15,), (0,))


def sigmoid_table() -> np.ndarray:
    """The constant operand: int16 [256]."""
    values = np.minimum(np.round(65536 / (1 + np.exp(-np.arange(ENTRIES) / 24))), 65535)
    values[list(ABOVE)] += 1
    return (values - 32768).astype(np.int16)


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """x int16 of any shape, table int16 [256] -> int16. multiplier 1..32767, shift 0..31."""
    of_dtype("sigmoid16", inputs, 2, "int16")
    x, table = inputs
    multiplier, shift, _ = _attributes(attrs)
    if (table.shape, table.dtype) != ((ENTRIES,), "int16"):
        raise ShapeError("sigmoid16", f"table {table}; expected int16[256]")
    if not (1 <= multiplier <= 32767 and 0 <= shift <= 31):
        raise ShapeError("sigmoid16", f"multiplier {multiplier}, shift {shift}")
    return (TensorType(x.shape, "int16", RESULT),)


def _attributes(attrs: Attrs) -> tuple[int, int, bool]:
    return (
        integer("sigmoid16", attrs, "multiplier"),
        integer("sigmoid16", attrs, "shift"),
        attrs.get("tanh") is True,
    )


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """Table, straight line between two entries, mirrored below zero."""
    x = operands[0].astype(np.int64)
    return (interpolated(x, operands[1], *_attributes(site.attrs)).astype(np.int16),)


def interpolated(
    x: np.ndarray, table: np.ndarray, multiplier: int, shift: int, tanh: bool
) -> np.ndarray:
    """The function of x, int64 that holds int16 values, as is the result."""
    bits = 8 if tanh else 9
    x = (x * multiplier + ((1 << shift) >> 1)) >> shift
    size = np.abs(x)
    at = np.minimum(size >> bits, 254)
    entries = table.astype(np.int64) + 32768
    line = (entries[at] << bits) + (size & ((1 << bits) - 1)) * (entries[at + 1] - entries[at])
    y = np.where(size >> bits >= 255, 0xFFFF << 8 if tanh else 0x7FFF << 10, line)
    if tanh:
        return np.where(x >= 0, y - (1 << 23) + 128, (1 << 23) - y + 127) >> 8
    return np.where(x >= 0, y + 512, (1 << 25) - y + 511) >> 10


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """The function in float64, in steps of the result."""
    multiplier, shift, tanh = _attributes(site.attrs)
    real = operands[0] * (multiplier / 2.0**shift) / 12288
    value = np.tanh(real) if tanh else 1 / (1 + np.exp(-real))
    return (np.clip(value * 32768, -32768, 32767),)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, table, y, elements, multiplier, shift, tanh)"""
    return [In(0), In(1), Out(), site.inputs[0].elements, *map(int, _attributes(site.attrs))]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Behind any int16 activation."""
    if x.dtype != "int16":
        return None
    table = sigmoid_table()
    attrs = {
        "multiplier": int(rng.integers(1, 32768)),
        "shift": int(rng.integers(0, 20)),
        "tanh": bool(rng.integers(2)),
    }
    return Extension((0, (table, type_of(table))), attrs)


def _case(x: np.ndarray, multiplier: int, shift: int, tanh: bool) -> Case:
    table = sigmoid_table()
    attrs = {"multiplier": multiplier, "shift": shift, "tanh": tanh}
    return Case((x, table), (type_of(x), type_of(table)), attrs, (1,))


_WIDE = np.unique(np.append(np.arange(-32768, 32768, 37), 32767)).astype(np.int16)
CASES = {
    "small": _case(whole("int16", 3, 7), 3, 0, False),
    "logistic": _case(_WIDE, 3, 0, False),
    "logistic_scaled": _case(_WIDE, 20001, 14, False),
    "tanh": _case(_WIDE, 3, 0, True),
    "tanh_scaled": _case(_WIDE, 32767, 15, True),
}

OP = Op(
    name="sigmoid16",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={"int16": Kernel(arguments)},
    cost=lambda s: Cost(2 * s.inputs[0].elements, s.inputs[1].nbytes),
    cases=CASES,
    extend=extend,
    access="elementwise",
    alias=(0,),
    tolerance=1e-4,
    why="the reference interpolates between 256 entries; its arithmetic is the meaning",
    pointwise=1,
)
