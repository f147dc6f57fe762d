"""Post-training quantisation: equal to an independent integer computation, close to float, robust
to degenerate ranges."""

import numpy as np
import pytest

from tinsmith.compress.apply import apply
from tinsmith.compress.method import Calibration, Options
from tinsmith.compress.methods.int8_ptq import quantise
from tinsmith.core.errors import UnknownKind, UserError
from tinsmith.dsp.front import signal_processing
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.ops.dense import MOST_DEPTH
from tinsmith.ir.rules import verify
from tinsmith.ir.types import TensorType


def network(seed: int = 0, features: int = 12, hidden: int = 16, classes: int = 4) -> Graph:
    """features -> standardise -> dense, relu -> dense -> softmax."""
    rng = np.random.default_rng(seed)
    b = Builder("toy")
    x = b.input("x", TensorType((1, features), "float32"))
    b.stage = "features"
    x = b.op("mul", x, b.constant("gain", np.full(features, 0.5, np.float32)), name="features")
    b.stage = "dense_0"
    w, v = rng.normal(size=(hidden, features)), rng.normal(size=(classes, hidden))
    x = b.op("dense", x, constant(b, "w0", w), constant(b, "b0", rng.normal(size=hidden)))
    x = b.op("relu", x, name="relu_0")
    b.stage = "dense_1"
    x = b.op("dense", x, constant(b, "w1", v), constant(b, "b1", rng.normal(size=classes)))
    b.stage = "softmax"
    return b.build([b.op("softmax", x, name="probabilities")])


def constant(b: Builder, name: str, array: np.ndarray) -> str:
    return b.constant(name, np.asarray(array, np.float32))


def cases(seed: int, n: int = 60, features: int = 12) -> np.ndarray:
    return np.random.default_rng([seed, 7]).normal(size=(n, 1, features)).astype(np.float32)


@pytest.mark.parametrize("rounding", ["double", "single", "onnx"])
def test_network_becomes_integer_and_agrees_with_float(rounding):
    drops = []
    for seed in range(4):
        graph, x = network(seed), cases(seed, 100)
        done = quantise(graph, Calibration({"x": x[:50]}), Options(rounding))
        verify(done.graph)
        ops = [n.op for n in done.graph.nodes]
        assert ops == ["mul", "quantize", "dense", "requantize", "dense", "requantize",
                       "dequantize", "softmax"]  # fmt: skip
        was = run_cases(graph, {"x": x})["probabilities"].argmax(-1)
        now = run_cases(done.graph, {"x": x})["probabilities"].argmax(-1)
        drops.append(float(np.mean(was != now)))
    assert max(drops) <= 0.05


def test_signal_processing_stays_float_to_the_bit():
    graph, x = network(), cases(1)
    done = apply(graph, "int8_ptq", Calibration({"x": x}))
    assert signal_processing(graph) == {"features"}
    np.testing.assert_array_equal(
        run_cases(graph, {"x": x})["features"], run_cases(done.graph, {"x": x})["features"]
    )


def test_integers_equal_an_independent_int64_computation():
    """Jacob et al. 2017, section 2.2, written once more: exact products, no shared code."""
    graph, x = network(3), cases(3)
    done = quantise(graph, Calibration({"x": x})).graph
    seen = run_cases(done, {"x": x})
    layers = [n for n in done.nodes if n.op == "dense"]
    assert len(layers) == 2
    for dense in layers:
        requantize = next(n for n in done.nodes if n.inputs[0] == dense.outputs[0])
        q = seen[dense.inputs[0]].astype(np.int64)
        zero = done.type(dense.inputs[0]).quant.zero_point[0]
        w, b = (done.constants[i].astype(np.int64) for i in dense.inputs[1:])
        sums = np.einsum("crk,nk->crn", q - zero, w) + b
        np.testing.assert_array_equal(sums, seen[dense.outputs[0]])
        expected = np.vectorize(exact_requantize)(
            sums,
            *(done.constants[i] for i in requantize.inputs[1:]),
            requantize.attrs["zero_point"],
            requantize.attrs["act_min"],
        )
        np.testing.assert_array_equal(expected, seen[requantize.outputs[0]])


