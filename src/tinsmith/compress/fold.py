"""Prepares a float graph for quantisation; what it computes stays the same.

What depends on constants alone is computed. Operations on elements move in front of transposes and
reshapes, to the layer that they belong to. Constant factors and summands per channel (a batch
normalisation) are folded into the weights of the layer in front of them.

Source of the folding: Jacob et al., CVPR 2018, section 3.2 (equation 14).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from tinsmith.compress.walks import kept, only_user, order_of, uniform
from tinsmith.ir.graph import Graph, Node
from tinsmith.ir.types import TensorType, type_of
from tinsmith.rewrite import folded

CHANNELS: Mapping[str, int] = {
    "dense": 0, "conv2d": 0, "depthwise_conv2d": 3, "conv_transpose2d": 0,
}  # fmt: skip
"""Layers with weights -> axis of the weights that counts the channels of the result."""
AFFINE = ("mul", "div", "add", "sub")
_UNARY = frozenset(("relu", "abs", "neg", "exp", "log", "sqrt", "tanh", "sigmoid", "erf"))
_BINARY = frozenset((*AFFINE, "max", "min", "pow"))
MOST_FOLDED = 1 << 22
"""Elements of the largest constant that is computed ahead."""


def prepare(graph: Graph, fixed: frozenset[str]) -> Graph:
    """The graph with constants computed, element operations next to their layers, and batch
    normalisations folded.

    Args:
        graph: dialect float.
        fixed: names of nodes that are left as they are.
    """
    graph = _sunk(_computed(graph, fixed), fixed)
    while (folded := _folded(graph, fixed)) is not None:
        graph = folded
    return graph


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
        self.types[name] = self.types[source]
        del self.nodes[move.outputs[0]], self.types[move.outputs[0]]
        self.visit(replace(node, inputs=(source, *operand), outputs=(name,)))
        self.nodes[result] = replace(
            move, inputs=(name,), outputs=(result,), stage=node.stage or move.stage
        )

    def _passes(self, node: Node, move: Node) -> bool:
        if {node.name, move.name} & self.fixed or len(node.outputs) != 1:
            return False
        alone = only_user(self.graph, move.outputs[0])
        return alone is not None and (
            node.op in _UNARY or (node.op in _BINARY and node.inputs[1] in self.constants)
        )

    def _constant(self, node: Node, move: Node, order: np.ndarray) -> tuple[str, ...] | None:
        """The constant operand as it is in front of the move: one value or one per channel."""
        if node.op in _UNARY:
            return ()
        array = self.constants[node.inputs[1]]
        if (value := uniform(array)) is not None:
            return (self._add(node.inputs[1], np.array([value], np.float32)),)
        moved = np.empty(order.size, np.float32)
        moved[order] = np.broadcast_to(array, self.types[node.inputs[0]].shape).reshape(-1)
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


def _folded(graph: Graph, fixed: frozenset[str]) -> Graph | None:
    """One factor or summand less; None where there is none to fold."""
    for node in graph.nodes:
        user = only_user(graph, node.outputs[0]) if node.op in CHANNELS else None
        if user is None or user.op not in AFFINE or {node.name, user.name} & fixed:
            continue
        changed = _changed(graph, node, user)
        if changed is not None:
            return changed
    return None


def _changed(graph: Graph, node: Node, user: Node) -> Graph | None:
    """The graph without ``user``, whose constant goes into the layer in front of it."""
    channels = graph.type(node.outputs[0]).shape[-1]
    arrays = [graph.constants.get(i) for i in (*node.inputs[1:], user.inputs[1])]
    w, b, c = arrays
    if w is None or b is None or c is None or user.inputs[0] != node.outputs[0]:
        return None
    if c.size not in (1, channels) or (c.size > 1 and c.shape[-1] != channels):
        return None
    with np.errstate(all="ignore"):
        new_w, new_b = _combined(user.op, node.op, (w, b), c.reshape(-1).astype(np.float64))
    if not (np.all(np.isfinite(new_w)) and np.all(np.isfinite(new_b))):
        return None
    names = (f"{user.outputs[0]}_weights", f"{user.outputs[0]}_bias")
    if any(n in graph.types for n in names):
        return None
    merged = replace(node, inputs=(node.inputs[0], *names), outputs=user.outputs)
    nodes = tuple(merged if n is node else n for n in graph.nodes if n is not user)
    made = dict(zip(names, (new_w, new_b), strict=True))
    types = {k: t for k, t in graph.types.items() if k != node.outputs[0]}
    types |= {k: type_of(a) for k, a in made.items()}
    return graph.with_(nodes=nodes, types=types, constants={**graph.constants, **made})


def _combined(
    op: str, layer: str, parts: tuple[np.ndarray, np.ndarray], c: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Weights and bias in float32, computed in float64."""
    w, b = (p.astype(np.float64) for p in parts)
    if op in ("add", "sub"):
        b = b + c if op == "add" else b - c
    else:
        c = c if op == "mul" else 1.0 / c
        shape = [1] * w.ndim
        shape[CHANNELS[layer]] = c.size
        w, b = w * c.reshape(shape), b * c
    return w.astype(np.float32), b.astype(np.float32)
