"""Kernels for Helium: each that is offered computes what the interpreter computes, compiled by both
compilers and as plain C, in as many instructions for any input."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np
import pytest
from firmwares import CACHE
from integer_uses import addition, pool_window

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.build.shared import build_shared
from tinsmith.codegen.choices import Choices
from tinsmith.codegen.compile import compile_graph, lower
from tinsmith.codegen.select import possible
from tinsmith.devices.board import BOARDS, Core
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr, Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.ops.requantize import multipliers
from tinsmith.ir.types import Quant, TensorType

BOARD = "alif_e7"
LAYERS = 24
WAYS = (("zig", "size"), ("zig", "balanced"), ("zig", "speed"), ("arm_gcc", "balanced"))
ENDS = ((-128, 127), (-128, 127), (-90, 127), (-128, 60))


def picture(b: Builder, rng: np.random.Generator, name: str, shape: tuple[int, ...]) -> str:
    zero = int(rng.choice([-128, 127, 5]))
    return b.input(f"{name}_x", TensorType(shape, "int8", Quant((0.05,), (zero,))))


def requantised(b: Builder, rng: np.random.Generator, name: str, sums: str) -> str:
    """With one factor or one per channel, some of them 0, by each way to round and to clamp."""
    channels = b.type(sums).shape[-1] if rng.integers(2) else 1
    factors = rng.choice([0.0004, 0.003, 0.02, 0.2, 0.0], channels)
    m, s = multipliers([float(f) for f in factors])
    low, high = ENDS[rng.integers(len(ENDS))]
    zero = min(max(int(rng.choice([-128, -128, 127, 0, 9])), low), high)
    attrs: dict[str, Attr] = {
        "rounding": str(rng.choice(np.array(["double", "double", "single"]))),
        "zero_point": zero, "act_min": low, "act_max": high,
    }  # fmt: skip
    names = (b.constant(f"{name}_{k}", v) for k, v in (("m", m), ("s", s)))
    return b.op("requantize", sums, *names, name=name, quant=Quant((0.1,), (zero,)), **attrs)


def layer(
    b: Builder, rng: np.random.Generator, name: str, use: tuple[str, str, np.ndarray],
    attrs: Mapping[str, Attr],
) -> str:  # fmt: skip
    op, x, w = use
    channels = w.shape[3] if op == "depthwise_conv2d" else w.shape[0]
    bias = rng.integers(-900, 900, channels).astype(np.int32)
    weights = b.constant(f"{name}_w", w, Quant((0.02,), (0,)))
    sums = b.op(op, x, weights, b.constant(f"{name}_b", bias), name=f"{name}_sum", **attrs)
    return requantised(b, rng, name, sums)


def weights(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.choice([-128, 127, 1, 0, *range(-9, 9)], shape).astype(np.int8)


def window(
    rng: np.random.Generator, kernel: tuple[int, int]
) -> tuple[tuple[int, int], dict[str, Attr]]:
    """A picture and attributes; borders may be as wide as a window."""
    dilation = tuple(int(d) for d in rng.choice([1, 1, 1, 2], 2))
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    pads = [int(rng.integers(0, r + 1)) for r in (reach[0], reach[0], reach[1], reach[1])]
    height, width = (
        max(1, reach[k] - pads[2 * k] - pads[2 * k + 1]) + int(rng.integers(0, 8)) for k in (0, 1)
    )
    stride = tuple(int(s) for s in rng.integers(1, 4, 2))
    return (height, width), {"stride": stride, "padding": tuple(pads), "dilation": dilation}


def depthwise(b: Builder, rng: np.random.Generator, name: str) -> str:
    """Windows of up to 16 places and of more, one channel and several, with several results."""
    kernel = [(3, 3), (3, 3), (1, 1), (4, 4), (5, 3), (1, 9), (20, 1)][rng.integers(7)]
    channels, times = int(rng.integers(1, 11)), 1
    if rng.integers(6) == 0:
        channels, times = 1, 3
    size, attrs = window(rng, kernel)
    if rng.integers(3) == 0:
        channels, times = int(rng.integers(8, 20)), 1
        size, attrs = (max(kernel) * 2 + 1, kernel[1] + 2), {"stride": (1, 2)}
    x = picture(b, rng, name, (int(rng.integers(1, 3)), *size, channels))
    w = weights(rng, (1, *kernel, channels * times))
    return layer(b, rng, name, ("depthwise_conv2d", x, w), {**attrs, "multiplier": times})


def conv(b: Builder, rng: np.random.Generator, name: str) -> str:
    """Windows of up to three vectors and of many, an odd number of places, channels left over."""
    kernel = [(1, 1), (3, 3), (2, 5), (4, 1)][rng.integers(4)]
    channels, out = int(rng.choice([1, 3, 5, 16, 24])), int(rng.integers(1, 10))
    size, attrs = window(rng, kernel)
    if kernel == (1, 1) and rng.integers(2):
        attrs = {"stride": (1, 1)}
    x = picture(b, rng, name, (int(rng.integers(1, 3)), *size, channels))
    return layer(b, rng, name, ("conv2d", x, weights(rng, (out, *kernel, channels))), attrs)


def dense(b: Builder, rng: np.random.Generator, name: str) -> str:
    """Depths of no whole vector, of one and of many; every number of channels left over."""
    rows, depth = int(rng.integers(1, 4)), int(rng.choice([1, 7, 16, 31, 64, 90, 150]))
    x = picture(b, rng, name, (rows, depth))
    return layer(b, rng, name, ("dense", x, weights(rng, (int(rng.integers(1, 28)), depth))), {})


def pooling(b: Builder, rng: np.random.Generator, name: str) -> str:
    """Up to everything, with borders, halves both ways, bounds."""
    op, (height, width), attrs = pool_window(rng)
    x = picture(b, rng, name, (2, height, width, int(rng.integers(1, 35))))
    return b.op(op, x, name=name, **attrs)


FAMILIES = {
    "depthwise": depthwise,
    "conv": conv,
    "dense": dense,
    "pooling": pooling,
    "addition": addition,
}


def drawn(family: str, seed: int) -> Graph:
    rng, b = np.random.default_rng([seed, len(family)]), Builder("helium", "quantised")
    return b.build([FAMILIES[family](b, rng, f"u{k:02d}") for k in range(LAYERS)])


def contents(graph: Graph) -> dict[str, np.ndarray]:
    """Two random cases, and one with all values at a limit."""
    rng, made = np.random.default_rng(5), {}
    for name in graph.inputs:
        made[name] = rng.integers(-128, 128, (3, *graph.type(name).shape)).astype(np.int8)
        made[name][2] = rng.choice([-128, 127])
    return made


def taken_in_turn(graph: Graph, core: Core) -> Iterator[dict[str, str]]:
    """Each kernel of the set that is offered, once for each node; nearly all nodes have one."""
    offers = {
        node: [k for k in kernels if k.startswith("mve/")]
        for node, kernels in possible(lower(graph), core).items()
    }
    assert sum(bool(own) for own in offers.values()) > 0.8 * LAYERS
    for turn in range(max(map(len, offers.values()))):
        yield {n: own[turn % len(own)] for n, own in offers.items() if own}


def wrong(graph: Graph, outputs: Mapping[str, np.ndarray], taken: dict[str, str]) -> list[str]:
    """Results that differ, and by which kernels they were made."""
    wanted = run_cases(graph, contents(graph))
    return [
        f"{name} by {taken.get(name)}" for name in graph.outputs
        if not np.array_equal(outputs[name], wanted[name])
    ]  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("way", WAYS, ids="-".join)
def test_every_offer_computes_what_the_interpreter_computes(
    way: tuple[str, str], family: str, require_tool: Callable[[str], str]
) -> None:
    require_tool("qemu-system-arm")
    if way[0] == "arm_gcc":
        require_tool("arm-none-eabi-gcc")
    graph, board = drawn(family, 1), BOARDS.get(BOARD)
    for taken in taken_in_turn(graph, board.core):
        module = compile_graph(graph, board, choices=Choices(taken))
        options = BuildOptions(CACHE, "qemu", optimize=way[1])
        firmware = build_image(module, board, way[0], options)
        found = run(firmware, board, "qemu", RunOptions(contents(graph), cache=CACHE))
        assert not wrong(graph, found.outputs, taken)
        assert found.instructions is not None
        if len(taken) == len(module.graph.nodes):  # the reference takes as long as values ask for
            assert len({c.value for c in found.instructions}) == 1


@pytest.mark.parametrize("family", FAMILIES)
def test_plain_c_of_every_offer_computes_the_same(family: str) -> None:
    host, graph = BOARDS.get("host"), drawn(family, 2)
    board = replace(host, core=replace(host.core, extensions=("mve",)))
    for taken in taken_in_turn(graph, board.core):
        module = compile_graph(graph, board, choices=Choices(taken))
        found = run(build_shared(module, CACHE), host, "host", RunOptions(contents(graph)))
        assert not wrong(graph, found.outputs, taken)
