"""Elements of x picked by strides: y[i0, i1, ...] = x[offset + i0 * strides[0] + ...], where x is
read as one row of elements.

Transposes, slices, broadcasts, flips and repeats are all of this form. Attributes: ``shape`` (rank
8 at most after axes that can be walked together are joined), ``strides`` (elements per step along
each axis; may be 0 or negative), ``offset`` (of the first element) and, optionally, ``result``:
another shape for the elements picked, in their order.
"""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from tinsmith.ir.graph import Attr
from tinsmith.ir.op import Argument, Attrs, Extension, In, Op, Out, ShapeError, Site, Types, moving
from tinsmith.ir.ops._cases import case, every_dtype, int8_case, normal, whole
from tinsmith.ir.ops._layout import integer, of_dtype
from tinsmith.ir.types import SIZES, Quant, TensorType
from tinsmith.ir.walk import Walk, joined

RANK = 8
"""Axes that the kernels walk."""


def _numbers(attrs: Attrs, name: str) -> tuple[int, ...]:
    value = attrs.get(name)
    if not isinstance(value, tuple) or not all(isinstance(v, int) for v in value):
        raise ShapeError("strided", f"attribute {name} is {value!r}; expected whole numbers")
    return tuple(int(v) for v in value)


def _walk(x: TensorType, attrs: Attrs) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    shape, strides = _numbers(attrs, "shape"), _numbers(attrs, "strides")
    offset = integer("strided", attrs, "offset")
    if len(shape) != len(strides) or any(d < 1 for d in shape):
        raise ShapeError("strided", f"shape {shape}, strides {strides}; expected one per axis")
    reach = [(d - 1) * s for d, s in zip(shape, strides, strict=True)]
    low = offset + sum(min(r, 0) for r in reach)
    high = offset + sum(max(r, 0) for r in reach)
    if low < 0 or high >= x.elements:
        raise ShapeError("strided", f"elements {low} to {high} of x {x.shape}: outside")
    if len(joined(shape, strides)[0]) > RANK:
        raise ShapeError("strided", f"shape {shape}, strides {strides}; at most {RANK} axes")
    return shape, strides, offset


def _result(shape: tuple[int, ...], attrs: Attrs) -> tuple[int, ...]:
    if "result" not in attrs:
        return shape
    result = _numbers(attrs, "result")
    if any(d < 1 for d in result) or prod(result) != prod(shape):
        raise ShapeError("strided", f"shape {shape} as {result}: the elements differ in number")
    return result


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """Any dtype; every element read lies in x; x has one scale for all of it, or none."""
    of_dtype("strided", inputs, 1, *SIZES)
    (x,) = inputs
    shape, _, _ = _walk(x, attrs)
    result = _result(shape, attrs)
    if x.quant and x.quant.axis is not None:
        raise ShapeError("strided", f"x {x} is quantised per axis {x.quant.axis}")
    return (TensorType(result, x.dtype, x.quant),)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """A copy of numpy's view with these strides."""
    shape, strides, offset = _walk(site.inputs[0], site.attrs)
    flat = np.ascontiguousarray(operands[0]).reshape(-1)[offset:]
    steps = tuple(s * flat.itemsize for s in strides)
    view = np.lib.stride_tricks.as_strided(flat, shape, steps, writeable=False)
    return (view.reshape(_result(shape, site.attrs)).copy(),)


def walk(site: Site) -> Walk:
    """As the attributes say."""
    shape, strides, offset = _walk(site.inputs[0], site.attrs)
    return Walk(shape, strides, offset)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, y, offset, eight lengths, eight strides), filled up with lengths 1 in front."""
    shape, strides, offset = _walk(site.inputs[0], site.attrs)
    lengths, steps = joined(shape, strides)
    missing = RANK - len(lengths)
    return [In(0), Out(), offset, *[1] * missing, *lengths, *[0] * missing, *steps]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Axes in another order, each perhaps backwards; sometimes one more axis that repeats all."""
    if not x.shape or (x.quant and x.quant.axis is not None):
        return None
    whole_steps = [int(np.prod(x.shape[i + 1 :])) for i in range(len(x.shape))]
    order = [int(i) for i in rng.permutation(len(x.shape))]
    back = [bool(v) for v in rng.integers(2, size=len(order))]
    offset = sum((x.shape[i] - 1) * whole_steps[i] for i, b in zip(order, back, strict=True) if b)
    shape = [x.shape[i] for i in order]
    strides = [-whole_steps[i] if b else whole_steps[i] for i, b in zip(order, back, strict=True)]
    if rng.integers(3) == 0:
        shape, strides = [2, *shape], [0, *strides]
    attrs: dict[str, Attr] = {"shape": tuple(shape), "strides": tuple(strides), "offset": offset}
    if rng.integers(3) == 0:
        attrs["result"] = (x.shape[0], prod(shape) // x.shape[0])
    return Extension((0,), attrs)


_EIGHT: dict[str, Any] = {
    "shape": (2,) * 8,
    "strides": (-1, 64, -4, 8, 16, -32, 2, 128),
    "offset": 37,
}
_TURN: dict[str, Any] = {"shape": (5, 3), "strides": (1, 5), "offset": 0}
CASES = every_dtype(3, 5, **_TURN) | {
    "one_element": case(normal(1), shape=(1, 1), strides=(7, 9), offset=0),
    "no_dimension": case(normal(3), shape=(), strides=(), offset=2),
    "eight_axes": case(normal(256), **_EIGHT),
    "eight_axes_int16": case(whole("int16", 256), **_EIGHT),
    "eight_axes_int8": case(whole("int8", 256), **_EIGHT),
    "eight_axes_int64": case(whole("int64", 256), **_EIGHT),
    "backwards": case(whole("int32", 3, 5), shape=(3, 5), strides=(-5, -1), offset=14),
    "repeated": case(whole("int64", 2, 3), shape=(2, 2, 3), strides=(3, 0, 1), offset=0),
    "as_one_row": case(normal(2, 3), shape=(3, 2), strides=(1, 3), offset=0, result=(6,)),
    "every_second": case(whole("int16", 4, 6), shape=(2, 3), strides=(12, 2), offset=1),
    "quantised": int8_case(whole("int8", 3, 5), quants=(Quant((0.1,), (3,)),), **_TURN),
}

OP = Op(
    name="strided",
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
