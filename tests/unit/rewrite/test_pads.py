"""Pads move behind transposes and into the layers that read them, where that changes no bit."""

from itertools import permutations

import numpy as np
import pytest

from tinsmith.codegen.compile import lower
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr, Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.types import DType, Quant, TensorType
from tinsmith.rewrite import PASSES
from tinsmith.rewrite._turns import turned

SIDES: dict[str, tuple[int, ...]] = {"before": (0, 1, 0, 0), "after": (0, 2, 1, 0)}
SMALL = {"stride": (1, 1), "padding": (0, 1, 1, 0)}


def drawn(graph: Graph, seed: int = 3) -> dict[str, np.ndarray]:
    """Two cases of the input; floats with zeros of both signs."""
    type, rng = graph.type("x"), np.random.default_rng(seed)
    if type.dtype == "float32":
        x = rng.normal(size=(2, *type.shape)).astype(np.float32)
        x[rng.random(x.shape) < 0.3] = -0.0
        return {"x": x}
    return {"x": rng.integers(-128, 128, (2, *type.shape)).astype(type.dtype)}


def same(a: Graph, b: Graph) -> None:
    was, now = run_cases(a, drawn(a)), run_cases(b, drawn(a))
    for x, y in zip(a.outputs, b.outputs, strict=True):
        assert was[x].tobytes() == now[y].tobytes()


def turn(b: Builder, x: str, order: tuple[int, ...]) -> str:
    shape = b.type(x).shape
    walk, result = turned(shape, order), tuple(shape[a] for a in order)
    if walk.straight:
        return b.op("reshape", x, shape=result)
    return b.op(
        "strided", x, result=result, offset=0, shape=tuple(walk.lengths), strides=tuple(walk.steps)
    )


def before(
    op: str, value: float = 0, dtype: DType = "int8", sides: dict[str, tuple[int, ...]] = SIDES,
    **attrs: Attr,
) -> Graph:  # fmt: skip
    """A pad and what reads it: a layer of two channels, or a pooling."""
    b, rng = Builder("net", "quantised"), np.random.default_rng(1)
    quant = Quant((0.1,), (-3,)) if dtype == "int8" else None
    x = b.op("relu", b.input("x", TensorType((1, 4, 5, 2), dtype, quant)))
    value = int(value) if dtype == "int8" else float(value)
    wide = b.op("pad", x, value=value, name="wide", **sides)
    if op.endswith("pool2d"):
        return b.build([b.op(op, wide, size=(2, 3), **{**SMALL, **attrs})])
    c = b.type(wide).shape[3]
    shape = (1, 2, 3, c) if op == "depthwise_conv2d" else (2, 2, 3, c)
    n = shape[3] if op == "depthwise_conv2d" else 2
    if dtype == "int8":
        w, bias = rng.integers(-9, 9, shape).astype(np.int8), np.arange(n, dtype=np.int32)
    else:
        w, bias = rng.normal(size=shape).astype(np.float32), np.zeros(n, np.float32)
        bias[0] = -0.0 if attrs.pop("negative", False) else 0.0
    operands = (b.constant("w", w, quant and Quant((0.1,), (4,))), b.constant("b", bias))
    more = {"multiplier": 1} if op == "depthwise_conv2d" else {}
    return b.build([b.op(op, wide, *operands, **{**SMALL, **more, **attrs})])


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_pad_moves_behind_any_turn(order: tuple[int, ...]) -> None:
    b = Builder("net")
    x = b.input("x", TensorType((2, 3, 4), "float32"))
    wide = b.op("pad", x, before=(1, 0, 2), after=(0, 3, 1), value=1.5)
    graph = b.build([b.op("neg", turn(b, wide, order))])
    moved = PASSES.get("sink_pads")(graph)
    ops = [n.op for n in moved.nodes]
    assert ops == ["reshape" if order == (0, 1, 2) else "strided", "pad", "neg"] or moved is graph
    assert (moved is graph) == (order == (0, 1, 2))
    same(graph, moved)


