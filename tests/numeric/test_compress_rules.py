"""Each rule behind a convolution: what becomes integer, how near it stays to float, that compiled C
gives the interpreter's integers."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.runner import RUNNERS, runners_for
from tinsmith.build.firmware import Firmware
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.build.shared import build_shared
from tinsmith.codegen.compile import compile_graph
from tinsmith.compose import elementwise as el
from tinsmith.compose import movement as mv
from tinsmith.compose import reduction as rd
from tinsmith.compress.apply import apply
from tinsmith.compress.method import Calibration, Compressed, Options
from tinsmith.devices.board import BOARDS
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.ops.dense import MOST_DEPTH
from tinsmith.ir.types import TensorType

CACHE = Path(__file__).resolve().parents[3] / ".tools"
SHAPE = (1, 6, 5, 4)
Block = Callable[[Builder, str, np.random.Generator], str]


def constant(b: Builder, array: object) -> str:
    return b.constant("c", np.asarray(array, np.float32))


def conv(b: Builder, x: str, rng: np.random.Generator, out: int = 4, name: str = "") -> str:
    channels = b.type(x).shape[3]
    w, c = rng.normal(size=(out, 3, 3, channels)) / 6, rng.normal(size=out)
    sides = {"stride": (1, 1), "padding": (1, 1, 1, 1)}
    return b.op("conv2d", x, constant(b, w), constant(b, c), name=name, **sides)


def depthwise(b: Builder, x: str, rng: np.random.Generator) -> str:
    w, c = rng.normal(size=(1, 3, 2, 8)), rng.normal(size=8)
    operands = (constant(b, w), constant(b, c))
    return b.op("depthwise_conv2d", x, *operands, stride=(2, 1), multiplier=2)


def grouped(b: Builder, x: str, rng: np.random.Generator) -> str:
    w, c = rng.normal(size=(6, 2, 2, 2)), rng.normal(size=6)
    return b.op("conv2d", x, constant(b, w), constant(b, c), stride=(1, 2), dilation=(2, 1))


def transposed(b: Builder, x: str, rng: np.random.Generator) -> str:
    w, c = rng.normal(size=(3, 2, 2, 4)), rng.normal(size=3)
    return b.op("conv_transpose2d", x, constant(b, w), constant(b, c), size=(12, 10), stride=(2, 2))


def dense(b: Builder, x: str, rng: np.random.Generator) -> str:
    flat = b.op("reshape", x, shape=(1, b.type(x).elements))
    w = rng.normal(size=(5, b.type(x).elements)) / 10
    return b.op("dense", flat, constant(b, w), constant(b, rng.normal(size=5)))


def normalised(b: Builder, x: str, rng: np.random.Generator) -> str:
    """Factor and summand per channel."""
    x = b.op("mul", x, constant(b, rng.uniform(0.2, 3, 4)))
    return b.op("add", x, constant(b, rng.normal(size=4)))


def channels_first(b: Builder, x: str, rng: np.random.Generator) -> str:
    """Normalised, clamped and convolved between transposes, as exporters write it."""
    x = mv.transpose(b, x, (0, 3, 1, 2))
    gain = mv.expand(b, constant(b, rng.uniform(0.2, 3, (1, 4, 1, 1))), b.type(x).shape)
    x = b.op("max", b.op("mul", x, gain), constant(b, 0.0))
    x = b.op("min", x, constant(b, 6.0))
    return conv(b, mv.transpose(b, x, (0, 2, 3, 1)), rng)


def late_norm(b: Builder, x: str, rng: np.random.Generator) -> str:
    """Behind a pooling, where there are no weights to fold it into."""
    x = b.op("max_pool2d", x, size=(2, 2), stride=(2, 2))
    return b.op("relu", normalised(b, x, rng))


def squeezed(b: Builder, x: str, rng: np.random.Generator) -> str:
    """A factor per channel that is computed: squeeze and excitation."""
    mean = rd.reduce(b, "mean", x, (1, 2), True)
    w, c = rng.normal(size=(4, 1, 1, 4)), rng.normal(size=4)
    gate = b.op("conv2d", mean, constant(b, w), constant(b, c), stride=(1, 1))
    gate = mv.expand(b, b.op("sigmoid", gate), b.type(x).shape)
    return b.op("mul", x, gate)


def joined(b: Builder, x: str, rng: np.random.Generator) -> str:
    """Two branches with ranges that differ by a factor of about five."""
    other = b.op("mul", conv(b, x, rng), constant(b, [5.0]))
    return b.op("concat", b.op("relu", x), other, axis=3)


def attention(b: Builder, x: str, rng: np.random.Generator) -> str:
    weights = b.op("softmax", conv(b, x, rng))
    return b.op("mul", x, weights)


def _on(op: str, *more: str) -> Block:
    def block(b: Builder, x: str, rng: np.random.Generator) -> str:
        for name in (op, *more):
            x = el.unary(b, name, x)
        return x

    return block


BLOCKS: dict[str, tuple[Block, set[str]]] = {
    "depthwise": (depthwise, {"depthwise_conv2d", "requantize"}),
    "grouped": (grouped, {"conv2d", "requantize"}),
    "transposed": (transposed, {"conv_transpose2d", "requantize"}),
    "dense": (dense, {"reshape", "dense", "requantize"}),
    "max_pool": (lambda b, x, r: b.op("max_pool2d", x, size=(2, 3), stride=(2, 2)), {"max_pool2d"}),
    "avg_pool": (lambda b, x, r: b.op("avg_pool2d", x, size=(3, 2), stride=(1, 2)), {"avg_pool2d"}),
    "mean": (lambda b, x, r: rd.reduce(b, "mean", x, (1, 2), False), {"avg_pool2d", "reshape"}),
    "peak": (lambda b, x, r: b.op("reduce_max", x, axis=1), {"max_pool2d", "reshape"}),
    "pad": (lambda b, x, r: mv.pad(b, x, [(0, 0), (1, 2), (2, 0), (0, 0)]), {"pad"}),
    "turned": (lambda b, x, r: mv.transpose(b, x, (0, 3, 1, 2)), {"strided"}),
    "picked": (lambda b, x, r: mv.take(b, x, np.array([3, 0, 0, 2]), 1), {"gather"}),
    "sum": (lambda b, x, r: b.op("relu", b.op("add", x, conv(b, x, r))), {"conv2d", "requantize",
                                                                         "add"}),
    "difference": (lambda b, x, r: b.op("sub", conv(b, x, r), x), {"conv2d", "requantize",
                                                                   "lookup", "add"}),
    "summand": (lambda b, x, r: b.op("sub", b.op("max_pool2d", x, size=(2, 2), stride=(1, 1)),
                                     constant(b, r.normal(size=4))), {"max_pool2d", "add"}),
    "product": (lambda b, x, r: b.op("mul", x, conv(b, x, r)), {"conv2d", "requantize", "mul"}),
    "joined": (joined, {"relu", "conv2d", "requantize", "concat"}),
    "normalised": (normalised, set()),
    "channels_first": (channels_first, {"strided", "conv2d", "requantize"}),
    "late_norm": (late_norm, {"max_pool2d", "requantize", "mul", "add"}),
    "squeezed": (squeezed, {"reshape", "avg_pool2d", "conv2d", "requantize", "lookup", "strided",
                            "mul"}),
    "attention": (attention, {"conv2d", "requantize", "softmax", "mul"}),
    "relu6": (lambda b, x, r: el.clip(b, x, 0.0, 1.0), set()),
    "sigmoid": (_on("sigmoid"), {"lookup"}),
    "tanh_of_exp": (_on("exp", "tanh"), {"lookup"}),
    "silu": (_on("silu"), {"lookup"}),
    "gelu": (_on("gelu"), {"lookup"}),
    "hard_swish": (lambda b, x, r: b.op("mul", x, el.hard_sigmoid(b, x, 1 / 6, 0.5)), {"lookup"}),
    "elu": (lambda b, x, r: el.elu(b, x), {"lookup"}),
    "leaky": (lambda b, x, r: el.leaky_relu(b, x, 0.1), {"lookup"}),
}  # fmt: skip


def network(block: Block, seed: int = 0) -> Graph:
    rng = np.random.default_rng(seed)
    b = Builder("net")
    x = conv(b, b.input("x", TensorType(SHAPE, "float32")), rng)
    return b.build([block(b, x, rng)])


def cases(seed: int = 1, count: int = 24) -> dict[str, np.ndarray]:
    return {"x": np.random.default_rng(seed).normal(size=(count, *SHAPE)).astype(np.float32)}


def quantised(graph: Graph, options: Options | None = None) -> Compressed:
    return apply(graph, "int8_ptq", Calibration(cases()), options)


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_becomes_integer_and_stays_near(name: str) -> None:
    block, expected = BLOCKS[name]
    graph = network(block)
    done = quantised(graph)
    around = {"quantize", "conv2d", "requantize", "dequantize"}
    assert done.floats == ()
    assert {n.op for n in done.graph.nodes} == expected | around
    (output,) = done.outputs
    real, got = (run_cases(g, cases()) for g in (graph, done.graph))
    want, have = real[graph.outputs[0]], got[done.graph.outputs[0]]
    noise = np.sqrt(np.mean(np.square(want - have)) / np.mean(np.square(want)))
    assert noise < 0.04 and -20 * np.log10(noise) == pytest.approx(output.sqnr_db, abs=0.05)


def built(graph: Graph, board: str) -> Firmware:
    module = compile_graph(graph, board)
    if board == "host":
        return build_shared(module, CACHE)
    return build_image(module, BOARDS.get(board), "zig", BuildOptions(cache=CACHE))


@pytest.mark.parametrize("board", ["host", "nucleo_l4r5zi"])
def test_integers_of_compiled_c_equal_the_interpreters(board: str) -> None:
    """All blocks as one graph with one output each: one compilation."""
    rng = np.random.default_rng(0)
    b = Builder("every")
    x = conv(b, b.input("x", TensorType(SHAPE, "float32")), rng)
    graph = b.build([block(b, x, rng) for block, _ in BLOCKS.values()])
    for options in (Options("single", "int8"), Options("double"), Options("onnx")):
        if options.rounding != "single" and board != "host":
            continue  # arithmetic of each rounding is tested with its kernels on every core
        done = quantised(graph, options).graph
        inputs = cases(9, 3)
        if options.io == "int8":
            fed = np.random.default_rng(3).integers(-128, 128, inputs["x"].shape)
            inputs = {"x": fed.astype(np.int8)}
        firmware = built(done, board)
        runner = RUNNERS.get(runners_for(BOARDS.get(board))[0])
        got = runner.run(firmware, BOARDS.get(board), RunOptions(inputs, cache=CACHE))
        want = run_cases(done, inputs)
        module = firmware.module.graph
        for mine, theirs in zip(done.outputs, module.outputs, strict=True):
            np.testing.assert_array_equal(got.outputs[theirs], want[mine])


def test_clamps_are_limits_of_the_layer() -> None:
    done = quantised(network(lambda b, x, r: el.clip(b, x, -0.25, 1.0))).graph
    (node,) = (n for n in done.nodes if n.op == "requantize")
    quant = done.type(node.outputs[0]).quant
    assert quant is not None
    low, high = ((int(node.attrs[k]) - quant.zero_point[0]) * quant.scale[0]
                 for k in ("act_min", "act_max"))  # fmt: skip
    assert low == pytest.approx(-0.25, abs=quant.scale[0] / 2)
    assert high == pytest.approx(1.0, abs=quant.scale[0] / 2)


def test_inputs_and_outputs_as_int8() -> None:
    graph = network(attention)
    plain, whole = quantised(graph), quantised(graph, Options(io="int8"))
    assert [n.op for n in whole.graph.nodes] == [
        n.op for n in plain.graph.nodes if n.op not in ("quantize", "dequantize")
    ]
    for value in (*whole.graph.inputs, *whole.graph.outputs):
        assert whole.graph.type(value).dtype == "int8"
        assert whole.graph.type(value).quant is not None
    assert whole.outputs[0].sqnr_db == pytest.approx(plain.outputs[0].sqnr_db, abs=0.5)


def test_a_softmax_at_the_end_is_int8_only_where_the_output_is() -> None:
    graph = network(lambda b, x, r: b.op("softmax", x))
    floats = quantised(graph).floats
    assert [(f.op, f.reason) for f in floats] == [("softmax", "its result is wanted in float")]
    done = quantised(graph, Options(io="int8"))
    assert done.floats == () and [n.op for n in done.graph.nodes][-1] == "softmax"
    quant = done.graph.type(done.graph.outputs[0]).quant
    assert quant is not None and (quant.scale, quant.zero_point) == ((1 / 256,), (-128,))


def test_what_has_no_form_stays_float_and_is_named() -> None:
    def block(b: Builder, x: str, rng: np.random.Generator) -> str:
        y = b.op("cumsum", x, axis=1)
        y = mv.pad(b, y, [(0, 0), (1, 0), (0, 0), (0, 0)], 1.5)
        return conv(b, y, rng)

    done = quantised(network(block))
    assert [(f.op, f.reason) for f in done.floats] == [
        ("cumsum", "there is no int8 form of cumsum"),
        ("pad", "it pads with another value than 0"),
    ]
    assert [n.op for n in done.graph.nodes].count("conv2d") == 2
    assert done.outputs[0].sqnr_db > 28


def test_a_convolution_whose_sums_could_overflow_stays_float() -> None:
    b = Builder("deep")
    depth = MOST_DEPTH // 9 + 1
    x = b.input("x", TensorType((1, 3, 3, depth), "float32"))
    w = constant(b, np.full((1, 3, 3, depth), 0.01))
    graph = b.build([b.op("conv2d", x, w, constant(b, [0.0]), stride=(1, 1))])
    fed = {"x": np.ones((1, 1, 3, 3, depth), np.float32)}
    done = apply(graph, "int8_ptq", Calibration(fed))
    assert [n.op for n in done.graph.nodes] == ["conv2d"]
    assert "could leave int32" in done.floats[0].reason


def test_a_table_takes_what_calibration_never_saw() -> None:
    """log of values below zero: NaN and -inf in the float function, an integer in the table."""
    graph = network(_on("abs", "log"))
    done = quantised(graph).graph
    (table,) = (c for name, c in done.constants.items() if name.endswith("_table"))
    assert table.shape == (256,) and table.dtype == np.int8 and len(set(table.tolist())) > 50


def test_a_value_inside_of_a_table_that_is_needed_in_float() -> None:
    """The middle of a region is read by an operation that has no int8 form."""

    def block(b: Builder, x: str, rng: np.random.Generator) -> str:
        inner = b.op("exp", x)
        return b.op("add", b.op("tanh", inner), b.op("cumsum", inner, axis=1))

    graph = network(block)
    done = quantised(graph)
    assert [f.op for f in done.floats] == ["cumsum"]
    assert done.outputs[0].sqnr_db > 25


def test_states_are_calibrated_as_they_run() -> None:
    """A sum that grows from case to case: with resets its range would be that of one case."""
    b = Builder("growing")
    x = b.input("x", TensorType((1, 4), "float32"))
    seen = b.state("seen", np.zeros((1, 4), np.float32))
    total = b.op("add", x, seen, name="total")
    b.update(seen, total)
    w = constant(b, np.eye(4))
    graph = b.build([b.op("dense", total, w, constant(b, np.zeros(4)), name="y")])
    calibration = Calibration({"x": np.full((10, 1, 4), 1.0, np.float32)})
    spans = []
    for reset_each in (True, False):
        done = apply(graph, "int8_ptq", calibration, Options(reset_each=reset_each))
        quant = done.graph.type("total_int8").quant
        assert quant is not None and done.graph.states[0].next == "total"
        assert done.outputs[0].sqnr_db > 40
        spans.append(255 * quant.scale[0])
    assert spans == pytest.approx([1.0, 10.0], rel=0.05)


def test_a_float_value_that_one_reader_wants_as_int8_stays_float_for_the_others() -> None:
    """What a state keeps must not lose digits because a layer reads the same value."""
    b = Builder("kept")
    x = b.input("x", TensorType((1, 8), "float32"))
    seen = b.state("seen", np.zeros((1, 4), np.float32))
    both = b.op("cumsum", x, axis=1, name="both")
    mine = b.op("slice", both, axis=1, start=0, size=4)
    y = b.op("dense", mine, constant(b, np.eye(4)), constant(b, np.zeros(4)), name="y")
    other = b.op("slice", both, axis=1, start=4, size=4, name="other")
    b.update(seen, other)
    z = b.op("sub", b.op("tanh", other), seen, name="z")
    graph = b.build([y, z])
    inputs = {"x": np.random.default_rng(0).normal(size=(20, 1, 8)).astype(np.float32)}
    done = apply(graph, "int8_ptq", Calibration(inputs), Options(reset_each=False))
    assert [n.op for n in done.graph.nodes if n.op in ("quantize", "dense", "lookup")] == [
        "quantize", "dense",
    ]  # fmt: skip
    was, now = (run_cases(g, inputs, reset_each=False) for g in (graph, done.graph))
    for value in ("both", "other", "z"):
        np.testing.assert_array_equal(was[value], now[value])


def test_a_table_does_not_take_a_value_that_was_quantised_for_a_layer() -> None:
    b = Builder("shared")
    both = b.op("cumsum", b.input("x", TensorType((1, 4), "float32")), axis=1, name="both")
    y = b.op("dense", both, constant(b, np.eye(4)), constant(b, np.zeros(4)), name="y")
    graph = b.build([y, b.op("tanh", both, name="z")])
    inputs = {"x": np.random.default_rng(0).normal(size=(20, 1, 4)).astype(np.float32)}
    done = apply(graph, "int8_ptq", Calibration(inputs)).graph
    assert done.type("both_int8").dtype == "int8"
    assert "tanh" in {n.op for n in done.nodes} and "lookup" not in {n.op for n in done.nodes}
    was, now = (run_cases(g, inputs) for g in (graph, done))
    np.testing.assert_array_equal(was["z"], now["z"])


def test_a_part_is_quantised_by_itself() -> None:
    """The first places of a growing sum are small: steps of the whole range would lose them."""
    b = Builder("part")
    both = b.op("cumsum", b.input("x", TensorType((1, 8), "float32")), axis=1, name="both")
    part = mv.slices(b, both, (None, 0), (None, 4), (None, 2))
    y = b.op("dense", part, constant(b, np.eye(2)), constant(b, np.zeros(2)), name="y")
    graph = b.build([y])
    assert [n.op for n in graph.nodes] == ["cumsum", "strided", "dense"]
    inputs = {"x": np.abs(np.random.default_rng(0).normal(size=(20, 1, 8))).astype(np.float32)}
    done = apply(graph, "int8_ptq", Calibration(inputs)).graph
    (quantize,) = (n for n in done.nodes if n.op == "quantize")
    assert quantize.inputs == (part,)
