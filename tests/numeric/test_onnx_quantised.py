"""Integer ONNX models: what onnxruntime.quantization makes, QDQ and QOperator.

Compiled C equals the interpreter in every tensor; ONNX's reference evaluator and, where it is
exact on this processor, ONNX Runtime are within one step of the result.
"""

from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from firmwares import CACHE
from onnx import helper
from onnx_judges import judges
from onnxes import info, model, saved

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.build.shared import build_shared
from tinsmith.codegen.compile import compile_graph
from tinsmith.devices.board import BOARDS
from tinsmith.importers import read_model
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.prove.bits import equal

CASES = 12


def conv_net(rng: np.random.Generator) -> Any:
    """Convolution, depthwise convolution, residual sum, poolings, dense layer."""
    held = {
        "w0": rng.normal(size=(6, 2, 3, 3)) * 0.3, "b0": rng.normal(size=6) * 0.1,
        "w1": rng.normal(size=(6, 1, 3, 3)) * 0.4, "b1": rng.normal(size=6) * 0.1,
        "w2": rng.normal(size=(6, 6, 1, 1)) * 0.4, "b2": rng.normal(size=6) * 0.1,
        "w3": rng.normal(size=(5, 6)) * 0.5, "b3": rng.normal(size=5) * 0.1,
    }  # fmt: skip
    make = helper.make_node
    nodes = [
        make("Conv", ["x", "w0", "b0"], ["c0"], pads=[1, 1, 1, 1], name="c0"),
        make("Relu", ["c0"], ["r0"], name="r0"),
        make("Conv", ["r0", "w1", "b1"], ["c1"], pads=[1, 1, 1, 1], group=6, name="c1"),
        make("Relu", ["c1"], ["r1"], name="r1"),
        make("Conv", ["r1", "w2", "b2"], ["c2"], name="c2"),
        make("Add", ["c2", "r0"], ["s"], name="s"),
        make("MaxPool", ["s"], ["p"], kernel_shape=[2, 2], strides=[2, 2], name="p"),
        make("GlobalAveragePool", ["p"], ["g"], name="g"),
        make("Flatten", ["g"], ["f"], name="f"),
        make("Gemm", ["f", "w3", "b3"], ["y"], transB=1, name="y"),
    ]
    constants = {k: v.astype(np.float32) for k, v in held.items()}
    return model(nodes, [info("x", [1, 2, 8, 8])], [info("y", [1, 5])], constants, 13)


def gemm_net(rng: np.random.Generator) -> Any:
    """Two dense layers, a product with a matrix, a sigmoid."""
    held = {
        "w0": rng.normal(size=(12, 9)) * 0.4, "b0": rng.normal(size=12) * 0.1,
        "w1": rng.normal(size=(12, 7)) * 0.4, "w2": rng.normal(size=(7, 4)), "b2": np.ones(4),
    }  # fmt: skip
    make = helper.make_node
    nodes = [
        make("Gemm", ["x", "w0", "b0"], ["d0"], transB=1, name="d0"),
        make("Relu", ["d0"], ["r0"], name="r0"),
        make("MatMul", ["r0", "w1"], ["d1"], name="d1"),
        make("Sigmoid", ["d1"], ["s"], name="s"),
        make("Gemm", ["s", "w2", "b2"], ["y"], name="y"),
    ]
    constants = {k: v.astype(np.float32) for k, v in held.items()}
    return model(nodes, [info("x", [1, 9])], [info("y", [1, 4])], constants, 13)


NETS = {"conv": conv_net, "gemm": gemm_net}


class Feed:
    """Calibration data for onnxruntime.quantization."""

    def __init__(self, arrays: Sequence[np.ndarray]) -> None:
        self.left = list(arrays)

    def get_next(self) -> dict[str, np.ndarray] | None:
        return {"x": self.left.pop()} if self.left else None


