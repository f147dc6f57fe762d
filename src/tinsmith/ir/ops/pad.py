"""More places along one axis, before and behind x, all with one value.

Attributes: axis, before and after (each from 0 on), value: a finite float for float32, a whole
number that the dtype holds for the others (mostly the zero point), 0 or 1 for bool.
"""

from collections.abc import Sequence
from math import isfinite
from typing import Any

import numpy as np

from tinsmith.ir.graph import Attr
from tinsmith.ir.op import (
    Argument,
    Attrs,
    Extension,
    In,
    Op,
    Out,
    ShapeError,
    Site,
    Types,
    moving,
)
from tinsmith.ir.ops._cases import SPECIAL, anything, case, int8_case, normal, whole
from tinsmith.ir.ops._layout import around, axis_of, integer, limits_of, of_dtype, per_tensor
from tinsmith.ir.types import SIZES, Quant, TensorType


def _where(x: TensorType, attrs: Attrs) -> tuple[int, int, int]:
    axis = axis_of("pad", x, attrs)
    before, after = integer("pad", attrs, "before"), integer("pad", attrs, "after")
    if min(before, after) < 0:
        raise ShapeError("pad", f"before {before}, after {after}; expected 0 or more")
    return axis, before, after


def _value(x: TensorType, attrs: Attrs) -> float | int:
    value = attrs.get("value")
    if x.dtype == "float32":
        if not isinstance(value, float) or not isfinite(value) or abs(value) > np.finfo("f4").max:
            raise ShapeError("pad", f"value {value!r}; expected a finite float")
        return float(np.float32(value))
    low, high = (0, 1) if x.dtype == "bool" else limits_of(x.dtype)
    whole = integer("pad", attrs, "value")
    if not low <= whole <= high:
        raise ShapeError("pad", f"value {whole}; {x.dtype} holds {low}..{high}")
    return whole


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """x with its axis longer by before + after; quantised ones keep their one scale."""
    of_dtype("pad", inputs, 1, *SIZES)
    (x,) = inputs
    axis, before, after = _where(x, attrs)
    _value(x, attrs)
    if x.quant:
        per_tensor("pad", x)
    shape = (*x.shape[:axis], x.shape[axis] + before + after, *x.shape[axis + 1 :])
    return (TensorType(shape, x.dtype, x.quant),)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """A copy of x between two runs of the value."""
    axis, before, _ = _where(site.inputs[0], site.attrs)
    (x,) = operands
    y = np.full(site.outputs[0].shape, _value(site.inputs[0], site.attrs), x.dtype)
    np.moveaxis(y, axis, 0)[before : before + x.shape[axis]] = np.moveaxis(x, axis, 0)
    return (y,)


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """numpy's pad in float64."""
    axis, before, after = _where(site.inputs[0], site.attrs)
    sides = [(before, after) if i == axis else (0, 0) for i in range(operands[0].ndim)]
    value = _value(site.inputs[0], site.attrs)
    return (np.pad(operands[0].astype(np.float64), sides, constant_values=value),)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, y, outer, length, inner, before, after, the value's bits as one or two int32)"""
    (x,) = site.inputs
    axis, before, after = _where(x, site.attrs)
    value = np.asarray([_value(x, site.attrs)], x.dtype)
    bits = int.from_bytes(value.astype(value.dtype.newbyteorder("<")).tobytes(), "little")
    words = [(bits >> at & 0xFFFFFFFF) for at in range(0, 8 * value.itemsize, 32)]
    signed = [w - (1 << 32) if w >> 31 else w for w in words]
    return [In(0), Out(), *around(x.shape, axis), before, after, *signed]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """By up to two on each side, along any axis."""
    if not x.shape or (x.quant and x.quant.axis is not None):
        return None
    value: Attr = float(rng.normal())
    if x.dtype != "float32":
        low, high = (0, 1) if x.dtype == "bool" else limits_of(x.dtype)
        value = int(rng.integers(low, high, endpoint=True))
    before, after = (int(v) for v in rng.integers(0, 3, 2))
    axis = int(rng.integers(len(x.shape)))
    return Extension((0,), {"axis": axis, "before": before, "after": after, "value": value})


_Q = (Quant((0.1,), (3,)),)
_SIDES: dict[str, Any] = {"axis": 1, "before": 1, "after": 2}
CASES = {
    d: case(anything(d, 3, 3), value=1.5 if d == "float32" else 1, **_SIDES) for d in SIZES
} | {
    "one_element": case(normal(1), axis=0, before=1, after=1, value=0.5),
    "nothing": case(normal(3, 5), axis=1, before=0, after=0, value=0.0),
    "first_axis": case(normal(3, 5), axis=0, before=2, after=1, value=-1.25),
    "middle_axis": case(normal(2, 3, 4), axis=1, before=0, after=3, value=0.1),
    "last_axis": case(normal(3, 5), axis=-1, before=4, after=0, value=-0.0),
    "special": case(SPECIAL, axis=0, before=1, after=2, value=3e38),
    "quantised": int8_case(whole("int8", 3, 5, 2), quants=_Q, axis=1, before=1, after=2, value=3),
    "quantised_ends": int8_case(whole("int8", 7), quants=_Q, axis=0, before=3, after=1, value=-128),
    "int64_value": case(whole("int64", 3), axis=0, before=1, after=1, value=-(2**62) - 2**31 + 5),
    "int32_lowest": case(whole("int32", 3), axis=0, before=1, after=1, value=-(2**31)),
    "uint8_highest": case(whole("uint8", 3), axis=0, before=1, after=1, value=255),
}

OP = Op(
    name="pad",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels=moving(arguments),
    cases=CASES,
    extend=extend,
)
