"""Nodes in any order: sorted as they can be computed; circles are refused by name."""

import itertools
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from onnxes import info, model

from tinsmith.core.errors import UserError
from tinsmith.importers.onnx.convert import from_bytes
from tinsmith.importers.onnx.parse import parse
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases

make = helper.make_node
X, Y = info("x", [1, 2]), info("y", [1, 2])
ARRAY = np.float32([[3.0, -4.0]])


def graph_of(made: onnx.ModelProto) -> Graph:
    return from_bytes(made.SerializeToString(), "m")


def output(made: onnx.ModelProto) -> Any:
    graph = graph_of(made)
    return run_cases(graph, {graph.inputs[0]: ARRAY[None]})[graph.outputs[0]][0]


def chain() -> list[onnx.NodeProto]:
    """y = |x + c| - x, with c from a Constant."""
    value = numpy_helper.from_array(np.float32([1, 2]))
    return [
        make("Constant", [], ["c"], name="held", value=value), make("Add", ["x", "c"], ["a"]),
        make("Abs", ["a"], ["b"]), make("Sub", ["b", "x"], ["y"]),
    ]  # fmt: skip


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_nodes_may_stand_in_any_order(order: tuple[int, ...]) -> None:
    nodes = chain()
    made = model([nodes[i] for i in order], [X], [Y])
    np.testing.assert_array_equal(output(made), np.abs(ARRAY + np.float32([1, 2])) - ARRAY)


def test_what_is_in_order_stays_as_it_is() -> None:
    nodes = [make("Abs", ["x"], ["b"]), make("Neg", ["x"], ["a"]), make("Add", ["a", "b"], ["y"])]
    read = parse(model(nodes, [X], [Y]).SerializeToString()).graph.nodes
    assert [n.index for n in read] == [0, 1, 2]
    late = [nodes[2], nodes[0], nodes[1]]
    read = parse(model(late, [X], [Y]).SerializeToString()).graph.nodes
    assert [(n.index, n.kind) for n in read] == [(1, "Abs"), (2, "Neg"), (0, "Add")]


def branch(nodes: list[onnx.NodeProto], out: str) -> onnx.GraphProto:
    return helper.make_graph(nodes, "g", [], [info(out, [1, 2])])


def test_nodes_of_branches_may_stand_in_any_order() -> None:
    then = branch([make("Neg", ["p"], ["q"]), make("Abs", ["late"], ["p"])], "q")
    other = branch([make("Relu", ["x"], ["r"])], "r")
    nodes = [
        make("If", ["yes"], ["y"], then_branch=then, else_branch=other),
        make("Add", ["x", "x"], ["late"]),  # only a branch reads it
    ]
    made = model(nodes, [X], [Y], {"yes": np.array(True)})
    np.testing.assert_array_equal(output(made), -np.abs(ARRAY + ARRAY))


def test_a_name_may_be_made_inside_and_outside() -> None:
    inside = branch([make("Neg", ["x"], ["t"]), make("Abs", ["t"], ["q"])], "q")
    nodes = [
        make("If", ["yes"], ["o"], then_branch=inside, else_branch=inside),
        make("Add", ["o", "x"], ["u"]),
        make("Sub", ["u", "x"], ["y"]),
        make("Relu", ["y"], ["t"]),
    ]
    read = parse(model(nodes, [X], [Y], {"yes": np.array(True)}).SerializeToString())
    assert [n.index for n in read.graph.nodes] == [0, 1, 2, 3]


def with_function(body: list[onnx.NodeProto], nodes: list[onnx.NodeProto]) -> onnx.ModelProto:
    made = model(nodes, [X], [Y], own=1)
    made.functions.append(
        helper.make_function("own", "f", ["a"], ["b"], body, [helper.make_opsetid("", 18)])
    )
    return made


def test_nodes_of_functions_and_calls_may_stand_in_any_order() -> None:
    body = [make("Neg", ["t"], ["b"]), make("Abs", ["a"], ["t"])]
    calls = [make("f", ["z"], ["y"], domain="own"), make("f", ["x"], ["z"], domain="own")]
    made = with_function(body, calls)
    np.testing.assert_array_equal(output(made), -np.abs(ARRAY))


@pytest.mark.parametrize("place", ["graph", "branch", "function"])
def test_circles_are_refused_by_the_names_of_their_nodes(place: str) -> None:
    ring = [
        make("Relu", ["r2"], ["end"], name="behind"),
        make("Abs", ["r2"], ["r1"], name="first"),
        make("Neg", ["r1"], ["r2"], name="second"),
    ]
    if place == "graph":
        made = model([*ring, make("Relu", ["x"], ["y"])], [X], [Y])
    elif place == "branch":
        node = make(
            "If", ["c"], ["y"], then_branch=branch(ring, "end"), else_branch=branch(ring, "end")
        )
        made = model([node], [X], [Y], {"c": np.array(True)})
    else:
        ring.append(make("Relu", ["a"], ["b"]))
        made = with_function(ring, [make("f", ["x"], ["y"], domain="own")])
    with pytest.raises(UserError) as e:
        graph_of(made)
    assert e.value.code == "import.onnx.broken"
    assert (
        "circle: operator Abs (node 1, 'first'), operator Neg (node 2, 'second')."
        in e.value.message
    )
    assert "behind" not in e.value.message


def test_long_circles_name_a_few_nodes() -> None:
    ring = [make("Abs", [f"v{i}"], [f"v{(i + 1) % 3000}"]) for i in range(3000)]
    with pytest.raises(UserError, match="and 2996 more"):
        graph_of(model([*ring, make("Relu", ["x"], ["y"])], [X], [Y]))


def test_a_node_that_reads_itself_is_a_circle() -> None:
    with pytest.raises(UserError, match=r"circle: operator Add \(node 0, 'loop'\)\."):
        graph_of(model([make("Add", ["x", "y"], ["y"], name="loop")], [X], [Y]))


def test_refusals_inside_functions_name_the_call_of_the_file() -> None:
    body = [make("Abs", ["a"], ["t"]), make("Strange", ["t"], ["b"])]
    calls = [make("f", ["x"], ["z"], domain="own", name="one"), make("Relu", ["z"], ["y"])]
    with pytest.raises(UserError) as e:
        graph_of(with_function(body, calls))
    assert "operator own.f (node 0, 'one'), in its function operator Strange" in e.value.message
    calls = [calls[0], make("Odd", ["z"], ["y"], name="two")]
    with pytest.raises(UserError, match=r"operator Odd \(node 1, 'two'\)"):
        graph_of(with_function([body[0], make("Neg", ["t"], ["b"])], calls))


def test_constants_that_functions_need_are_asked_of_the_call() -> None:
    body = [make("Shape", ["a"], ["s"]), make("Cast", ["a"], ["w"], to=7)]
    body += [make("Reshape", ["a", "w"], ["b"])]
    with pytest.raises(UserError) as e:
        graph_of(with_function(body, [make("f", ["x"], ["y"], domain="own", name="mine")]))
    assert e.value.code == "import.onnx.constant"
    named = "operator own.f (node 0, 'mine'), in its function operator Reshape: operand 1 has"
    assert e.value.message.startswith(named)
    assert e.value.hint.startswith("Make what '")
