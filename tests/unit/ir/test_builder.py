"""The builder makes valid graphs; inlining keeps meaning and renames what collides."""

from pathlib import Path

import numpy as np
import pytest

from tinsmith.core import codec
from tinsmith.core.errors import UserError
from tinsmith.ir import store
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import Interpreter, run_cases
from tinsmith.ir.rules import verify
from tinsmith.ir.text import graph_hash, to_text
from tinsmith.ir.types import TensorType

V = TensorType((3,), "float32")


def counter() -> Graph:
    """y = x + s, s' = y: a running sum."""
    b = Builder("counter")
    x, s = b.input("x", V), b.state("s", np.zeros(3, np.float32))
    y = b.op("add", x, s, name="y")
    b.update(s, y)
    return b.build([y])


def test_states_are_read_old_and_written_after_the_run() -> None:
    graph = counter()
    verify(graph)
    ones = {"x": np.ones((3, 3), np.float32)}
    kept = run_cases(graph, ones, reset_each=False)
    assert kept["y"][:, 0].tolist() == [1, 2, 3] and kept["s"][:, 0].tolist() == [0, 1, 2]
    assert run_cases(graph, ones)["y"][:, 0].tolist() == [1, 1, 1]


def test_names_are_made_unique() -> None:
    b = Builder("net")
    x = b.input("x", V)
    names = [b.op("relu", x), b.op("relu", x), b.constant("relu", np.zeros(3, np.float32))]
    assert names == ["relu", "relu_1", "relu_2"]
    verify(b.build(names[:2]))


def test_inlining_twice_keeps_both_apart() -> None:
    b = Builder("two")
    x = b.input("x", V)
    (first,) = b.inline(counter(), x)
    (second,) = b.inline(counter(), first)
    graph = b.build([second])
    verify(graph)
    machine = Interpreter(graph)
    ones = {"x": np.ones(3, np.float32)}
    assert [machine.run(ones)[second][0] for _ in range(3)] == [1, 3, 6]


def test_a_wrong_input_is_named() -> None:
    machine = Interpreter(counter())
    with pytest.raises(UserError, match="'x' is missing"):
        machine.run({})
    with pytest.raises(UserError, match=r"float64\[3\]; the model takes float32\[3\]"):
        machine.run({"x": np.ones(3)})


def test_shapes_that_do_not_fit_are_refused_at_once() -> None:
    b = Builder("net")
    x = b.input("x", V)
    with pytest.raises(UserError, match="dense"):
        b.op(
            "dense", x, b.constant("w", np.zeros((2, 4), "f4")), b.constant("b", np.zeros(2, "f4"))
        )


def test_a_scalar_constant_or_state_stays_a_scalar() -> None:
    b = Builder("net")
    x, s = b.input("x", V), b.state("s", np.array(2, np.float32))
    graph = b.build([b.op("mul", b.op("mul", x, b.constant("k", np.array(3, np.float32))), s)])
    verify(graph)
    y = Interpreter(graph).run({"x": np.ones(3, np.float32)})[graph.outputs[0]]
    assert graph.constants["k"].shape == () and y.tolist() == [6.0, 6.0, 6.0]


def test_the_last_result_is_renamed_with_its_node_and_the_name_is_made_unique() -> None:
    b = Builder("net")
    x = b.input("x", V)
    first = b.renamed(b.op("relu", x), "y")
    second = b.renamed(b.op("relu", first), "y")
    assert (first, second) == ("y", "y_1")
    assert b.type(second) == V
    graph = b.build([second])
    verify(graph)
    assert [(n.name, n.inputs, n.outputs) for n in graph.nodes] == [
        ("y", ("x",), ("y",)), ("y_1", ("y",), ("y_1",)),
    ]  # fmt: skip
    assert set(graph.types) == {"x", "y", "y_1"}


def test_a_value_may_keep_its_own_name() -> None:
    b = Builder("net")
    x = b.input("x", V)
    assert b.renamed(b.op("relu", x), "relu") == "relu"
    assert b.renamed(b.op("relu", x), "relu") == "relu_1"
    assert [n.name for n in b.build(["relu_1"]).nodes] == ["relu", "relu_1"]


@pytest.mark.parametrize("kind", ["empty", "input", "constant", "named", "renamed", "later node"])
def test_what_is_not_the_last_unnamed_result_keeps_its_name(kind: str) -> None:
    b = Builder("net")
    x = b.input("x", V)
    value = {
        "empty": lambda: b.op("relu", x),
        "input": lambda: x,
        "constant": lambda: b.constant("k", np.zeros(3, np.float32)),
        "named": lambda: b.op("relu", x, name="mine"),
        "renamed": lambda: b.renamed(b.op("relu", x), "mine"),
        "later node": lambda: b.op("relu", x),
    }[kind]()
    last = b.op("relu", value) if kind == "later node" else value
    assert b.renamed(value, "" if kind == "empty" else "other") == value
    graph = b.build([last])
    verify(graph)
    assert "other" not in graph.types and value in graph.types


def test_the_results_of_an_inlined_graph_keep_their_names() -> None:
    b = Builder("net")
    before = b.op("relu", b.input("x", V))
    (y,) = b.inline(counter(), before)
    assert (b.renamed(before, "other"), b.renamed(y, "other")) == (before, y)


def test_the_name_before_still_stands_for_the_value() -> None:
    b = Builder("net")
    x, s = b.input("x", V), b.state("s", np.zeros(3, np.float32))
    before = b.op("add", x, s)
    b.update(s, before)
    assert b.renamed(before, "sum") == "sum"
    assert b.type(before) == V
    (counted,) = b.inline(counter(), before)
    twice = b.op("add", before, before)
    assert twice == "add_1"  # nothing else gets the name
    graph = b.build([before, counted, twice])
    verify(graph)
    assert graph.outputs[0] == "sum" and before not in graph.types
    machine = Interpreter(graph)
    ones = {"x": np.ones(3, np.float32)}
    runs = [machine.run(ones) for _ in range(2)]
    assert [[float(r[o][0]) for o in graph.outputs] for r in runs] == [[1, 1, 2], [2, 3, 4]]


def test_notes_come_with_the_graph_each_once() -> None:
    inner = Builder("inner")
    inner.note("Sums wrap.")
    part = inner.build([inner.op("relu", inner.input("x", V))])
    b = Builder("net")
    b.note("The first rounds count.")
    y = b.inline(part, *b.inline(part, b.input("x", V)))
    graph = b.build(y)
    assert graph.notes == ("The first rounds count.", "Sums wrap.")
    assert graph.with_(name="other").notes == graph.notes


def test_notes_are_for_people_alone(tmp_path: Path) -> None:
    """They travel with the graph (as from the sandbox), and are in no text, file or hash of it."""
    graph = counter()
    noted = graph.with_(notes=("Sums wrap.",))
    assert codec.loads(Graph, codec.dumps(noted)).notes == noted.notes
    assert to_text(noted) == to_text(graph) and store.dumps(noted) == store.dumps(graph)
    assert graph_hash(noted) == graph_hash(graph)
    (tmp_path / "n.tinsmith").write_bytes(store.dumps(noted))
    assert store.read(tmp_path / "n.tinsmith").notes == ()
