"""What is computed twice is computed once, where that takes no more memory."""

import numpy as np

from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.rules import check
from tinsmith.ir.types import Quant, TensorType
from tinsmith.rewrite import PASSES

V = TensorType((2, 3), "float32")
X = {"x": np.array([[[-2, -1, -0.0], [0.5, 3, 7]]], np.float32)}


def merged(graph: Graph) -> Graph:
    found = PASSES.get("merge_equal")(graph)
    want, got = run_cases(graph, X), run_cases(found, X)
    assert not check(found)
    assert all(want[o].tobytes() == got[o].tobytes() for o in graph.outputs)
    return found


def test_chains_that_are_equal_become_one() -> None:
    b = Builder("net")
    x, one = b.input("x", V), b.constant("one", np.ones(1, np.float32))
    ends = [b.op("exp", b.op("mul", b.op("add", x, one), x)) for _ in range(3)]
    graph = b.build([b.op("add", b.op("sub", ends[0], ends[1]), ends[2], name="y")])
    assert [n.op for n in merged(graph).nodes] == ["add", "mul", "exp", "sub", "add"]


def test_what_differs_stays() -> None:
    """Another axis, a zero of the other sign, other operands, in another order."""
    b = Builder("net")
    x = b.input("x", V)
    sums = [b.op("reduce_sum", x, axis=axis) for axis in (0, 1)]
    pads = [b.op("pad", x, before=(1, 0), after=(0, 0), value=v) for v in (0.0, -0.0)]
    differences = [b.op("sub", x, sums[0]), b.op("sub", sums[0], x)]
    graph = b.build([*sums, *pads, *differences])
    assert merged(graph) is graph


def test_steps_between_integers_stay() -> None:
    """What reads them may be fused with them."""
    b = Builder("net", "quantised")
    x = b.op("relu", b.input("x", V))
    made = [b.op("quantize", x, quant=Quant((0.1,), (0,))) for _ in range(2)]
    graph = b.build([b.op("dequantize", q) for q in made])
    assert merged(graph) is graph


def test_outputs_and_states_keep_their_names() -> None:
    b = Builder("net")
    x, s = b.input("x", V), b.state("s", np.zeros((2, 3), np.float32))
    out, inner = b.op("relu", x, name="out"), b.op("relu", x, name="inner")
    b.update(s, b.op("add", inner, s, name="next"))
    graph = b.build([out, b.op("add", out, s, name="sum")])
    found = merged(graph)
    assert {"out", "next", "sum"} == {n.name for n in found.nodes}


def test_what_would_live_too_long_is_computed_again() -> None:
    """Two wide values, of which the second is wanted again behind the first's end."""

    def graph(between: int) -> Graph:
        b = Builder("net")
        x = b.input("x", V)

        def wide(n: int, value: str) -> str:
            return b.op("pad", value, before=(0, 0), after=(0, n), value=1.0)

        first = b.op("reduce_sum", wide(400, x), axis=1)
        column = b.op("reshape", first, shape=(2, 1))
        other = b.op("reduce_max", wide(between, column), axis=1)
        last = b.op("mul", wide(400, x), b.op("reshape", other, shape=(2, 1)))
        return b.build([b.op("reduce_sum", last, axis=1, name="y")])

    far = graph(500)
    assert merged(far) is far
    assert len(merged(graph(2)).nodes) == len(graph(2).nodes) - 1
