"""Operators along axes: sums, means, extremes, arguments, normalisations.

Quantised means: lite/kernels/internal/reference/reduce.h, QuantizedMeanOrSum.
"""

from math import prod

import numpy as np

from tinsmith.compose import elementwise, movement, reduction
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.tflite.scaling import (
    centred,
    ends,
    finished,
    nearest,
    quant_of,
    result_quant,
)
from tinsmith.importers.tflite.use import Use
from tinsmith.ir.ops._fixed import multiplier_of
from tinsmith.ir.ops.l2_norm import RESULT
from tinsmith.ir.types import Quant

_F4 = np.float32
_LOGARITHMS = Quant((1 / 16,), (127,))


def _axes(use: Use) -> tuple[int, ...]:
    rank = len(use.type(use.value(0)).shape)
    axes = use.integers(1)
    if not all(-rank <= a < rank for a in axes):
        raise Unsupported(f"axes {axes} of {use.type(use.value(0))}")
    return tuple(sorted({a % rank for a in axes}))


def reduce(use: Use, op: str) -> str:
    """Operand 1: the axes; option 0: whether they stay with length 1."""
    use.alike(0)
    x, keep, axes = use.value(0), bool(use.option(0)), _axes(use)
    if use.type(x).quant is None:
        whole = op == "mean" and use.type(x).dtype != "float32"
        y = _whole_mean(use, x) if whole else reduction.reduce(use.b, op, x, axes, keep)
        return use.b.renamed(y, use.name)
    if op == "sum":
        return _sum(use)
    if op != "mean":
        wide = elementwise.cast(use.b, x, "int32")
        y = reduction.reduce(use.b, op, wide, axes, keep)
        return use.op("cast", y, quant=use.wanted.quant, dtype=use.wanted.dtype)
    total, count = _total(use)
    return _mean(use, total, _factor(use), count)


def _factor(use: Use) -> float:
    return quant_of(use, use.value(0)).scale[0] / result_quant(use).scale[0]


def _total(use: Use) -> tuple[str, int]:
    """int32 sums less the zero points, and how many numbers each has."""
    x, axes = use.value(0), _axes(use)
    count = prod(use.type(x).shape[a] for a in axes)
    if count * 2**16 >= 2**31:
        raise Unsupported(f"it sums {count} numbers")
    return reduction.reduce(use.b, "sum", centred(use, x), axes, bool(use.option(0))), count


def _whole_mean(use: Use, x: str) -> str:
    """Of int32 and int64: 64 bits of sum, the quotient without its fraction."""
    axes, dtype = _axes(use), use.type(x).dtype
    wide = elementwise.cast(use.b, x, "int64")
    total = reduction.reduce(use.b, "sum", wide, axes, bool(use.option(0)))
    count = prod(use.type(x).shape[a] for a in axes)
    y = elementwise.binary(use.b, "div", total, elementwise.scalar(use.b, total, count))
    return elementwise.cast(use.b, y, dtype)


def _sum(use: Use) -> str:
    """uint8 in fixed point, as LiteRT's reference and all of TensorFlow Lite Micro have it. int8
    and int16 in float32 as LiteRT's other kernel has them: its reference reads them as uint8."""
    total, count = _total(use)
    if use.t.semantics != "litert" or use.given(0).dtype == "uint8":
        return finished(use, total, _factor(use))
    b, zero = use.b, quant_of(use, use.value(0)).zero_point[0]
    whole = elementwise.binary(b, "add", total, elementwise.scalar(b, total, zero * count))
    real = elementwise.cast(b, whole, "float32")
    factor = _F4(quant_of(use, use.value(0)).scale[0]) / _F4(result_quant(use).scale[0])
    bias = _F4(-zero) * factor * _F4(count)
    steps = elementwise.binary(b, "mul", real, elementwise.scalar(b, real, float(factor)))
    steps = elementwise.binary(b, "add", steps, elementwise.scalar(b, real, float(bias)))
    return finished(use, nearest(use, elementwise.clip(b, steps, -(2.0**17), 2.0**17)), 1.0)


