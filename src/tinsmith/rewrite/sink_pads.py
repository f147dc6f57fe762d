"""Moves a pad behind the node that turns its result, where transposes can meet and cancel.

Models that keep channels first pad the picture before they convolve it, so that the pad stands
between two transposes which would cancel without it. What a transpose makes of a padded value is
the pad of what it makes of the value; it then has less to move as well.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from math import prod

from tinsmith.ir.graph import Attr, Graph, Node
from tinsmith.ir.interp import site_of
from tinsmith.ir.op import OPS
from tinsmith.ir.types import TensorType
from tinsmith.ir.walk import Walk
from tinsmith.rewrite._bounds import whole_numbers
from tinsmith.rewrite._pass import Pass

MOST_AXES = 5
"""Of a value whose order of axes is looked for."""


def rewrite(graph: Graph) -> Graph:
    """Swap every pad with the transpose that alone reads it; the very same object where there is
    none."""
    while (swapped := _swapped(graph)) is not None:
        graph = swapped
    return graph


def _swapped(graph: Graph) -> Graph | None:
    """The graph with one pad and its transpose in each other's place."""
    kept = {*graph.outputs, *(s.next for s in graph.states)}
    for pad in graph.nodes:
        if pad.op != "pad" or pad.outputs[0] in kept:
            continue
        readers = graph.users(pad.outputs[0])
        order = _order(graph, readers[0]) if len(readers) == 1 else None
        if order is not None and any(a != b for a, b in zip(order, sorted(order), strict=True)):
            return _exchanged(graph, pad, readers[0], order)
    return None


def _order(graph: Graph, node: Node) -> tuple[int, ...] | None:
    """The axes of a node's operand in the order of its result's, if it only turns it."""
    walk, (shape, result) = OPS.get(node.op).walk, _shapes(graph, node)
    if walk is None or len(shape) > MOST_AXES or len(shape) != len(result):
        return None
    found = walk(site_of(graph, node)).shortest()
    for order in permutations(range(len(shape))):
        if tuple(shape[a] for a in order) == result and turned(shape, order) == found:
            return order
    return None


def _shapes(graph: Graph, node: Node) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return graph.type(node.inputs[0]).shape, graph.type(node.outputs[0]).shape


def turned(shape: Sequence[int], order: Sequence[int]) -> Walk:
    """The walk over a tensor with its axes in another order."""
    steps = [prod(shape[a + 1 :]) for a in order]
    return Walk(tuple(shape[a] for a in order), tuple(steps)).shortest()


def _exchanged(graph: Graph, pad: Node, turn: Node, order: tuple[int, ...]) -> Graph:
    """The transpose takes the pad's name and operand, the pad the transpose's name and result."""
    x, middle = graph.type(pad.inputs[0]), pad.outputs[0]
    shape = tuple(x.shape[a] for a in order)
    walk = turned(x.shape, order)
    attrs: dict[str, Attr] = {"shape": shape}
    if not walk.straight:
        attrs = {
            "offset": 0, "result": shape, "shape": tuple(walk.lengths),
            "strides": tuple(walk.steps),
        }  # fmt: skip
    op = "reshape" if walk.straight else "strided"
    first = Node(pad.name, op, pad.inputs, (middle,), attrs, turn.stage)
    sides = {k: tuple(whole_numbers(pad, k)[a] for a in order) for k in ("before", "after")}
    second = replace(
        pad, name=turn.name, inputs=(middle,), outputs=turn.outputs, attrs={**pad.attrs, **sides}
    )
    nodes = {pad.name: first, turn.name: second}
    return graph.with_(
        nodes=tuple(nodes.get(n.name, n) for n in graph.nodes),
        types={**graph.types, middle: TensorType(shape, x.dtype, x.quant)},
    )


PASS = Pass("sink_pads", requires=("float", "quantised"), rewrite=rewrite)
