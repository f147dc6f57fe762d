"""Removes channels that nobody hears or that are constants: of values, weights, biases and factors.

Pruning leaves channels whose weights are zero, training some that a rectifier never lets through.
Such a channel is the same in every run. Where the layers behind it take it into their biases
exactly, it need not be computed, stored or read, and neither need what only it depends on; the
graph is then the one of a network that was built without it. `_bounds.py` says what is constant,
`_channel_needs.py` what has to stay. Inputs, outputs and states keep their shapes. Integers alone:
a float channel of zero weights is not constant, as zero times infinity is not zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from tinsmith.ir.graph import Attr, Graph, Node
from tinsmith.ir.op import OPS, ShapeError
from tinsmith.ir.types import Quant, TensorType, type_of
from tinsmith.rewrite import eliminate_dead
from tinsmith.rewrite._bounds import Bounds, bounds_of, channels_of, last_axis
from tinsmith.rewrite._channel_needs import Needs
from tinsmith.rewrite._pass import Pass


def rewrite(graph: Graph) -> Graph:
    """Remove all that can go; the very same object where nothing can."""
    while True:
        smaller = _without_channels(_with_constants(graph))
        if smaller is graph:
            return graph
        graph = smaller


def _without_channels(graph: Graph) -> Graph:
    needs = Needs(graph)
    if all(mask.all() for mask in needs.stay.values()):
        return graph
    return eliminate_dead.rewrite(_Rebuilt(graph, needs).result())


def _with_constants(graph: Graph) -> Graph:
    """The graph with constants for second operands that are the same in every run and place."""
    bounds, work = bounds_of(graph), _Constants(graph)
    nodes = tuple(_with_constant(graph, n, bounds, work) for n in graph.nodes)
    if not work.arrays:
        return graph
    changed = graph.with_(
        nodes=nodes,
        types={**graph.types, **work.types},
        constants={**graph.constants, **work.arrays},
    )
    return eliminate_dead.rewrite(changed)


def _with_constant(
    graph: Graph, node: Node, bounds: Mapping[str, Bounds], work: "_Constants"
) -> Node:
    op = OPS.get(node.op)
    if op.pointwise != 2 or len(node.inputs) != 2 or set(node.inputs) & graph.constants.keys():
        return node
    for at, value in reversed(list(enumerate(node.inputs))):
        if value not in bounds or not bounds[value].known.all() or not (at or op.commutes):
            continue
        x, type = node.inputs[1 - at], graph.type(value)
        array = bounds[value].low.astype(type.dtype)
        if graph.type(x).shape != graph.type(node.outputs[0]).shape or not type.shape:
            continue
        return replace(node, inputs=(x, work.add(f"{value}_constant", array, type.quant)))
    return node


@dataclass
class _Constants:
    """New constants of a graph, each once."""

    graph: Graph
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    types: dict[str, TensorType] = field(default_factory=dict)
    made: dict[tuple[str, bytes, TensorType], str] = field(default_factory=dict)

    def add(self, name: str, array: np.ndarray, quant: Quant | None) -> str:
        """The name of a constant with this content."""
        array = np.ascontiguousarray(array)
        type = type_of(array, quant)
        key = name, array.tobytes(), type
        if key not in self.made:
            fresh, number = name, 1
            while fresh in self.graph.types or fresh in self.arrays:
                fresh, number = f"{name}_{number}", number + 1
            self.made[key], self.arrays[fresh], self.types[fresh] = fresh, array, type
        return self.made[key]


class _Rebuilt:
    """The graph with the channels that stay."""

    def __init__(self, graph: Graph, needs: Needs) -> None:
        self.graph, self.needs = graph, needs
        self.constants = _Constants(graph)
        self.types = {v: self._type(v) for v in needs.stay}

    def result(self) -> Graph:
        """What it becomes."""
        nodes = tuple(self._node(n) for n in self.graph.nodes)
        return self.graph.with_(
            nodes=nodes,
            types={**self.graph.types, **self.types, **self.constants.types},
            constants={**self.graph.constants, **self.constants.arrays},
        )

    def _type(self, value: str) -> TensorType:
        type, mask = self.graph.type(value), self.needs.stay[value]
        return type if mask.all() else _fewer(type, len(type.shape) - 1, mask)

    def _node(self, node: Node) -> Node:
        touched = [v for v in (*node.inputs, *node.outputs) if v in self.needs.stay]
        if all(self.needs.stay[v].all() for v in touched):
            return node
        if OPS.get(node.op).channel_axis is not None:
            return self._layer(node)
        inputs = [self._operand(node, k) for k in range(len(node.inputs))]
        attrs: dict[str, Attr] = dict(node.attrs)
        if node.op == "reshape":
            attrs["shape"] = self.types[node.outputs[0]].shape
        return replace(node, inputs=tuple(inputs), attrs=attrs)

    def _layer(self, node: Node) -> Node:
        """Weights and bias of the channels that stay; the shares of constants in the bias."""
        x, w, b = node.inputs
        rows, own = self.needs.stay[x], self.needs.stay[node.outputs[0]]
        axis, attrs = OPS.get(node.op).channel_axis or 0, dict(node.attrs)
        array, bias = self.graph.constants[w], self.graph.constants[b]
        if node.name in self.needs.sinks:
            bias = self.needs.sinks[node.name].folded(~rows)
            array = array.compress(rows, axis=-1)
        else:
            attrs["multiplier"] = int(own.sum() // rows.sum())
        array, bias = array.compress(own, axis=axis), bias[own]
        type = self.graph.type(w)
        quant = _fewer(type, axis, own).quant if type.quant else None
        weights = self.constants.add(w, array, quant) if array.size < type.elements else w
        summands = self.constants.add(b, bias, self._bias_quant(b, own))
        return replace(node, inputs=(x, weights, summands), attrs=attrs)

    def _bias_quant(self, b: str, own: np.ndarray) -> Quant | None:
        type = self.graph.type(b)
        return _fewer(type, 0, own).quant if type.quant else None

    def _operand(self, node: Node, k: int) -> str:
        """An operand of a node that is no layer; constants lose the channels of the result."""
        value, result = node.inputs[k], node.outputs[0]
        if value not in self.graph.constants or value in self.needs.stay:
            return value
        mask = self.needs.stay[result]
        if node.op == "concat" and last_axis(self.graph, node):
            first = channels_of(self.graph.type(node.inputs[0]))
            mask = mask[first:] if k else mask[:first]
        type, op = self.graph.type(value), OPS.get(node.op)
        if type.elements == 1 or type.shape[-1] != len(mask) or mask.all():
            return value
        if op.pointwise and k >= op.pointwise and self._serves_all(node, k):
            return value
        array = self.graph.constants[value].compress(mask, axis=-1)
        return self.constants.add(value, array, _fewer(type, len(type.shape) - 1, mask).quant)

    def _serves_all(self, node: Node, k: int) -> bool:
        """Whether a parameter is none per channel: it fits a single channel as it is."""
        types = [self.graph.type(i) for i in node.inputs]
        count = OPS.get(node.op).pointwise
        types[:count] = [replace(t, shape=(1,), quant=_single(t)) for t in types[:count]]
        types[count:] = [t if i == k else replace(t, shape=(1,))
                         for i, t in enumerate(types[count:], count)]  # fmt: skip
        try:
            OPS.get(node.op).infer(types, node.attrs)
        except ShapeError:
            return False
        return True


def _single(type: TensorType) -> Quant | None:
    return type.quant if type.quant and type.quant.axis is None else None


def _fewer(type: TensorType, axis: int, mask: np.ndarray) -> TensorType:
    """The type with the places of one axis that stay."""
    shape = (*type.shape[:axis], int(mask.sum()), *type.shape[axis + 1 :])
    quant = type.quant
    if quant is not None and quant.axis == axis:
        scales = tuple(s for s, m in zip(quant.scale, mask, strict=True) if m)
        zeros = tuple(z for z, m in zip(quant.zero_point, mask, strict=True) if m)
        quant = Quant(scales, zeros, axis)
    return TensorType(shape, type.dtype, quant)


PASS = Pass("remove_channels", requires=("float", "quantised"), rewrite=rewrite)
