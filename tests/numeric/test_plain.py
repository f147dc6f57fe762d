"""Portable kernels where random uses rarely go: accumulators around the ends of their range and
around steps of the result, layers that are refused, and the same number of instructions whatever
the input."""

from collections.abc import Callable

import numpy as np
import pytest
from firmwares import CACHE

from tinsmith.bench.outcome import Outcome, RunOptions
from tinsmith.bench.run import run
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.codegen.choices import Choices
from tinsmith.codegen.compile import compile_graph, lower
from tinsmith.codegen.select import possible
from tinsmith.codegen.sets.plain._requantised import MOST_SUM
from tinsmith.devices.board import BOARDS
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.ops.requantize import multipliers
from tinsmith.ir.types import Quant, TensorType
from tinsmith.prove.bits import equal

SMALL = ("rpi_pico", "esp32_c3", "nucleo_f103rb")
"""A board per way in which high products are made."""
X = Quant((0.05,), (-128,))


def emulated(graph: Graph, board: str, inputs: dict[str, np.ndarray]) -> tuple[Outcome, set[str]]:
    """What a board makes of a graph with kernels of this set, and the kernels that it uses."""
    offers = possible(lower(graph), BOARDS.get(board).core).items()
    own = {n: [k for k in kernels if k.startswith("plain/")] for n, kernels in offers}
    choices = Choices({n: kernels[0] for n, kernels in own.items() if kernels})
    module = compile_graph(graph, board, planner="first_fit", choices=choices)
    firmware = build_image(module, BOARDS.get(board), "zig", BuildOptions(cache=CACHE))
    outcome = run(firmware, BOARDS.get(board), "unicorn", RunOptions(inputs, cache=CACHE))
    return outcome, set(module.kernels.values())


def dense(b: Builder, x: str, bias: np.ndarray, factors: np.ndarray, **attrs: str) -> str:
    """Each value of x by itself, times 1, plus biases, times factors."""
    w = b.constant(
        f"w{bias.size}_{x}_{len(attrs)}", np.ones((bias.size, 1), np.int8), Quant((1.0,), (0,))
    )
    own = b.constant(f"b{bias.size}_{x}_{len(attrs)}", bias.astype(np.int32))
    sums = b.op("dense", x, w, own, name=f"sum_{x}_{'_'.join(attrs.values())}", quant=None)
    m, s = multipliers([float(f) for f in factors])
    mark = f"{x}_{'_'.join(attrs.values())}"
    factor = b.constant(f"m_{mark}", m), b.constant(f"s_{mark}", s)
    return b.op(
        "requantize", sums, *factor, name=f"y_{mark}", quant=Quant((0.1,), (3,)),
        zero_point=3, act_min=-128, act_max=127, **attrs,
    )  # fmt: skip


def steps(rounding: str, rng: np.random.Generator) -> Graph:
    """Dense layers over all values of int8, so that each channel sees 256 sums in a row: around
    steps of the result, and at both ends of what the kernels take."""
    b = Builder("steps", "quantised")
    x = b.input("x", TensorType((256, 1), "int8", X))
    factors = rng.uniform(0.5, 1.0, 48) * 2.0 ** -rng.integers(2, 28, 48)
    wanted = rng.integers(-128, 128, 48) - 3 + 0.5
    near = wanted / factors - 128
    ends = MOST_SUM - 300
    bias = np.clip(np.where(np.arange(48) % 6 == 0, np.sign(near) * ends, near), -ends, ends)
    return b.build([dense(b, x, bias, factors, rounding=rounding)])


@pytest.mark.parametrize("board", SMALL)
@pytest.mark.parametrize("rounding", ["double", "single"])
def test_every_sum_around_a_step_is_rounded_as_defined(
    board: str, rounding: str, rng: np.random.Generator
) -> None:
    graph = steps(rounding, rng)
    x = np.arange(-128, 128).astype(np.int8).reshape(1, 256, 1)
    outcome, kernels = emulated(graph, board, {"x": x})
    assert kernels == {"plain/dense_int8"}
    wanted = run_cases(graph, {"x": x})[graph.outputs[0]]
    assert equal(outcome.outputs[graph.outputs[0]], wanted)
    assert len(np.unique(wanted)) > 90


def one(bias: int, factor: float, rounding: str = "double") -> Graph:
    b = Builder("one", "quantised")
    x = b.input("x", TensorType((4, 1), "int8", X))
    return b.build([dense(b, x, np.array([bias]), np.array([factor]), rounding=rounding)])


