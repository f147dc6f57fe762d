"""Prepares a float graph for quantisation; what it computes stays the same.

What depends on constants alone is computed. Operations on elements move in front of transposes and
reshapes, to the layer that they belong to. Constant factors and summands per channel (a batch
normalisation) are folded into the weights of the layer in front of them (`rewrite/fold_norms.py`):
importers have done so with all but what the first two steps bring to a layer.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from tinsmith.compress.walks import kept, only_user, order_of, uniform
from tinsmith.ir.graph import Graph, Node
from tinsmith.ir.op import OPS
from tinsmith.ir.types import TensorType, type_of
from tinsmith.rewrite import folded
from tinsmith.rewrite.fold_norms import without_norms

MOST_FOLDED = 1 << 22
"""Elements of the largest constant that is computed ahead."""


def prepare(graph: Graph, fixed: frozenset[str]) -> Graph:
    """The graph with constants computed, element operations next to their layers, and batch
    normalisations folded.

    Args:
        graph: dialect float.
        fixed: names of nodes that are left as they are.
    """
    return without_norms(_sunk(_computed(graph, fixed), fixed), fixed, copies=True)


def _computed(graph: Graph, fixed: frozenset[str]) -> Graph:
    """Nodes whose operands are all constants become constants."""

    def may(node: Node) -> bool:
        (value, *more) = node.outputs
        small = graph.type(value).elements <= MOST_FOLDED and graph.type(value).quant is None
        return small and not more and not kept(graph, value) and node.name not in fixed

    return folded(graph, may)


@dataclass
class _Sweep:
    """A graph on its way: nodes so far, by the value that they make; new constants."""

    graph: Graph
    fixed: frozenset[str]
    nodes: dict[str, Node] = field(default_factory=dict)
    types: dict[str, TensorType] = field(default_factory=dict)
    constants: dict[str, np.ndarray] = field(default_factory=dict)

    def visit(self, node: Node) -> None:
        """Append a node, or put it in front of the move that it follows."""
        move = self.nodes.get(node.inputs[0]) if node.inputs else None
        if move is None or not self._passes(node, move):
            self.nodes[node.outputs[0]] = node
            return
        order = order_of(self.graph.with_(types=self.types), move)
        operand = None if order is None else self._constant(node, move, order)
        if operand is None:
            self.nodes[node.outputs[0]] = node
            return
        (result,), source = node.outputs, move.inputs[0]
        name = self._fresh(f"{result}_unordered")
        self.types[name] = replace(self.types[result], shape=self.types[source].shape)
        del self.nodes[move.outputs[0]], self.types[move.outputs[0]]
        self.visit(replace(node, inputs=(source, *operand), outputs=(name,)))
        self.nodes[result] = replace(
            move, inputs=(name,), outputs=(result,), stage=node.stage or move.stage
        )

    def _passes(self, node: Node, move: Node) -> bool:
        if {node.name, move.name} & self.fixed or len(node.outputs) != 1:
            return False
        if only_user(self.graph, move.outputs[0]) is None:
            return False
        constants = [i in self.constants for i in node.inputs[1:]]
        x, y = (self.types[v].elements for v in (node.inputs[0], node.outputs[0]))
        alone = OPS.get(node.op).pointwise == len(node.inputs) and constants in ([], [True])
        return alone and x == y

    def _constant(self, node: Node, move: Node, order: np.ndarray) -> tuple[str, ...] | None:
        """The constant operand as it is in front of the move: one value or one per channel."""
        if len(node.inputs) == 1:
            return ()
        array = self.constants[node.inputs[1]]
        if (value := uniform(array)) is not None:
            return (self._add(node.inputs[1], np.array([value], np.float32)),)
        moved = np.empty(order.size, np.float32)
        moved[order] = np.broadcast_to(array, self.types[node.outputs[0]].shape).reshape(-1)
        rows = moved.reshape(-1, (self.types[move.inputs[0]].shape or (1,))[-1])
        return (self._add(node.inputs[1], rows[0].copy()),) if np.all(rows == rows[0]) else None

    def _add(self, name: str, array: np.ndarray) -> str:
        name = self._fresh(f"{name}_channels")
        self.constants[name], self.types[name] = array, type_of(array)
        return name

    def _fresh(self, name: str) -> str:
        found, number = name, 1
        while found in self.types:
            found, number = f"{name}_{number}", number + 1
        return found


def _sunk(graph: Graph, fixed: frozenset[str]) -> Graph:
    """Operations on elements in front of moves."""
    sweep = _Sweep(graph, fixed, {}, dict(graph.types), dict(graph.constants))
    several = [n for n in graph.nodes if len(n.outputs) != 1]
    if several:
        return graph
    for node in graph.nodes:
        sweep.visit(node)
    return graph.with_(
        nodes=tuple(sweep.nodes.values()), types=sweep.types, constants=sweep.constants
    )
