"""Bounds of integer values per channel (last axis), over every run and every place: what a channel
of zero weights, a clamp or a constant operand leaves possible.

A channel whose bounds are equal is a constant. Bounds hold whatever the inputs are; what is not
known is the range of the dtype. Sums that could leave their dtype wrap, so nothing is known of
them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tinsmith.ir.graph import Graph, Node
from tinsmith.ir.interp import site_of
from tinsmith.ir.op import OPS, Site
from tinsmith.ir.types import TensorType
from tinsmith.rewrite._constants import evaluate

_EXACT = 1 << 52
"""Sums of products below this are exact in float64."""


@dataclass(frozen=True)
class Bounds:
    """int64 [channels] each; ``low`` <= ``high``."""

    low: np.ndarray
    high: np.ndarray

    @property
    def known(self) -> np.ndarray:
        """Which channels are constants."""
        return np.asarray(self.low == self.high)

    def map(self, change: Callable[[np.ndarray], np.ndarray]) -> "Bounds":
        """Both ends changed alike."""
        return Bounds(change(self.low), change(self.high))


def channels_of(type: TensorType) -> int:
    """Length of the last axis; 1 without axes."""
    return type.shape[-1] if type.shape else 1


def layer_parts(graph: Graph, node: Node) -> tuple[np.ndarray, np.ndarray] | None:
    """Weights less their zero point as [taps, channels of x, channels of the result], int64, and
    the bias, of an integer layer over all channels at once (depthwise: [taps, 1, channels]); None
    for all other nodes."""
    axis = OPS.get(node.op).channel_axis
    w, b = (graph.constants.get(i) for i in node.inputs[1:3]) if axis is not None else (None, None)
    if axis is None or w is None or b is None or w.dtype != np.int8:
        return None
    quant = graph.type(node.inputs[1]).quant
    wide = w.astype(np.int64) - (quant.zero_point[0] if quant else 0)
    turned = np.moveaxis(wide, axis, -1)  # [.., channels of x, channels of the result]
    if node.op == "depthwise_conv2d":
        turned = wide.reshape(-1, 1, w.shape[-1])
    elif w.shape[-1] != channels_of(graph.type(node.inputs[0])):
        return None  # in groups
    return turned.reshape(-1, *turned.shape[-2:]), b


def zero_point(type: TensorType) -> int:
    """Of x; 0 without a Quant."""
    return type.quant.zero_point[0] if type.quant else 0


def padded(node: Node) -> bool:
    """Whether windows may reach over the border."""
    return any(whole_numbers(node, "padding"))


def whole_numbers(node: Node, name: str) -> tuple[int, ...]:
    """An attribute that is several whole numbers; none where it is absent."""
    value = node.attrs.get(name, ())
    return tuple(int(v) for v in value) if isinstance(value, tuple) else ()


def bounds_of(graph: Graph) -> dict[str, Bounds]:
    """Bounds of every integer value that is no constant, and of constants that nodes on elements
    read."""
    found: dict[str, Bounds] = {}
    for name in (*graph.inputs, *(s.name for s in graph.states)):
        _note(found, name, _anything(graph.type(name)))
    for node in graph.nodes:
        for value in node.inputs:
            if value in graph.constants and value not in found and _reads_elements(node):
                _note(found, value, _of_constant(graph.constants[value]))
        made = _made(graph, node, found)
        for value in node.outputs:
            _note(found, value, made if made is not None else _anything(graph.type(value)))
    return found


def _note(found: dict[str, Bounds], name: str, bounds: Bounds | None) -> None:
    if bounds is not None:
        found[name] = bounds


def _reads_elements(node: Node) -> bool:
    return OPS.get(node.op).pointwise > 1 or node.op == "concat"


def _anything(type: TensorType) -> Bounds | None:
    if type.dtype in ("float32", "bool"):
        return None
    limits, n = np.iinfo(type.dtype), channels_of(type)
    return Bounds(np.full(n, limits.min, np.int64), np.full(n, limits.max, np.int64))


def _of_constant(array: np.ndarray) -> Bounds | None:
    if array.dtype.kind not in "iu":
        return None
    rows = array.reshape(-1, array.shape[-1] if array.ndim else 1).astype(np.int64)
    return Bounds(rows.min(axis=0), rows.max(axis=0))


def _made(graph: Graph, node: Node, found: Mapping[str, Bounds]) -> Bounds | None:
    """Bounds of the result of a node; None where nothing is known."""
    op, result = OPS.get(node.op), graph.type(node.outputs[0])
    if result.dtype in ("float32", "bool") or node.inputs[0] not in found or len(node.outputs) > 1:
        return None
    if op.channel_axis is not None:
        return _sums(graph, node, found[node.inputs[0]])
    if op.pointwise:
        return _on_elements(graph, node, found)
    rule = _RULES.get(node.op)
    return rule(graph, node, [found.get(i) for i in node.inputs]) if rule else None


def _sums(graph: Graph, node: Node, x: Bounds) -> Bounds | None:
    """Each product at its lower and at its upper end; where windows reach over the border, also
    without it."""
    parts = layer_parts(graph, node)
    if parts is None:
        return None
    (weights, bias), zero = parts, zero_point(graph.type(node.inputs[0]))
    up, down = np.maximum(weights, 0).sum(axis=0), np.minimum(weights, 0).sum(axis=0)
    x = x.map(lambda end: end - zero)
    if padded(node):
        x = Bounds(np.minimum(x.low, 0), np.maximum(x.high, 0))
    if node.op == "depthwise_conv2d":
        each = up.shape[1] // len(x.low)
        low, high = (np.repeat(end, each) for end in (x.low, x.high))
        ends = (low * up + high * down)[0], (high * up + low * down)[0]
    else:
        low, high = (end.astype(np.float64) for end in (x.low, x.high))
        ends = low @ up + high @ down, high @ up + low @ down
    limits = np.iinfo(bias.dtype)
    largest = [float(np.abs(e.astype(np.float64)).max()) for e in (*ends, bias)]
    if max(largest[:2]) + largest[2] > min(_EXACT, limits.max):
        return None
    return Bounds(*(e.astype(np.int64) + bias for e in ends))


def _on_elements(graph: Graph, node: Node, found: Mapping[str, Bounds]) -> Bounds | None:
    """An operation on elements: at both ends where a larger operand never has a smaller result,
    else what it makes of constants."""
    op, result = OPS.get(node.op), graph.type(node.outputs[0])
    operands = [found.get(i) for i in node.inputs[: op.pointwise]]
    n = channels_of(result)
    if any(o is None or len(o.low) not in (1, n) for o in operands):
        return None
    known = np.logical_and.reduce([np.broadcast_to(o.known, n) for o in operands if o])
    ordered = op.pointwise == 1 and (op.increasing or op.limits is not None or op.quantises)
    if not ordered and not known.any():
        return None
    low = _at(graph, node, [o.low for o in operands if o])
    if low is None:
        return None
    high = _at(graph, node, [o.high for o in operands if o]) if ordered else low
    anything = _anything(result)
    if ordered or anything is None or high is None:
        return None if high is None else Bounds(low, high)
    return Bounds(np.where(known, low, anything.low), np.where(known, low, anything.high))


def _at(graph: Graph, node: Node, ends: Sequence[np.ndarray]) -> np.ndarray | None:
    """What a node makes of one element per channel; None where its other operands are not known."""
    site, n = site_of(graph, node), channels_of(graph.type(node.outputs[0]))
    more = [graph.constants.get(i) for i in node.inputs[len(ends) :]]
    known = [m for m in more if m is not None]
    if len(known) < len(more):
        return None
    given = [
        np.broadcast_to(e, n).astype(t.dtype).reshape(1, n)
        for e, t in zip(ends, site.inputs, strict=False)
    ]
    types = [replace(t, shape=(1, n)) for t in site.inputs[: len(ends)]]
    small = Site(
        site.attrs, (*types, *site.inputs[len(ends) :]), (replace(site.outputs[0], shape=(1, n)),)
    )
    return evaluate(node.op, [*given, *known], small)[0].reshape(n).astype(np.int64)


Rule = Callable[[Graph, Node, Sequence[Bounds | None]], Bounds | None]


def _pooled(graph: Graph, node: Node, operands: Sequence[Bounds | None]) -> Bounds | None:
    """What lies between the ends of a window stays there, and is clamped."""
    (x,) = operands
    limits = np.iinfo(graph.type(node.outputs[0]).dtype)
    low, high = (
        node.attrs.get(k, e) for k, e in (("act_min", limits.min), ("act_max", limits.max))
    )
    return x.map(lambda end: np.clip(end, int(low), int(high))) if x else None  # type: ignore[arg-type]  # checked by inference


def _reshaped(graph: Graph, node: Node, operands: Sequence[Bounds | None]) -> Bounds | None:
    """Channels in turn where whole pixels become a row; else one for all."""
    (x,), n = operands, channels_of(graph.type(node.outputs[0]))
    if x is None or n % len(x.low):
        return _mixed(n, [x])
    return x.map(lambda end: np.tile(end, n // len(end)))


def _mixed(n: int, operands: Sequence[Bounds | None]) -> Bounds | None:
    """Any element of these may be at any place."""
    known = [o for o in operands if o is not None]
    if len(known) < len(operands):
        return None
    low, high = min(o.low.min() for o in known), max(o.high.max() for o in known)
    return Bounds(np.full(n, low), np.full(n, high))


def _joined(graph: Graph, node: Node, operands: Sequence[Bounds | None]) -> Bounds | None:
    known = [o for o in operands if o is not None]
    if len(known) < len(operands):
        return None
    if last_axis(graph, node):
        ends = zip(*((o.low, o.high) for o in known), strict=True)
        low, high = (np.concatenate(e) for e in ends)
        return Bounds(low, high)
    low = np.minimum.reduce([o.low for o in known])
    return Bounds(low, np.maximum.reduce([o.high for o in known]))


def _cut(graph: Graph, node: Node, operands: Sequence[Bounds | None]) -> Bounds | None:
    (x,) = operands
    if x is None or not last_axis(graph, node):
        return x
    return _mixed(channels_of(graph.type(node.outputs[0])), [x])


def _widened(graph: Graph, node: Node, operands: Sequence[Bounds | None]) -> Bounds | None:
    """The border takes part."""
    (x,), value = operands, node.attrs["value"]
    if x is None or not isinstance(value, int):
        return None
    if not pads_channels(node):
        return Bounds(np.minimum(x.low, value), np.maximum(x.high, value))
    border = Bounds(np.array([value]), np.array([value]))
    return _mixed(channels_of(graph.type(node.outputs[0])), [x, border])


def last_axis(graph: Graph, node: Node) -> bool:
    """Whether attribute ``axis`` is that of the channels."""
    axis, rank = node.attrs.get("axis"), len(graph.type(node.inputs[0]).shape)
    return isinstance(axis, int) and axis % rank == rank - 1


def pads_channels(node: Node) -> bool:
    """Whether a pad makes more channels."""
    return any(whole_numbers(node, k)[-1:] not in ((), (0,)) for k in ("before", "after"))


_RULES: Mapping[str, Rule] = {
    "avg_pool2d": _pooled, "max_pool2d": _pooled, "reshape": _reshaped, "concat": _joined,
    "slice": _cut, "pad": _widened,
}  # fmt: skip
