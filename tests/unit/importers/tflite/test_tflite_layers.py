"""Layers with weights of TensorFlow Lite models in every type: what they compute, worked out by
hand where it can be, and what is refused."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tflites
from tflite_layers import Layer, draw, draw_sum
from tflites import File, Operator, Tensor

from tinsmith.core.errors import UserError
from tinsmith.importers.tflite.convert import convert
from tinsmith.importers.tflite.operators import NAMES
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import Interpreter


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Graph]:
    def from_file(file: File, semantics: str = "litert") -> Graph:
        path = tmp_path / "net.tflite"
        path.write_bytes(file.bytes())
        return convert(path, "net", semantics)

    return from_file


def outcome(graph: Graph, *inputs: np.ndarray) -> np.ndarray:
    values = Interpreter(graph).run(dict(zip(graph.inputs, inputs, strict=True)))
    return values[graph.outputs[0]]


def line(kind: str, w: np.ndarray, bias: tuple[str, int], zeros: tuple[int, int, int]) -> File:
    """x [1, n] times one row of weights: all scales are 1; zero points of x, weights, result."""
    n = w.size
    tensors = [
        Tensor("x", (1, n), kind, (1.0,), (zeros[0],)),
        Tensor("w", (1, n), "uint8" if kind == "uint8" else "int8", (1.0,), (zeros[1],), data=w),
        Tensor("b", (1,), bias[0], (1.0,), data=[bias[1]]),
        Tensor("y", (1, 1), kind, (1.0,), (zeros[2],)),
    ]
    options = {0: ("b", 0), 4: ("b", tflites.TYPES[bias[0]])}
    return File(tensors, [Operator(tflites.FULLY_CONNECTED, (0, 1, 2), (3,), 8, options)])


def test_int16_times_int8(load) -> None:
    file = line("int16", np.array([[3, -2]]), ("int64", 100), (0, 0, 0))
    x = np.array([[1000, 2000]], "int16")
    assert outcome(load(file), x) == [[100 + 3000 - 4000]]


def test_sums_beyond_32_bits(load) -> None:
    """2^40 plus a product, over 2^30: rounded once from all bits, or from a 16-bit multiplier."""
    file = line("int16", np.array([[1]]), ("int64", 1 << 40), (0, 0, 0))
    file.tensors[3].scale = (float(2**30),)
    x = np.array([[-32768]], "int16")
    assert outcome(load(file), x) == [[1024]]
    assert outcome(load(file, "tflm"), x) == [[1024]]
    file.tensors[3].scale = (37064896.0,)
    found = [outcome(load(file, s), x).item() for s in ("litert", "tflm")]
    assert found == [round(((1 << 40) - 32768) / 37064896.0), 29665] == [29664, 29665]


def test_weights_with_a_zero_point(load) -> None:
    file = line("int8", np.array([[3, -2]]), ("int32", 7), (1, -5, 0))
    x = np.array([[4, 6]], "int8")
    assert outcome(load(file), x) == [[7 + (4 - 1) * (3 + 5) + (6 - 1) * (-2 + 5)]]


def test_uint8_comes_and_goes_as_it_is(load) -> None:
    file = line("uint8", np.array([[130, 128]]), ("int32", 7), (200, 128, 100))
    graph = load(file)
    x = np.array([[210, 3]], "uint8")
    y = outcome(graph, x)
    assert (graph.type(graph.inputs[0]).dtype, y.dtype) == ("uint8", np.uint8)
    assert y == [[100 + 7 + (210 - 200) * 2]]
    kinds = {graph.type(i).dtype for n in graph.nodes[1:-1] for i in n.outputs}
    assert kinds == {"int8", "int32"}


@pytest.mark.parametrize(("kind", "w"), [("int4", [[3, -8, 7]]), ("int2", [[1, -2, -1]])])
def test_weights_of_few_bits_are_unpacked_lowest_first(load, kind: str, w: list[list[int]]) -> None:
    file = line("int8", np.array(w), ("int32", 0), (0, 0, 0))
    file.tensors[1].type = kind
    graph = load(file)
    np.testing.assert_array_equal(graph.constants["y_weight"], w)
    assert graph.constants["y_weight"].dtype == np.int8


def test_dynamic_range_quantises_each_row(load) -> None:
    """Largest magnitudes 127 and 254: steps of 1 and 2; 3 is 1.5 steps of 2, which is 2 of them."""
    tensors = [
        Tensor("x", (2, 2)),
        Tensor("w", (1, 2), "int8", (0.5,), data=[[2, 4]]),
        Tensor("b", (1,), data=[0.25]),
        Tensor("y", (2, 1)),
    ]
    file = File(tensors, [Operator(tflites.FULLY_CONNECTED, (0, 1, 2), (3,), 8, {0: ("b", 0)})])
    x = np.array([[127, 3.4], [-254, 3]], "f4")
    want = np.array([[(127 * 2 + 3 * 4) * 0.5 + 0.25], [(-127 * 2 + 2 * 4) * 2 * 0.5 + 0.25]])
    np.testing.assert_array_equal(outcome(load(file), x), want)


def test_a_row_of_zeros_gives_the_bias(load, rng: np.random.Generator) -> None:
    for asymmetric in (False, True):
        file, x = draw(rng, Layer("FULLY_CONNECTED", "float32", asymmetric=asymmetric))
        file.operators[0].options[0] = ("b", 0)
        y = outcome(load(file), np.zeros_like(x[0]))
        want = np.broadcast_to(np.asarray(file.tensors[2].data, "f4"), y.shape)
        np.testing.assert_array_equal(y, want)


def test_float16_weights_become_constants(load, rng: np.random.Generator) -> None:
    file, _ = draw(rng, Layer("FULLY_CONNECTED", "float32"))
    w = file.tensors[1]
    w.type, w.scale, w.zero, w.data = "float16", (), (), rng.normal(size=w.shape)
    file.tensors.append(Tensor("real", w.shape))
    file.operators.insert(0, Operator(tflites.DEQUANTIZE, (1,), (4,)))
    file.operators[1].inputs = (0, 4, 2)
    graph = load(file)
    assert "dequantize" not in {n.op for n in graph.nodes}
    want = w.data.astype("f2").astype("f4")
    assert any(np.array_equal(want, c) for c in graph.constants.values())


def drawn(layer: Layer, change: Callable[[File], object] = lambda file: None):
    def make(rng: np.random.Generator) -> File:
        file, _ = draw(rng, layer)
        change(file)
        return file

    return make


def powers_of_two(rng: np.random.Generator) -> File:
    file, _ = draw_sum(rng, "int16")
    for tensor in file.tensors:
        tensor.scale = (2.0**-10,)
    file.tensors[2].scale = (2.0**-9,)
    file.operators[0].options[1] = ("b", 1)
    return file


def tensor(index: int, **changes):
    def change(file: File) -> None:
        file.tensors[index] = replace(file.tensors[index], **changes)

    return change


REFUSALS = {
    "int8_conv": (drawn(Layer("CONV_2D"), tensor(1, zero=(3,))), "need zero points of 0"),
    "depthwise": (
        drawn(Layer("DEPTHWISE_CONV_2D"), tensor(1, zero=(3,))), "need zero points of 0"
    ),
    "depthwise_bias": (drawn(Layer("DEPTHWISE_CONV_2D", "int16")), "int32 bias"),
    "dynamic_transposed": (drawn(Layer("TRANSPOSE_CONV", "float32")), "dynamic-range"),
    "int64_bias_of_int8": (
        drawn(Layer("CONV_2D"), tensor(2, type="int64", data=None)), "no constant int32"
    ),
    "bias_beyond": (
        drawn(
            Layer("FULLY_CONNECTED", "int16", bias="int64"),
            tensor(2, shape=(1,), data=[1 << 50]),
        ),
        "bias",
    ),
    "powers_of_two": (powers_of_two, "scales are 2^[-10, -10, -9]"),
    "pool_rescales": (
        lambda rng: File(
            [Tensor("x", (1, 2, 2, 1), "int8", (0.1,), (0,)),
             Tensor("y", (1, 1, 1, 1), "int8", (0.2,), (0,))],
            [Operator(tflites.MAX_POOL_2D, (0,), (1,), 5,
                      {0: ("b", 1), 1: ("i", 1), 2: ("i", 1), 3: ("i", 2), 4: ("i", 2)})],
        ),
        "rescales",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSALS)
def test_what_cannot_be_exact_is_refused(what: str, load, rng: np.random.Generator) -> None:
    make, words = REFUSALS[what]
    with pytest.raises(UserError) as e:
        load(make(rng))
    assert e.value.code == "import.tflite.op"
    assert words in e.value.message and "node 0" in e.value.message


def test_dynamic_range_of_a_depthwise_layer_needs_scales_per_channel(load, rng) -> None:
    """LiteRT's kernel reads one scale per channel, whether they are there or not."""
    file, _ = draw(rng, Layer("DEPTHWISE_CONV_2D", "float32", per_channel=True))
    while file.tensors[1].shape[3] == 1:
        file, _ = draw(rng, Layer("DEPTHWISE_CONV_2D", "float32", per_channel=True))
    file.tensors[1] = replace(file.tensors[1], scale=(0.1,), zero=(0,))
    with pytest.raises(UserError, match="one per channel"):
        load(file)


