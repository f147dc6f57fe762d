"""Every pass keeps the meaning of random graphs, and does nothing when run again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinsmith.codegen.compile import PIPELINE
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.rewrite import PASSES
from tinsmith.testing.graphs import RandomGraph, random_graph


def with_ballast(made: RandomGraph, rng: np.random.Generator) -> Graph:
    """The graph with something for each pass: constant nodes, copies that change nothing, dead
    nodes, nodes that are there twice, and names that are no identifiers."""
    b = Builder("a graph", "quantised")
    inputs = [b.input(i, made.graph.type(i)) for i in made.graph.inputs]
    outputs = list(b.inline(made.graph, *inputs))
    b.op("relu", b.constant("unused", np.ones(3, np.float32)), name="dead end")
    halves = b.op("sqrt", b.constant("quarter", np.full(1, 0.25, np.float32)), name="one half")
    again = list(b.inline(made.graph, *inputs))
    outputs.append(again[rng.integers(len(again))])
    last = str(rng.choice(outputs))
    if b.type(last).dtype == "float32" and b.type(last).shape:
        outputs.append(b.op("mul", last, halves, name="scaled result"))
    quant, shape = b.type(last).quant, b.type(last).shape
    if quant is not None and quant.axis not in (None, len(shape) - 1):
        return b.build(outputs)  # scales along an axis that is not the last keep the shape
    same = b.op("reshape", last, shape=shape, name="same again")
    if quant is None or quant.axis is None:  # scales along an axis cannot be flattened
        outputs.append(b.op("reshape", same, shape=(b.type(last).elements,), name="flat result"))
    else:
        outputs.append(same)
    return b.build(outputs)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
@pytest.mark.parametrize("kept", [True, False])
def test_the_pipeline_keeps_outputs_bit_for_bit(kept: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    made = random_graph(rng)
    graph = with_ballast(made, rng)
    want = run_cases(graph, made.inputs, reset_each=not kept)
    wanted = [want[o] for o in graph.outputs]
    for name in PIPELINE:
        graph = PASSES.get(name)(graph)
        assert PASSES.get(name)(graph) is graph
        got = run_cases(graph, made.inputs, reset_each=not kept)
        for a, o in zip(wanted, graph.outputs, strict=True):
            assert a.tobytes() == got[o].tobytes()
