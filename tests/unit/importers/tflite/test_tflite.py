"""The TensorFlow Lite importer: what operators become, names, and refusals that name the node."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tflites
from tflites import File, Operator, Tensor, dense
from typer.testing import CliRunner

from tinsmith.cli.main import make_app
from tinsmith.core.errors import UserError
from tinsmith.importers import read_model
from tinsmith.importers.tflite.convert import convert
from tinsmith.importers.tflite.rules import RULES
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import Interpreter

QUANT = {"type": "int8", "scale": (0.05,), "zero": (-7,)}


@pytest.fixture
def load(tmp_path: Path):
    def from_file(file: File | bytes, semantics: str = "litert") -> Graph:
        path = tmp_path / "net.tflite"
        path.write_bytes(file if isinstance(file, bytes) else file.bytes())
        return convert(path, "net", semantics)

    return from_file


@pytest.fixture
def refused(load):
    def because(file: File | bytes) -> UserError:
        with pytest.raises(UserError) as e:
            load(file)
        return e.value

    return because


def outcome(graph: Graph, *inputs: np.ndarray) -> np.ndarray:
    values = Interpreter(graph).run(dict(zip(graph.inputs, inputs, strict=True)))
    return values[graph.outputs[0]]


def pair(code: int, shape: tuple[int, ...] = (2, 3), **more) -> File:
    """One operator from x to y of one shape."""
    kind = more.pop("kind", {})
    tensors = [Tensor("x", shape, **kind), Tensor("y", shape, **kind)]
    return File(tensors, [Operator(code, (0,), (1,), **more)])


def test_names_and_stages_are_readable(load, rng: np.random.Generator) -> None:
    graph = load(dense(rng))
    assert (graph.dialect, graph.inputs, graph.outputs) == ("quantised", ("x",), ("dense_Relu",))
    assert [(n.name, n.op, n.stage) for n in graph.nodes] == [
        ("dense_Relu_sum", "dense", "dense_0"), ("dense_Relu", "requantize", "dense_0"),
    ]  # fmt: skip


def test_a_file_goes_through_the_sandbox(tmp_path: Path, rng: np.random.Generator) -> None:
    path = tmp_path / "9 my-net.tflite"
    path.write_bytes(dense(rng).bytes())
    graph = read_model(path)
    assert graph.name == "m_9_my_net"
    assert graph.nodes[-1].attrs["rounding"] == "single"
    assert read_model(path, semantics="tflm").nodes[-1].attrs["rounding"] == "double"


def test_unknown_files_and_semantics_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.tflite"
    codes = []
    for arguments in ({"path": path, "semantics": "onnx"}, {"path": path},
                      {"path": path.with_suffix(".model9")}):  # fmt: skip
        with pytest.raises(UserError) as e:
            read_model(**arguments)
        codes.append(e.value.code)
    assert codes == ["import.semantics", "import.tflite.file", "import.suffix"]


@pytest.mark.parametrize(
    ("activation", "low", "high"), [(0, -128, 127), (1, -9, 127), (2, -23, 5), (3, -9, 77)]
)
def test_fused_activations_clamp(load, rng, activation: int, low: int, high: int) -> None:
    """Result: scale 0.07, zero point -9."""
    attrs = load(dense(rng, activation=activation)).nodes[-1].attrs
    assert (attrs["act_min"], attrs["act_max"]) == (low, high)


@pytest.mark.parametrize("activation", range(4))
def test_fused_activations_of_float_layers(load, rng, activation: int) -> None:
    graph = load(dense(rng, "float32", activation, rows=2))
    x = rng.normal(size=(2, 7)).astype("f4") * 4
    sums = Interpreter(graph).run({"x": x})[graph.nodes[0].name]
    low, high = [(None, None), (0, None), (-1, 1), (0, 6)][activation]
    want = sums if low is None else np.clip(sums, low, high)
    np.testing.assert_array_equal(outcome(graph, x), want)


def test_scales_are_multiplied_in_float64(load, rng: np.random.Generator) -> None:
    """float32(0.05) * float32(0.01) would round to another multiplier."""
    found = [load(dense(rng), s).constants["dense_Relu_multiplier"][0] for s in ("litert", "tflm")]
    assert found == [1963413598, 1963413598]


def test_a_layer_next_to_a_half_is_literts(load, rng: np.random.Generator) -> None:
    """Sums of -3150 are -22.49999974 steps; LiteRT 2.3.0 gives -22 - 9 for them."""
    file = dense(rng)
    file.tensors[1].data, file.tensors[2].data = np.zeros((5, 7)), np.full(5, -3150)
    x = np.zeros((1, 7), "int8")
    assert set(outcome(load(file), x).ravel()) == {-31}


def test_scales_per_channel(load, rng: np.random.Generator) -> None:
    file = dense(rng)
    scales = (0.01, 0.02, 0.03, 0.001, 0.5)
    file.tensors[1] = replace(file.tensors[1], scale=scales, zero=())
    graph = load(file)
    assert graph.type("dense_Relu_weight").quant.scale == tuple(map(float, np.float32(scales)))
    assert graph.constants["dense_Relu_multiplier"].size == 5


def test_more_than_two_dimensions_become_rows_and_come_back(load, rng) -> None:
    file = dense(rng, "float32")
    file.tensors[0].shape, file.tensors[3].shape = (2, 3, 7), (2, 3, 5)
    x = rng.normal(size=(2, 3, 7)).astype("f4")
    w, b = (file.tensors[i].data for i in (1, 2))
    np.testing.assert_allclose(outcome(load(file), x), x @ w.T + b, rtol=1e-4, atol=1e-5)


def test_a_missing_bias_is_zero(load, rng: np.random.Generator) -> None:
    file = dense(rng)
    file.operators[0].inputs = (0, 1, -1)
    assert not load(file).constants["dense_Relu_bias"].any()


def test_add_repeats_the_smaller_operand(load, rng: np.random.Generator) -> None:
    b = rng.normal(size=(1, 1, 3)).astype("f4")
    tensors = [Tensor("x", (4, 2, 3)), Tensor("b", (1, 1, 3), data=b), Tensor("y", (4, 2, 3))]
    graph = load(File(tensors, [Operator(tflites.ADD, (1, 0), (2,), 11, {})]))
    x = rng.normal(size=(4, 2, 3)).astype("f4")
    np.testing.assert_array_equal(outcome(graph, x), x + b)


def test_concat_joins_all(load, rng: np.random.Generator) -> None:
    tensors = [Tensor("x", (2, 3), **QUANT), Tensor("y", (2, 9), **QUANT)]
    options = {0: ("i", -1)}
    graph = load(File(tensors, [Operator(tflites.CONCATENATION, (0, 0, 0), (1,), 10, options)]))
    x = rng.integers(-128, 128, (2, 3)).astype("int8")
    np.testing.assert_array_equal(outcome(graph, x), np.concatenate([x, x, x], 1))


def test_quantize_then_dequantize(load) -> None:
    tensors = [Tensor("x", (1, 4)), Tensor("q", (1, 4), **QUANT), Tensor("y", (1, 4))]
    graph = load(File(tensors, [Operator(tflites.QUANTIZE, (0,), (1,)),
                                Operator(tflites.DEQUANTIZE, (1,), (2,))]))  # fmt: skip
    assert [n.stage for n in graph.nodes] == ["quantize_0", "dequantize_0"]
    x = np.float32([[0.05, -0.1, 100.0, 0.26]])
    np.testing.assert_allclose(outcome(graph, x), [[0.05, -0.1, 6.7, 0.25]], atol=1e-6)


def test_relu6_of_floats_is_exact(load) -> None:
    x = np.float32([[-1, 0, 1e-8], [5.9999995, 6, 7]])
    np.testing.assert_array_equal(outcome(load(pair(tflites.RELU6)), x), np.clip(x, 0, 6))


def test_softmax_takes_beta(load, rng: np.random.Generator) -> None:
    x = rng.normal(size=(2, 3)).astype("f4")
    graph = load(pair(tflites.SOFTMAX, options_type=9, options={0: ("f", 2.0)}))
    e = np.exp(2 * x.astype("f8"))
    np.testing.assert_allclose(outcome(graph, x), e / e.sum(1, keepdims=True), rtol=1e-5)


def test_same_padding_puts_the_odd_one_behind(load, rng: np.random.Generator) -> None:
    w, b = rng.normal(size=(2, 3, 2, 3)).astype("f4"), np.zeros(2, "f4")
    tensors = [Tensor("x", (1, 6, 5, 3)), Tensor("w", w.shape, data=w), Tensor("b", (2,), data=b),
               Tensor("y", (1, 3, 5, 2))]  # fmt: skip
    options = {0: ("b", 0), 1: ("i", 1), 2: ("i", 2), 4: ("i", 1), 5: ("i", 1)}
    (node,) = load(File(tensors, [Operator(tflites.CONV_2D, (0, 1, 2), (3,), 1, options)])).nodes
    assert node.attrs["padding"] == (0, 1, 0, 1)
    assert (node.attrs["stride"], node.attrs["dilation"]) == ((2, 1), (1, 1))


@pytest.mark.parametrize("code", [tflites.AVERAGE_POOL_2D, tflites.MAX_POOL_2D])
@pytest.mark.parametrize("activation", [0, 3])
def test_pools_of_integers(load, rng, code: int, activation: int) -> None:
    """Two by two places; relu6 of scale 0.05 and zero point -7 is -7..113."""
    tensors = [Tensor("x", (1, 4, 6, 2), **QUANT), Tensor("y", (1, 2, 3, 2), **QUANT)]
    options = {0: ("b", 1), 1: ("i", 2), 2: ("i", 2), 3: ("i", 2), 4: ("i", 2)}
    options[5] = ("b", activation)
    graph = load(File(tensors, [Operator(code, (0,), (1,), 5, options)]))
    x = rng.integers(-128, 128, (1, 4, 6, 2)).astype("int8")
    blocks = x.reshape(1, 2, 2, 3, 2, 2).astype("i4")
    total = blocks.sum((2, 4))
    mean = np.sign(total) * ((abs(total) + 2) // 4)
    want = mean if code == tflites.AVERAGE_POOL_2D else blocks.max((2, 4))
    want = np.clip(want, -7, 113) if activation else want
    np.testing.assert_array_equal(outcome(graph, x), want)


@pytest.mark.parametrize("kind", [QUANT, {}])
@pytest.mark.parametrize("sides", [[[0, 0], [0, 0]], [[1, 0], [2, 3]]])
def test_pad_puts_zeros_around(load, rng, kind, sides) -> None:
    shape = tuple(int(n + sum(s)) for n, s in zip((2, 3), sides, strict=True))
    tensors = [Tensor("x", (2, 3), **kind), Tensor("p", (2, 2), "int32", data=sides),
               Tensor("y", shape, **kind)]  # fmt: skip
    graph = load(File(tensors, [Operator(tflites.PAD, (0, 1), (2,), 22, {})]))
    x = rng.integers(-128, 128, (2, 3)).astype(graph.type("x").dtype)
    want = np.pad(x, sides, constant_values=-7 if kind else 0)
    np.testing.assert_array_equal(outcome(graph, x), want)


def test_a_custom_operator_is_named_by_its_own_name(refused) -> None:
    error = refused(pair(tflites.CUSTOM, custom="Sparkle"))
    assert error.code == "import.tflite.op"
    assert "Sparkle" in error.message and "node 0" in error.message and "'y'" in error.message
    assert "'y') of float32" in error.message
    assert "tinsmith kinds ops tflite" in error.hint and len(error.hint) < 80


def test_the_hint_names_a_command_that_lists_every_operator() -> None:
    result = CliRunner().invoke(make_app(), ["kinds", "ops", "tflite", "--json"])
    listed = {row["operator"] for row in json.loads(result.output)}
    assert listed == set(RULES)


def change(index: int, **changes):
    """The dense model with one tensor changed."""

    def changed(rng: np.random.Generator) -> File:
        file = dense(rng)
        file.tensors[index] = replace(file.tensors[index], **changes)
        return file

    return changed


def use(**changes):
    """The dense model with its operator changed."""

    def changed(rng: np.random.Generator) -> File:
        file = dense(rng)
        file.operators[0] = replace(file.operators[0], **changes)
        return file

    return changed


REFUSALS = {
    "hash": (lambda rng: pair(15), "op", "operator LSH_PROJECTION (node 0, 'y')"),
    "float16": (change(0, type="float16"), "type", "float16[1, 7]"),
    "int16": (change(0, type="int16"), "op", "int16"),
    "float16_weights": (change(1, type="float16", data=bytes(70)), "op", "float16"),
    "variable": (change(0, variable=True), "broken", "cannot be an input"),
    "no_scale": (change(0, scale=()), "op", "one scale"),
    "scale_nan": (change(0, scale=(float("nan"),)), "quant", "means nothing"),
    "scale_zero": (change(3, scale=(0.0,)), "quant", "means nothing"),
    "scale_tiny": (change(3, scale=(1e-38,)), "op", "do not fit"),
    "zero_point": (change(0, zero=(300,)), "quant", "means nothing"),
    "zero_point_lowest": (change(0, zero=(-(2**63),)), "quant", "means nothing"),
    "zero_points": (change(0, zero=(1, 2)), "quant", "2 zero points"),
    "weight_zero_points": (
        change(1, scale=(0.1,) * 5, zero=(3, 3, 3, 3, 2)), "op", "zero points of 0"
    ),
    "scales_along_depth": (change(1, scale=(0.1,) * 7, zero=(), axis=1), "op", "axis 1"),
    "axis_out_of_range": (change(1, scale=(0.1,) * 5, zero=(), axis=4), "quant", "5 scales"),
    "negative_shape": (change(0, shape=(1, -7)), "shape", "[1, -7]"),
    "huge_shape": (change(0, shape=(2**30, 2**30)), "shape", "cannot be held"),
    "nine_dimensions": (change(0, shape=(1,) * 9), "shape", "cannot be held"),
    "wrong_result_shape": (change(3, shape=(1, 4)), "op", "for weights"),
    "wrong_result_type": (change(3, type="float32"), "op", "float32 of int8"),
    "short_buffer": (change(1, data=bytes(34)), "broken", "needs 35 bytes"),
    "weights_missing": (change(1, data=None), "op", "no constant"),
    "overflow": (change(2, data=np.full(5, 2**31 - 1)), "op", "its bias reaches beyond"),
    "bias_length": (change(2, shape=(4,), data=np.zeros(4)), "op", "for 5 channels"),
    "tensor_index": (use(inputs=(0, 1, 77)), "broken", "tensor 77"),
    "negative_index": (use(inputs=(0, -2, 2)), "broken", "tensor -2"),
    "no_operand": (use(inputs=()), "op", "no constant|expected a matrix"),
    "two_results": (use(outputs=(3, 3)), "op", "2 results"),
    "reads_its_own_result": (use(inputs=(3, 1, 2)), "op", "before anything writes"),
    "foreign_options": (use(options_type=5), "op", "options are of type 5"),
    "shuffled": (use(options={1: ("b", 1)}), "op", "shuffled"),
    "activation": (use(options={0: ("b", 4)}), "op", "activation 4"),
    "written_twice": (
        lambda rng: File(pair(tflites.RELU).tensors, [Operator(19, (0,), (1,))] * 2),
        "op", "written twice",
    ),
    "nan_weights": (
        lambda rng: change_float(dense(rng, "float32"), 1, np.full((5, 7), np.nan)),
        "finite", "NaN",
    ),
    "window_beyond": (
        lambda rng: File(
            [Tensor("x", (1, 2, 2, 1)), Tensor("w", (1, 9, 9, 1), data=np.ones((1, 9, 9, 1))),
             Tensor("y", (1, 2, 2, 1))],
            [Operator(3, (0, 1, -1), (2,), 1, {0: ("b", 1), 1: ("i", 1), 2: ("i", 1)})],
        ),
        "op", "no window of (9, 9)",
    ),
    "stride_zero": (
        lambda rng: File(
            [Tensor("x", (1, 2, 2, 1)), Tensor("w", (1, 1, 1, 1), data=np.ones((1, 1, 1, 1))),
             Tensor("y", (1, 2, 2, 1))],
            [Operator(3, (0, 1, -1), (2,), 1, {1: ("i", 0), 2: ("i", 1)})],
        ),
        "op", "stride (1, 0)",
    ),
    "version": (lambda rng: replace(dense(rng), version=2), "version", "2"),
    "output_not_computed": (lambda rng: replace(dense(rng), outputs=(2,)), "broken", "output 2"),
    "output_twice": (lambda rng: replace(dense(rng), outputs=(3, 3)), "broken", "outputs"),
    "no_outputs": (lambda rng: replace(dense(rng), outputs=()), "broken", "outputs"),
    "input_twice": (lambda rng: replace(dense(rng), inputs=(0, 0)), "broken", "be an input"),
    "constant_as_input": (lambda rng: replace(dense(rng), inputs=(1,)), "broken", "be an input"),
}  # fmt: skip


def change_float(file: File, index: int, data: np.ndarray) -> File:
    file.tensors[index].data = data
    return file


@pytest.mark.parametrize("what", REFUSALS)
def test_refusals_say_what_is_wrong(what: str, refused, rng: np.random.Generator) -> None:
    make, code, words = REFUSALS[what]
    error = refused(make(rng))
    assert error.code == f"import.tflite.{code}", error
    assert any(w in error.message for w in words.split("|")), error


def test_an_operator_is_named_with_its_node(refused, rng: np.random.Generator) -> None:
    message = refused(REFUSALS["overflow"][0](rng)).message
    assert "operator FULLY_CONNECTED (node 0, 'net/dense/Relu;net/dense/BiasAdd')" in message
