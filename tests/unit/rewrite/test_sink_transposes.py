"""Transposes wait, meet and cancel; the meaning stays."""

import numpy as np
import pytest

from tinsmith.compose import movement
from tinsmith.compose.convolution import ConvSpec, conv
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.types import TensorType
from tinsmith.rewrite import PASSES

SINK = PASSES.get("sink_transposes")


def ops(graph: Graph) -> list[str]:
    return [n.op for n in graph.nodes]


def same_outputs(graph: Graph, other: Graph, rng: np.random.Generator) -> None:
    inputs = {
        i: rng.normal(size=(2, *graph.type(i).shape)).astype(np.float32) for i in graph.inputs
    }
    want, got = run_cases(graph, inputs), run_cases(other, inputs)
    for name in graph.outputs:
        assert want[name].tobytes() == got[name].tobytes()
        assert want[name].shape == got[name].shape


def channels_first(rng: np.random.Generator) -> Graph:
    """Two convolutions with an activation and a sum between them, channels first."""
    b = Builder("net")
    x = b.input("x", TensorType((1, 3, 5, 4), "float32"))
    w = [rng.normal(size=s).astype(np.float32) for s in ((4, 3, 1, 1), (4, 4, 3, 3), (2, 4, 2, 2))]
    first = conv(b, x, w[0], None, ConvSpec())
    active = b.op("relu", first)
    second = conv(b, active, w[1], None, ConvSpec(padding=((1, 1), (1, 1))))
    total = b.op("add", active, second)
    return b.build([conv(b, b.op("relu", total), w[2], None, ConvSpec())])


def test_between_convolutions_nothing_is_moved(rng: np.random.Generator) -> None:
    graph = channels_first(rng)
    sunk = SINK(graph)
    assert ops(graph).count("strided") == 6
    assert ops(sunk).count("strided") == 2  # at the input and at the output
    same_outputs(graph, sunk, rng)
    assert SINK(sunk) is sunk


def test_a_graph_without_transposes_is_left_alone(rng: np.random.Generator) -> None:
    b = Builder("net")
    x = b.input("x", TensorType((1, 6), "float32"))
    graph = b.build([b.op("relu", movement.reshape(b, x, (2, 3)))])
    assert SINK(graph) is graph


@pytest.mark.parametrize("seed", range(40))
def test_chains_of_moves_and_elementwise_operations_keep_their_meaning(seed: int) -> None:
    rng = np.random.default_rng(seed)
    b = Builder("net")
    x = b.input("x", TensorType((2, 3, 4, 2), "float32"))
    values = [x]
    for _ in range(8):
        x = values[int(rng.integers(max(0, len(values) - 2), len(values)))]
        shape = b.type(x).shape
        kind = int(rng.integers(5))
        if kind <= 1:
            x = movement.transpose(b, x, rng.permutation(len(shape)).tolist())
        elif kind == 2:
            order = rng.permutation([2, 3, 4, 2]).tolist()
            x = movement.reshape(
                b, x, order if rng.integers(2) else (order[0] * order[1], *order[2:])
            )
        elif kind == 3:
            x = b.op("relu", x)
        else:
            other = next((v for v in values[::-1] if v != x and b.type(v).shape == shape), x)
            x = b.op("add", x, other)
        values.append(x)
    graph = b.build(dict.fromkeys([values[-1], values[-3]]))
    graph = graph if set(graph.outputs).isdisjoint(graph.inputs) else b.build([values[-1]])
    sunk = SINK(graph)
    same_outputs(graph, sunk, rng)
    assert SINK(sunk) is sunk


@pytest.mark.parametrize("op", ["add", "sub", "mul", "div", "min", "max", "pow", "less", "equal"])
def test_an_operation_on_two_values_in_one_order_comes_first(
    op: str, rng: np.random.Generator
) -> None:
    """Of two transposes in front of it and one behind none is left."""
    b = Builder("net")
    x, y = (b.input(n, TensorType((2, 3, 4), "float32")) for n in "xy")
    turned = [movement.transpose(b, b.op("abs", v), (2, 0, 1)) for v in (x, y)]
    graph = b.build([movement.transpose(b, b.op(op, *turned), (1, 2, 0))])
    sunk = SINK(graph)
    assert ops(graph).count("strided") == 3
    assert "strided" not in ops(sunk)
    same_outputs(graph, sunk, rng)


def test_a_choice_between_values_in_one_order_comes_first(rng: np.random.Generator) -> None:
    b = Builder("net")
    x, y = (b.input(n, TensorType((2, 3), "float32")) for n in "xy")
    x, y, c = (b.op("transpose", v) for v in (x, y, b.op("less", x, y)))
    graph = b.build([b.op("transpose", b.op("where", x, y, c))])
    sunk = SINK(graph)
    assert "transpose" not in ops(sunk)
    same_outputs(graph, sunk, rng)


def test_results_that_wait_to_the_end_are_no_change() -> None:
    b = Builder("net")
    x = b.input("x", TensorType((2, 3), "float32"))
    turned = b.op("transpose", x, name="turned")
    whole = b.op("cast", b.op("transpose", turned), dtype="int64", name="whole")
    once = SINK(b.build([turned, whole]))
    assert SINK(once) is once


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(
    "shape", [(4, 1, 1), (1, 4, 1, 1), (5, 1), (1, 5, 3), (4, 5, 1), (4, 5, 3)]
)
def test_a_constant_that_repeats_is_turned_instead(
    shape: tuple[int, ...], first: bool, rng: np.random.Generator
) -> None:
    """Channels last, turned to channels first, and a norm there: the norm is computed before, and
    its constants hold as many numbers as they did. One that would have to hold more, and one as
    large as the value, keep the order as it is."""
    b = Builder("net")
    x = b.input("x", TensorType((1, 5, 3, 4), "float32"))
    turned = movement.transpose(b, x, (0, 3, 1, 2))
    c = b.constant("c", rng.normal(size=shape).astype(np.float32))
    y = b.op("sub", *((c, turned) if first else (turned, c)))
    graph = b.build([movement.transpose(b, y, (0, 2, 3, 1))])
    sunk = PASSES.get("eliminate_dead")(PASSES.get("remove_identities")(SINK(graph)))
    stays = shape in ((4, 5, 1), (4, 5, 3))
    assert ops(sunk) == (["strided", "sub", "strided"] if stays else ["sub", "reshape"])
    assert sum(a.size for a in sunk.constants.values()) == np.prod(shape)
    same_outputs(graph, sunk, rng)
    assert SINK(sunk) is sunk
