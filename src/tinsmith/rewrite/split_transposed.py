"""Makes transposed convolutions of int8 out of convolutions, for which there are fast kernels.

Results that are a stride apart meet the same taps of the kernel, every stride-th one, at
neighbouring places of x: those of each remainder of (row, column) by the stride are a convolution
with a part of the weights, turned round. One copy brings their results to their places. No product
is added, and no weight is stored twice.

Sums of integers are the same in any order; those of floats are not, so they stay. Source: Dumoulin
and Visin, "A guide to convolution arithmetic for deep learning", 2016, chapter 4.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tinsmith.ir.graph import Attr, Graph, Node
from tinsmith.ir.op import Attrs
from tinsmith.ir.ops._window import numbers
from tinsmith.ir.types import TensorType, type_of
from tinsmith.rewrite import eliminate_dead
from tinsmith.rewrite._pass import Pass
from tinsmith.rewrite._readers import readers_of


def rewrite(graph: Graph) -> Graph:
    """Split each transposed convolution of one picture that only a requantisation reads, without
    groups and dilation, whose results are whole strides and each meet a tap; the very same object
    where there is none."""
    kept = {*graph.outputs, *(s.next for s in graph.states)}
    readers = readers_of(graph)
    work = _Work(graph)
    for node in graph.nodes:
        value = node.outputs[0]
        users = readers.get(value, [])
        if node.op != "conv_transpose2d" or value in kept or len(users) != 1:
            continue
        if users[0].op == "requantize" and (found := _parts(graph, node)):
            work.split(node, users[0], found)
    return work.result() if work.became else graph


@dataclass(frozen=True)
class _Along:
    """Along one axis, the results of one remainder: of which taps they are made, last one first,
    and how far windows of so many hang over x in front and behind."""

    taps: tuple[int, ...]
    before: int
    behind: int


Parts = tuple[Sequence[_Along], Sequence[_Along]]


def _parts(graph: Graph, node: Node) -> Parts | None:
    x, w = (graph.type(i) for i in node.inputs[:2])
    known = all(i in graph.constants for i in node.inputs[1:])
    alone = node.attrs.get("dilation", (1, 1)) == (1, 1) and x.shape[3] == w.shape[3]
    if x.dtype != "int8" or x.shape[0] != 1 or not known or not alone:
        return None
    attrs: Attrs = {"padding": (0, 0), **node.attrs}
    pairs = [numbers(node.op, attrs, n, 2, 0) for n in ("stride", "size", "padding")]
    rows, columns = (_along(x.shape[k], w.shape[k], *(p[k - 1] for p in pairs)) for k in (1, 2))
    return (rows, columns) if rows and columns else None


def _along(places: int, kernel: int, stride: int, size: int, padding: int) -> list[_Along]:
    """The parts of one axis; none where one of them would be no convolution over x."""
    made = []
    for first in range(stride):
        start, shift = (first + padding) % stride, (first + padding) // stride
        taps = tuple(range(start, kernel, stride))[::-1]
        before = len(taps) - 1 - shift
        behind = size // stride - places - before + len(taps) - 1
        if size % stride or not taps or before < 0 or behind < 0:
            return []
        made.append(_Along(taps, before, behind))
    return made


@dataclass
class _Work:
    """The graph, the nodes that take the place of a requantisation, by its name, and what is new in
    them."""

    graph: Graph
    became: dict[str, list[Node]] = field(default_factory=dict)
    types: dict[str, TensorType] = field(default_factory=dict)
    constants: dict[str, np.ndarray] = field(default_factory=dict)

    def split(self, layer: Node, last: Node, parts: Parts) -> None:
        """Convolutions and requantisations of all parts, and what orders their results."""
        rows, columns = parts
        nodes: list[Node] = []
        for a, along in enumerate(rows):
            for b, beside in enumerate(columns):
                nodes += self._part(layer, last, (along, beside), f"{last.name}_r{a}c{b}")
        first, *others = [n.outputs[0] for n in nodes if n.op == "requantize"]
        for other in others:
            type = self.types[first]
            grown = replace(type, shape=(type.shape[0] + 1, *type.shape[1:]))
            both = self._fresh(f"{last.name}_parts", grown)
            nodes.append(Node(both, "concat", (first, other), (both,), {"axis": 0}, last.stage))
            first = both
        _, high, across, channels = self.types[first].shape
        row, part = across * channels, high * across * channels
        attrs: dict[str, Attr] = {
            "shape": (high, len(rows), across, len(columns), channels),
            "strides": (row, len(columns) * part, channels, part, 1),
            "offset": 0, "result": self.graph.type(last.outputs[0]).shape,
        }  # fmt: skip
        nodes.append(replace(last, op="strided", inputs=(first,), attrs=attrs))
        self.became[last.name] = nodes

    def _part(self, layer: Node, last: Node, along: tuple[_Along, _Along], name: str) -> list[Node]:
        rows, columns = along
        x, weights, bias = layer.inputs
        w = self.graph.constants[weights][:, rows.taps][:, :, columns.taps]
        own = self._constant(f"{name}_weights", np.ascontiguousarray(w), weights)
        sums, result = self.graph.type(layer.outputs[0]), self.graph.type(last.outputs[0])
        shape = (sums.shape[0], *self._sizes(layer), sums.shape[3])
        total = self._fresh(f"{name}_sum", replace(sums, shape=shape))
        made = self._fresh(name, replace(result, shape=shape))
        attrs: dict[str, Attr] = {
            "stride": (1, 1), "padding": (rows.before, rows.behind, columns.before, columns.behind),
        }  # fmt: skip
        return [
            Node(total, "conv2d", (x, own, bias), (total,), attrs, layer.stage),
            replace(last, name=made, inputs=(total, *last.inputs[1:]), outputs=(made,)),
        ]

    def _sizes(self, layer: Node) -> tuple[int, int]:
        _, rows, columns, _ = self.graph.type(layer.outputs[0]).shape
        down, across = numbers(layer.op, layer.attrs, "stride", 2, 1)
        return rows // down, columns // across

    def _constant(self, name: str, array: np.ndarray, like: str) -> str:
        value = self._fresh(name, replace(self.graph.type(like), shape=type_of(array).shape))
        self.constants[value] = array
        return value

    def _fresh(self, name: str, type: TensorType) -> str:
        """A name that is free."""
        names = {*self.graph.types, *(n.name for n in self.graph.nodes), *self.types}
        free, number = name, 1
        while free in names:
            free, number = f"{name}_{number}", number + 1
        self.types[free] = type
        return free

    def result(self) -> Graph:
        """The graph with all of them, without what they took the place of."""
        nodes = [n for old in self.graph.nodes for n in self.became.get(old.name, [old])]
        changed = self.graph.with_(
            nodes=tuple(nodes), types={**self.graph.types, **self.types},
            constants={**self.graph.constants, **self.constants},
        )  # fmt: skip
        return eliminate_dead.rewrite(changed)


PASS = Pass("split_transposed", requires=("float", "quantised", "lowered"), rewrite=rewrite)