def quantised(
    net: str, layout: str, per_channel: bool, activation: str, folder: Path
) -> tuple[Path, np.ndarray]:
    """The file of a quantised network, and inputs for it."""
    from onnxruntime import quantization

    rng = np.random.default_rng([len(net), len(layout), per_channel, len(activation)])
    source = saved(NETS[net](rng), folder, "float")
    shape = [d.dim_value for d in onnx.load(source).graph.input[0].type.tensor_type.shape.dim]
    cases = rng.normal(size=(CASES, *shape)).astype(np.float32)
    path = folder / "quantised.onnx"
    kinds = {"int8": quantization.QuantType.QInt8, "uint8": quantization.QuantType.QUInt8}
    formats = {"qdq": quantization.QuantFormat.QDQ, "qoperator": quantization.QuantFormat.QOperator}
    quantization.quantize_static(
        str(source), str(path), Feed(cases), quant_format=formats[layout], per_channel=per_channel,
        activation_type=kinds[activation], weight_type=quantization.QuantType.QInt8,
    )  # fmt: skip
    return path, cases


def step_of(path: Path) -> float:
    """The scale of the last integers of a model."""
    graph = onnx.load(path).graph
    arrays = {t.name: onnx.numpy_helper.to_array(t) for t in graph.initializer}
    last = next(n for n in reversed(graph.node) if n.op_type in ("DequantizeLinear", "QGemm"))
    return float(arrays[last.input[1 if last.op_type == "DequantizeLinear" else 7]].max())


def in_c(graph: Graph, cases: np.ndarray) -> np.ndarray:
    """The output of compiled C, each tensor equal to the interpreter's."""
    module = compile_graph(graph, "host")
    inputs = {graph.inputs[0]: cases}
    options = RunOptions(inputs, trace=True, cache=CACHE)
    outcome = run(build_shared(module, CACHE), BOARDS.get("host"), "host", options)
    wanted = run_cases(module.graph, inputs)
    assert outcome.trace is not None
    for key, got in {**outcome.trace, **outcome.outputs}.items():
        assert equal(got, wanted[key]), key
    return outcome.outputs[graph.outputs[0]]


EVERY = tuple(product(NETS, ("qdq", "qoperator"), (False, True), ("int8", "uint8")))
SAMPLE = (
    ("conv", "qdq", True, "int8"), ("conv", "qoperator", False, "uint8"),
    ("gemm", "qdq", False, "uint8"), ("gemm", "qoperator", True, "int8"),
)  # fmt: skip


def check(how: tuple[str, str, bool, str], folder: Path) -> float:
    """Largest difference to a judge in steps of the result."""
    path, cases = quantised(*how, folder)
    graph, made = read_model(path), onnx.load(path)
    got = in_c(graph, cases)
    layers = {"conv": {"conv2d", "depthwise_conv2d", "dense"}, "gemm": {"dense"}}[how[0]]
    found = [n for n in graph.nodes if n.op in layers]
    assert found and all(graph.type(n.inputs[0]).dtype == "int8" for n in found)
    found_by = {}
    for judge, run_one in judges(made).items():
        want = np.stack([run_one(made, {"x": case})[0] for case in cases])
        found_by[judge] = float(np.abs(got - want).max()) / step_of(path)
        assert found_by[judge] <= 1.01, (how, judge)
    return max(found_by.values())


@pytest.mark.parametrize("how", SAMPLE)
def test_quantised_networks_are_within_one_step(
    how: tuple[str, str, bool, str], tmp_path: Path
) -> None:
    check(how, tmp_path)


@pytest.mark.slow
def test_full(
    campaign: Callable[..., int], record_result: Callable[..., None], tmp_path: Path
) -> None:
    chosen = EVERY[: campaign(len(EVERY), least=2)]
    steps = {"_".join(map(str, how)): check(how, tmp_path) for how in chosen}
    record_result("onnx_quantised", {"cases_each": CASES, "largest_difference_in_steps": steps})
