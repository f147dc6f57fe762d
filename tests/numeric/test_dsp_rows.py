"""Depthwise convolutions, poolings and additions on cores with the DSP extension, where shapes,
factors and ties are rarest: each kernel that is offered computes what the interpreter computes, in
as many instructions for any input."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from firmwares import CACHE
from integer_uses import addition, pool_window

from tinsmith.bench.outcome import Outcome, RunOptions
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

BOARDS_RUN = (("nucleo_l4r5zi", "zig"), ("nucleo_l4r5zi", "arm_gcc"), ("nucleo_u575zi", "zig"))
LAYERS = 30
FACTORS = (0.0004, 0.003, 0.02, 0.3, 0.7, 1.6, 0.0)


def picture(b: Builder, name: str, shape: tuple[int, ...], zero: int) -> str:
    return b.input(f"{name}_x", TensorType((1, *shape), "int8", Quant((0.05,), (zero,))))


def requantised(
    b: Builder, rng: np.random.Generator, name: str, value: str, factors: tuple[float, ...]
) -> str:
    m, s = (b.constant(f"{name}_{k}", v) for k, v in zip("ms", multipliers(factors), strict=True))
    low, high = [(-128, 127), (-128, 127), (-90, 127), (-128, 60)][rng.integers(4)]
    zero = int(rng.choice([-128, 127, 0, 9]))
    rounding = str(rng.choice(np.array(["double", "double", "single", "onnx"])))
    attrs: dict[str, Attr] = {
        "rounding": rounding, "zero_point": min(max(zero, low), high), "act_min": low,
        "act_max": high,
    }  # fmt: skip
    return b.op("requantize", value, m, s, name=name, quant=Quant((0.1,), (zero,)), **attrs)


def depthwise(b: Builder, rng: np.random.Generator, name: str, kernel: tuple[int, int]) -> str:
    """Few lines and columns, each count of them; factors at every kind of shift."""
    channels, times = int(rng.integers(1, 8)), int(rng.choice([1, 1, 2]))
    stride = tuple(int(s) for s in rng.integers(1, 4, 2))
    dilation = tuple(int(d) for d in rng.choice([1, 1, 1, 2], 2))
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    pads = tuple(int(rng.integers(0, r + 1)) for r in (reach[0], reach[0], reach[1], reach[1]))
    size = tuple(max(1, r - p - q) + int(rng.integers(0, 10)) for r, p, q in zip(
        reach, pads[::2], pads[1::2], strict=True))  # fmt: skip
    x = picture(b, name, (*size, channels), int(rng.choice([-128, 127, 5])))
    n = channels * times
    w = rng.choice([-128, 127, 1, 0, *range(-9, 9)], (1, *kernel, n)).astype(np.int8)
    most = int(rng.choice([900, 900, 60_000, 1 << 19]))
    bias = rng.integers(-most, most, n).astype(np.int32)
    weights = b.constant(f"{name}_w", w, Quant((0.02,), (int(rng.choice([0, 0, 0, -1])),)))
    sums = b.op(
        "depthwise_conv2d", x, weights, b.constant(f"{name}_b", bias), name=f"{name}_sum",
        stride=stride, padding=pads, dilation=dilation, multiplier=times,
    )  # fmt: skip
    few = FACTORS[: int(rng.integers(3, 8))]
    return requantised(b, rng, name, sums, tuple(float(f) for f in rng.choice(few, n)))


def small(b: Builder, rng: np.random.Generator, name: str) -> str:
    return depthwise(b, rng, name, (3, 3))


def any_size(b: Builder, rng: np.random.Generator, name: str) -> str:
    ky, kx = (int(k) for k in rng.choice([1, 2, 3, 4, 5, 7], 2))
    return depthwise(b, rng, name, (ky, kx))


def pooling(b: Builder, rng: np.random.Generator, name: str) -> str:
    """Up to everything, with borders, halves both ways, bounds, and requantised."""
    op, (height, width), attrs = pool_window(rng)
    x = picture(b, name, (height, width, int(rng.integers(1, 14))), int(rng.choice([-128, 7])))
    if rng.integers(2):
        return b.op(op, x, name=name, quant=None, **attrs)
    return requantised(b, rng, name, b.op(op, x, name=f"{name}_pool", quant=None, **attrs), (1.3,))


def function(b: Builder, rng: np.random.Generator, name: str) -> str:
    """Of one byte: a table, a rectifier, another scale."""
    x = picture(b, name, (int(rng.integers(1, 600)),), int(rng.integers(-128, 128)))
    kind = rng.integers(3)
    if kind == 0:
        table = rng.integers(-128, 128, 256).astype(np.int8)
        return b.op("lookup", x, b.constant(f"{name}_t", table, Quant((0.1,), (3,))), name=name)
    if kind == 1:
        return b.op("relu", x, name=name)
    return requantised(b, rng, name, x, (float(rng.uniform(0.2, 3)),))


def movement(b: Builder, rng: np.random.Generator, name: str) -> str:
    """Runs of any length, from and to any address."""
    outer, length, inner = (
        int(rng.integers(1, 4)),
        int(rng.integers(2, 40)),
        int(rng.integers(1, 9)),
    )
    x = picture(b, name, (outer, length, inner), 0)
    if rng.integers(3) == 0:
        return b.op("reshape", x, name=name, shape=(outer * length, inner))
    if rng.integers(2):
        y = b.input(f"{name}_y", TensorType((1, outer, 3, inner), "int8", b.type(x).quant))
        return b.op("concat", x, y, name=name, axis=2)
    start = int(rng.integers(0, length - 1))
    return b.op(
        "slice", x, name=name, axis=2, start=start, size=int(rng.integers(1, length - start))
    )


FAMILIES = {
    "function": function,
    "movement": movement,
    "3x3": small,
    "any size": any_size,
    "pooling": pooling,
    "addition": addition,
}


def drawn(seed: int, draw: Callable[[Builder, np.random.Generator, str], str]) -> Graph:
    rng, b = np.random.default_rng(seed), Builder("rows", "quantised")
    return b.build([draw(b, rng, f"u{k:02d}") for k in range(LAYERS)])


def contents(graph: Graph) -> dict[str, np.ndarray]:
    """Two random cases, and one with all values at a limit."""
    rng, made = np.random.default_rng(5), {}
    for name in graph.inputs:
        made[name] = rng.integers(-128, 128, (3, *graph.type(name).shape)).astype(np.int8)
        made[name][2] = rng.choice([-128, 127])
    return made


def outcome(graph: Graph, board: str, toolchain: str, choices: Choices) -> Outcome:
    module = compile_graph(graph, board, choices=choices)
    firmware = build_image(module, BOARDS.get(board), toolchain, BuildOptions(cache=CACHE))
    return run(firmware, BOARDS.get(board), "unicorn", RunOptions(contents(graph), cache=CACHE))


def taken_in_turn(graph: Graph, core: Core) -> Iterator[dict[str, str]]:
    """Each kernel of the set that is offered, once for each node."""
    offers = {
        node: [k for k in kernels if k.startswith("dsp/")]
        for node, kernels in possible(lower(graph), core).items()
    }
    assert sum(bool(own) for own in offers.values()) > LAYERS / 2
    for turn in range(max(map(len, offers.values()))):
        yield {n: own[turn % len(own)] for n, own in offers.items() if own}


def wrong(graph: Graph, found: Outcome, taken: dict[str, str]) -> list[str]:
    """Results that differ, and by which kernels they were made."""
    wanted = run_cases(graph, contents(graph))
    return [
        f"{name} by {taken.get(name)}" for name in graph.outputs
        if not np.array_equal(found.outputs[name], wanted[name])
    ]  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("board", "toolchain"), BOARDS_RUN)
def test_every_offer_computes_what_the_interpreter_computes(
    board: str, toolchain: str, family: str, require_tool: Callable[[str], str]
) -> None:
    if toolchain == "arm_gcc":
        require_tool("arm-none-eabi-gcc")
    graph = drawn(1, FAMILIES[family])
    for taken in taken_in_turn(graph, BOARDS.get(board).core):
        found = outcome(graph, board, toolchain, Choices(taken))
        assert not wrong(graph, found, taken)
        counts = [0] if found.instructions is None else [c.value for c in found.instructions]
        if len(taken) == LAYERS:  # the reference takes as long as values ask for
            assert len(set(counts)) == 1


@pytest.mark.parametrize("family", FAMILIES)
def test_plain_c_of_every_offer_computes_the_same(family: str) -> None:
    host, graph = BOARDS.get("host"), drawn(2, FAMILIES[family])
    board = replace(host, core=replace(host.core, extensions=("dsp",)))
    for taken in taken_in_turn(graph, board.core):
        module = compile_graph(graph, board, choices=Choices(taken))
        found = run(build_shared(module, CACHE), host, "host", RunOptions(contents(graph)))
        assert not wrong(graph, found, taken)
