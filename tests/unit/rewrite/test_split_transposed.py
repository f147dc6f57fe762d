"""A transposed convolution of int8 is convolutions and a copy; what would be none stays."""

import numpy as np
import pytest

from tinsmith.codegen.compile import compile_graph
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr, Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.types import Quant, TensorType
from tinsmith.rewrite import PASSES

PASS = PASSES.get("split_transposed")
Pair = tuple[int, int]


def doubled(kernel: Pair, stride: Pair, size: Pair, padding: Pair = (0, 0), **more: Attr) -> Graph:
    """A layer over 5 x 4 places with 3 channels, and its requantisation to 2."""
    b, rng = Builder("net", "quantised"), np.random.default_rng([*kernel, *stride])
    x = b.input("x", TensorType((1, 5, 4, 3), "int8", Quant((0.1,), (-7,))))
    w = b.constant(
        "w", rng.integers(-128, 128, (2, *kernel, 3)).astype(np.int8), Quant((0.1,), (0,))
    )
    c = b.constant("c", rng.integers(-900, 900, 2).astype(np.int32))
    attrs: dict[str, Attr] = {"stride": stride, "size": size, "padding": padding, **more}
    sums = b.op("conv_transpose2d", x, w, c, name="sums", quant=None, **attrs)
    m, s = (
        b.constant("m", np.array([1 << 30, 3 << 29], np.int32)),
        b.constant("s", np.array([-7, -8], np.int32)),
    )
    return b.build([b.op(
        "requantize", sums, m, s, name="y", quant=Quant((0.2,), (4,)), rounding="double",
        zero_point=4, act_min=-128, act_max=127,
    )])  # fmt: skip


@pytest.mark.parametrize(
    ("kernel", "stride", "size", "padding"),
    [
        ((2, 2), (2, 2), (10, 8), (0, 0)),
        ((3, 3), (2, 2), (10, 8), (0, 0)),  # SAME of TensorFlow
        ((4, 4), (2, 2), (10, 8), (1, 1)),
        ((5, 3), (2, 1), (10, 4), (1, 1)),
        ((3, 4), (3, 2), (15, 8), (0, 1)),
        ((3, 3), (2, 2), (12, 10), (0, 0)),  # further than x reaches
        ((1, 1), (1, 1), (5, 4), (0, 0)),
    ],
)
def test_the_parts_make_the_same(kernel: Pair, stride: Pair, size: Pair, padding: Pair) -> None:
    graph = doubled(kernel, stride, size, padding)
    split = PASS(graph)
    ops = [n.op for n in split.nodes]
    assert "conv_transpose2d" not in ops and ops.count("conv2d") == stride[0] * stride[1]
    x = np.random.default_rng(3).integers(-128, 128, (3, 1, 5, 4, 3)).astype(np.int8)
    was, now = run_cases(graph, {"x": x})["y"], run_cases(split, {"x": x})["y"]
    np.testing.assert_array_equal(was, now)
    stored = sum(split.constants[n.inputs[1]].size for n in split.nodes if n.op == "conv2d")
    assert stored == graph.constants["w"].size
    assert compile_graph(graph, "rpi_pico").graph.type("y").shape == (1, *size, 2)


@pytest.mark.parametrize(
    "graph",
    [
        doubled((1, 1), (2, 2), (10, 8)),  # results that meet no tap
        doubled((2, 2), (2, 2), (9, 8)),  # no whole strides
        doubled((2, 2), (2, 2), (10, 8), (2, 2)),  # the first place is left out
        doubled((2, 2), (2, 2), (8, 8)),  # the last is
        doubled((3, 3), (2, 2), (10, 8), dilation=(2, 1)),
    ],
)
def test_others_stay(graph: Graph) -> None:
    assert PASS(graph) is graph