def test_tflm_reads_the_bias_of_a_transposed_layer_as_64_bits(load, rng) -> None:
    file, _ = draw(rng, Layer("TRANSPOSE_CONV", "int16"))
    assert load(file).nodes[-1].attrs["rounding"] == "double"
    with pytest.raises(UserError, match="tflm has no int16 kernel with int32 bias"):
        load(file, "tflm")


def test_tflm_shifts_no_sums(load, rng) -> None:
    """Scales of powers of two are any scales there."""
    file = powers_of_two(rng)
    micro = load(file, "tflm")
    file.operators[0].options[1] = ("b", 0)
    assert [(n.op, n.attrs) for n in micro.nodes] == [(n.op, n.attrs) for n in load(file).nodes]


def test_shapes_are_broadcast_at_import(load, rng: np.random.Generator) -> None:
    """BROADCAST_ARGS of two known shapes is the shape that BROADCAST_TO takes."""
    tensors = [
        Tensor("x", (3, 1)), Tensor("a", (2,), "int32", data=[3, 1]),
        Tensor("b", (3,), "int32", data=[2, 1, 4]), Tensor("s", (3,), "int32"),
        Tensor("y", (2, 3, 4)),
    ]  # fmt: skip
    codes = [NAMES.index(n) for n in ("BROADCAST_ARGS", "BROADCAST_TO")]
    operators = [Operator(codes[0], (1, 2), (3,)), Operator(codes[1], (0, 3), (4,))]
    graph = load(File(tensors, operators))
    x = rng.normal(size=(3, 1)).astype("f4")
    want = np.broadcast_to(x, (2, 3, 4))
    np.testing.assert_array_equal(Interpreter(graph).run({"x": x})[graph.outputs[0]], want)
