"""Readings of a float graph that the passes of this package share."""

import numpy as np

from tinsmith.ir.graph import Graph, Node
from tinsmith.ir.interp import site_of
from tinsmith.rewrite import evaluate

MOVES = ("reshape", "transpose", "strided")


def kept(graph: Graph, value: str) -> bool:
    """Whether a value is seen from outside: an output, or what a state takes."""
    return value in graph.outputs or any(s.next == value for s in graph.states)


def only_user(graph: Graph, value: str) -> Node | None:
    """The node that alone reads a value, once, if it is so."""
    users = graph.users(value)
    alone = len(users) == 1 and users[0].inputs.count(value) == 1 and not kept(graph, value)
    return users[0] if alone else None


def order_of(graph: Graph, node: Node) -> np.ndarray | None:
    """For a node that moves every element of its operand once: which element of the operand each
    element of the result is (flat, in order); None for any other node."""
    if node.op not in MOVES or node.inputs[0] in graph.constants:
        return None
    x, y = graph.type(node.inputs[0]), graph.type(node.outputs[0])
    if x.elements != y.elements or x.dtype != "float32":
        return None
    places = np.arange(x.elements, dtype=np.int32).reshape(x.shape)
    (moved,) = evaluate(node.op, [places], site_of(graph, node))
    order = moved.reshape(-1)
    return order if np.array_equal(np.sort(order), places.reshape(-1)) else None


def uniform(array: np.ndarray) -> float | None:
    """The value that all elements of a constant have, if they do."""
    flat = array.reshape(-1)
    return float(flat[0]) if np.all(flat == flat[0]) else None
