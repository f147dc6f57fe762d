"""Functions of single bytes become tables or clamps, views become one view: bit for bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr, Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.ops.requantize import multipliers
from tinsmith.ir.types import Quant, TensorType
from tinsmith.rewrite import PASSES

Q = Quant((0.05,), (-7,))
BYTES = TensorType((1, 16, 16, 1), "int8", Q)


def ops(graph: Graph) -> list[str]:
    return [n.op for n in graph.nodes]


def every_byte(graph: Graph) -> dict[str, np.ndarray]:
    type = graph.type("x")
    if type.dtype == "int32":
        x = np.random.default_rng(1).integers(-9000, 9000, type.shape).astype(np.int32)
    elif type.dtype == "float32":
        x = np.random.default_rng(1).normal(size=type.shape).astype(np.float32)
    else:
        x = np.arange(type.elements).astype(np.uint8).view(type.dtype).reshape(type.shape)
    return {"x": x[None]}


def merged(name: str, graph: Graph) -> Graph:
    """What a pass makes of a graph, after the outputs were compared."""
    less = PASSES.get(name)(graph)
    assert PASSES.get(name)(less) is less
    was, now = (run_cases(g, every_byte(graph)) for g in (graph, less))
    for a, b in zip(graph.outputs, less.outputs, strict=True):
        assert was[a].tobytes() == now[b].tobytes()
        assert graph.type(a) == less.type(b)
    return less


def requantised(b: Builder, x: str, quant: Quant, factor: float, **attrs: Attr) -> str:
    m, s = (b.constant(k, v) for k, v in zip("ms", multipliers([factor]), strict=True))
    zero, given = quant.zero_point[0], {"act_min": -128, "act_max": 127, **attrs}
    return b.op("requantize", x, m, s, quant=quant, rounding="single", zero_point=zero, **given)


def table(b: Builder, x: str, seed: int = 1) -> str:
    values = np.random.default_rng(seed).integers(-128, 128, 256).astype(np.int8)
    return b.op("lookup", x, b.constant("t", values, Quant((0.1,), (3,))))


def grown(b: Builder, x: str, kind: int) -> str:
    """A function of one value behind any int8, uint8 or float32."""
    type = b.type(x)
    if type.dtype == "float32":
        half = b.constant("half", np.float32([0.5]))
        return b.op("quantize", x, quant=Q) if kind < 3 else b.op(("mul", "add")[kind % 2], x, half)
    if kind == 0 or type.dtype == "uint8":
        return b.op("recentre", x)
    if kind == 1:
        return b.op("relu", x)
    if kind == 2:
        return table(b, x)
    if kind == 3:
        return b.op("dequantize", x)
    return requantised(b, x, (Q, type.quant or Q)[kind % 2], (0.7, 1.0)[kind % 2])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=8), st.integers(0, 7))
def test_chains_of_functions_stay_what_they_are(kinds: list[int], shown: int) -> None:
    b = Builder("net", "quantised")
    x = b.input("x", BYTES)
    made = [x := grown(b, x, kind) for kind in kinds]
    ends = dict.fromkeys([*made[shown : shown + 1], made[-1]])
    graph = b.build(ends)
    less = merged("merge_tables", graph)
    assert len(less.nodes) <= len(graph.nodes)


def test_tables_of_tables_are_one_table() -> None:
    b = Builder("net", "quantised")
    x = table(b, table(b, b.input("x", BYTES)), 2)
    less = merged("merge_tables", b.build([b.op("recentre", x)]))
    assert ops(less) == ["lookup"] and len(less.constants) == 1


def test_real_numbers_between_bytes_become_a_table() -> None:
    b = Builder("net", "quantised")
    x = b.op("dequantize", b.input("x", BYTES))
    for op in ("sigmoid", "tanh"):
        x = b.op(op, b.op("mul", x, b.constant("c", np.float32([1.7]))))
    assert ops(merged("merge_tables", b.build([b.op("quantize", x, quant=Q)]))) == ["lookup"]


@pytest.mark.parametrize("kept", ["output", "reader", "shared"])
def test_what_others_need_is_left_alone(kept: str) -> None:
    b = Builder("net", "quantised")
    t = b.constant("t", np.arange(127, -129, -1).astype(np.int8), Q)
    middle = b.op("lookup", b.input("x", BYTES), t)
    if kept == "shared":
        ends = [b.op("lookup", middle, t)]
    else:
        ends = [table(b, middle), middle if kept == "output" else b.op("dequantize", middle)]
    graph = b.build(ends)
    assert PASSES.get("merge_tables")(graph) is graph


def test_a_multiplier_per_channel_is_no_function_of_one_value() -> None:
    b = Builder("net", "quantised")
    x = b.input("x", TensorType((3, 256), "int8", Q))
    m, s = multipliers(np.linspace(0.1, 2, 256).tolist())
    y = b.op(
        "requantize", x, b.constant("m", m), b.constant("s", s), quant=Q, rounding="double",
        zero_point=-7, act_min=-128, act_max=127,
    )  # fmt: skip
    graph = b.build([table(b, y)])
    assert PASSES.get("merge_tables")(graph) is graph


@pytest.mark.parametrize("maker", ["requantize", "add", "max_pool2d", "avg_pool2d"])
def test_a_rectifier_is_the_clamp_of_what_makes_its_operand(maker: str) -> None:
    b = Builder("net", "quantised")
    if maker == "requantize":
        x = requantised(b, b.input("x", TensorType((3, 50), "int32")), Q, 0.02, act_max=90)
    elif maker == "add":
        x = b.op("add", b.input("x", BYTES), "x", quant=Q)
    else:
        x = b.op(maker, b.input("x", BYTES), size=(2, 2), stride=(1, 1))
    less = merged("merge_tables", b.build([b.op("relu", b.op("relu", x))]))
    assert ops(less) == [maker]
    assert less.nodes[0].attrs["act_min"] == -7
    assert less.nodes[0].attrs["act_max"] == (90 if maker == "requantize" else 127)


def test_a_factor_of_one_is_nothing_and_may_give_another_meaning() -> None:
    b = Builder("net", "quantised")
    x = requantised(b, b.input("x", TensorType((3, 50), "int32")), Q, 0.02)
    other = Quant((0.2,), (-7,))
    y = requantised(b, requantised(b, x, Q, 1.0), other, 1.0, act_max=100)
    assert ops(merged("merge_tables", b.build([y]))) == ["requantize"]


def test_int16_may_be_left_as_it_is_too() -> None:
    b = Builder("net", "quantised")
    x, wide = b.input("x", TensorType((3, 50), "int32")), {"dtype": "int16", "act_max": 32767}
    for factor, low in ((0.7, -32768), (1.0, -32768), (1.0, -50)):
        x = requantised(b, x, Q, factor, act_min=low, **wide)
    less = merged("merge_tables", b.build([x]))
    assert ops(less) == ["requantize"] and less.nodes[0].attrs["act_min"] == -50


def test_a_clamp_whose_operand_others_read_stays() -> None:
    b = Builder("net", "quantised")
    x = requantised(b, b.input("x", TensorType((3, 50), "int32")), Q, 0.02)
    graph = b.build([b.op("relu", x), b.op("neg", b.op("dequantize", x))])
    assert PASSES.get("merge_tables")(graph) is graph


def views(*kinds: str, between: str = "") -> Graph:
    b = Builder("net")
    x, shape = b.op("neg", b.input("x", TensorType((2, 3, 4), "float32"))), (2, 3, 4)
    for number, kind in enumerate(kinds):
        if kind == "flat":
            x = b.op("reshape", x, shape=(24,))
        elif kind == "back":
            x = b.op("reshape", x, shape=shape)
        else:
            x = b.op("strided", x, shape=(4, 6), strides=(1, 4), offset=0)
        if number == 0 and between:
            between = x
    y = b.op("neg", x)
    return b.build([y, between] if between else [y])


@pytest.mark.parametrize(
    ("graph", "left"),
    [
        (views("flat", "back"), ["neg", "neg"]),
        (views("flat", "picked"), ["neg", "strided", "neg"]),
        (views("picked", "flat", "back"), ["neg", "strided", "neg"]),
        (views("flat", "picked", "back"), ["neg", "strided", "neg"]),
        (views("flat", "back", between="x"), ["neg", "reshape", "neg"]),
    ],
)
def test_views_are_joined(graph: Graph, left: list[str]) -> None:
    assert ops(merged("merge_views", graph)) == left


def test_an_output_that_repeats_a_value_is_that_value() -> None:
    b = Builder("net")
    x = b.op("neg", b.input("x", TensorType((2, 3), "float32")))
    again = [b.op("reshape", x, shape=(2, 3)) for _ in range(2)]
    graph = merged("merge_views", b.build([*again, b.op("neg", x)]))
    assert ops(graph) == ["neg", "reshape", "neg"]
    same = b.build([x, again[0]])
    assert PASSES.get("merge_views")(same).nodes[:2] == same.nodes[:2]  # each has its own name
    passed = b.build([b.op("reshape", "x", shape=(2, 3))])
    assert PASSES.get("merge_views")(passed).outputs == passed.outputs


def test_a_view_that_is_shown_is_not_picked_twice() -> None:
    graph = views("picked", "flat", between="x")
    assert PASSES.get("merge_views")(graph) is graph


def test_an_operand_in_the_shape_of_the_result_needs_no_other() -> None:
    b = Builder("net")
    x = b.op("neg", b.input("x", TensorType((1, 3, 4), "float32")))
    y = b.op("sub", "x", b.op("reshape", x, shape=(3, 4)))
    assert ops(merged("merge_views", b.build([y]))) == ["neg", "sub"]
