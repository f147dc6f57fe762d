"""Parsing of ONNX files: what is read, and what is refused and never opened."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnxes import info, model

from tinsmith.core.errors import UserError
from tinsmith.importers.onnx.convert import from_bytes
from tinsmith.importers.onnx.parse import parse

X, Y = info("x", [1, 4]), info("y", [1, 4])


def refused(made: onnx.ModelProto) -> str:
    with pytest.raises(UserError) as e:
        from_bytes(made.SerializeToString(), "m")
    assert e.value.code.startswith("import.onnx.")
    return f"{e.value.code}: {e.value}"


def relu(**changes: object) -> onnx.ModelProto:
    made = model([helper.make_node("Relu", ["x"], ["y"], name="first")], [X], [Y])
    for key, value in changes.items():
        setattr(made, key, value)
    return made


def test_a_model_is_read() -> None:
    constants = {"w": np.float32([[1, 2]])}
    node = helper.make_node("Add", ["x", "w"], ["y"], name="sum", axis=3, text="a", many=[1, 2])
    found = parse(model([node], [X], [Y], constants).SerializeToString())
    assert found.opsets == {"": 18}
    (read,) = found.graph.nodes
    assert (read.kind, read.inputs, read.outputs) == ("Add", ("x", "w"), ("y",))
    assert read.attributes == {"axis": 3, "text": "a", "many": (1, 2)}
    assert found.graph.inputs[0].shape == (1, 4)
    np.testing.assert_array_equal(found.graph.constants["w"], constants["w"])


@pytest.mark.parametrize("data", [b"", b"\x00" * 64, b"not a model", b"\xff" * 100])
def test_what_is_no_model_is_refused(data: bytes) -> None:
    with pytest.raises(UserError) as e:
        parse(data)
    assert e.value.code == "import.onnx.broken"


@pytest.mark.parametrize("name", [b"Other", b"input", b"result", b"called"])
def test_a_name_that_is_no_text_is_refused(name: bytes) -> None:
    """In place of an operator, what it reads and makes, and its own name; in a circle too."""
    for inputs in (["input"], ["result"]):
        node = helper.make_node("Other", inputs, ["result"], name="called")
        data = model([node], [info("input", [1, 4])], [info("result", [1, 4])]).SerializeToString()
        with pytest.raises(UserError) as e:
            from_bytes(data.replace(name, b"\xff" * len(name)), "m")
        assert e.value.code == "import.onnx.broken"


def test_external_content_is_never_opened(tmp_path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(np.float32([1, 2, 3, 4]).tobytes())
    made = relu()
    tensor = made.graph.initializer.add(name="w", data_type=TensorProto.FLOAT, dims=[4])
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=str(secret))
    assert "import.onnx.external" in refused(made) and "'w'" in refused(made)


@pytest.mark.parametrize(
    ("dims", "raw"), [([4], b"123"), ([2**40], b""), ([-1], b""), ([2**31, 2**31], b"\0" * 8)]
)
def test_tensors_that_hold_too_little_are_refused(dims: list[int], raw: bytes) -> None:
    made = relu()
    made.graph.initializer.add(name="w", data_type=TensorProto.FLOAT, dims=dims, raw_data=raw)
    assert "import.onnx.broken" in refused(made)


def test_unknown_operators_are_named_all_at_once() -> None:
    nodes = [
        helper.make_node("Strange", ["x"], ["a"], name="first"),
        helper.make_node("Odd", ["a"], ["y"], name="second", domain="other"),
    ]
    text = refused(model(nodes, [X], [Y], other=1))
    assert all(w in text for w in ("Strange", "'first'", "node 0", "other.Odd", "'second'"))


@pytest.mark.parametrize("version", [1, 6, 99])
def test_versions_outside_are_refused(version: int) -> None:
    made = relu()
    made.opset_import[0].version = version
    assert f"version {version}" in refused(made)


def test_an_open_batch_becomes_one_and_others_are_refused() -> None:
    node = helper.make_node("Relu", ["x"], ["y"])
    graph = from_bytes(
        model([node], [info("x", ["n", 4])], [info("y", ["n", 4])]).SerializeToString(), "m"
    )
    assert graph.type(graph.inputs[0]).shape == (1, 4)
    named = model([node], [info("x", [1, "height"])], [info("y", [1, "height"])])
    assert "Dimension 1" in refused(named) and "height" in refused(named)


def test_functions_that_call_themselves_are_refused() -> None:
    made = model([helper.make_node("f", ["x"], ["y"], domain="own")], [X], [Y], own=1)
    body = [helper.make_node("f", ["a"], ["b"], domain="own")]
    made.functions.append(
        helper.make_function("own", "f", ["a"], ["b"], body, [helper.make_opsetid("own", 1)])
    )
    assert "calls itself" in refused(made)


def test_functions_are_written_out() -> None:
    made = model([helper.make_node("twice", ["x"], ["y"], domain="own")], [X], [Y], own=1)
    body = [helper.make_node("Add", ["a", "a"], ["b"])]
    made.functions.append(
        helper.make_function("own", "twice", ["a"], ["b"], body, [helper.make_opsetid("", 18)])
    )
    graph = from_bytes(made.SerializeToString(), "m")
    assert graph.nodes[-1].op == "add"


def test_subgraphs_nest_within_the_limit() -> None:
    inner = helper.make_graph([helper.make_node("Relu", ["x"], ["z"])], "g", [], [info("z", [1])])
    for depth in range(12):
        node = helper.make_node("If", ["c"], [f"y{depth}"], then_branch=inner, else_branch=inner)
        inner = helper.make_graph([node], "g", [], [info(f"y{depth}", [1])])
    made = model(list(inner.node), [X], [info("y11", [1])], {"c": np.array(True)})
    assert "deeper" in refused(made)


@pytest.mark.parametrize("dtype", ["float64", "float16"])
def test_inputs_of_other_types_are_refused(dtype: str) -> None:
    node = helper.make_node("Relu", ["x"], ["y"])
    made = model([node], [info("x", [1], dtype)], [info("y", [1], dtype)])
    assert "import.onnx.type" in refused(made) and dtype in refused(made)


def test_a_value_that_nothing_computes_is_refused() -> None:
    made = model([helper.make_node("Relu", ["ghost"], ["y"], name="first")], [X], [Y])
    assert "ghost" in refused(made) and "'first'" in refused(made)


def test_what_the_file_declares_of_its_outputs_must_hold() -> None:
    made = model([helper.make_node("Relu", ["x"], ["y"])], [X], [info("y", [1, 5])])
    assert "import.onnx.shape" in refused(made)