REFUSED: dict[str, Callable[[], Graph]] = {
    "sum": lambda: one(MOST_SUM - 200, 1e-7),
    "negative sum": lambda: one(-MOST_SUM, 1e-7),
    "factor": lambda: one(0, 0.5),
    "rounding": lambda: one(0, 0.25, "onnx"),
}
TAKEN: dict[str, Callable[[], Graph]] = {
    "sum": lambda: one(MOST_SUM - 256, 1e-7),
    "negative sum": lambda: one(1 - MOST_SUM, 1e-7),
    "factor": lambda: one(0, 0.49),
    "rounding": lambda: one(0, 0.25, "single"),
}


def offers(graph: Graph) -> set[str]:
    core = BOARDS.get("rpi_pico").core
    return {k for kernels in possible(lower(graph), core).values() for k in kernels}


@pytest.mark.parametrize("what", sorted(REFUSED))
def test_what_is_not_exact_is_left_to_the_reference(what: str) -> None:
    assert "plain/dense_int8" not in offers(REFUSED[what]())
    assert "plain/dense_int8" in offers(TAKEN[what]())


def layers(rng: np.random.Generator) -> Graph:
    """One layer of each kind, all of them taken by portable kernels."""
    b = Builder("layers", "quantised")

    def brought(sums: str, name: str) -> str:
        channels = b.type(sums).shape[-1]
        m, s = multipliers([float(f) for f in rng.uniform(0.001, 0.01, channels)])
        factor = b.constant(f"{name}_m", m), b.constant(f"{name}_s", s)
        return b.op(
            "requantize", sums, *factor, name=name, quant=Quant((0.1,), (-5,)),
            rounding="double", zero_point=-5, act_min=-128, act_max=127,
        )  # fmt: skip

    def layer(op: str, x: str, shape: tuple[int, ...], name: str, **attrs: object) -> str:
        w = b.constant(
            f"{name}_w", rng.integers(-128, 128, shape).astype(np.int8), Quant((0.1,), (0,))
        )
        channels = shape[3] if op == "depthwise_conv2d" else shape[0]
        bias = b.constant(f"{name}_b", rng.integers(-900, 900, channels).astype(np.int32))
        return brought(b.op(op, x, w, bias, name=f"{name}_sum", quant=None, **attrs), name)  # type: ignore[arg-type]

    x = b.input("x", TensorType((1, 6, 5, 3), "int8", X))
    same = {"stride": (1, 1), "padding": (1, 1, 1, 1)}
    y = layer("conv2d", x, (6, 3, 3, 3), "conv", **same)
    z = layer("depthwise_conv2d", y, (1, 3, 3, 6), "depthwise", multiplier=1, **same)
    z = layer("conv2d", z, (6, 1, 1, 6), "pointwise", stride=(1, 1))
    z = b.op("add", z, y, name="added", quant=Quant((0.15,), (7,)), act_min=-128, act_max=127)
    z = b.op("max_pool2d", z, name="highest", size=(2, 2), stride=(2, 2), padding=(0, 0, 0, 0))
    z = layer("depthwise_conv2d", z, (1, 3, 2, 6), "few", multiplier=1, stride=(1, 1))
    z = b.op("avg_pool2d", z, name="mean", size=(1, 1), stride=(1, 1), padding=(0, 0, 0, 0))
    return b.build([layer("dense", b.op("reshape", z, name="flat", shape=(1, 6)), (9, 6), "dense")])


@pytest.mark.parametrize("board", SMALL)
def test_every_input_takes_the_same_instructions(board: str, rng: np.random.Generator) -> None:
    graph = layers(rng)
    x = rng.integers(-128, 128, (12, 1, 6, 5, 3)).astype(np.int8)
    x[:2] = np.array([-128, 127], np.int8).reshape(2, 1, 1, 1, 1)
    outcome, kernels = emulated(graph, board, {"x": x})
    assert {k for k in kernels if not k.startswith("ref/reshape")} == {
        f"plain/{name}_int8"
        for name in (
            "conv2d",
            "depthwise_conv2d",
            "dense",
            "dense_row",
            "add",
            "max_pool2d",
            "avg_pool2d",
        )
    } | {"plain/depthwise_conv2d_few_int8"}
    assert outcome.instructions is not None
    assert len({c.value for c in outcome.instructions}) == 1
    wanted = run_cases(graph, {"x": x})[graph.outputs[0]]
    assert equal(outcome.outputs[graph.outputs[0]], wanted)
