"""What importers compose, compiled: every tensor of one graph that holds all of it is equal to the
interpreter's to the last bit, on this computer and on a core without an FPU."""

from collections.abc import Iterator

import numpy as np
import pytest
from firmwares import CACHE

from tinsmith.bench.outcome import Outcome, RunOptions
from tinsmith.bench.run import run
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.build.shared import build_shared
from tinsmith.codegen.compile import compile_graph
from tinsmith.compose import layers, recurrent, reduction
from tinsmith.compose.layers import ConvSpec, PoolSpec, ResizeSpec
from tinsmith.compose.recurrent import RecurrentSpec, RecurrentWeights
from tinsmith.devices.board import BOARDS
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.types import TensorType
from tinsmith.prove.bits import equal

CASES = 1


def draw(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype(np.float32)


def convolutions(b: Builder, x: str) -> Iterator[str]:
    """Behind x [1, 4, 5, 6, 3]."""
    pads = ((1, 0), (0, 1), (1, 1))
    spec = ConvSpec((2, 1, 1), pads, groups=2)
    yield layers.conv(b, x, draw(4, 2, 2, 3, 2), draw(4), spec)
    spec = ConvSpec((2, 1, 2), pads, output_padding=(1, 0, 0))
    yield layers.conv_transpose(b, x, draw(4, 2, 3, 2, 2), None, spec)
    for kind, counted in (("max", False), ("avg", False), ("avg", True)):
        size = PoolSpec((2, 3, 2), (2, 2, 1), pads, (1, 2, 1), True, counted)
        yield layers.pool(b, kind, x, size)


def norms(b: Builder, x: str) -> Iterator[str]:
    """Behind x [1, 4, 5, 6, 3]."""
    yield layers.batch_norm(b, x, (draw(4), np.abs(draw(4))), (draw(4), draw(4)), 1e-3)
    yield layers.layer_norm(b, x, (draw(6, 3), None), (-2, -1), 1e-5)
    yield layers.group_norm(b, x, 2, (draw(4), draw(4, seed=1)), 1e-5)
    yield layers.rms_norm(b, x, draw(3), (-1,), 1e-6)


def along_axes(b: Builder, x: str) -> Iterator[str]:
    """Behind x [1, 4, 5, 6, 3]."""
    for op in reduction.REDUCTIONS:
        if op != "log_sum":  # of a negative sum it is NaN, whose bits are the core's own
            yield reduction.reduce(b, op, x, (1, 2, 4), True)
    yield reduction.softmax(b, x, 1)
    yield reduction.log_softmax(b, x, -1)
    yield reduction.cumsum(b, x, 2, reverse=True)
    yield reduction.arg(b, "max", x, 3)
    yield from reduction.topk(b, x, 2, 2, largest=False)
    for mode in ("nearest", "linear", "cubic"):
        yield layers.resize(b, x, (2, 3), (3, 7), ResizeSpec(mode))


def sequences(b: Builder, x: str) -> Iterator[str]:
    """Behind x [5, 2, 3], of which both directions are taken."""
    for kind, gates in (("rnn", 1), ("gru", 3), ("lstm", 4)):
        w, r = draw(2, gates * 4, 3), draw(2, gates * 4, 4)
        weights = RecurrentWeights(w, r, draw(2, 2 * gates * 4))
        yield from getattr(recurrent, kind)(b, x, weights, RecurrentSpec("both"))
    yield layers.matmul(b, x, x_transposed(b, x))


def x_transposed(b: Builder, x: str) -> str:
    return b.op("strided", x, shape=(5, 3, 2), strides=(6, 1, 3), offset=0, result=(5, 3, 2))


@pytest.fixture(scope="module")
def graph() -> Graph:
    b = Builder("composed")
    x = b.input("x", TensorType((1, 4, 5, 6, 3), "float32"))
    s = b.input("s", TensorType((5, 2, 3), "float32"))
    made = [*convolutions(b, x), *norms(b, x), *along_axes(b, x), *sequences(b, s)]
    return b.build(dict.fromkeys(made))


@pytest.fixture(scope="module")
def inputs() -> dict[str, np.ndarray]:
    return {"x": draw(CASES, 1, 4, 5, 6, 3), "s": draw(CASES, 5, 2, 3)}


def outcome(graph: Graph, board: str, inputs: dict[str, np.ndarray]) -> Outcome:
    module = compile_graph(graph, board)
    options = RunOptions(inputs, trace=True, cache=CACHE)
    if board == "host":
        return run(build_shared(module, CACHE), BOARDS.get(board), "host", options)
    firmware = build_image(module, BOARDS.get(board), "zig", BuildOptions(cache=CACHE))
    return run(firmware, BOARDS.get(board), "unicorn", options)


@pytest.mark.parametrize(
    "board",
    ["host", pytest.param("rpi_pico", marks=pytest.mark.emulator)],
)
def test_compiled_equals_the_interpreter(
    board: str, graph: Graph, inputs: dict[str, np.ndarray]
) -> None:
    wanted = run_cases(graph, inputs)
    seen = outcome(graph, board, inputs)
    assert seen.trace is not None and set(seen.outputs) == set(graph.outputs)
    for name in {**seen.trace, **seen.outputs}.keys() & wanted.keys():
        array = seen.outputs.get(name, seen.trace.get(name))
        assert array is not None and equal(wanted[name], array), name
