"""Random uses of float32 layers, and of int16 layers whose results are their sums, many in one
graph: rectifiers, bounds, infinities, NaN and denormal numbers, groups, borders."""

import numpy as np

from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr
from tinsmith.ir.interp import run_cases
from tinsmith.ir.types import Quant, TensorType
from tinsmith.testing.uses import Drawn

ODD = np.array([0, -0.0, np.inf, -np.inf, np.nan, 1e-42, 3, -1e38], np.float32)


def window(rng: np.random.Generator, op: str) -> tuple[tuple[int, int], dict[str, Attr]]:
    """Kernel and attributes."""
    if op == "pointwise":
        return (1, 1), {"stride": (1, 1)}
    pads = tuple(int(p) for p in rng.integers(0, 3, 4)) if rng.integers(2) else (0, 0, 0, 0)
    attrs: dict[str, Attr] = {
        "stride": tuple(int(s) for s in rng.integers(1, 3, 2)), "padding": pads,
        "dilation": tuple(int(d) for d in rng.integers(1, 3, 2)),
    }  # fmt: skip
    size = rng.choice([1, 2, 3, 3, 4], 2)
    return (int(size[0]), int(size[1])), attrs


def shapes(
    rng: np.random.Generator, op: str
) -> tuple[tuple[int, ...], tuple[int, ...], dict[str, Attr]]:
    """Of x and of w, and attributes."""
    out = int(rng.choice([3, 8, 9, 10, 16, 24]))
    if op == "dense":
        depth = int(rng.choice([1, 2, 3, 7, 8, 33]))
        return (int(rng.integers(1, 4)), depth), (out, depth), {}
    kernel, attrs = window(rng, op)
    channels = int(rng.choice([1, 2, 3, 5, 8, 9, 16, 17]))
    x = (1, int(rng.integers(7, 10)), int(rng.integers(7, 9)), channels)
    if op == "depthwise_conv2d":
        return x, (1, *kernel, channels), {**attrs, "multiplier": 1}
    groups = int(rng.choice([1, 2])) if channels % 2 == 0 else 1
    return x, (groups * out, *kernel, channels // groups), attrs


def float_layer(b: Builder, rng: np.random.Generator, name: str) -> str:
    op = str(rng.choice(np.array(["conv2d", "pointwise", "depthwise_conv2d", "dense"])))
    x, w, attrs = shapes(rng, op)
    channels = w[3] if op == "depthwise_conv2d" else w[0]
    made = [rng.normal(size=s).astype(np.float32) for s in (w, (channels,))]
    y = b.op(
        op.replace("pointwise", "conv2d"), b.input(f"{name}_x", TensorType(x, "float32")),
        *(b.constant(f"{name}_{i}", c) for i, c in enumerate(made)), name=f"{name}_sum", **attrs,
    )  # fmt: skip
    follows = rng.integers(3)
    if follows == 1:
        return b.op("relu", y, name=name)
    for end, bound in (("max", -0.25), ("min", 0.75)) if follows == 2 else ():
        one = np.full((1,) * len(b.type(y).shape), bound, np.float32)
        y = b.op(end, y, b.constant(f"{name}_{end}_bound", one), name=f"{name}_{end}")
    return y


def wide_layer(b: Builder, rng: np.random.Generator, name: str) -> str:
    op = str(rng.choice(np.array(["conv2d", "pointwise", "dense"])))
    x, w, attrs = shapes(rng, op)
    zeros = int(rng.choice([0, 0, 5, -300])), int(rng.choice([0, 0, 3]))
    weights = b.constant(
        f"{name}_w", rng.integers(-120, 121, w).astype(np.int8), Quant((0.1,), (zeros[1],))
    )
    bias = b.constant(f"{name}_b", rng.integers(-(10**6), 10**6, w[0]).astype(np.int64))
    given = b.input(f"{name}_x", TensorType(x, "int16", Quant((0.1,), (zeros[0],))))
    return b.op(
        op.replace("pointwise", "conv2d"), given, weights, bias, name=name, quant=None, **attrs
    )


def content(rng: np.random.Generator, type: TensorType) -> np.ndarray:
    """Two cases, the second of odd values."""
    shape = (2, *type.shape)
    if type.dtype == "int16":
        x = rng.integers(-(2**15), 2**15, shape).astype(np.int16)
        x[1] = rng.choice([-(2**15), 2**15 - 1])
        return x
    values = rng.normal(size=shape).astype(np.float32)
    values[1] = rng.choice(ODD, type.shape)
    return values


LAYERS = {"float": float_layer, "wide": wide_layer}
"""Kernel set -> the layers that it is for."""


def drawn(kind: str, rng: np.random.Generator, uses: int) -> Drawn:
    """So many uses of a set's layers."""
    b = Builder("uses", "quantised")
    graph = b.build([LAYERS[kind](b, rng, f"u{i:02d}") for i in range(uses)])
    inputs = {i: content(rng, graph.type(i)) for i in graph.inputs}
    values = run_cases(graph, inputs)
    return Drawn(graph, inputs, {o: values[o] for o in graph.outputs})