def _mean(use: Use, total: str, factor: float, count: int) -> str:
    """The multiplier of the scales divided by the count, rounded down, in as many bits as fit."""
    multiplier, shift = multiplier_of(factor)
    bits = min(count.bit_length() - 1, 32, 31 + shift)
    operands = (
        use.constant(f"{use.name}_multiplier", np.array([(multiplier << bits) // count], np.int32)),
        use.constant(f"{use.name}_shift", np.array([shift - bits], np.int32)),
    )
    low, high = ends(use)
    out = result_quant(use)
    return use.op(
        "requantize", total, *operands, quant=out, dtype=use.wanted.dtype, rounding="double",
        zero_point=out.zero_point[0], act_min=low, act_max=high,
    )  # fmt: skip


def arg(use: Use, which: str) -> str:
    """Operand 1: the axis; the first of equal ones."""
    x, axes = use.value(0), use.integers(1)
    if len(axes) != 1:
        raise Unsupported(f"its axis is {axes}")
    y = elementwise.cast(use.b, reduction.arg(use.b, which, x, axes[0]), use.wanted.dtype)
    return use.b.renamed(y, use.name)


def softmax_log(use: Use) -> str:
    """LOG_SOFTMAX over the last axis."""
    use.alike(0)
    x = use.value(0)
    if use.type(x).dtype == "int8":
        return _softmax_log_bytes(use, x)
    return use.b.renamed(reduction.log_softmax(use.b, x, -1), use.name)


def _softmax_log_bytes(use: Use, x: str) -> str:
    """int8: powers of differences to the largest from a table, the rest in float32, halves to even
    (lite/kernels/internal/optimized/optimized_ops.h, LogSoftmax; the reference kernel gives the
    same)."""
    b, scale = use.b, _F4(quant_of(use, x).scale[0])
    if result_quant(use) != _LOGARITHMS:
        raise Unsupported(f"its result is {use.wanted}; expected scale 1/16, zero point 127")
    below = np.arange(255, -1, -1).astype(_F4)
    powers = use.constant(f"{use.name}_powers", np.exp((-scale * below).astype(float)).astype(_F4))
    whole = elementwise.cast(b, x, "int32")
    top = reduction.reduce(b, "max", whole, (-1,), True)
    at = elementwise.binary(b, "sub", whole, top)
    at = elementwise.binary(b, "add", at, elementwise.scalar(b, at, 255))
    total = reduction.reduce(b, "sum", movement.gather(b, powers, at, 0), (-1,), True)
    level = _scaled(use, elementwise.cast(b, top, "float32"), float(scale))
    level = elementwise.binary(b, "add", level, elementwise.unary(b, "log", total))
    steps = _scaled(use, elementwise.cast(b, whole, "float32"), float(scale) * 16)
    steps = elementwise.binary(b, "sub", steps, _scaled(use, level, 16))
    nearest_even = elementwise.unary(b, "round", steps)
    return finished(use, elementwise.cast(b, nearest_even, "int32"), 1.0)


def _scaled(use: Use, value: str, factor: float) -> str:
    number = elementwise.scalar(use.b, value, factor)
    return elementwise.binary(use.b, "mul", value, number)


def cumsum(use: Use) -> str:
    """Operand 1: the axis; options 0 and 1: exclusive, reverse."""
    x, axes = use.value(0), use.integers(1)
    if len(axes) != 1:
        raise Unsupported(f"its axis is {axes}")
    exclusive, reverse = bool(use.option(0)), bool(use.option(1))
    return use.b.renamed(reduction.cumsum(use.b, x, axes[0], exclusive, reverse), use.name)


def topk(use: Use) -> tuple[str, ...]:
    """Operand 1: how many of the last axis, largest first."""
    (k,) = use.integers(1)
    values, indices = reduction.topk(use.b, use.value(0), k, -1)
    values = use.b.renamed(values, use.name)
    name = use.name_of(1) or f"{use.name}_indices"
    return use.moved(values), elementwise.cast(use.b, indices, "int32", name=name)


def any_or_all(use: Use, op: str) -> str:
    """REDUCE_ANY, REDUCE_ALL of bool: the largest, the smallest."""
    y = reduction.reduce(use.b, op, use.value(0), _axes(use), bool(use.option(0)))
    return use.b.renamed(y, use.name)


def l2_normalization(use: Use) -> str:
    """x over the root of the sum of squares along the last axis, at least 1e-6; int8 in fixed
    point."""
    use.alike(0)
    b, x = use.b, use.value(0)
    if use.type(x).dtype == "int8":
        return _normal_bytes(use, x)
    norm = reduction.reduce(b, "l2", x, (-1,), True)
    norm = elementwise.clip(b, norm, 1e-6, None)
    return elementwise.binary(b, "div", x, norm, name=use.name)


def _normal_bytes(use: Use, x: str) -> str:
    quant_of(use, x)
    shape = use.type(x).shape
    if result_quant(use) != RESULT or not shape:
        raise Unsupported(f"it makes {use.wanted} of {use.type(x)}; expected scale 1/128")
    rows = movement.reshape(use.b, x, (prod(shape[:-1]), shape[-1]))
    y = use.op("l2_norm", rows, name=f"{use.name}_rows" if len(shape) != 2 else "")
    return use.reshape(y, shape, use.name)
