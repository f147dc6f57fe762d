"""Lets windows reach over the border in place of a pad that makes one.

Convolutions skip what lies outside their picture, which is what they make of zeros: of the zero
point for integers. Largest values skip it too, which is what they make of a border that is never
the largest. Then the layer reads the picture as it is, and the padded copy is not made.

Float: a product with zero adds zero to a sum, which changes no sum but -0, and no sum is -0 whose
bias is none (IEEE 754, rounding to nearest).
"""

from dataclasses import replace

import numpy as np

from tinsmith.ir.graph import Attr, Graph, Node
from tinsmith.ir.op import OPS, ShapeError
from tinsmith.rewrite import eliminate_dead
from tinsmith.rewrite._bounds import Bounds, bounds_of, whole_numbers, zero_point
from tinsmith.rewrite._pass import Pass

LAYERS = ("conv2d", "depthwise_conv2d")


def rewrite(graph: Graph) -> Graph:
    """Fold every pad all of whose readers can do without it; the very same object where there is
    none."""
    kept = {*graph.outputs, *(s.next for s in graph.states)}
    pads = [n for n in graph.nodes if n.op == "pad" and n.outputs[0] not in kept]
    bounds = bounds_of(graph) if pads else {}
    became: dict[str, Node] = {}
    for pad in pads:
        readers = [became.get(n.name, n) for n in graph.users(pad.outputs[0])]
        folded = [_folded(graph, pad, n, bounds) for n in readers]
        if folded and all(folded):
            became |= {n.name: n for n in folded if n}
    if not became:
        return graph
    nodes = tuple(became.get(n.name, n) for n in graph.nodes)
    return rewrite(eliminate_dead.rewrite(graph.with_(nodes=nodes)))


def _folded(graph: Graph, pad: Node, node: Node, bounds: dict[str, Bounds]) -> Node | None:
    """The reader with a border of its own; None where it would make something else."""
    x, padded = pad.inputs[0], pad.outputs[0]
    if node.inputs[0] != padded or node.inputs.count(padded) > 1 or len(graph.type(x).shape) != 4:
        return None
    before, after = (whole_numbers(pad, k) for k in ("before", "after"))
    aside = (before[0], after[0], before[3], after[3])  # pictures and channels
    if any(aside) or not _skips(graph, pad, node, bounds):
        return None
    more = (before[1], after[1], before[2], after[2])
    own = whole_numbers(node, "padding") or (0, 0, 0, 0)
    wider = tuple(a + b for a, b in zip(own, more, strict=True))
    attrs: dict[str, Attr] = {**node.attrs, "padding": wider}
    try:
        OPS.get(node.op).infer([graph.type(i) for i in (x, *node.inputs[1:])], attrs)
    except ShapeError:
        return None  # a window of a pooling that lies in the border alone
    return replace(node, inputs=(x, *node.inputs[1:]), attrs=attrs)


def _skips(graph: Graph, pad: Node, node: Node, bounds: dict[str, Bounds]) -> bool:
    """Whether what a node makes of the pad's value is what it makes of nothing."""
    x, value = pad.inputs[0], pad.attrs["value"]
    type = graph.type(x)
    if node.op == "max_pool2d":
        return _never_largest(graph, x, value, bounds)
    known = all(i in graph.constants for i in node.inputs[1:])
    if node.op not in LAYERS or not known:
        return False
    if type.dtype != "float32":
        return value == zero_point(type)
    bias = graph.constants[node.inputs[2]]
    return value == 0 and not np.any((bias == 0) & np.signbit(bias))


def _never_largest(graph: Graph, x: str, value: Attr, bounds: dict[str, Bounds]) -> bool:
    least = np.float64(value)  # type: ignore[arg-type]  # a number, by inference
    if x in bounds:
        return bool(np.all(bounds[x].low >= least))
    maker = graph.producer(x)
    if maker is None or maker.op != "relu":
        return False  # NaN and -0 would have to be ruled out as well
    return bool(least == 0 and not np.signbit(least))


PASS = Pass("fold_pads", requires=("float", "quantised"), rewrite=rewrite)
