"""Layers: products of matrices, convolutions, poolings and normalisations.

Source: ONNX operators (onnx/docs/Operators.md, onnx/docs/Changelog.md).
"""

from collections.abc import Sequence
from dataclasses import replace
from math import prod

import numpy as np

from tinsmith.compose import movement
from tinsmith.compose.elementwise import binary, unary
from tinsmith.compose.layers import (
    ConvSpec,
    PoolSpec,
    conv,
    conv_transpose,
    dense,
    matmul,
    pool,
)
from tinsmith.compose.reduction import arg, reduce
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.onnx.operator import Operator
from tinsmith.importers.onnx.quantised import lifted, meaning
from tinsmith.importers.onnx.use import Use
from tinsmith.importers.onnx.values import Value
from tinsmith.importers.onnx.windows import Pads, conv_spec, pairs, window
from tinsmith.ir.builder import Builder
from tinsmith.ir.types import Quant

FLOAT = ("float32",)
_MOST_POWER = 32


def _matmul(use: Use) -> str:
    x, y = use.weights(0), use.weights(1)
    return use.b.renamed(matmul(use.b, x, y), use.name)


def _gemm(use: Use) -> str:
    """alpha * A' * B' + beta * C"""
    alpha, beta = np.float32(use.number("alpha", 1.0)), np.float32(use.number("beta", 1.0))
    a, w = use.value(0, *FLOAT), use.weights(1)
    if use.integer("transA", 0):
        a = movement.transpose(use.b, a, (1, 0))
    turned = bool(use.integer("transB", 0))
    c = use.weights(2) if use.has(2) else None
    if isinstance(w, np.ndarray) and w.ndim == 2 and not isinstance(c, str):
        known = np.asarray(w if turned else w.T) * alpha
        bias = None if c is None else np.asarray(c) * beta
        if bias is None or bias.size == 1 or bias.shape in ((len(known),), (1, len(known))):
            row = None if bias is None else np.broadcast_to(bias.ravel(), len(known)).copy()
            return use.b.renamed(dense(use.b, a, known.astype(np.float32), row), use.name)
    named = use.value(1, *FLOAT)
    product = matmul(use.b, a, movement.transpose(use.b, named, (1, 0)) if turned else named)
    product = _scaled(use, product, alpha)
    if not use.has(2):
        return product
    return binary(use.b, "add", product, _scaled(use, use.value(2, *FLOAT), beta), name=use.name)


def _scaled(use: Use, x: str, factor: np.float32) -> str:
    return x if factor == 1 else binary(use.b, "mul", x, use.constant_of(factor))


def _conv(use: Use) -> str:
    x, w = use.value(0, *FLOAT), use.weights(1)
    bias = use.weights(2) if use.has(2) else None
    return use.b.renamed(
        conv(use.b, x, w, bias, conv_spec(use, use.shape(0), use.shape(1))), use.name
    )


def _conv_transpose(use: Use) -> str:
    x, w = use.value(0, *FLOAT), use.weights(1)
    bias = use.weights(2) if use.has(2) else None
    lengths, kernel = use.shape(0)[2:], use.shape(1)[2:]
    count = len(lengths)
    stride, dilation = (use.integers(n, (1,) * count) for n in ("strides", "dilations"))
    more = use.integers("output_padding", (0,) * count)
    full = [
        (n - 1) * s + (k - 1) * d + 1 + m
        for n, s, k, d, m in zip(lengths, stride, kernel, dilation, more, strict=True)
    ]
    pads, more = _transposed_pads(
        use, full, more, [n * s for n, s in zip(lengths, stride, strict=True)]
    )
    spec = ConvSpec(stride, pads, dilation, use.integer("group", 1), output_padding=more)
    return use.b.renamed(conv_transpose(use.b, x, w, bias, spec), use.name)


