"""Nodes that only turn their operand: every element once, its axes in another order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from math import prod

from tinsmith.ir.graph import Attr, Graph, Node
from tinsmith.ir.interp import site_of
from tinsmith.ir.op import OPS
from tinsmith.ir.walk import Walk

MOST_AXES = 5
"""Of a value whose order of axes is looked for."""
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Turn:
    """A node that turns ``source``: its elements along ``walk``, as short as can be."""

    node: Node
    source: str
    walk: Walk


def turn_of(graph: Graph, node: Node | None) -> Turn | None:
    """The turn that a node is; None where it is none or its result is as its operand."""
    walk = None if node is None else OPS.get(node.op).walk
    if node is None or walk is None or node.inputs[0] in graph.constants:
        return None
    x = graph.type(node.inputs[0])
    found = walk(site_of(graph, node)).shortest()
    scaled = x.quant is not None and x.quant.axis is not None
    if scaled or found.straight or not found.covers(x.elements):
        return None
    return Turn(node, node.inputs[0], found)


def turned(shape: Sequence[int], order: Sequence[int]) -> Walk:
    """The walk over a tensor with its axes in another order."""
    steps = [prod(shape[a + 1 :]) for a in order]
    return Walk(tuple(shape[a] for a in order), tuple(steps)).shortest()


def orders(shape: Shape, walk: Walk, result: Shape) -> Iterator[Shape]:
    """The orders of axes that lead from a shape to a result along a walk; several where axes have
    length 1."""
    if len(shape) == len(result) <= MOST_AXES:
        for order in permutations(range(len(shape))):
            if tuple(shape[a] for a in order) == result and turned(shape, order) == walk:
                yield order


def reading(name: str, value: str, result: str, shape: Shape, walk: Walk) -> Node:
    """A node that reads a value along a walk into a shape."""
    if walk.straight:
        return Node(name, "reshape", (value,), (result,), {"shape": shape})
    walk = walk.shortest()
    attrs: dict[str, Attr] = {
        "offset": walk.offset, "result": shape, "shape": tuple(walk.lengths),
        "strides": tuple(walk.steps),
    }  # fmt: skip
    return Node(name, "strided", (value,), (result,), attrs)
