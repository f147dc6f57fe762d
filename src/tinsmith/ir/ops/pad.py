"""More places along some axes, before and after x, all with one value.

Attributes: before and after (places along each axis, from 0 on; after axes that can be walked
together are joined, at most 4 are left), value: a finite float for float32, a whole number that the
dtype holds for the others (mostly the zero point), 0 or 1 for bool.
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
from tinsmith.ir.ops._layout import integer, limits_of, of_dtype, per_tensor
from tinsmith.ir.ops._window import numbers
from tinsmith.ir.types import SIZES, Quant, TensorType

RANK = 4
"""Axes that the kernels walk."""
Run = tuple[int, int, int]
"""An axis: its length in x, the places before and those after."""


def walked(shape: Sequence[int], sides: Sequence[tuple[int, int]]) -> list[Run]:
    """The axes as few as possible, the last of them last: one that gets no places lies whole in
    each place of the axis before it, so that the two are one."""
    runs: list[Run] = []
    for length, (before, after) in zip(shape, sides, strict=True):
        if runs and not before and not after:
            runs[-1] = tuple(n * length for n in runs[-1])  # type: ignore[assignment]  # three still
        else:
            runs.append((length, before, after))
    if len(runs) > 1 and runs[0] == (1, 0, 0):
        del runs[0]
    return runs


def _sides(x: TensorType, attrs: Attrs) -> list[tuple[int, int]]:
    before, after = (numbers("pad", attrs, n, len(x.shape), least=0) for n in ("before", "after"))
    sides = list(zip(before, after, strict=True))
    if len(walked(x.shape, sides)) > RANK:
        raise ShapeError("pad", f"x {x.shape}, sides {sides}; at most {RANK} axes")
    return sides


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
    """x with each axis longer by before + after; quantised ones keep their one scale."""
    of_dtype("pad", inputs, 1, *SIZES)
    (x,) = inputs
    sides = _sides(x, attrs)
    _value(x, attrs)
    if x.quant:
        per_tensor("pad", x)
    shape = tuple(d + before + after for d, (before, after) in zip(x.shape, sides, strict=True))
    return (TensorType(shape, x.dtype, x.quant),)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """A copy of x in a tensor of the value."""
    (x,), sides = operands, _sides(site.inputs[0], site.attrs)
    y = np.full(site.outputs[0].shape, _value(site.inputs[0], site.attrs), x.dtype)
    y[tuple(slice(before, before + d) for d, (before, _) in zip(x.shape, sides, strict=True))] = x
    return (y,)


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """numpy's pad in float64."""
    value = _value(site.inputs[0], site.attrs)
    sides = _sides(site.inputs[0], site.attrs)
    x = operands[0].astype(np.float64)
    return (np.pad(x, sides, constant_values=value) if sides else x,)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, y, four lengths of x, places before and after each, the value's bits as one or two
    int32), filled up with lengths 1 in front"""
    (x,) = site.inputs
    runs = walked(x.shape, _sides(x, site.attrs))
    runs = [(1, 0, 0)] * (RANK - len(runs)) + runs
    value = np.asarray([_value(x, site.attrs)], x.dtype)
    bits = int.from_bytes(value.astype(value.dtype.newbyteorder("<")).tobytes(), "little")
    words = [(bits >> at & 0xFFFFFFFF) for at in range(0, 8 * value.itemsize, 32)]
    signed = [w - (1 << 32) if w >> 31 else w for w in words]
    return [In(0), Out(), *(n for kind in zip(*runs, strict=True) for n in kind), *signed]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """By up to two on each side, along any axis."""
    if not x.shape or (x.quant and x.quant.axis is not None):
        return None
    value: Attr = float(rng.normal())
    if x.dtype != "float32":
        low, high = (0, 1) if x.dtype == "bool" else limits_of(x.dtype)
        value = int(rng.integers(low, high, endpoint=True))
    rank = len(x.shape)
    before, after = (rng.integers(0, 3, rank) * (rng.random(rank) < 2 / rank) for _ in range(2))
    sides = list(zip(before.tolist(), after.tolist(), strict=True))
    if len(walked(x.shape, sides)) > RANK:
        return None
    attrs: dict[str, Attr] = {"value": value}
    attrs |= {"before": tuple(a for a, _ in sides), "after": tuple(b for _, b in sides)}
    return Extension((0,), attrs)


_Q = (Quant((0.1,), (3,)),)


def _by(*sides: tuple[int, int]) -> dict[str, Any]:
    """Attributes of pairs, one per axis."""
    return {"before": tuple(a for a, _ in sides), "after": tuple(b for _, b in sides)}


_SIDES = _by((0, 0), (1, 2))
_PICTURE = _by((0, 0), (1, 2), (3, 1), (0, 0))
CASES = {
    d: case(anything(d, 3, 3), value=1.5 if d == "float32" else 1, **_SIDES) for d in SIZES
} | {
    "one_element": case(normal(1), value=0.5, **_by((1, 1))),
    "no_dimension": case(np.array(3.5, np.float32), value=0.5, **_by()),
    "nothing": case(normal(3, 5), value=0.0, **_by((0, 0), (0, 0))),
    "first_axis": case(normal(3, 5), value=-1.25, **_by((2, 1), (0, 0))),
    "middle_axis": case(normal(2, 3, 4), value=0.1, **_by((0, 0), (0, 3), (0, 0))),
    "last_axis": case(normal(3, 5), value=-0.0, **_by((0, 0), (4, 0))),
    "picture": case(normal(1, 3, 4, 2), value=-2.5, **_PICTURE),
    "pictures": case(normal(3, 2, 5, 3), value=0.0, **_PICTURE),
    "picture_int8": int8_case(whole("int8", 2, 3, 4, 2), quants=_Q, value=3, **_PICTURE),
    "picture_int16": case(whole("int16", 2, 3, 4, 2), value=-300, **_PICTURE),
    "picture_int64": case(whole("int64", 2, 3, 4, 2), value=-(2**62) - 5, **_PICTURE),
    "four_axes": case(normal(2, 1, 3, 2), value=7.0, **_by((1, 0), (2, 1), (0, 2), (1, 1))),
    "five_axes": case(normal(2, 2, 2, 3, 2), value=7.0,
                      **_by((0, 0), (1, 1), (0, 0), (2, 0), (0, 3))),
    "one_side_each": case(whole("int32", 2, 3, 4), value=9, **_by((0, 1), (1, 0), (0, 1))),
    "special": case(SPECIAL, value=3e38, **_by(*[(1, 2)], *[(0, 0)] * (SPECIAL.ndim - 1))),
    "quantised": int8_case(whole("int8", 3, 5), quants=_Q, value=3, **_by((0, 0), (1, 2))),
    "quantised_ends": int8_case(whole("int8", 7), quants=_Q, value=-128, **_by((3, 1))),
    "int64_value": case(whole("int64", 3), value=-(2**62) - 2**31 + 5, **_by((1, 1))),
    "int32_lowest": case(whole("int32", 3), value=-(2**31), **_by((1, 1))),
    "uint8_highest": case(whole("uint8", 3), value=255, **_by((1, 1))),
}  # fmt: skip

OP = Op(
    name="pad",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels=moving(arguments),
    cases=CASES,
    extend=extend,
    access="moving",
    alias=(0,),
)
