"""Preparation keeps what a graph computes; batch normalisations disappear into weights."""

import numpy as np
import pytest

from tinsmith.compose import movement as mv
from tinsmith.compress.fold import prepare
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.rules import verify
from tinsmith.ir.types import TensorType

NOTHING: frozenset[str] = frozenset()
WEIGHTS = {
    "dense": ((2, 6), (4, 6), {}),
    "conv2d": ((1, 4, 5, 2), (4, 2, 2, 2), {"stride": (1, 1)}),
    "depthwise_conv2d": ((1, 4, 5, 2), (1, 2, 2, 4), {"stride": (1, 1), "multiplier": 2}),
    "conv_transpose2d": ((1, 3, 3, 2), (4, 2, 2, 2), {"stride": (2, 2), "size": (6, 6)}),
}


def constant(b: Builder, array: object) -> str:
    return b.constant("c", np.asarray(array, np.float32))


def layer(b: Builder, op: str, rng: np.random.Generator) -> str:
    shape, weights, attrs = WEIGHTS[op]
    x = b.input("x", TensorType(shape, "float32"))
    w, c = constant(b, rng.normal(size=weights)), constant(b, rng.normal(size=4))
    return b.op(op, x, w, c, quant=None, **attrs)


def both(graph: Graph, rng: np.random.Generator, fixed: frozenset[str] = NOTHING) -> Graph:
    """The prepared graph, after it was seen to compute the same."""
    ready = prepare(graph, fixed)
    verify(ready)
    assert (ready.inputs, ready.outputs) == (graph.inputs, graph.outputs)
    inputs = {i: rng.normal(size=(5, *graph.type(i).shape)).astype("f4") for i in graph.inputs}
    was, now = run_cases(graph, inputs), run_cases(ready, inputs)
    for output in graph.outputs:
        assert now[output].shape == was[output].shape
        np.testing.assert_allclose(now[output], was[output], rtol=2e-5, atol=2e-5)
    return ready


@pytest.mark.parametrize("op", WEIGHTS)
@pytest.mark.parametrize("affine", ["mul", "div", "add", "sub"])
def test_a_constant_per_channel_goes_into_the_layer(op, affine, rng):
    b = Builder("net")
    x = layer(b, op, rng)
    b.op(affine, x, constant(b, rng.uniform(0.5, 2, 4)), name="y")
    ready = both(b.build(["y"]), rng)
    assert [n.op for n in ready.nodes] == [op] and ready.nodes[0].outputs == ("y",)


def test_a_whole_batch_normalisation_behind_transposes(rng):
    """Between layouts, with constants that are broadcast by copies; clamps come to the layer."""
    b = Builder("net")
    x = mv.transpose(b, layer(b, "conv2d", rng), (0, 3, 1, 2))
    for op in ("sub", "div", "mul", "add"):
        c = constant(b, rng.uniform(0.5, 2, (4, 1, 1)))
        x = b.op(op, x, mv.expand(b, c, b.type(x).shape))
    x = b.op("min", b.op("max", x, constant(b, 0.0)), constant(b, 6.0))
    ready = both(b.build([mv.transpose(b, x, (0, 2, 3, 1))]), rng)
    assert [n.op for n in ready.nodes] == ["conv2d", "max", "min", "strided", "strided"]


def test_what_is_read_elsewhere_is_not_folded(rng):
    b = Builder("net")
    x = layer(b, "dense", rng)
    y = b.op("mul", x, constant(b, rng.uniform(0.5, 2, 4)))
    graph = b.build([b.op("add", y, x)])
    assert prepare(graph, NOTHING).nodes == graph.nodes
    kept = graph.with_(outputs=(y, x), nodes=graph.nodes[:2])
    assert prepare(kept, NOTHING).nodes == kept.nodes


def test_a_constant_along_another_axis_is_not_folded(rng):
    b = Builder("net")
    x = layer(b, "conv2d", rng)
    c = rng.uniform(0.5, 2, b.type(x).shape)
    both_axes = b.op("mul", x, constant(b, c))
    graph = b.build([both_axes])
    assert [n.op for n in both(graph, rng).nodes] == ["conv2d", "mul"]
    b = Builder("net")
    x = mv.transpose(b, layer(b, "conv2d", rng), (0, 3, 1, 2))
    c = rng.uniform(0.5, 2, b.type(x).shape[3])  # the last axis here is the width
    graph = b.build([b.op("mul", x, constant(b, c))])
    assert [n.op for n in both(graph, rng).nodes] == ["conv2d", "strided", "mul"]


def test_fixed_nodes_are_left_alone(rng):
    b = Builder("net")
    x = layer(b, "dense", rng)
    graph = b.build([b.op("mul", x, constant(b, rng.uniform(0.5, 2, 4)), name="y")])
    for name in (graph.nodes[0].name, "y"):
        assert prepare(graph, frozenset((name,))).nodes == graph.nodes


def test_weights_that_would_not_stay_finite_are_not_folded(rng):
    b = Builder("net")
    x = layer(b, "dense", rng)
    x = b.op("mul", x, constant(b, [3e38, 1, 1, 1]))
    graph = b.build([b.op("mul", x, constant(b, [1e-38, 1, 1, 1]))])
    ready = prepare(graph, NOTHING)
    verify(ready)
    assert all(np.all(np.isfinite(c)) for c in ready.constants.values())


def test_constants_that_an_output_shows_are_computed_by_a_node(rng):
    b = Builder("net")
    x = b.input("x", TensorType((3,), "float32"))
    c = constant(b, rng.normal(size=3))
    y = b.op("exp", c)
    z = b.op("add", x, b.op("sqrt", b.op("abs", c)))
    ready = both(b.build([y, z]), rng)
    assert [n.op for n in ready.nodes] == ["exp", "add"]
