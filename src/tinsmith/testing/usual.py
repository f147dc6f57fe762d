"""Layers as networks have them, each over an input of its own, many in one graph: what kernels
usually cost. The random uses of `uses.py` are too small to tell what a product costs."""

from collections.abc import Iterator, Mapping
from itertools import product

import numpy as np

from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr
from tinsmith.ir.types import TensorType
from tinsmith.testing.networks import WHOLE, Growing, Network, Window

LAYERS = (
    (16, 1, 8, Window(3)), (20, 3, 8, Window(3, 2)), (12, 8, 12, Window(3)),
    (6, 32, 16, Window(3)), (12, 16, 17, Window(3, 2)), (10, 2, 8, Window(5, 2)),
    (12, 8, 16, Window(1)), (10, 16, 32, Window(1)), (6, 64, 48, Window(1)),
    (3, 128, 64, Window(1)), (5, 7, 9, Window(1)), (8, 16, 32, Window(1, 2)),
    (14, 8, 8, Window(3, 1, True)), (13, 16, 16, Window(3, 2, True)),
    (10, 32, 32, Window(3, 1, True)), (6, 64, 64, Window(3, 1, True)),
    (3, 64, 64, Window(3, 1, True)), (10, 5, 5, Window(3, 2, True)),
    (12, 8, 8, Window(5, 1, True)), (12, 8, 8, Window(4, 2, True)),
)  # fmt: skip
"""(Size of the picture, its channels, those of the result, window)."""
ROWS = ((320, 64), (128, 128), (64, 8), (8, 64), (64, 10), (256, 2), (33, 7), (16, 16))
"""(Elements, elements of the result) of fully connected layers."""
FORMS = tuple(
    (rounding, one, rectified)
    for rounding, rectified in (("double", True), ("double", False), ("single", False))
    for one in (False, True)
)
"""Rounding, one factor for all channels, a rectifier behind (no kernel rounds once and knows of
that)."""
NARROW = ("4 bit", "ternary", "binary")
"""Weights of few values (`networks.CODES`)."""
CASES = 16
"""On how many the factors of a layer are set; one is given to it."""


def usual() -> Iterator[Network]:
    """A graph of int8 for each form, and one of float32."""
    for number, form in enumerate(FORMS):
        yield _int8(f"usual_{number}", [number, 3], form, "8 bit")
    yield _real()


def narrow() -> Iterator[Network]:
    """The same with weights of few values."""
    for number, (rounding, codes) in enumerate(product(("double", "single", "onnx"), NARROW)):
        form = rounding, number % 2 == 1, rounding == "double" and number % 2 == 0
        yield _int8(f"narrow_{number}", [number, 5], form, codes)


def _int8(name: str, seed: list[int], form: tuple[str, bool, bool], codes: str) -> Network:
    rounding, one, rectified = form
    rng = np.random.default_rng(seed)
    net = Growing(name, WHOLE, rng, CASES, rounding=rounding, one=one, codes=codes)
    made = [
        net.layer(net.picture(size, channels), np.ones(out, bool), window, rectified)
        for size, channels, out, window in LAYERS
    ]
    made += [net.dense(net.picture(0, n), out, rectified) for n, out in ROWS]
    given = {name: cases[:1] for name, cases in net.inputs.items()}
    return Network(net.builder.build([v.name for v in made]), given)


def _real() -> Network:
    rng, b = np.random.default_rng(4), Builder("usual_real")
    ends = []
    for size, channels, out, window in LAYERS:
        attrs: dict[str, Attr] = {
            "stride": (window.stride,) * 2, "padding": window.padding(size),
        }  # fmt: skip
        edge = (window.edge,) * 2
        w = rng.normal(size=(1, *edge, out) if window.depthwise else (out, *edge, channels))
        if window.depthwise:
            attrs["multiplier"] = 1
        ends.append(_layer(b, window.op, (1, size, size, channels), w, attrs))
    ends += [_layer(b, "dense", (1, n), rng.normal(size=(out, n)), {}) for n, out in ROWS]
    graph = b.build(ends)
    given = {n: rng.normal(size=(1, *graph.type(n).shape)) for n in graph.inputs}
    return Network(graph, {n: a.astype(np.float32) for n, a in given.items()})


def _layer(
    b: Builder, op: str, shape: tuple[int, ...], w: np.ndarray, attrs: Mapping[str, Attr]
) -> str:
    """With a rectifier, over an input of its own."""
    weights = b.constant("w", w.astype(np.float32))
    x = b.input(f"x_{weights}", TensorType(shape, "float32"))
    count = w.shape[3] if op == "depthwise_conv2d" else len(w)
    bias = b.constant("b", np.linspace(-1, 1, count).astype(np.float32))
    return b.op("relu", b.op(op, x, weights, bias, name="", quant=None, **attrs))
