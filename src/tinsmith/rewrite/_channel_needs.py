"""Which channels (last axis) of every value have to stay, so that outputs remain what they are.

A channel goes where every reader can do without it: as its weights are zero, or as it is a constant
that goes into the reader's bias. Operations on elements tie channels of their operands and results
together: those stay or go as one. Whatever is not known to do without a channel needs all.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from tinsmith.ir.graph import Graph, Node
from tinsmith.ir.op import OPS
from tinsmith.rewrite._bounds import (
    Bounds,
    bounds_of,
    channels_of,
    last_axis,
    layer_parts,
    padded,
    pads_channels,
    zero_point,
)

Need = tuple[str, np.ndarray]
"""A value, and the channels of it that have to stay."""


@dataclass
class Needs:
    """The least that has to stay; grows until no node asks for more."""

    graph: Graph
    bounds: Mapping[str, Bounds] = field(init=False)
    stay: dict[str, np.ndarray] = field(init=False)
    sinks: dict[str, "Sink"] = field(init=False)

    def __post_init__(self) -> None:
        graph = self.graph
        self.bounds = bounds_of(graph)
        fixed = {*graph.inputs, *graph.outputs}
        fixed |= {name for s in graph.states for name in (s.name, s.next)}
        self.stay = {
            v: np.full(channels_of(t), v in fixed)
            for v, t in graph.types.items() if v not in graph.constants
        }  # fmt: skip
        self.sinks = {n.name: s for n in graph.nodes if (s := sink_of(graph, n, self.bounds))}
        self._settle()
        for value in [v for v, m in self.stay.items() if not m.any()]:
            self.stay[value][0] = True  # no tensor is empty
        self._settle()

    def _settle(self) -> None:
        growing = True
        while growing:
            growing = False
            for node in (*reversed(self.graph.nodes), *self.graph.nodes):
                for value, mask in self._asked(node):
                    before = self.stay[value]
                    if np.any(mask & ~before):
                        self.stay[value], growing = before | mask, True

    def _asked(self, node: Node) -> Iterator[Need]:
        """What a node asks for, given what has to stay so far."""
        if node.name in self.sinks:
            yield node.inputs[0], self.sinks[node.name].asked(self.stay[node.outputs[0]])
            return
        groups = _ties(self.graph, node)
        for value in {*node.inputs, *node.outputs} - {v for g in groups for v, _ in g}:
            if value in self.stay:
                yield value, np.full_like(self.stay[value], True)
        for group in groups:
            whole = np.logical_or.reduce([self.stay[v][i] for v, i in group])
            for value, index in group:
                mask = np.zeros_like(self.stay[value])
                np.logical_or.at(mask, index, whole)
                yield value, mask


@dataclass(frozen=True)
class Sink:
    """An integer layer: which channels of x its sums depend on.

    Args:
        heard: [channels of x, channels of the result]: whether a weight is not zero.
        constant: channels of x that are constants, whose share may go into the bias.
        shares: [channels of x, channels of the result]: that share.
    """

    heard: np.ndarray
    constant: np.ndarray
    shares: np.ndarray
    bias: np.ndarray
    most: int

    def asked(self, results: np.ndarray) -> np.ndarray:
        """Channels of x that have to stay for these results."""
        heard = np.any(self.heard[:, results], axis=1)
        return np.asarray(heard & ~self.constant if self._fits(results) else heard)

    def _fits(self, results: np.ndarray) -> bool:
        """Whether the bias holds the shares of any of the constants."""
        most = np.abs(self.bias.astype(np.float64)) + np.abs(self.shares).sum(axis=0)
        return bool(np.all(most[results] <= self.most))

    def folded(self, gone: np.ndarray) -> np.ndarray:
        """The bias with the shares of channels that go."""
        share = self.shares[gone & self.constant].sum(axis=0)
        return np.asarray(self.bias + share.astype(np.int64), self.bias.dtype)


def sink_of(graph: Graph, node: Node, bounds: Mapping[str, Bounds]) -> Sink | None:
    """What an integer layer over all channels at once asks for; None for all other nodes."""
    parts = None if node.op == "depthwise_conv2d" else layer_parts(graph, node)
    if parts is None or node.inputs[0] not in bounds:
        return None
    (weights, bias), x = parts, bounds[node.inputs[0]]
    value = np.where(x.known, x.low - zero_point(graph.type(node.inputs[0])), 0)
    heard = np.any(weights, axis=0)
    shares = value[:, None].astype(np.float64) * weights.sum(axis=0)
    # A border holds x's zero point: a constant that is another makes other sums there.
    constant = x.known & ((value == 0) | (not padded(node)))
    most = 1 << 30 if bias.dtype == np.int32 else 1 << 52
    return Sink(heard, constant, np.where(constant[:, None], shares, 0), bias, most)


Tie = list[tuple[str, np.ndarray]]
"""Values whose channels stay or go together: at each place of the arrays one channel of each."""


def _ties(graph: Graph, node: Node) -> list[Tie]:
    """How the channels of a node's operands and results belong together."""
    op, y = OPS.get(node.op), node.outputs[0]
    type = graph.type(y)
    if len(node.outputs) > 1 or (type.quant and type.quant.axis not in (None, len(type.shape) - 1)):
        return []
    n = channels_of(type)
    if op.pointwise:
        return _pointwise(graph, node, n)
    rule = _TIES.get(node.op)
    return rule(graph, node, n) if rule else []


