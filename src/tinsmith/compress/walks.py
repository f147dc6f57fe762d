"""Readings of a float graph that the passes of this package share."""

import numpy as np

from tinsmith.ir.graph import Graph, Node
from tinsmith.ir.interp import site_of
from tinsmith.ir.op import OPS


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
    walk, x = OPS.get(node.op).walk, graph.type(node.inputs[0])
    if walk is None or node.inputs[0] in graph.constants or x.dtype != "float32":
        return None
    order = walk(site_of(graph, node)).places()
    return order if np.array_equal(np.sort(order), np.arange(x.elements)) else None


def uniform(array: np.ndarray) -> float | None:
    """The value that all elements of a constant have, if they do."""
    flat = array.reshape(-1)
    return float(flat[0]) if np.all(flat == flat[0]) else None
