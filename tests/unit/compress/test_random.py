"""Random float graphs: what can be computed can be quantised, keeps the grammar and compiles."""

from collections.abc import Callable

import numpy as np
import pytest

from tinsmith.codegen.compile import lower
from tinsmith.compress.apply import apply
from tinsmith.compress.method import Calibration, Options
from tinsmith.compress.ranges import dequantised
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.op import OPS
from tinsmith.ir.rules import check
from tinsmith.testing.graphs import RandomGraph, random_graph

OPTIONS = (Options(), Options("single", "int8"), Options("onnx", reset_each=False))
LAYERS = [op.name for op in OPS.all() if op.channel_axis is not None]
DRAWS = 500
"""One graph in two to five is a float one."""


def float_graph(
    rng: np.random.Generator, ops: tuple[str, ...], suits: Callable[[Graph], bool] = lambda g: True
) -> tuple[Graph, RandomGraph]:
    """A random graph without integers that stand for real numbers already, in dialect float."""
    for _ in range(DRAWS):
        made = random_graph(rng, must_use=ops)
        graph = made.graph.with_(dialect="float")
        if not check(graph) and suits(graph):
            return graph, made
    raise AssertionError(f"no float graph with {ops} in {DRAWS}")


@pytest.mark.parametrize("op", (*LAYERS, "add", "mul", "softmax", "concat", "max_pool2d"))
def test_any_float_graph(op: str, rng: np.random.Generator) -> None:
    """With a layer, so that there is something to quantise."""
    ops, integers = (op,) if op in LAYERS else (op, "dense"), 0
    for number in range(4):
        graph, made = float_graph(rng, ops)
        options = OPTIONS[number % len(OPTIONS)]
        done = apply(graph, "int8_ptq", Calibration(made.inputs), options)
        lower(done.graph)
        values = {v: t for v, t in done.graph.types.items() if v not in done.graph.constants}
        found = [t for v, t in values.items() if v.endswith("_int8") and t.dtype == "int8"]
        assert all(t.quant for t in found)
        integers += len(found)
    assert integers


def test_losses_are_those_of_the_two_graphs(rng: np.random.Generator) -> None:
    """The report's figures, from both graphs once more."""
    compared = 0
    for _ in range(3):
        graph, made = float_graph(rng, ("dense",), lambda g: not g.states)
        done = apply(graph, "int8_ptq", Calibration(made.inputs))
        was, now = run_cases(graph, made.inputs), run_cases(done.graph, made.inputs)
        for e in done.errors:
            source = e.value.removesuffix("_int8")
            quant = done.graph.type(e.value).quant
            if source not in was or graph.type(source).dtype != "float32":
                continue
            got = now[e.value]
            real = dequantised(got, quant) if got.dtype == np.int8 and quant else got
            noise = np.sum(np.square(was[source].astype(np.float64) - real))
            signal = np.sum(np.square(was[source].astype(np.float64)))
            if noise > 1e-6 * signal > 0:  # else folding's own rounding shows
                compared += 1
                assert e.sqnr_db == pytest.approx(10 * np.log10(signal / noise), abs=0.05)
    assert compared >= 3
