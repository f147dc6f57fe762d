"""Regions that are a function of one value, element by element: each becomes a table of 256 bytes.

An activation, a hard swish of five nodes, x * sigmoid(x): whatever is computed from the elements of
one tensor and single constants, without looking at neighbours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tinsmith.compress.walks import kept, uniform
from tinsmith.ir.graph import Graph, Node
from tinsmith.ir.interp import site_of
from tinsmith.ir.op import Site
from tinsmith.ir.types import TensorType
from tinsmith.rewrite import evaluate

ELEMENTWISE = frozenset((
    "abs", "add", "atan", "cast", "ceil", "cos", "div", "equal", "erf", "exp", "floor", "fmod",
    "less", "less_equal", "log", "logical_and", "logical_or", "logical_xor", "max", "min", "mod",
    "mul", "neg", "pow", "relu", "round", "sigmoid", "sign", "sin", "sqrt", "sub", "tanh", "where",
))  # fmt: skip
"""Operations whose results depend on one element of each operand."""
RESHAPE = "reshape"
"""Changes nothing of an element; broadcasting leaves it between other nodes of a region."""


@dataclass(frozen=True)
class Region:
    """Nodes that compute ``value`` from ``root``, in order."""

    root: str
    value: str
    nodes: tuple[Node, ...]


class Regions:
    """The regions of a graph, found node by node in order.

    A value belongs to the region of the one activation that it is a function of.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._roots: dict[str, str] = {}
        self._nodes: dict[str, list[Node]] = {}

    def root(self, value: str) -> str:
        """What a value is a function of; itself where nothing else is known."""
        return self._roots.get(value, value)

    def visit(self, node: Node) -> bool:
        """Whether the node belongs to a region; it is one of its nodes from then on."""
        graph = self._graph
        inner = node.op == RESHAPE and node.inputs[0] in self._roots
        if not (inner or node.op in ELEMENTWISE) or len(node.outputs) != 1:
            return False
        activations = [i for i in node.inputs if i not in graph.constants]
        roots = {self.root(i) for i in activations}
        count = graph.type(node.outputs[0]).elements
        if len(roots) != 1 or any(graph.type(i).elements != count for i in activations):
            return False  # with as many elements, operands of other shapes have the same order
        if any(uniform(graph.constants[i]) is None for i in node.inputs if i in graph.constants):
            return False
        (root,) = roots
        if graph.type(root).dtype != "float32":
            return False
        self._roots[node.outputs[0]] = root
        self._nodes.setdefault(root, []).append(node)
        return True

    def region(self, value: str) -> Region | None:
        """What computes a value; None where it is in no region."""
        root = self._roots.get(value)
        if root is None:
            return None
        wanted, found = {value}, []
        for node in reversed(self._nodes[root]):
            if node.outputs[0] in wanted:
                wanted.update(node.inputs)
                found.append(node)
        return Region(root, value, tuple(reversed(found)))

    def seen_outside(self, value: str) -> bool:
        """Whether a value is read by others than nodes of its own region."""
        root = self._roots[value]
        inside = {n.name for n in self._nodes[root]}
        users = self._graph.users(value)
        return kept(self._graph, value) or any(n.name not in inside for n in users)


def tabulated(graph: Graph, region: Region, x: np.ndarray) -> np.ndarray:
    """The region's float function of float32 values, by the references of its nodes.

    Args:
        graph: the float graph that the region lies in.
        x: [n] values of the root.
    """
    known: dict[str, np.ndarray] = {region.root: x.astype(np.float32)}
    for node in region.nodes:
        operands = [_operand(graph, known, i, len(x)) for i in node.inputs]
        if node.op == RESHAPE:
            known[node.outputs[0]] = operands[0]
            continue
        (result,) = evaluate(node.op, operands, _site(graph, node, len(x)))
        known[node.outputs[0]] = result
    return known[region.value]


def _operand(graph: Graph, known: Mapping[str, np.ndarray], name: str, count: int) -> np.ndarray:
    if name in known:
        return known[name]
    return np.full(count, graph.constants[name].reshape(-1)[0])


def _site(graph: Graph, node: Node, count: int) -> Site:
    site = site_of(graph, node)
    return replace(site, inputs=_rows(site.inputs, count), outputs=_rows(site.outputs, count))


def _rows(types: Sequence[TensorType], count: int) -> tuple[TensorType, ...]:
    return tuple(replace(t, shape=(count,)) for t in types)