def _pointwise(graph: Graph, node: Node, n: int) -> list[Tie]:
    """Operands with a channel for each of the result; single numbers serve all."""
    count, known = OPS.get(node.op).pointwise, graph.constants
    operands, parameters = node.inputs[:count], node.inputs[count:]
    wide = [i for i in operands if channels_of(graph.type(i)) == n]
    single = all(graph.type(i).elements == 1 for i in operands if i not in wide)
    if n == 1 or not single or any(i not in known for i in parameters):
        return []
    values = dict.fromkeys([*(i for i in wide if i not in known), node.outputs[0]])
    return [[(v, np.arange(n)) for v in values]]


def _alike(graph: Graph, node: Node, n: int) -> list[Tie]:
    """Operands and result have the same channels."""
    values = [v for v in dict.fromkeys([*node.inputs, *node.outputs]) if v not in graph.constants]
    return [[(v, np.arange(n)) for v in values]]


def _reshape(graph: Graph, node: Node, n: int) -> list[Tie]:
    """Whole pixels that become a row."""
    x = channels_of(graph.type(node.inputs[0]))
    if n % x or node.inputs[0] in graph.constants:
        return []
    return [[(node.inputs[0], np.tile(np.arange(x), n // x)), (node.outputs[0], np.arange(n))]]


def _concat(graph: Graph, node: Node, n: int) -> list[Tie]:
    if not last_axis(graph, node):
        return _alike(graph, node, n)
    first = channels_of(graph.type(node.inputs[0]))
    ranges = (np.arange(first), np.arange(n - first))
    starts, found = (0, first), []
    for value, own, start in zip(node.inputs, ranges, starts, strict=True):
        if value not in graph.constants:
            found.append([(value, own), (node.outputs[0], own + start)])
    return found


def _unless_channels(graph: Graph, node: Node, n: int) -> list[Tie]:
    return [] if last_axis(graph, node) else _alike(graph, node, n)


def _pad(graph: Graph, node: Node, n: int) -> list[Tie]:
    return [] if pads_channels(node) else _alike(graph, node, n)


def _depthwise(graph: Graph, node: Node, n: int) -> list[Tie]:
    """Each channel of x with its results, which share one multiplier; those of a single channel
    stand for themselves."""
    x, y = node.inputs[0], node.outputs[0]
    if any(i not in graph.constants for i in node.inputs[1:]):
        return []
    each = n // channels_of(graph.type(x))
    if each == n:
        return [[(y, np.arange(n))]] if n > 1 else []
    return [[(x, np.repeat(np.arange(n // each), each)), (y, np.arange(n))]]


_TIES: Mapping[str, Callable[[Graph, Node, int], list[Tie]]] = {
    "avg_pool2d": _alike, "max_pool2d": _alike, "reshape": _reshape, "concat": _concat,
    "slice": _unless_channels, "pad": _pad, "depthwise_conv2d": _depthwise,
}  # fmt: skip
