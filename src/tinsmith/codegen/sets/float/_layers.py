"""Convolutions and fully connected layers of float32: eight rows of weights interleaved."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinsmith.codegen.kernel_set import Binding, Table, Use
from tinsmith.codegen.order import Order, windows
from tinsmith.ir.graph import Part
from tinsmith.ir.op import F32, Argument, In, Out, Scratch, Site
from tinsmith.ir.ops._conv import kernel_window
from tinsmith.ir.ops._layout import integer
from tinsmith.ir.ops._window import geometry
from tinsmith.ir.ops.fused import part_sites

ROWS = 8
"""Rows of weights that are interleaved."""
COLUMNS = 2
"""Rows of x that a kernel takes at a time."""
PLACES, TOGETHER = 4, 4
"""Windows that a kernel takes at a time, and rows of weights that it takes them with."""
OPERATIONS = ("conv2d", "dense", "depthwise_conv2d")
"""Layers with weights: of x, w and a bias."""


@dataclass(frozen=True)
class Layer:
    """A float32 layer with constant weights. ``follows``: 0 nothing, 1 a rectifier, 2 the larger of
    the result and ``least``, then the smaller of that and ``most``."""

    op: str
    site: Site
    w: np.ndarray
    bias: np.ndarray
    follows: int = 0
    least: float = 0.0
    most: float = 0.0

    @property
    def ends(self) -> tuple[Argument, ...]:
        """What kernels are told last."""
        return self.follows, F32(self.least), F32(self.most)


def layer_of(use: Use) -> Layer | None:
    """A float32 layer, alone or with a rectifier or two constant bounds behind it; None for any
    other use."""
    op, site = use.op, use.site
    numbers: tuple[int, ...] = (0, 1, 2)
    rest: list[tuple[Part, Site]] = []
    if use.op == "fused":
        (first, site), *rest = part_sites(use.site)
        op, numbers = first.op, first.inputs
    if op not in OPERATIONS or site.inputs[0].dtype != "float32":
        return None
    alone = op == "dense" and site.inputs[0].shape[0] == 1
    if site.outputs[0].shape[-1] < ROWS and op != "depthwise_conv2d" and not alone:
        return None  # too little to gain
    w, bias = (use.contents[i] for i in numbers[1:3])
    bounds = [use.contents[i] for part, _ in rest for i in part.inputs[1:]]
    follows = {(): 0, ("relu",): 1, ("max", "min"): 2}.get(tuple(part.op for part, _ in rest))
    if w is None or bias is None or follows is None:
        return None
    if any(b is None or b.size != 1 for b in bounds):
        return None
    return Layer(op, site, w, bias, follows, *(float(b.flat[0]) for b in bounds if b is not None))


def dense(layer: Layer) -> Sequence[Binding]:
    """A fully connected layer."""
    rows, depth = layer.site.inputs[0].shape
    return _as_rows(layer, (rows, depth))


def conv2d(layer: Layer) -> Sequence[Binding]:
    """A convolution. Windows that hang over the border are copied, and those of places that are not
    all in a row of the result."""
    x, w = layer.site.inputs[:2]
    window = kernel_window("conv2d", layer.site.inputs, layer.site.attrs)
    groups = x.shape[3] // w.shape[3]
    if any(window.padding) and not _zeros_are_nothing(layer):
        return []
    direct = groups == 1 and window.dilation[1] == 1 and not any(window.padding)
    copied = 0 if direct and window.results[1] % PLACES == 0 else int(np.prod(w.shape[1:]))
    arguments: tuple[Argument | Table, ...] = (
        *_operands(layer, groups, TOGETHER), Scratch(max(4, PLACES * copied * 4)),
        *geometry(x, window), w.shape[0] // groups, groups, *layer.ends,
    )  # fmt: skip
    orders = () if groups > 1 else (windows(layer.site, "pixel", PLACES),)
    return [Binding("conv2d_float32", arguments, orders)]


def depthwise(layer: Layer) -> Sequence[Binding]:
    """A convolution of each channel by itself, one result per channel."""
    if integer("depthwise_conv2d", layer.site.attrs, "multiplier") != 1:
        return []
    window = kernel_window("depthwise_conv2d", layer.site.inputs, layer.site.attrs)
    sizes = geometry(layer.site.inputs[0], window)
    arguments = (In(0), In(1), In(2), Out(), *sizes, *layer.ends)
    return [Binding("depthwise_conv2d_float32", arguments, (windows(layer.site, "pixel"),))]


def _zeros_are_nothing(layer: Layer) -> bool:
    """Whether a product with +0 changes no sum: weights are finite, and no sum is ever -0, as none
    starts there and an exact difference is +0."""
    negative = (layer.bias == 0) & np.signbit(layer.bias)
    return bool(np.all(np.isfinite(layer.w)) and not np.any(negative))


def _as_rows(
    layer: Layer, sizes: tuple[int, int], orders: tuple[Order, ...] = ()
) -> Sequence[Binding]:
    arguments = (*_operands(layer, 1), *sizes, len(layer.w), *layer.ends)
    if sizes[0] == 1 and not np.isnan([layer.least, layer.most]).any():
        return [Binding("dense_row_float32", arguments[:4] + arguments[5:], orders)]
    return [Binding("dense_float32", arguments, orders)]


def _operands(layer: Layer, groups: int, together: int = ROWS) -> tuple[Argument | Table, ...]:
    """(x, weights, bias, y)"""
    return In(0), Table("w", lambda: interleaved(layer.w, groups, together)), In(2), Out()


def interleaved(w: np.ndarray, groups: int, together: int = ROWS) -> np.ndarray:
    """Weights [out, ...] of each group: so many rows at a time, place by place, then others."""
    made: list[np.ndarray] = []
    for own in np.split(w.reshape(len(w), -1), groups):
        whole = len(own) // together * together
        blocks = own[:whole].reshape(whole // together, together, own.shape[1])
        made += [np.swapaxes(blocks, 1, 2).reshape(-1), own[whole:].reshape(-1)]
    return np.concatenate(made)
