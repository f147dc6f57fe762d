"""Translation: shape arithmetic, branches, quantised graphs, infinite constants, names."""

import numpy as np
import pytest
from onnx import TensorProto, helper
from onnxes import info, model, one

from tinsmith.core.errors import UserError
from tinsmith.importers import IMPORTERS
from tinsmith.importers.onnx.convert import from_bytes
from tinsmith.importers.onnx.registry import registry
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.types import Quant

make = helper.make_node


def graph_of(made) -> Graph:
    return from_bytes(made.SerializeToString(), "m")


def output(graph: Graph, *arrays: np.ndarray) -> np.ndarray:
    fed = {i: a[None] for i, a in zip(graph.inputs, arrays, strict=True)}
    return run_cases(graph, fed)[graph.outputs[0]][0]


def test_shapes_are_computed_at_import() -> None:
    nodes = [
        make("Shape", ["x"], ["s"]),
        make("Gather", ["s", "zero"], ["n"], axis=0),
        make("Unsqueeze", ["n", "axes"], ["n1"]),
        make("Concat", ["n1", "minus"], ["to"], axis=0),
        make("Reshape", ["x", "to"], ["y"]),
    ]
    held = {"zero": np.int64(0), "axes": np.int64([0]), "minus": np.int64([-1])}
    graph = graph_of(model(nodes, [info("x", [2, 3, 4])], [info("y", [2, 12])], held))
    assert [n.op for n in graph.nodes] == ["reshape"]


def test_a_branch_is_taken_where_its_condition_is_known() -> None:
    then = helper.make_graph([make("Relu", ["x"], ["a"])], "t", [], [info("a", [1, 2])])
    other = helper.make_graph([make("Abs", ["x"], ["b"])], "e", [], [info("b", [1, 2])])
    node = make("If", ["c"], ["y"], then_branch=then, else_branch=other)
    made = model([node], [info("x", [1, 2])], [info("y", [1, 2])], {"c": np.array(False)})
    assert [n.op for n in graph_of(made).nodes] == ["abs"]
    open_ = model([node], [info("x", [1, 2]), info("c", [], "bool")], [info("y", [1, 2])])
    with pytest.raises(UserError) as e:
        graph_of(open_)
    assert e.value.code == "import.onnx.constant" and "'c'" in e.value.hint


def test_infinite_constants_are_computed() -> None:
    mask, low = np.array([[True, False]]), np.float32(-np.inf)
    graph = graph_of(one("Where", [mask, np.ones((1, 2), np.float32), low], [1, 2], (0, 2)))
    y = output(graph, np.float32([[3, 4]]))
    np.testing.assert_array_equal(y, np.float32([[3, -np.inf]]))


def quantised(activation: type, *, head: bool) -> Graph:
    """QDQ around a dense layer, over float (head) or integer inputs."""
    zero = activation(7)
    held = {
        "s": np.float32(0.05), "z": np.asarray(zero), "r": np.float32(0.1),
        "w": np.arange(-6, 6).reshape(3, 4).astype(np.int8), "u": np.float32(0.02),
        "v": np.int8(0), "c": np.int32([3, -2, 1, 0]), "p": np.float32(0.05 * 0.02),
    }  # fmt: skip
    nodes = [
        make("DequantizeLinear", ["q", "s", "z"], ["x"]),
        make("DequantizeLinear", ["w", "u", "v"], ["k"]),
        make("DequantizeLinear", ["c", "p"], ["b"]),
        make("Gemm", ["x", "k", "b"], ["d"]), make("Relu", ["d"], ["e"]),
        make("QuantizeLinear", ["e", "r", "z"], ["y"]),
    ]  # fmt: skip
    kind, first = np.dtype(activation).name, info("q", [1, 3], np.dtype(activation).name)
    if head:
        nodes.insert(0, make("QuantizeLinear", ["f", "s", "z"], ["q"]))
        first = info("f", [1, 3])
    return graph_of(model(nodes, [first], [info("y", [1, 4], kind)], held, 13))