def exact_requantize(total: int, multiplier: int, shift: int, zero: int, low: int) -> int:
    """Rounding doubling high product, then a rounding right shift with halves away from zero."""
    total, multiplier, shift = int(total), int(multiplier), int(shift)
    assert shift <= 0
    product = total * multiplier
    high = (product + 2**30) // 2**31
    away = (abs(high) + (2**-shift // 2)) // 2**-shift
    return max(low, min(127, (away if high >= 0 else -away) + zero))


def test_multiplier_is_the_quotient_of_scales():
    done = quantise(network(), Calibration({"x": cases(0)})).graph
    nodes = [n for n in done.nodes if n.op == "requantize"]
    assert len(nodes) == 2
    for node in nodes:
        m, s = (done.constants[i].astype(np.float64) for i in node.inputs[1:])
        sums, out = done.type(node.inputs[0]).quant, done.type(node.outputs[0]).quant
        np.testing.assert_allclose(m * 2.0 ** (s - 31), np.array(sums.scale) / out.scale[0], 1e-9)


def test_sqnr_is_reported_per_layer():
    done = apply(network(), "int8_ptq", Calibration({"x": cases(0)}))
    assert [e.value for e in done.errors] == [
        "features_int8", "relu_0_int8", "dense_1_int8", "probabilities"
    ]  # fmt: skip
    assert [e.stage for e in done.errors] == ["quantise", "dense_0", "dense_1", "softmax"]
    assert all(20 < e.sqnr_db < 70 for e in done.errors)


def test_degenerate_channels_and_ranges():
    """All-zero weights with and without bias, a bias far beyond the products, dead activations."""
    b = Builder("odd")
    x = b.input("x", TensorType((1, 3), "float32"))
    w = np.array([[0, 0, 0], [0, 0, 0], [1e-9, 0, 0], [1, 2, 3]])
    x = b.op("dense", x, constant(b, "w", w), constant(b, "b", [0, 0.75, 5.0, -1000]))
    x = b.op("relu", x, name="dead_3")
    w2 = np.array([[1, 1, 1, 1], [0, 0, 0, 1.0]])
    y = b.op("dense", x, constant(b, "w2", w2), constant(b, "b2", [0, 0]), name="y")
    graph = b.build([y])
    x = cases(0, 40, 3)
    done = apply(graph, "int8_ptq", Calibration({"x": x}))
    real, got = (run_cases(g, {"x": x})["y"] for g in (graph, done.graph))
    assert np.abs(real - got).max() <= 0.06  # two steps of 5.75 / 255 and rounding of the operands
    assert np.all(got[..., 1] == 0)
    assert max(np.abs(done.graph.constants[b]).max() for b in ("b", "b2")) <= 2**30


def test_zero_inputs_get_a_usable_scale():
    done = apply(network(), "int8_ptq", Calibration({"x": np.zeros((3, 1, 12), np.float32)}))
    assert done.graph.type("features_int8").quant.scale == (1.0,)
    verify(done.graph)


def test_op_without_a_rule_stays_float_between_borders():
    rng = np.random.default_rng(0)
    b = Builder("mixed")
    x = b.input("x", TensorType((1, 4), "float32"))
    x = b.op("dense", x, constant(b, "w", rng.normal(size=(4, 4))), constant(b, "b", np.ones(4)))
    x = b.op("cumsum", x, axis=1, exclusive=False, reverse=False, name="sums")
    x = b.op("dense", x, constant(b, "v", rng.normal(size=(2, 4))), constant(b, "c", np.ones(2)))
    graph = b.build([x])
    done = apply(graph, "int8_ptq", Calibration({"x": cases(0, 40, 4)})).graph
    assert [n.op for n in done.nodes] == [
        "quantize", "dense", "requantize", "dequantize", "cumsum", "quantize", "dense",
        "requantize", "dequantize",
    ]  # fmt: skip
    assert done.outputs == graph.outputs


def test_sum_of_branches_and_a_kept_activation():
    """A relu whose input is read elsewhere is not folded away; add takes two scales."""
    rng = np.random.default_rng(1)
    b = Builder("branches")
    x = b.input("x", TensorType((1, 6), "float32"))
    y = b.op("dense", x, constant(b, "w", rng.normal(size=(6, 6))), constant(b, "b", np.ones(6)))
    z = b.op("relu", y, name="z")
    t = b.op("dense", z, constant(b, "v", rng.normal(size=(6, 6))), constant(b, "c", np.ones(6)))
    s = b.op("add", t, y, name="sum")
    r = b.op("reshape", s, shape=(6,), name="flat")
    graph = b.build([r])
    done = apply(graph, "int8_ptq", Calibration({"x": cases(0, 400, 6)}))
    assert [n.op for n in done.graph.nodes] == [
        "quantize", "dense", "requantize", "relu", "dense", "requantize", "add", "reshape",
        "dequantize",
    ]  # fmt: skip
    x = cases(5, 40, 6)
    real, got = (run_cases(g, {"x": x})["flat"] for g in (graph, done.graph))
    noise = np.sqrt(np.mean((real - got) ** 2) / np.mean(real**2))
    assert noise < 0.05  # 26 dB, on cases that calibration has not seen


def test_outliers_do_not_cost_the_bulk():
    """One case 50 times as large as the rest: clipping it has the better SQNR or is not done."""
    x = cases(0, 200)
    x[17] *= 50
    graph = network()
    done = apply(graph, "int8_ptq", Calibration({"x": x}))
    span = 255 * done.graph.type("features_int8").quant.scale[0]
    assert span <= np.ptp(0.5 * x) * (1 + 1e-6)
    assert done.errors[0].sqnr_db > 20


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({}, "compress.calibration"),
        ({"x": np.zeros((0, 1, 12), np.float32)}, "compress.calibration"),
        ({"x": np.full((2, 1, 12), np.nan, np.float32)}, "compress.calibration"),
    ],
)
def test_bad_calibration_is_the_users_mistake(inputs, code):
    with pytest.raises(UserError) as e:
        apply(network(), "int8_ptq", Calibration(inputs))
    assert e.value.code == code


