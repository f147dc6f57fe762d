"""Constants are evaluated in one place: one node, back from a value, or all of a graph."""

from pathlib import Path

import numpy as np

import tinsmith
from tinsmith.ir.builder import Builder
from tinsmith.ir.interp import site_of
from tinsmith.ir.types import TensorType
from tinsmith.rewrite import evaluate, folded, known_value

V = TensorType((2, 3), "float32")


def chain() -> Builder:
    b = Builder("net")
    c = b.constant("c", np.full((2, 3), 4, np.float32))
    root = b.op("sqrt", c, name="root")
    b.op("neg", root, name="below")
    b.op("add", b.input("x", V), root, name="y")
    return b


def test_a_chain_of_constants_is_known_in_a_builder_and_in_a_graph() -> None:
    b = chain()
    for source in (b, b.build(["y"])):
        assert np.array_equal(known_value(source, "below"), np.full((2, 3), -2, np.float32))
        assert np.array_equal(known_value(source, "c"), np.full((2, 3), 4, np.float32))


def test_what_depends_on_an_input_or_a_state_is_not_known() -> None:
    b = chain()
    b.state("s", np.zeros((2, 3), np.float32))
    b.op("neg", "s", name="moved")
    assert [known_value(b, v) for v in ("x", "y", "s", "moved")] == [None] * 4


def test_a_value_of_more_elements_than_wanted_is_not_computed() -> None:
    b = chain()
    assert known_value(b, "root", most=5) is None
    assert known_value(b, "root", most=6) is not None


def test_a_value_is_known_by_the_name_that_it_had_before() -> None:
    b = Builder("net")
    value = b.op("neg", b.constant("c", np.ones(3, np.float32)))
    b.renamed(value, "turned")
    assert np.array_equal(known_value(b, value), -np.ones(3, np.float32))


def test_an_infinity_is_known_but_does_not_become_a_constant() -> None:
    b = Builder("net")
    b.op("log", b.constant("zero", np.zeros(2, np.float32)), name="low")
    graph = b.build([b.op("relu", "low", name="y")])
    assert np.all(np.isinf(known_value(graph, "low")))
    assert folded(graph, lambda n: n.name == "low") is graph


def test_only_nodes_that_may_are_folded() -> None:
    graph = chain().build(["y", "below"])
    assert {"root", "c"} <= folded(graph, lambda n: n.name == "root").constants.keys()
    assert folded(graph, lambda n: False) is graph


def test_a_scalar_stays_a_scalar() -> None:
    b = Builder("net")
    graph = b.build([b.op("neg", b.constant("c", np.asarray(1, np.float32)), name="y")])
    node = graph.nodes[0]
    (y,) = evaluate(node.op, [graph.constants["c"]], site_of(graph, node))
    assert y.shape == () and y == -1


EVALUATES = {"rewrite", "ir", "prove", "codegen", "testing"}
"""Packages that call references: constants, the interpreter, the proof's own search, kernel
sets that make tables of an operation, the tests."""


def test_nowhere_else_a_reference_is_called() -> None:
    sources = Path(tinsmith.__file__).parent
    found = {
        p.relative_to(sources).parts[0]
        for p in sources.rglob("*.py")
        if ").reference" in p.read_text("utf-8")
    }
    assert found <= EVALUATES and "rewrite" in found
