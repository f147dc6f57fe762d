"""Convolutions and fully connected layers of int8: dot products of four channels of two places, or
of eight channels."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from tinsmith.codegen.kernel_set import Binding, Table, Use
from tinsmith.codegen.order import windows
from tinsmith.codegen.sets._layer import Layer, layer_of
from tinsmith.codegen.sets._requantise import Requantise
from tinsmith.ir.op import Argument, In, Out, Scratch
from tinsmith.ir.ops._window import Window, geometry, window_of

VECTOR, BLOCK = 16, 4
ORDER = (0, 2, 4, 6, 1, 3, 5, 7)
"""Of eight channels: the even ones, then the odd ones."""
OVER = 64
"""Bytes that vectors may read over the end of weights."""
MOST_CHANNELS = 65532
"""Of a convolution's result: where the four of a second place go has to fit 16 bits."""


def conv(use: Use) -> Sequence[Binding]:
    """Convolutions in one group."""
    layer = layer_of(use, "conv2d")
    if layer is None:
        return _one_channel(use)
    if layer.weights.shape[3] != layer.site.inputs[0].shape[3]:
        return []
    kernel = layer.weights.shape[1], layer.weights.shape[2]
    window = window_of("conv2d", layer.site.inputs[0], kernel, layer.site.attrs)
    if window.kernel == window.size and window.padding == (0, 0, 0, 0):
        return [_row(layer)]
    return _pairs(layer, window)


def dense(use: Use) -> Sequence[Binding]:
    """Fully connected layers."""
    layer = layer_of(use, "dense")
    return [] if layer is None else [_row(layer)]


def _one_channel(use: Use) -> Sequence[Binding]:
    """Several results of a single channel, which is a convolution in one group."""
    layer = layer_of(use, "depthwise_conv2d")
    if layer is None or layer.site.inputs[0].shape[3] != 1 or layer.site.attrs["multiplier"] == 1:
        return []
    return _pairs(layer, depthwise_window(layer))


def _pairs(layer: Layer, window: Window) -> Sequence[Binding]:
    """Two places at a time."""
    if layer.channels > MOST_CHANNELS:
        return []
    rows = layer.weights.reshape(layer.channels, -1)
    rows = np.pad(rows, ((0, 0), (0, -rows.shape[1] % VECTOR)))
    arguments: tuple[Argument | Table, ...] = (
        In(0), Table("packed", partial(pairs, layer, rows)), Out(), Scratch(2 * rows.shape[1]),
        *geometry(layer.site.inputs[0], window), layer.channels, layer.x_zero,
        *ends(layer.requantise),
    )  # fmt: skip
    order = windows(layer.site, "pixel", 2, "before")
    return [Binding(f"conv_{kind(layer.requantise)}_int8", arguments, (order,))]


def _row(layer: Layer) -> Binding:
    """A result that sees a whole row of x."""
    step = 0 if layer.requantise.one else 64
    weights = layer.weights.reshape(layer.channels, -1)
    arguments: tuple[Argument | Table, ...] = (
        In(0), Table("packed", partial(eights, layer.bias, weights)),
        Table("factors", partial(_shared, layer)), Out(), layer.site.inputs[0].shape[0],
        weights.shape[1], layer.channels, step, *ends(layer.requantise),
    )  # fmt: skip
    return Binding(f"dense_{layer.requantise.rounding}_int8", arguments)


def kind(r: Requantise) -> str:
    """How convolutions round; ``relu`` is a special case of ``positive``."""
    every = (r.low, r.high) == (-128, 127)
    return "relu" if r.rounding == "positive" and every else r.rounding


def ends(r: Requantise) -> tuple[int, ...]:
    """How kernels are told: (zero point, low, high)."""
    return r.zero, r.low, r.high


