"""Layers of integers as sums: for each result channel its weights, one per tap, and its bias."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from tinsmith.bench.rounding import Scaling, scalings
from tinsmith.ir.graph import Graph, Node, Part
from tinsmith.ir.interp import site_of
from tinsmith.ir.op import OPS, Site
from tinsmith.ir.ops._conv import kernel_window, zeros_of
from tinsmith.ir.ops._window import Window
from tinsmith.ir.ops.fused import part_sites
from tinsmith.ir.types import TensorType

LEVELS = 512
"""Most results of one channel whose breakpoints are looked for."""


@dataclass(frozen=True)
class Layer:
    """A layer over operand 0 of a node. ``weights``: [group, channels of a group, taps] less their
    zero point; taps count kernel rows, kernel columns and the channels of x that a group sees.
    ``bias``: [group, channels]. ``window``: None of a dense layer. ``result``: sums
    [n, group * channel] to the results of the step, which differ where it is ``requantised``;
    ``scalings``: how, for each channel, where that is done in whole numbers. x is what
    stands from element ``start`` of the ``operand`` on."""

    weights: np.ndarray
    bias: np.ndarray
    x_zero: int
    x_type: TensorType
    sums: str
    window: Window | None
    result: Callable[[np.ndarray], np.ndarray]
    requantised: bool
    scalings: tuple[Scaling, ...]
    operand: TensorType
    start: int

    def ranges(self) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper bound of every partial sum in any order, [group, channel]; a product that
        a border leaves out counts nothing."""
        info = np.iinfo(self.x_type.dtype)
        terms = [self.weights * (int(end) - self.x_zero) for end in (info.min, info.max)]
        least, most = np.minimum(*terms), np.maximum(*terms)
        return self.bias + np.minimum(least, 0).sum(-1), self.bias + np.maximum(most, 0).sum(-1)

    def within(self) -> tuple[np.ndarray, np.ndarray]:
        """The ranges as the type of sums holds them, [group * channel]."""
        limits, (low, high) = np.iinfo(self.sums), self.ranges()
        return np.maximum(low.ravel(), limits.min), np.minimum(high.ravel(), limits.max)

    def windows(self, operand: np.ndarray) -> np.ndarray:
        """What each result sees of x, less its zero point: [window, group, taps]."""
        x = operand.ravel()[self.start :][: self.x_type.elements].reshape(self.x_type.shape)
        x = x.astype(np.int64) - self.x_zero
        if self.window is None:
            return x[:, None]
        groups, w = len(self.weights), self.window
        seen = np.zeros((*w.results, *w.kernel, x.shape[-1]), np.int64)
        for t in w.taps():
            seen[(*t.results, t.ky, t.kx)] = x[0][t.read]
        apart = seen.reshape(-1, w.kernel[0] * w.kernel[1], groups, x.shape[-1] // groups)
        return np.moveaxis(apart, 2, 1).reshape(len(apart), groups, -1)

    def breakpoints(self) -> list[np.ndarray]:
        """For each channel the sums at which its result becomes another: the first sum of each new
        result, found by halving."""
        low, high = self.within()
        first, last = (self.result(v[None])[0].astype(np.int64) for v in (low, high))
        count = int((last - first).max(initial=0)) if self.requantised else 0
        steps = first + np.arange(1, min(count, LEVELS) + 1)[:, None] * max(1, count // LEVELS)
        below, above = (np.broadcast_to(v, steps.shape).copy() for v in (low, high))
        while (above - below > 1).any():
            middle = below + (above - below) // 2
            reached = self.result(middle).astype(np.int64) >= steps
            above, below = np.where(reached, middle, above), np.where(reached, below, middle)
        return [np.unique(above[steps[:, c] <= last[c], c]) for c in range(len(low))]


def layer_of(graph: Graph, node: Node) -> Layer | None:
    """A node as a layer of integers; None where it is none."""
    site = site_of(graph, node)
    parts, start, x = list(part_sites(site)) if node.parts else [], 0, 0
    if parts and (taken := _taken(*parts[0])) is not None:
        parts, start, x = parts[1:], taken, len(node.inputs)
    op, own = (parts[0][0].op, parts[0][1]) if parts else (node.op, site)
    operands = parts[0][0].inputs if parts else tuple(range(len(node.inputs)))
    known = op in ("conv2d", "depthwise_conv2d", "dense") and operands == (x, 1, 2)
    if not known or own.inputs[0].dtype not in ("int8", "int16"):
        return None
    w, b = (graph.constants.get(i) for i in node.inputs[1:3])
    if w is None or b is None:
        return None
    weights = _grouped(op, own.inputs[0].shape[-1], w.astype(np.int64) - zeros_of(own)[1])
    values = [*(graph.constants.get(i) for i in node.inputs), *[None][: x > 0]]
    return Layer(
        weights, b.astype(np.int64).reshape(weights.shape[:2]), zeros_of(own)[0], own.inputs[0],
        own.outputs[0].dtype, None if op == "dense" else kernel_window(op, own.inputs, own.attrs),
        _after(parts[1:], values, own.outputs[0].dtype), len(parts) > 1,
        scalings(parts[1], values, b.size) if len(parts) > 1 else (), site.inputs[0], start,
    )  # fmt: skip


def _taken(part: Part, site: Site) -> int | None:
    """Of a part that takes a run of operand 0, the elements in front of it."""
    walk = OPS.get(part.op).walk
    if part.op != "slice" or part.inputs != (0,) or walk is None:
        return None
    found = walk(site).shortest()
    return found.offset if tuple(found.steps) in ((), (1,)) else None


def _grouped(op: str, channels: int, w: np.ndarray) -> np.ndarray:
    if op == "depthwise_conv2d":
        return np.moveaxis(w[0].reshape(-1, channels, w.shape[3] // channels), 0, 2)
    groups = channels // w.shape[-1]
    return w.reshape(groups, len(w) // groups, -1)


def _after(
    parts: list[tuple[Part, Site]], values: list[np.ndarray | None], kind: str
) -> Callable[[np.ndarray], np.ndarray]:
    """What the parts behind the layer make of its sums, [n, channels]; views apart."""

    def result(sums: np.ndarray) -> np.ndarray:
        made, last = list(values), sums.astype(kind)
        for part, own in parts:
            made.append(last)
            pairs = [(made[i], t) for i, t in zip(part.inputs, own.inputs, strict=True)]
            given = [(v, replace(t, shape=v.shape)) for v, t in pairs if v is not None]
            kept = replace(
                own, inputs=tuple(t for _, t in given),
                outputs=(TensorType(sums.shape, own.outputs[0].dtype),),
            )  # fmt: skip
            if part.op != "reshape":
                last = OPS.get(part.op).reference([v for v, _ in given], kept)[0]
        return last

    return result
