"""Random float graphs: what can be computed can be quantised, keeps the grammar and compiles."""

import numpy as np
import pytest

from tinsmith.codegen.compile import lower
from tinsmith.compress.apply import apply
from tinsmith.compress.fold import CHANNELS
from tinsmith.compress.method import Calibration, Options
from tinsmith.compress.ranges import dequantised
from tinsmith.core.errors import InternalError
from tinsmith.ir.interp import run_cases
from tinsmith.ir.rules import check
from tinsmith.testing.graphs import random_graph

OPTIONS = (Options(), Options("single", "int8"), Options("onnx", reset_each=False))


@pytest.mark.parametrize("op", (*CHANNELS, "add", "mul", "softmax", "concat", "max_pool2d"))
def test_any_float_graph(op: str, rng: np.random.Generator) -> None:
    tried = 0
    for _ in range(40):
        try:
            made = random_graph(rng, must_use=op)
        except InternalError:  # none found from this state of the generator
            continue
        graph = made.graph.with_(dialect="float")
        if check(graph):
            continue  # it has integers that stand for real numbers already
        options = OPTIONS[tried % len(OPTIONS)]
        done = apply(graph, "int8_ptq", Calibration(made.inputs), options)
        lower(done.graph)
        values = {v: t for v, t in done.graph.types.items() if v not in done.graph.constants}
        assert all(t.dtype != "int8" or t.quant for v, t in values.items() if v.endswith("_int8"))
        if (tried := tried + 1) == 4:
            return
    pytest.skip(f"no four float graphs with {op} were drawn")


def test_losses_are_those_of_the_two_graphs(rng: np.random.Generator) -> None:
    """The report's figures, from both graphs once more."""
    found = 0
    while found < 3:
        made = random_graph(rng, must_use="dense")
        graph = made.graph.with_(dialect="float")
        if check(graph) or graph.states:
            continue
        found += 1
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
                assert e.sqnr_db == pytest.approx(10 * np.log10(signal / noise), abs=0.05)