def test_wrong_dialect_and_unknown_method():
    quantised = apply(network(), "int8_ptq", Calibration({"x": cases(0)})).graph
    with pytest.raises(UserError, match="float graph"):
        apply(quantised, "int8_ptq", Calibration({"x": cases(0)}))
    with pytest.raises(UnknownKind, match="int8_ptq"):
        apply(network(), "int8_pqt", Calibration({"x": cases(0)}))


def test_a_relu_that_never_fired_still_clamps():
    """Calibration saw only zeros behind it; other inputs must not come out negative."""
    b = Builder("quiet")
    x = b.input("x", TensorType((1, 2), "float32"))
    x = b.op("dense", x, constant(b, "w", np.eye(2)), constant(b, "b", [0, 0]), name="sum")
    graph = b.build([b.op("relu", x, name="y")])
    done = apply(graph, "int8_ptq", Calibration({"x": -np.ones((4, 1, 2), np.float32)}))
    (node,) = (n for n in done.graph.nodes if n.op == "requantize")
    assert node.attrs["act_min"] == node.attrs["zero_point"] > -128
    seen = run_cases(done.graph, {"x": -np.full((1, 1, 2), 2, np.float32)})
    assert np.all(seen[done.graph.outputs[0]] == 0)


def test_a_layer_whose_sums_could_overflow_stays_float():
    b = Builder("deep")
    x = b.input("x", TensorType((1, MOST_DEPTH + 1), "float32"))
    w = constant(b, "w", np.ones((1, MOST_DEPTH + 1)))
    graph = b.build([b.op("dense", x, w, constant(b, "b", [0]), name="y")])
    calibration = Calibration({"x": np.ones((1, 1, MOST_DEPTH + 1), np.float32)})
    assert [n.op for n in apply(graph, "int8_ptq", calibration).graph.nodes] == ["dense"]


def test_a_sum_that_someone_else_reads_is_not_clamped_by_the_relu_behind_it():
    graph = network()
    (dense,) = (n for n in graph.nodes if n.stage == "dense_0" and n.op == "dense")
    both = graph.with_(outputs=(*graph.outputs, dense.outputs[0]))
    done = apply(both, "int8_ptq", Calibration({"x": cases(0)})).graph
    assert "relu" in [n.op for n in done.nodes]
    real, got = (run_cases(g, {"x": cases(0)}) for g in (both, done))
    np.testing.assert_allclose(got[done.outputs[1]], real[dense.outputs[0]], atol=0.2)