def _transposed_pads(
    use: Use, full: Sequence[int], more: tuple[int, ...], same: Sequence[int]
) -> tuple[Pads, tuple[int, ...]]:
    """What is cut off; output_shape and SAME_* say the lengths that remain."""
    how, count = use.text("auto_pad", "NOTSET"), len(full)
    wanted = use.integers("output_shape", ())[-count:]
    if not wanted and how in ("SAME_UPPER", "SAME_LOWER"):
        wanted = tuple(same)
    if not wanted:
        return pairs(use.integers("pads", (0,) * (2 * count)), count), more
    cut = [f - w for f, w in zip(full, wanted, strict=True)]
    halves = [(c // 2, c - c // 2) for c in cut]
    if how != "SAME_UPPER":
        halves = [(after, before) for before, after in halves]
    if min(before for before, _ in halves) < 0:
        halves = [(0, before + after) for before, after in halves]
    return tuple(halves), more


def pool_spec(use: Use, x: Sequence[int]) -> PoolSpec:
    """How the window of a pooling slides over a tensor of shape ``x``."""
    kernel = use.integers("kernel_shape")
    if len(kernel) != len(x) - 2:
        raise Unsupported(f"its kernel {kernel} does not fit x {tuple(x)}")
    stride, dilation, pads = window(use, x[2:], kernel)
    return PoolSpec(
        kernel, stride, pads, dilation,
        ceil_mode=bool(use.integer("ceil_mode", 0)),
        count_include_pad=bool(use.integer("count_include_pad", 0)),
    )  # fmt: skip


def _max_pool(use: Use) -> list[Value]:
    """The maxima, and where they are in x as one row (row_major, or column_major per picture)."""
    spec = pool_spec(use, use.shape(0))

    def apply(x: str) -> str:
        return use.b.renamed(pool(use.b, "max", x, spec), use.name)

    if not use.wants(1) and (made := lifted(use.b, use.raw(0), apply)):
        return [made]
    x = use.value(0)
    kind, one = use.b.type(x).dtype, Quant((1.0,), (0,))
    if kind == "uint8":
        x = use.b.op("recentre", x, quant=one)
    elif kind == "int8":
        x = meaning(use.b, x, one)
    found = apply(x)
    maxima = use.b.op("recentre", found, name=use.name) if kind == "uint8" else found
    return [maxima, _places(use, x, spec)] if use.wants(1) else [maxima]


def _places(use: Use, x: str, spec: PoolSpec) -> str:
    """Where the first largest element under each window lies.

    A place is the sum of what its channel, its window's place along each axis and the element of
    the window add to it, so the tables are as long as an axis, not as the tensor.
    """
    b, shape = use.b, use.shape(0)
    if b.type(x).dtype != "float32":
        raise Unsupported("the indices of maxima are wanted of integers")
    under = _windows(b, x, spec)
    rank, count = len(b.type(under).shape), len(spec.size)
    best = arg(b, "max", under, rank - 1)
    steps = movement.row_major(shape[2:])
    if use.integer("storage_order", 0):
        steps = movement.row_major(shape[:1:-1])[::-1]
    inside = np.zeros((), np.int64)
    for step, size, far in zip(steps, spec.size, spec.dilation, strict=True):
        inside = inside[..., None] + np.arange(size) * far * step
    place = movement.gather(b, use.constant_of(inside.reshape(-1)), best, 0)
    tables = [np.arange(n) * prod(shape[i + 1 :]) for i, n in enumerate(shape[:2])]
    outs = b.type(best).shape[2:]
    for out, step, stride, (before, _) in zip(outs, steps, spec.stride, spec.padding, strict=True):
        tables.append((np.arange(out) * stride - before) * step)
    for axis, table in enumerate(tables):
        if table.any():
            form = [-1 if a == axis else 1 for a in range(2 + count)]
            place = binary(b, "add", place, use.constant_of(table.astype(np.int64).reshape(form)))
    return place


def _windows(b: Builder, x: str, spec: PoolSpec) -> str:
    """[batch, channels, *places, elements of a window]; the padding holds the lowest number."""
    shape, counts, sides = b.type(x).shape, [], []
    for n, k, s, d, (before, after) in zip(
        shape[2:], spec.size, spec.stride, spec.dilation, spec.padding, strict=True
    ):
        room, extent = n + before + after, (k - 1) * d + 1
        count = (-(-(room - extent) // s) if spec.ceil_mode else (room - extent) // s) + 1
        if spec.ceil_mode and (count - 1) * s >= n + before:
            count -= 1
        counts.append(count)
        sides.append((before, max(0, (count - 1) * s + extent - before - n)))
    low = float(-np.finfo(np.float32).max)
    padded = movement.pad(b, x, [(0, 0), (0, 0), *sides], low)
    steps = movement.row_major(b.type(padded).shape)
    walks = [step * s for step, s in zip(steps[2:], spec.stride, strict=True)]
    taps = [step * d for step, d in zip(steps[2:], spec.dilation, strict=True)]
    walk = movement.Walk([*shape[:2], *counts, *spec.size], [*steps[:2], *walks, *taps])
    return movement.strided(b, padded, walk, [*shape[:2], *counts, prod(spec.size)])


def _average_pool(use: Use) -> str:
    x = use.value(0, *FLOAT)
    return use.b.renamed(pool(use.b, "avg", x, pool_spec(use, use.shape(0))), use.name)


def _global_average(use: Use) -> str:
    axes = range(2, len(use.shape(0)))
    return use.b.renamed(reduce(use.b, "mean", use.value(0, *FLOAT), tuple(axes), True), use.name)


def _global_max(use: Use) -> str:
    axes = range(2, len(use.shape(0)))
    return use.b.renamed(reduce(use.b, "max", use.value(0, *FLOAT), tuple(axes), True), use.name)


def _lp_pool(use: Use) -> str:
    """(sum of |x|^p under each window)^(1/p); a sum is a mean times the elements of a window."""
    spec = pool_spec(use, use.shape(0))
    if spec.ceil_mode:
        raise Unsupported("its attribute ceil_mode is 1")
    p, x = use.integer("p", 2), use.value(0, *FLOAT)
    mean = pool(use.b, "avg", _powered(use, x, p), replace(spec, count_include_pad=True))
    count = use.constant_of(np.float32(prod(spec.size)))
    return use.b.renamed(_root(use, binary(use.b, "mul", mean, count), p), use.name)


def _global_lp(use: Use) -> str:
    p, axes = use.integer("p", 2), tuple(range(2, len(use.shape(0))))
    total = reduce(use.b, "sum", _powered(use, use.value(0, *FLOAT), p), axes, True)
    return use.b.renamed(_root(use, total, p), use.name)


def _powered(use: Use, x: str, p: int) -> str:
    """|x|^p"""
    if not 1 <= p <= _MOST_POWER:
        raise Unsupported(f"its attribute p is {p}; supported: 1 to {_MOST_POWER}")
    size = unary(use.b, "abs", x) if p % 2 else x
    y = size
    for _ in range(p - 1):
        y = binary(use.b, "mul", y, size)
    return y


def _root(use: Use, x: str, p: int) -> str:
    if p < 3:
        return x if p == 1 else unary(use.b, "sqrt", x)
    return binary(use.b, "pow", x, use.constant_of(np.float32(1 / p)))


def _lrn(use: Use) -> str:
    """x / (bias + alpha / size * sum of squares of near channels) ^ beta"""
    x, size = use.value(0, *FLOAT), use.integer("size")
    shape = use.shape(0)
    if not 1 <= size <= 2 * shape[1]:
        raise Unsupported(f"its size is {size} for {shape[1]} channels")
    before, after = (size - 1) // 2, size // 2
    sides = [(before, after) if a == 1 else (0, 0) for a in range(len(shape))]
    padded = movement.pad(use.b, binary(use.b, "mul", x, x), sides)
    total = movement.cut(use.b, padded, 1, 0, shape[1])
    for i in range(1, size):
        total = binary(use.b, "add", total, movement.cut(use.b, padded, 1, i, shape[1]))
    factor = np.float32(use.number("alpha", 1e-4) / size)
    scaled = binary(use.b, "mul", total, use.constant_of(factor))
    base = binary(use.b, "add", scaled, use.constant_of(np.float32(use.number("bias", 1.0))))
    beta = use.constant_of(np.float32(use.number("beta", 0.75)))
    return binary(use.b, "div", x, binary(use.b, "pow", base, beta), name=use.name)


OPERATORS = (
    Operator("MatMul", _matmul, ("float32", "int32")),
    Operator("Gemm", _gemm, FLOAT),
    Operator("Conv", _conv, FLOAT),
    Operator("ConvTranspose", _conv_transpose, FLOAT),
    Operator("MaxPool", _max_pool, ("float32", "int8", "uint8")),
    Operator("AveragePool", _average_pool, FLOAT),
    Operator("GlobalAveragePool", _global_average, FLOAT),
    Operator("GlobalMaxPool", _global_max, FLOAT),
    Operator("LpPool", _lp_pool, FLOAT, note="no ceil_mode"),
    Operator("GlobalLpPool", _global_lp, FLOAT),
    Operator("LRN", _lrn, FLOAT),
)
