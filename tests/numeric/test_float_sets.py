"""Kernels of float32 layers and of int16 sums equal the interpreter on every core they are for:
random shapes, rectifiers, bounds, infinities, NaN and denormal numbers."""

from collections.abc import Callable

import numpy as np
import pytest
from firmwares import CACHE

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.codegen.compile import compile_graph
from tinsmith.devices.board import BOARDS
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr, Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.types import Quant, TensorType
from tinsmith.prove.bits import equal

USES = 20
CORES = ("nucleo_l4r5zi", "nucleo_f746zg", "nucleo_u575zi")
ODD = np.array([0, -0.0, np.inf, -np.inf, np.nan, 1e-42, 3, -1e38], np.float32)
Make = Callable[[Builder, np.random.Generator, str], str]


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


def drawn(make: Make, rng: np.random.Generator) -> tuple[Graph, dict[str, np.ndarray]]:
    b = Builder("uses", "quantised")
    graph = b.build([make(b, rng, f"u{i:02d}") for i in range(USES)])
    return graph, {i: content(rng, graph.type(i)) for i in graph.inputs}


@pytest.mark.parametrize("board", CORES)
@pytest.mark.parametrize("kind", ["float", "wide"])
def test_emulated_kernels_equal_the_interpreter(
    board: str, kind: str, rng: np.random.Generator
) -> None:
    graph, inputs = drawn(float_layer if kind == "float" else wide_layer, rng)
    module = compile_graph(graph, board, planner="first_fit")
    kinds = [k.partition("/")[0] for k in module.kernels.values()]
    assert set(kinds) <= {kind, "ref"} and kinds.count(kind) > USES // 2
    firmware = build_image(module, BOARDS.get(board), "zig", BuildOptions(cache=CACHE))
    outcome = run(firmware, BOARDS.get(board), "unicorn", RunOptions(inputs, cache=CACHE))
    wanted = run_cases(graph, inputs)
    wrong = [o for o in graph.outputs if not equal(outcome.outputs[o], wanted[o])]
    assert not wrong