@pytest.mark.parametrize("activation", [np.int8, np.uint8])
def test_conversions_around_a_layer_make_it_one_of_integers(activation: type) -> None:
    graph = quantised(activation, head=False)
    ops = [n.op for n in graph.nodes]
    around = ["recentre"] if activation == np.uint8 else []
    assert ops == [*around, "dense", "requantize", *around]
    q = np.array([[9, 100, 3]], activation)
    real = (q.astype(np.float64) - 7) * 0.05 @ (np.arange(-6, 6).reshape(3, 4) * 0.02)
    real = np.maximum(real + np.array([3, -2, 1, 0]) * 0.001, 0)
    info_ = np.iinfo(activation)
    want = np.clip(np.rint(real / 0.1) + 7, info_.min, info_.max)
    np.testing.assert_array_equal(output(graph, q), want.astype(activation))


@pytest.mark.parametrize(("kind", "zero"), [("INT4", 0), ("INT4", -2), ("UINT4", 8)])
def test_weights_of_four_bits_are_those_of_eight(kind: str, zero: int) -> None:
    """Two to a byte in the file; int8 or uint8 of the same numbers afterwards."""
    code = getattr(TensorProto, kind)
    least = 0 if kind == "UINT4" else -8
    weights = np.arange(least, least + 12)
    wide = np.uint8 if kind == "UINT4" else np.int8
    held = {
        "s": np.float32(0.05), "z": np.int8(7), "r": np.float32(0.1), "u": np.float32(0.02),
        "w": weights.reshape(3, 4).astype(wide), "v": np.array(zero, wide),
    }  # fmt: skip
    nodes = [
        make("DequantizeLinear", ["q", "s", "z"], ["x"]),
        make("DequantizeLinear", ["w", "u", "v"], ["k"]),
        make("MatMul", ["x", "k"], ["d"]), make("QuantizeLinear", ["d", "r", "z"], ["y"]),
    ]  # fmt: skip
    eight = model(nodes, [info("q", [1, 3], "int8")], [info("y", [1, 4], "int8")], held, 21)
    four = model(nodes, [info("q", [1, 3], "int8")], [info("y", [1, 4], "int8")], held, 21)
    for tensor in four.graph.initializer:
        if tensor.name in "wv":
            numbers = weights if tensor.name == "w" else np.array([zero])
            made = helper.make_tensor(tensor.name, code, tensor.dims, numbers.tolist())
            tensor.CopyFrom(made)
    q = np.array([[9, 100, 3]], np.int8)
    graph = graph_of(four)
    assert "dense" in {n.op for n in graph.nodes}
    np.testing.assert_array_equal(output(graph, q), output(graph_of(eight), q))


def test_the_meaning_of_integer_inputs_stands_in_their_type() -> None:
    graph = quantised(np.int8, head=False)
    scale = float(np.float32(0.05))
    assert graph.type(graph.inputs[0]).quant == Quant((scale,), (7,))


def test_what_only_moves_elements_stays_integer() -> None:
    held = {"s": np.float32(0.5), "z": np.uint8(128), "to": np.int64([3, 2])}
    nodes = [
        make("DequantizeLinear", ["q", "s", "z"], ["x"]),
        make("Transpose", ["x"], ["t"]), make("Reshape", ["t", "to"], ["r"]),
        make("QuantizeLinear", ["r", "s", "z"], ["y"]),
    ]  # fmt: skip
    made = model(nodes, [info("q", [2, 3], "uint8")], [info("y", [3, 2], "uint8")], held, 13)
    graph = graph_of(made)
    assert {graph.type(n.outputs[0]).dtype for n in graph.nodes} == {"int8", "uint8"}
    q = np.arange(6, dtype=np.uint8).reshape(2, 3)
    np.testing.assert_array_equal(output(graph, q), q.T)


def test_outputs_may_be_one_value() -> None:
    nodes = [make("Relu", ["x"], ["a"]), make("Identity", ["a"], ["b"])]
    graph = graph_of(model(nodes, [info("x", [2])], [info("a", [2]), info("b", [2])]))
    assert len(set(graph.outputs)) == 2


def test_operands_that_must_be_known_are_named() -> None:
    x, shape = np.ones((2, 3), np.float32), np.int64([3, 2])
    with pytest.raises(UserError) as e:
        graph_of(one("Reshape", [x, shape], [3, 2]))
    assert e.value.code == "import.onnx.constant" and "'x1'" in e.value.hint


def test_the_support_table_has_every_operator() -> None:
    rows = IMPORTERS.get("onnx").support()
    assert len(rows) == len(registry()) > 100
    assert all(r.types for r in rows)