@pytest.mark.parametrize("kept", ["output", "reader", "slice"])
def test_a_pad_that_others_need_or_that_is_cut_stays(kept: str) -> None:
    b = Builder("net")
    wide = b.op(
        "pad", b.input("x", TensorType((2, 3), "float32")), before=(1, 0), after=(0, 0), value=0.0
    )
    if kept == "slice":
        ends = [b.op("slice", wide, axis=0, start=1, size=2)]
    else:
        ends = [b.op("transpose", wide), wide if kept == "output" else b.op("neg", wide)]
    graph = b.build(ends)
    assert PASSES.get("sink_pads")(graph) is graph


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_nothing_moves_around_a_convolution_with_channels_first(dtype: DType) -> None:
    """Convolution, rectifier, pad, depthwise convolution, as ONNX and PyTorch write them."""
    b, rng = Builder("net", "quantised"), np.random.default_rng(1)
    quant = Quant((0.1,), (-3,)) if dtype == "int8" else None
    x = b.input("x", TensorType((1, 4, 5, 2), dtype, quant))
    first, last = (0, 3, 1, 2), (0, 2, 3, 1)
    x = b.op("max_pool2d", x, size=(2, 2), stride=(1, 1))
    x = b.op("relu", turn(b, x, first))
    x = b.op("pad", x, before=(0, 0, 1, 1), after=(0, 0, 0, 1), value=-3 if quant else 0.0)
    if quant:
        w, c = rng.integers(-9, 9, (3, 2, 2, 2)).astype(np.int8), np.arange(3, dtype=np.int32)
    else:
        w, c = rng.normal(size=(3, 2, 2, 2)).astype(np.float32), np.ones(3, np.float32)
    operands = (b.constant("w", w, quant), b.constant("b", c))
    graph = b.build([b.op("conv2d", turn(b, x, last), *operands, stride=(1, 1))])
    low = lower(graph)
    rectified = [] if quant else ["relu"]  # integers: the clamp of the pooling
    assert [n.op for n in low.nodes] == ["max_pool2d", *rectified, "conv2d"]
    same(graph, low)


FOLDED = {
    "conv": before("conv2d", -3),
    "depthwise": before("depthwise_conv2d", -3),
    "dilated": before("conv2d", -3, dilation=(2, 1), stride=(2, 2)),
    "float_conv": before("conv2d", 0, "float32"),
    "float_depthwise": before("depthwise_conv2d", -0.0, "float32"),
    "largest": before("max_pool2d", -3, sides={"before": (0, 1, 0, 0), "after": (0, 0, 1, 0)},
                      padding=(0, 0, 0, 0)),
    "largest_lower": before("max_pool2d", -9, sides={"before": (0, 1, 1, 0), "after": (0,) * 4},
                            padding=(0, 0, 0, 0)),
    "largest_float": before("max_pool2d", 0, "float32",
                            sides={"before": (0, 1, 1, 0), "after": (0,) * 4}),
}  # fmt: skip
KEPT = {
    "other_value": before("conv2d", -2),
    "float_value": before("conv2d", 1, "float32"),
    "negative_zero": before("conv2d", 0, "float32", negative=True),
    "channels": before("conv2d", -3, sides={"before": (0, 1, 0, 0), "after": (0, 0, 0, 1)}),
    "pictures": before("conv2d", -3, sides={"before": (1, 1, 0, 0), "after": (0,) * 4}),
    "mean": before("avg_pool2d", -3),
    "largest": before("max_pool2d", -2, sides={"before": (0, 1, 0, 0), "after": (0,) * 4}),
    "largest_float": before("max_pool2d", -0.0, "float32",
                            sides={"before": (0, 1, 0, 0), "after": (0,) * 4}),
    "border_alone": before("max_pool2d", -3, sides={"before": (0, 2, 0, 0), "after": (0,) * 4},
                           padding=(0, 0, 0, 0)),
}  # fmt: skip


@pytest.mark.parametrize("graph", FOLDED.values(), ids=FOLDED)
def test_a_pad_goes_into_what_skips_it(graph: Graph) -> None:
    less = PASSES.get("fold_pads")(graph)
    assert [n.op for n in less.nodes] == [n.op for n in graph.nodes if n.op != "pad"]
    assert PASSES.get("fold_pads")(less) is less
    same(graph, less)


@pytest.mark.parametrize("graph", KEPT.values(), ids=KEPT)
def test_a_pad_stays_where_it_is_seen(graph: Graph) -> None:
    assert PASSES.get("fold_pads")(graph) is graph


def test_a_pad_with_another_reader_or_that_is_an_output_stays() -> None:
    graph = before("conv2d", -3)
    assert PASSES.get("fold_pads")(shown := graph.with_(outputs=(*graph.outputs, "wide"))) is shown
    b = Builder("net", "quantised")
    (y,) = b.inline(graph, b.input("x", graph.type("x")))
    graph = b.build([y, b.op("relu", "wide")])
    assert PASSES.get("fold_pads")(graph) is graph
