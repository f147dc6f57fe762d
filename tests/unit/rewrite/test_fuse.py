"""Layers and what follows them become one node, and come apart again as they were."""

from collections.abc import Callable

import numpy as np
import pytest

from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.ops.requantize import multipliers
from tinsmith.ir.rules import verify
from tinsmith.ir.text import contents, from_text, to_text
from tinsmith.ir.types import Quant, TensorType
from tinsmith.rewrite import PASSES
from tinsmith.rewrite.fuse import shortened, taken_apart

FUSE = PASSES.get("fuse")
X = TensorType((2, 3), "float32")


def layer(b: Builder, x: str, name: str) -> str:
    w = b.constant(f"{name}_w", np.arange(9, dtype=np.float32).reshape(3, 3) / 4 - 1)
    return b.op("dense", x, w, b.constant(f"{name}_b", np.float32([1, -1, 0])), name=name)


def bounded(b: Builder, x: str, name: str) -> str:
    low, high = (b.constant(f"{name}_{v}", np.float32([v])) for v in (0, 6))
    return b.op("min", b.op("max", x, low, name=f"{name}_low"), high, name=name)


def two_layers() -> Graph:
    b = Builder("net", "lowered")
    b.stage = "first"
    first = bounded(b, layer(b, b.input("x", X), "sum"), "active")
    b.stage = "second"
    return b.build([b.op("relu", layer(b, first, "scores"), name="out")])


def integers() -> Graph:
    b = Builder("net", "lowered")
    x = b.input("x", TensorType((1, 4), "int8", Quant((0.5,), (3,))))
    w = b.constant("w", np.arange(-4, 4, dtype=np.int8).reshape(2, 4), Quant((0.1,), (0,)))
    total = b.op("dense", x, w, b.constant("b", np.int32([5, -70])), name="total")
    m, s = (b.constant(n, v) for n, v in zip("ms", multipliers([0.05]), strict=True))
    attrs = {"rounding": "single", "zero_point": -2, "act_min": -128, "act_max": 127}
    return b.build([b.op("requantize", total, m, s, name="y", quant=Quant((0.4,), (-2,)), **attrs)])


GRAPHS: dict[str, tuple[Callable[[], Graph], list[str]]] = {
    "bounds and a rectifier": (two_layers, ["dense + max + min", "dense + relu"]),
    "integers": (integers, ["dense + requantize"]),
}


def cases(graph: Graph) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    type = graph.type("x")
    values = rng.normal(0, 40, (6, *type.shape))
    return {"x": values.astype(type.dtype)}


@pytest.mark.parametrize("name", GRAPHS)
def test_a_layer_and_what_follows_are_one_node_of_the_same_meaning(name: str) -> None:
    graph, words = GRAPHS[name][0](), GRAPHS[name][1]
    fused = FUSE(graph)
    assert [n.words for n in fused.nodes] == words
    assert [n.name for n in fused.nodes][-1] == graph.nodes[-1].name
    before, after = (run_cases(g, cases(graph)) for g in (graph, fused))
    for value in after:
        assert before[value].tobytes() == after[value].tobytes()


@pytest.mark.parametrize("name", GRAPHS)
def test_taking_it_apart_gives_the_nodes_back(name: str) -> None:
    graph = GRAPHS[name][0]()
    again = taken_apart(FUSE(graph))
    assert again.nodes == graph.nodes and dict(again.types) == dict(graph.types)
    assert taken_apart(graph) is graph


@pytest.mark.parametrize("name", GRAPHS)
def test_its_text_reads_back(name: str) -> None:
    fused = FUSE(GRAPHS[name][0]())
    assert from_text(to_text(fused), contents(fused)) == fused


def test_only_the_named_node_is_taken_apart_or_shortened() -> None:
    fused = FUSE(two_layers())
    apart = taken_apart(fused, {"active"})
    assert [n.words for n in apart.nodes] == ["dense", "max", "min", "dense + relu"]
    shorter = shortened(fused, {"active"})
    assert [n.words for n in shorter.nodes] == ["dense + max", "min", "dense + relu"]
    for graph in (apart, shorter, shortened(shorter, {"active_low"})):
        verify(graph)
        assert run_cases(graph, cases(fused))["out"].tobytes() == (
            run_cases(fused, cases(fused))["out"].tobytes()
        )
    assert [n.stage for n in fused.nodes] == ["first", "second"]


def another_reader(b: Builder, x: str) -> list[str]:
    total = layer(b, x, "sum")
    return [b.op("add", b.op("relu", total, name="r"), b.op("sqrt", total), name="y")]


def a_result(b: Builder, x: str) -> list[str]:
    total = layer(b, x, "sum")
    return [total, b.op("relu", total, name="r")]


def a_next_value(b: Builder, x: str) -> list[str]:
    total = layer(b, x, "sum")
    b.update(b.state("s", np.zeros((2, 3), np.float32)), total)
    return [b.op("relu", total, name="r")]


def a_bound_that_varies(b: Builder, x: str) -> list[str]:
    total = layer(b, x, "sum")
    return [b.op("max", total, b.input("bound", X), name="r")]


@pytest.mark.parametrize("make", [another_reader, a_result, a_next_value, a_bound_that_varies])
def test_what_somebody_else_needs_or_decides_stays_apart(make: Callable) -> None:
    b = Builder("net", "lowered")
    graph = b.build(make(b, b.input("x", X)))
    assert FUSE(graph) is graph
