"""Operators of com.microsoft and of integers by themselves: within one step of every judge."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from onnx import helper
from onnx_judges import judges
from onnxes import info, model

from tinsmith.importers.onnx.convert import from_bytes
from tinsmith.ir.interp import run_cases

RNG = np.random.default_rng(9)
Array = np.ndarray


def f(value: float) -> Array:
    return np.array(value, np.float32)


def whole(kind: str, *shape: int) -> Array:
    limits = np.iinfo(kind)
    return RNG.integers(limits.min, limits.max + 1, shape).astype(kind)


KINDS = ("int8", "uint8")
PICTURE = (1, 3, 6, 5)
PLAIN = {"kernel_shape": [2, 2], "strides": [2, 2]}


def one_operand(kind: str, shape: tuple[int, ...], **attributes: Any) -> Any:
    """x with scale and zero point, scale and zero point of the result."""
    return shape, ["x", "s", "z", "t", "u"], attributes, {}


def two_operands(kind: str, shape: tuple[int, ...]) -> Any:
    held = {"w": whole(kind, *shape), "v": f(0.03)}
    return shape, ["x", "s", "z", "w", "v", "z", "t", "u"], {}, held


def concat(kind: str) -> Any:
    held = {"w": whole(kind, 2, 3), "v": f(0.03)}
    return (2, 3), ["t", "u", "x", "s", "z", "w", "v", "z"], {"axis": 1}, held


def gemm(kind: str) -> Any:
    held = {
        "w": whole("int8", 5, 4), "v": RNG.uniform(0.01, 0.03, 5).astype(np.float32),
        "o": np.zeros(5, np.int8), "c": RNG.integers(-900, 900, 5).astype(np.int32),
    }  # fmt: skip
    return (3, 4), ["x", "s", "z", "w", "v", "o", "c", "t", "u"], {"transB": 1}, held


CASES = {
    "QLinearAdd": lambda k: two_operands(k, (2, 7)),
    "QLinearMul": lambda k: two_operands(k, (2, 7)),
    "QLinearSigmoid": lambda k: one_operand(k, (40,)),
    "QLinearLeakyRelu": lambda k: one_operand(k, (40,), alpha=0.2),
    "QLinearSoftmax": lambda k: one_operand(k, (4, 6), axis=-1, opset=13),
    "QLinearAveragePool": lambda k: one_operand(k, PICTURE, **PLAIN),
    "QLinearGlobalAveragePool": lambda k: one_operand(k, PICTURE),
    "QLinearConcat": concat,
    "QGemm": gemm,
}


def ours(made: Any, x: Array) -> Array:
    """The interpreter's result."""
    graph = from_bytes(made.SerializeToString(), "m")
    return run_cases(graph, {graph.inputs[0]: x[None]})[graph.outputs[0]][0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CASES)
def test_results_are_within_one_step(name: str, kind: str) -> None:
    shape, names, attributes, more = CASES[name](kind)
    zeros: Mapping[str, Array] = {"z": np.array(4, kind), "u": np.array(9, kind)}
    held = {
        "s": f(0.05),
        "t": f(0.01 if "Soft" in name or "Sig" in name else 0.06),
        **zeros,
        **more,
    }
    node = helper.make_node(name, names, ["y"], domain="com.microsoft", **attributes)
    inputs, outputs = [info("x", shape, kind)], [info("y", None, kind)]
    made, x = model([node], inputs, outputs, held, 18, com_microsoft=1), whole(kind, *shape)
    got = ours(made, x)
    for judge, run in judges(made).items():
        want = run(made, {"x": x})[0]
        assert got.dtype == want.dtype == np.dtype(kind) and len(np.unique(want)) > 2, judge
        assert np.abs(got.astype(int) - want.astype(int)).max() <= 1, judge


def test_a_model_that_quantises_at_run_time() -> None:
    """DynamicQuantizeLinear, MatMulInteger, scales multiplied: exactly every judge's numbers."""
    make, w = helper.make_node, whole("int8", 6, 4)
    nodes = [
        make("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]),
        make("MatMulInteger", ["q", "w", "z", "o"], ["m"]),
        make("Cast", ["m"], ["r"], to=1),
        make("Mul", ["s", "v"], ["sv"]), make("Mul", ["r", "sv"], ["y"]),
    ]  # fmt: skip
    held = {"w": w, "o": np.int8(0), "v": f(0.02)}
    made = model(nodes, [info("x", [3, 6])], [info("y", [3, 4])], held)
    x = RNG.normal(size=(3, 6)).astype(np.float32)
    got = ours(made, x)
    for judge, run in judges(made).items():
        np.testing.assert_array_equal(got, run(made, {"x": x})[0], err_msg=judge)
