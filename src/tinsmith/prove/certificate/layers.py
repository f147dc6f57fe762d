"""Layers of integers as sums: for each result channel its weights, one per tap, and its bias."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tinsmith.ir.graph import Graph, Node, Part
from tinsmith.ir.interp import site_of
from tinsmith.ir.op import OPS, Site
from tinsmith.ir.ops._conv import kernel_window, zeros_of
from tinsmith.ir.ops._window import Window
from tinsmith.ir.ops.fused import part_sites
from tinsmith.ir.types import TensorType

_LAYERS = ("conv2d", "depthwise_conv2d", "dense")

Scale = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Layer:
    """A layer over operand 0 of a node. ``weights``: [group, channels of a group, taps] less their
    zero point, where a group sees ``depth`` channels of x and taps count kernel rows, kernel
    columns and these; ``bias``: [group, channels]. ``window``: None of a dense layer. ``result``:
    sums [n, group * channel] to the results of the step, which differ from
    them where it is ``requantised``. ``taken``: the whole operand's type and the elements in front
    of x, where x is some rows of it."""

    weights: np.ndarray
    bias: np.ndarray
    x_zero: int
    x_type: TensorType
    sums: str
    window: Window | None
    result: Scale
    requantised: bool
    taken: tuple[TensorType, int] | None = None

    def operand(self, x: np.ndarray) -> np.ndarray:
        """The operand that holds x; what stands around it is of no account."""
        if self.taken is None:
            return x
        (whole, start), info = self.taken, np.iinfo(x.dtype)
        found = np.resize(np.array([info.max, info.min], x.dtype), whole.elements)
        found[start : start + x.size] = x.ravel()
        return found.reshape(whole.shape)

    @cached_property
    def depth(self) -> int:
        """Channels of x that a group sees."""
        return self.x_type.shape[-1] // len(self.weights)

    @cached_property
    def ends(self) -> tuple[int, int]:
        """Smallest and largest value of x less its zero point."""
        info = np.iinfo(self.x_type.dtype)
        return int(info.min) - self.x_zero, int(info.max) - self.x_zero

    def ranges(self) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper bound of every partial sum in any order, [group, channel]; a product that
        a border leaves out counts nothing."""
        low, high = self.ends
        terms = np.stack([self.weights * low, self.weights * high])
        least, most = np.minimum(terms.min(0), 0).sum(-1), np.maximum(terms.max(0), 0).sum(-1)
        return self.bias + least, self.bias + most

    def within(self) -> tuple[np.ndarray, np.ndarray]:
        """The ranges as the type of sums holds them, [group * channel]."""
        limits, (low, high) = np.iinfo(self.sums), self.ranges()
        return np.maximum(low.ravel(), limits.min), np.minimum(high.ravel(), limits.max)


def layer_of(graph: Graph, node: Node) -> Layer | None:
    """A node as a layer of integers; None where it is none."""
    site = site_of(graph, node)
    parts = list(part_sites(site)) if node.parts else []
    taken = _taken(parts[0]) if parts else None
    parts = parts[1:] if taken else parts
    op, own = (parts[0][0].op, parts[0][1]) if parts else (node.op, site)
    operands = parts[0][0].inputs if parts else tuple(range(len(node.inputs)))
    x = len(node.inputs) if taken else 0
    if op not in _LAYERS or operands != (x, 1, 2) or own.inputs[0].dtype not in ("int8", "int16"):
        return None
    w, b = (graph.constants.get(i) for i in node.inputs[1:3])
    if w is None or b is None:
        return None
    window = None if op == "dense" else kernel_window(op, own.inputs, own.attrs)
    weights = _grouped(op, own, w.astype(np.int64) - zeros_of(own)[1])
    bias = b.astype(np.int64).reshape(weights.shape[:2])
    values = [*(graph.constants.get(i) for i in node.inputs), *([None] if taken else [])]
    return Layer(
        weights, bias, zeros_of(own)[0], own.inputs[0], own.outputs[0].dtype, window,
        _after(parts[1:], values, own.inputs[0]), len(parts) > 1, taken,
    )  # fmt: skip


def _taken(first: tuple[Part, Site]) -> tuple[TensorType, int] | None:
    """Of a part that takes a run of operand 0: its type, and the elements in front of the run."""
    part, site = first
    walk = OPS.get(part.op).walk
    if part.op != "slice" or part.inputs != (0,) or walk is None:
        return None
    found = walk(site).shortest()
    return (site.inputs[0], found.offset) if tuple(found.steps) in ((), (1,)) else None


def _grouped(op: str, site: Site, w: np.ndarray) -> np.ndarray:
    channels = site.inputs[0].shape[-1]
    if op == "depthwise_conv2d":
        return np.moveaxis(w[0].reshape(-1, channels, w.shape[3] // channels), 0, 2)
    groups = channels // w.shape[-1]
    return w.reshape(groups, len(w) // groups, -1)


def _after(
    parts: Sequence[tuple[Part, Site]], values: list[np.ndarray | None], x: TensorType
) -> Scale:
    """What the parts behind the layer make of its sums, [n, channels]; views at the end apart."""
    kind = "int32" if x.dtype == "int8" else "int64"

    def result(sums: np.ndarray) -> np.ndarray:
        made = [*values, sums.astype(kind)]
        for part, own in parts:
            if part.op != "reshape":
                given = [made[i] for i in part.inputs]
                types = [
                    TensorType(v.shape, t.dtype, t.quant)
                    for v, t in zip(given, own.inputs, strict=True)
                    if v is not None
                ]
                kept = Site(
                    own.attrs, tuple(types), (TensorType(sums.shape, own.outputs[0].dtype),)
                )
                made.append(
                    OPS.get(part.op).reference([v for v in given if v is not None], kept)[0]
                )
            else:
                made.append(made[-1])
        last: np.ndarray = made[-1]  # type: ignore[assignment]
        return last

    return result