def factors(layer: Layer, order: Sequence[int]) -> np.ndarray:
    """Rows of what sums start at, multipliers and negative shifts of as many channels as ``order``
    has, which says which of them comes when; the last row filled up."""
    r, block = layer.requantise, len(order)
    single = int(r.rounding == "single")  # its product lacks a bit that the other one has
    live = r.multiplier != 0
    shifts = np.where(live, single - r.right, -1)
    columns = [layer.bias, r.multiplier, shifts]
    wide = [np.broadcast_to(c, layer.channels) for c in columns]
    padded = [np.pad(c, (0, -layer.channels % block)).reshape(-1, block)[:, order] for c in wide]
    return np.concatenate(padded, 1).astype(np.int32).ravel()


def pairs(layer: Layer, rows: np.ndarray) -> np.ndarray:
    """Of each four channels: what sums start at; 16 weights of each in turn, of ``rows`` [channels,
    depth], whole vectors; multipliers; negative shifts. The last four filled up."""
    blocks = np.pad(rows, ((0, -len(rows) % BLOCK), (0, 0))).astype(np.int8)
    vectors = blocks.reshape(-1, BLOCK, rows.shape[1] // VECTOR, VECTOR).transpose(0, 2, 1, 3)
    words = np.ascontiguousarray(vectors).reshape(len(vectors), -1).view("<i4")
    own = factors(layer, range(BLOCK)).reshape(-1, 3 * BLOCK)
    return np.concatenate([own[:, :BLOCK], words, own[:, BLOCK:]], 1).ravel()


def depthwise_window(layer: Layer) -> Window:
    """Of a convolution of single channels."""
    x, w = layer.site.inputs[:2]
    return window_of("depthwise_conv2d", x, (w.shape[1], w.shape[2]), layer.site.attrs)


def eights(bias: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """[channels], [channels, depth] -> of each eight channels, in the order of `ORDER`: what sums
    start at, the weights of the last depths of each, 16 of the other depths of each in turn. Then
    channels that are left over, by fours: 16 weights of each in turn, then what is left of each."""
    rows, depth = weights.astype(np.int8), weights.shape[1]
    whole = len(rows) // 8 * 8
    rest = depth % VECTOR
    blocks = rows[:whole].reshape(-1, 8, depth)[:, ORDER]
    starts = np.ascontiguousarray(bias[:whole].astype("<i4").reshape(-1, 8)[:, ORDER])
    last = blocks[:, :, depth - rest :].reshape(len(blocks), 8 * rest)
    full = np.concatenate([starts.view(np.int8), last, _turns(blocks[:, :, : depth - rest])], 1)
    parts = [full]
    for at in range(whole, len(rows), BLOCK):
        few = rows[None, at : at + BLOCK]
        parts += [_turns(few[:, :, : depth - rest]), few[:, :, depth - rest :]]
    table = np.concatenate([p.ravel() for p in parts])
    return np.pad(table, (0, OVER + -len(table) % 4)).view("<i4")


def _turns(blocks: np.ndarray) -> np.ndarray:
    """[block, channel, depth] -> [block, bytes]: 16 of each channel in turn."""
    count, channels, depth = blocks.shape
    parts = blocks.reshape(count, channels, depth // VECTOR, VECTOR).transpose(0, 2, 1, 3)
    return parts.reshape(count, depth * channels)


def _shared(layer: Layer) -> np.ndarray:
    """Multipliers and negative shifts of each eight channels, once where all are alike; of each
    four that are left over, `factors`."""
    whole = layer.channels // 8 * 8
    own = factors(layer, range(1)).reshape(-1, 3)
    eight = own[: 8 if layer.requantise.one else whole][:whole]
    first = eight[:, 1:].reshape(-1, 8, 2)[:, ORDER].transpose(0, 2, 1)
    few = np.pad(own[whole:], ((0, -len(own[whole:]) % BLOCK), (0, 0))).reshape(-1, BLOCK, 3)
    return np.concatenate([first.ravel(), few.transpose(0, 2, 1).ravel()])
