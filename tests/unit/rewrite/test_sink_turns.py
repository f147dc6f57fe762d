"""Transposes move behind what works along an axis, and cancel there: bit for bit."""

from itertools import permutations

import numpy as np
import pytest

from tinsmith.codegen.compile import lower
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.types import Quant, TensorType
from tinsmith.rewrite import PASSES
from tinsmith.rewrite._turns import turned

PASS = PASSES.get("sink_turns")
ORDERS = [p for p in permutations(range(3)) if p != (0, 1, 2)]
FIRST, LAST = (0, 3, 1, 2), (0, 2, 3, 1)
Q = Quant((0.1,), (3,))


def turn(b: Builder, x: str, order: tuple[int, ...]) -> str:
    shape = b.type(x).shape
    walk, result = turned(shape, order), tuple(shape[a] for a in order)
    return b.op(
        "strided", x, result=result, offset=0, shape=tuple(walk.lengths), strides=tuple(walk.steps)
    )


def inverse(order: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(order.index(a) for a in range(len(order)))


def moved(graph: Graph) -> list[str]:
    """Operations of what the pass makes, after outputs were compared."""
    less, rng = PASS(graph), np.random.default_rng(1)
    assert PASS(less) is less
    inputs = {}
    for name in graph.inputs:
        type = graph.type(name)
        drawn = rng.normal(size=(2, *type.shape)) * 40
        inputs[name] = drawn.astype(type.dtype)
    was, now = run_cases(graph, inputs), run_cases(less, inputs)
    for a, b in zip(graph.outputs, less.outputs, strict=True):
        assert was[a].tobytes() == now[b].tobytes()
        assert graph.type(a) == less.type(b)
    return [n.op for n in PASSES.get("merge_views")(less).nodes]  # names for what is as it was


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
@pytest.mark.parametrize("order", ORDERS)
def test_what_is_joined_or_cut_is_turned_afterwards(order: tuple[int, ...], axis: int) -> None:
    b = Builder("net", "quantised")
    x = b.input("x", TensorType((2, 3, 4), "int8", Q))
    parts = [turn(b, b.op("relu", x), order), turn(b, x, order)]
    held = np.arange(24).astype(np.int8).reshape(b.type(parts[0]).shape)
    wide = b.op("concat", b.op("concat", *parts, axis=axis), b.constant("c", held, Q), axis=axis)
    cut = b.op("slice", wide, axis=axis, start=1, size=4)
    graph = b.build([b.op("relu", turn(b, cut, inverse(order)))])
    assert moved(graph) == ["relu", "concat", "concat", "slice", "relu"]


@pytest.mark.parametrize("op", ["reduce_mean", "reduce_sum", "reduce_max"])
@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("order", ORDERS)
def test_an_axis_is_reduced_where_it_lies(order: tuple[int, ...], axis: int, op: str) -> None:
    b = Builder("net")
    x = turn(b, b.op("neg", b.input("x", TensorType((3, 4, 5), "float32"))), order)
    ops = moved(b.build([b.op(op, x, axis=axis)]))
    assert ops[:2] == ["neg", op] and ops[2:] in ([], ["strided"])


def test_a_mean_over_pictures_needs_no_transpose() -> None:
    """Its elements come in the same order: rows, then columns."""
    b = Builder("net")
    x = b.input("x", TensorType((1, 5, 6, 3), "float32"))
    flat = b.op("strided", x, result=(3, 30), offset=0, shape=(3, 30), strides=(1, 3))
    assert moved(b.build([b.op("reduce_mean", flat, axis=1)])) == ["reshape", "reduce_mean"]


def test_channels_that_repeat_over_pictures_repeat_as_they_are() -> None:
    """Squeeze and excitation with channels first: the picture is not turned, the gains not
    copied."""
    b = Builder("net")
    x = b.op("neg", b.input("x", TensorType((1, 5, 6, 3), "float32")))
    gains = b.op("sigmoid", b.input("gains", TensorType((1, 3, 1, 1), "float32")))
    wide = b.op("strided", gains, result=(1, 3, 5, 6), offset=0, shape=(3, 30), strides=(1, 0))
    y = turn(b, b.op("mul", turn(b, x, FIRST), wide), LAST)
    graph = b.build([b.op("neg", y)])
    assert moved(graph) == ["neg", "sigmoid", "reshape", "mul", "neg"]
    assert "strided" not in [n.op for n in lower(graph).nodes]


@pytest.mark.parametrize("op", ["avg_pool2d", "max_pool2d"])
@pytest.mark.parametrize("dtype", ["float32", "int8"])
@pytest.mark.parametrize("pictures", [1, 2])
def test_a_window_over_whole_pictures_needs_no_transpose(
    pictures: int, dtype: str, op: str
) -> None:
    """Channels as pictures of one channel, as means are quantised."""
    b = Builder("net", "quantised")
    quant = Q if dtype == "int8" else None
    x = b.input("x", TensorType((pictures, 5, 6, 3), dtype, quant))  # type: ignore[arg-type]
    rows = b.op(
        "strided", x, result=(3 * pictures, 30, 1, 1), offset=0, shape=(pictures, 3, 30),
        strides=(90, 1, 3),
    )  # fmt: skip
    y = b.op(op, rows, size=(30, 1), stride=(1, 1))
    part = b.op(op, rows, size=(29, 1), stride=(1, 1))
    stays = b.build([y, part])
    assert PASS(stays) is stays
    graph = b.build([b.op("softmax" if quant else "neg", y, **({"beta": 1.0} if quant else {}))])
    graph = graph.with_(nodes=tuple(n for n in graph.nodes if n.outputs[0] != part),
                        types={k: t for k, t in graph.types.items() if k != part})  # fmt: skip
    assert op in moved(graph) and "strided" not in moved(graph)


def test_a_function_comes_before_what_turns_or_repeats() -> None:
    b = Builder("net", "quantised")
    x = b.op("relu", b.input("x", TensorType((1, 5, 6, 3), "int8", Q)))
    table = np.random.default_rng(1).integers(-128, 128, 256).astype(np.int8)
    first = turn(b, x, FIRST)
    ends = []
    for _ in range(2):
        t = b.op("lookup", first, b.constant("t", table, Q))
        ends.append(b.op("relu", turn(b, t, LAST)))
    assert moved(b.build(ends)) == ["relu", "lookup", "relu", "lookup", "relu"]
    wide = {"result": (3, 30), "offset": 0, "shape": (3, 30), "strides": (1, 0)}
    b = Builder("net")
    x = b.op("strided", b.input("x", TensorType((3,), "float32")), **wide)  # type: ignore[arg-type]
    graph = b.build([b.op("exp", x)])
    assert moved(graph) == ["exp", "strided"]
    both = b.build([b.op("exp", x), b.op("reduce_sum", x, axis=0)])
    assert PASS(both) is both


def test_a_quotient_by_what_is_turned_stays() -> None:
    b = Builder("net")
    x = turn(b, b.input("x", TensorType((1, 5, 6, 3), "float32")), FIRST)
    gains = b.input("gains", TensorType((1, 3, 1, 1), "float32"))
    wide = b.op("strided", gains, result=(1, 3, 5, 6), offset=0, shape=(3, 30), strides=(1, 0))
    graph = b.build([b.op("sub", wide, x)])
    assert PASS(graph) is graph
    rows = b.op("strided", "gains", result=(1, 3, 5, 6), offset=0, shape=(3, 10, 3),
                strides=(0, 0, 1))  # fmt: skip
    graph = b.build([b.op("mul", x, rows)])
    assert PASS(graph) is graph


@pytest.mark.parametrize("kept", ["output", "reader", "plain", "twice"])
def test_what_others_need_stays(kept: str) -> None:
    b = Builder("net")
    x = b.op("neg", b.input("x", TensorType((2, 3, 4), "float32")))
    order = (0, 2, 1)
    first, second = turn(b, x, order), turn(b, b.op("relu", x), order)
    if kept == "plain":
        second = b.input("other", b.type(first))
    wide = b.op("concat", first, first if kept == "twice" else second, axis=1)
    more = {"output": [first], "reader": [b.op("reduce_max", first, axis=0)]}.get(kept, [])
    graph = b.build([wide, *more])
    assert PASS(graph) is graph


def flat(rows: int, dtype: str = "int8", mixed: bool = False) -> Graph:
    """Pictures with channels last, flattened channel by channel, in front of a layer."""
    b, rng = Builder("net", "quantised"), np.random.default_rng(1)
    quant = Q if dtype == "int8" else None
    x = b.input("x", TensorType((rows, 2, 3, 4), dtype, quant))  # type: ignore[arg-type]
    if mixed:
        x = turn(b, x, (1, 0, 2, 3))
        x = b.op("reshape", x, shape=(rows, 24))
    else:
        steps = {"shape": (rows, 4, 6), "strides": (24, 1, 4)}
        x = b.op("strided", x, result=(rows, 24), offset=0, **steps)  # type: ignore[arg-type]
    w = rng.integers(-99, 99, (5, 24)).astype(dtype)
    bias = np.arange(5).astype("int32" if dtype == "int8" else "float32")
    return b.build([b.op("dense", x, b.constant("w", w, quant), b.constant("b", bias))])


@pytest.mark.parametrize("rows", [1, 3])
def test_weights_turn_in_place_of_a_flattened_picture(rows: int) -> None:
    graph = flat(rows)
    less = PASSES.get("fold_turns")(graph)
    assert [n.op for n in less.nodes] == ["reshape", "dense"] and set(less.constants) == {
        "w_turned", "b",
    }  # fmt: skip
    assert PASSES.get("fold_turns")(less) is less
    x = np.random.default_rng(2).integers(-128, 128, (2, rows, 2, 3, 4)).astype(np.int8)
    was, now = run_cases(graph, {"x": x}), run_cases(less, {"x": x})
    assert was[graph.outputs[0]].tobytes() == now[less.outputs[0]].tobytes()


def test_float_weights_and_mixed_rows_stay() -> None:
    graphs = [flat(1, "float32"), PASSES.get("merge_views")(flat(3, mixed=True))]
    for graph in graphs:
        assert PASSES.get("fold_turns")(graph) is graph
