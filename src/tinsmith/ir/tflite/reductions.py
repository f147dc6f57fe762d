"""Operators along axes: sums, means, extremes, arguments, normalisations.

Quantised means: lite/kernels/internal/reference/reduce.h, QuantizedMeanOrSum.
"""

from math import prod

import numpy as np

from tinsmith.ir.compose import elementwise, layers, movement, reduction
from tinsmith.ir.ops._fixed import multiplier_of
from tinsmith.ir.tflite.scaling import centred, ends, quant_of, result_quant
from tinsmith.ir.tflite.translate import Unsupported, Use


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
        return use.b.renamed(reduction.reduce(use.b, op, x, axes, keep), use.name)
    if op != "mean":
        wide = elementwise.cast(use.b, x, "int32")
        y = reduction.reduce(use.b, op, wide, axes, keep)
        return use.op("cast", y, quant=use.wanted.quant, dtype=use.wanted.dtype)
    total = reduction.reduce(use.b, "sum", centred(use, x), axes, keep)
    count = prod(use.type(x).shape[a] for a in axes)
    if count * 2**16 >= 2**31:
        raise Unsupported(f"it sums {count} numbers")
    factor = quant_of(use, x).scale[0] / result_quant(use).scale[0]
    return _mean(use, total, factor, count)


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
    return use.b.renamed(reduction.log_softmax(use.b, use.value(0), -1), use.name)


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


def l2_normalization(use: Use) -> str:
    """x over the root of the sum of squares along the last axis, at least 1e-6."""
    b, x = use.b, use.value(0)
    norm = reduction.reduce(b, "l2", x, (-1,), True)
    norm = elementwise.clip(b, norm, 1e-6, None)
    return elementwise.binary(b, "div", x, norm, name=use.name)


def batch_matmul(use: Use) -> str:
    """Options 0 and 1: whether the last two axes of each operand are exchanged."""
    sides = []
    for i in (0, 1):
        value = use.value(i)
        if use.option(i):
            rank = len(use.type(value).shape)
            order = [*range(rank - 2), rank - 1, rank - 2]
            value = movement.transpose(use.b, value, order)
        sides.append(value)
    return use.b.renamed(layers.matmul(use.b, sides[0], sides[1]), use.name)
