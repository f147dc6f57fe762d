"""Convolutions and fully connected layers of the set ``dsp`` where random uses rarely go: both
toolchains at every level, plain C, sums and weights at their limits, results over operands."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from firmwares import CACHE

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.build.shared import build_shared
from tinsmith.codegen.choices import Choices
from tinsmith.codegen.compile import compile_graph, lower
from tinsmith.codegen.module import InferenceModule
from tinsmith.codegen.select import possible
from tinsmith.devices.board import BOARDS, Board
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr, Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.ops.requantize import multipliers
from tinsmith.ir.types import Quant, TensorType
from tinsmith.prove.bits import equal
from tinsmith.testing import uses
from tinsmith.testing.uses import any_choice, draw

M4 = BOARDS.get("nucleo_l4r5zi")
LAYERS = ("conv", "pointwise", "dense")
Arrays = dict[str, np.ndarray]


def host_with_dsp() -> Board:
    """This computer, as if it had the extension: it runs the plain C beside the assembly."""
    host = BOARDS.get("host")
    return replace(host, core=replace(host.core, extensions=("dsp",)))


def wrong(
    module: InferenceModule, board: Board, inputs: Arrays, wanted: Arrays, tool: str, level: str
) -> list[str]:
    """Outputs that differ, with the kernels that made them."""
    if board.id == "host":
        firmware, runner = build_shared(module, CACHE), "host"
    else:
        options = BuildOptions(cache=CACHE, optimize=level)
        firmware, runner = build_image(module, board, tool, options), "unicorn"
    outputs = run(firmware, board, runner, RunOptions(inputs, cache=CACHE)).outputs
    return [f"{o} by {module.kernels.get(o)}" for o in wanted if not equal(outputs[o], wanted[o])]


@pytest.mark.parametrize("family", LAYERS)
@pytest.mark.parametrize(
    ("tool", "level"),
    [("zig", "balanced"), ("zig", "speed"), ("arm_gcc", "size"), ("arm_gcc", "speed")],
)
def test_no_compiler_changes_a_result(
    family: str, tool: str, level: str, require_tool: Callable[[str], str]
) -> None:
    if tool == "arm_gcc":
        require_tool("arm-none-eabi-gcc")
    drawn = draw(31, 16, family)
    choices = any_choice(drawn.graph, M4.core, np.random.default_rng(1), "dsp")
    module = compile_graph(drawn.graph, M4, planner="first_fit", choices=choices)
    module = replace(module, levels={})  # all files at the level that is asked for
    assert all(k.startswith("dsp/") for k in module.kernels.values())
    assert not wrong(module, M4, dict(drawn.inputs), dict(drawn.wanted), tool, level)


@pytest.mark.parametrize("family", LAYERS)
@pytest.mark.parametrize("board", ["nucleo_l4r5zi", "nucleo_f746zg", "nucleo_u575zi"])
def test_factors_of_float32(family: str, board: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uses, "ROUNDINGS", ("onnx",))
    drawn, found = draw(30, 20, family), BOARDS.get(board)
    choices = any_choice(drawn.graph, found.core, np.random.default_rng(1), "dsp")
    module = compile_graph(drawn.graph, found, planner="first_fit", choices=choices)
    assert all("_onnx" in k for k in module.kernels.values())
    assert not wrong(module, found, dict(drawn.inputs), dict(drawn.wanted), "zig", "")


@pytest.mark.parametrize("family", LAYERS)
@pytest.mark.parametrize("roundings", [("double", "single"), ("onnx",)])
def test_plain_c_computes_the_same(
    family: str, roundings: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uses, "ROUNDINGS", roundings)
    drawn, host = draw(32, 24, family), host_with_dsp()
    module = compile_graph(drawn.graph, host)
    assert all(k.startswith("dsp/") for k in module.kernels.values())
    assert not wrong(module, host, dict(drawn.inputs), dict(drawn.wanted), "zig", "")


def layer(
    b: Builder,
    x: str,
    w: np.ndarray,
    name: str,
    act: tuple[int, int, int] = (0, -128, 127),
    least: float = 4000.0,
    **attrs: Attr,
) -> str:
    """A layer with factors that bring its sums to int8; ``act``: zero point, lowest, highest;
    factors are those of sums of at ``least`` so much."""
    op = "conv2d" if w.ndim == 4 else "dense"
    size = 74.0 * np.abs(w.astype(np.float64)).reshape(len(w), -1).sum(1)
    m, s = multipliers([float(f) for f in 100.0 / np.maximum(size, least)])
    bias = b.constant(f"{name}_b", np.arange(len(w), dtype=np.int32) * 37 - 99)
    weights = b.constant(f"{name}_w", w, Quant((0.02,), (0,)))
    sums = b.op(op, x, weights, bias, name=f"{name}_sum", quant=None, **attrs)
    return b.op(
        "requantize", sums, b.constant(f"{name}_m", m), b.constant(f"{name}_s", s), name=name,
        quant=Quant((0.1,), (act[0],)), rounding="double", zero_point=act[0], act_min=act[1],
        act_max=act[2],
    )  # fmt: skip


def compiled(graph: Graph, seed: int) -> tuple[InferenceModule, Arrays, Arrays]:
    """A graph for M4, with cases of random numbers, then of both limits, and what they make."""
    rng = np.random.default_rng(seed)
    inputs = {}
    for name in graph.inputs:
        shape = (3, *graph.type(name).shape)
        inputs[name] = rng.integers(-128, 128, shape).astype(np.int8)
        inputs[name][1], inputs[name][2] = -128, 127
    values = run_cases(graph, inputs)
    offers = possible(lower(graph), M4.core).items()
    own = {n: [k for k in kernels if k.startswith("dsp/")] for n, kernels in offers}
    choices = Choices({n: kernels[0] for n, kernels in own.items() if kernels})
    module = compile_graph(graph, M4, choices=choices)
    return module, inputs, {o: values[o] for o in graph.outputs}


@pytest.mark.parametrize(("x_zero", "depth", "kind"), [
    (0, 516, ""), (0, 517, "_wide"), (-128, 257, ""), (-128, 260, "_wide"),
])  # fmt: skip
def test_sums_of_pairs_end_at_2_to_the_23(x_zero: int, depth: int, kind: str) -> None:
    b = Builder("deep", "quantised")
    x = b.input("x", TensorType((1, depth), "int8", Quant((0.1,), (x_zero,))))
    w = np.full((10, depth), 127, np.int8)
    graph = b.build([layer(b, x, w, "y")])
    module, inputs, wanted = compiled(graph, 1)
    assert module.kernels == {"y": f"dsp/dense_double{kind}"}
    assert not wrong(module, M4, inputs, wanted, "zig", "speed")


@pytest.mark.parametrize(
    ("even", "odd", "kind"), [(-128, -127, ""), (0, -128, ""), (-1, -128, "_wide")]
)
def test_pairs_of_weights_fit_16_bits(even: int, odd: int, kind: str) -> None:
    b = Builder("pairs", "quantised")
    x = b.input("x", TensorType((1, 3, 3, 4), "int8", Quant((0.1,), (5,))))
    w = np.zeros((6, 1, 1, 4), np.int8)
    w[::2], w[1::2] = even, odd
    graph = b.build([layer(b, x, w, "y", stride=(1, 1))])
    module, inputs, wanted = compiled(graph, 2)
    assert module.kernels == {"y": f"dsp/conv_double{kind}"}
    assert not wrong(module, M4, inputs, wanted, "zig", "speed")


@pytest.mark.parametrize(("act", "kind"), [
    ((-128, -128, 127), "positive"), ((-9, -9, 127), "positive_wide"),
    ((-9, -100, 99), "double_wide"), ((4, 5, 5), "positive_wide"),
])  # fmt: skip
def test_clamps(act: tuple[int, int, int], kind: str) -> None:
    rng = np.random.default_rng(4)
    b = Builder("clamps", "quantised")
    x = b.input("x", TensorType((1, 5, 4, 7), "int8", Quant((0.1,), (-3,))))
    w = rng.integers(-60, 60, (9, 3, 3, 7)).astype(np.int8)
    graph = b.build([layer(b, x, w, "y", act, stride=(1, 1), padding=(1, 1, 1, 1))])
    module, inputs, wanted = compiled(graph, 3)
    assert module.kernels == {"y": f"dsp/conv_{kind}"}
    assert not wrong(module, M4, inputs, wanted, "zig", "speed")


def test_dead_channels_may_have_any_factor() -> None:
    rng = np.random.default_rng(8)
    b = Builder("dead", "quantised")
    x = b.input("x", TensorType((1, 4, 4, 8), "int8", Quant((0.1,), (-3,))))
    w = rng.integers(-60, 60, (9, 3, 3, 8)).astype(np.int8)
    w[[0, 3, 4, 8]] = 0
    graph = b.build([layer(b, x, w, "y", (-20, -128, 127), 1.5, stride=(1, 1))])
    module, inputs, wanted = compiled(graph, 7)
    assert module.kernels == {"y": "dsp/conv_double"}
    assert len(np.unique(wanted["y"][..., [0, 3, 4, 8]])) > 1
    assert not wrong(module, M4, inputs, wanted, "zig", "speed")


@pytest.mark.parametrize("place", [(1, 1), (3, 2)])
def test_a_convolution_to_one_place_is_a_fully_connected_layer(place: tuple[int, int]) -> None:
    rng = np.random.default_rng(9)
    b = Builder("one", "quantised")
    x = b.input("x", TensorType((1, *place, 6), "int8", Quant((0.1,), (-3,))))
    w = rng.integers(-60, 60, (11, *place, 6)).astype(np.int8)
    module, inputs, wanted = compiled(b.build([layer(b, x, w, "y", stride=(2, 1))]), 8)
    assert module.kernels == {"y": "dsp/dense_double"}
    assert not wrong(module, M4, inputs, wanted, "zig", "speed")


CHAINS = {
    "pointwise": ((5, 3), [(8, 1, 1, 8), (8, 1, 1, 8), (5, 1, 1, 8)], (0, 0, 0, 0)),
    "bordered": ((7, 6), [(4, 3, 3, 4), (4, 3, 3, 4), (4, 3, 3, 4)], (1, 1, 1, 1)),
    "bordered_odd": ((6, 5), [(3, 3, 3, 3), (3, 3, 3, 3), (3, 3, 3, 3)], (1, 1, 1, 1)),
    "line": ((1, 31), [(4, 1, 5, 4), (4, 1, 5, 4), (4, 1, 5, 4)], (0, 0, 2, 2)),
}


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("batch", [1, 3])
def test_results_lie_over_operands(chain: str, batch: int) -> None:
    (height, width), shapes, padding = CHAINS[chain]
    rng = np.random.default_rng(6)
    b = Builder("chain", "quantised")
    x = b.input("x", TensorType((batch, height, width, shapes[0][3]), "int8", Quant((0.1,), (-7,))))
    for n, shape in enumerate(shapes):
        w = rng.integers(-50, 50, shape).astype(np.int8)
        x = layer(b, x, w, f"y{n}", stride=(1, 1), padding=padding)
    module, inputs, wanted = compiled(b.build([x]), 5)
    places = module.plan.places
    first, second = places["y0"], places["y1"]
    assert abs(first.offset - second.offset) < max(first.nbytes, second.nbytes)
    assert not wrong(module, M4, inputs, wanted, "zig", "speed")


def test_every_inference_executes_as_many_instructions() -> None:
    drawn = draw(33, 12, "conv", cases=5)
    firmware = build_image(compile_graph(drawn.graph, M4), M4, "zig", BuildOptions(cache=CACHE))
    outcome = run(firmware, M4, "unicorn", RunOptions(drawn.inputs, cache=CACHE))
    assert len({c.value for c in outcome.instructions or ()}) == 1
