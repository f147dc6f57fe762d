"""Convolutions of single channels of int8: whole windows at once, or pairs of their places."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from tinsmith.codegen.kernel_set import Binding, Table, Use
from tinsmith.codegen.order import windows
from tinsmith.codegen.sets._layer import Layer, layer_of
from tinsmith.codegen.sets.mve.dots import (
    BLOCK,
    MOST_CHANNELS,
    ORDER,
    VECTOR,
    depthwise_window,
    ends,
    factors,
    kind,
)
from tinsmith.ir.op import Argument, In, Out, Scratch
from tinsmith.ir.ops._window import Window, geometry

MOST_ROWS = 32
"""Of a window (`kernels/mve/ts_mve_taps.h`)."""
MOST_PAIR = 255
"""Sum of two weights' sizes: their products with bytes, added, fit 16 bits."""


def bind(use: Use) -> Sequence[Binding]:
    """The kernels of a layer with one result per channel."""
    layer = layer_of(use, "depthwise_conv2d")
    if layer is None or layer.site.attrs["multiplier"] != 1:
        return []
    window = depthwise_window(layer)
    offers = [*_by_columns(layer, window), *_by_pairs(layer, window)]
    direct = _direct(layer, window)
    return [*direct, *offers] if window.results[0] == 1 else [*offers, *direct]


def _by_columns(layer: Layer, window: Window) -> Sequence[Binding]:
    """Where a window with all that dilation leaves out fits a vector."""
    slots, across = _reach(window)
    span = _span(window)
    if slots * across > VECTOR or not BLOCK <= layer.channels <= MOST_CHANNELS:
        return []
    if 7 * span * slots >= 1 << 16:
        return []
    size = layer.channels * span * slots
    arguments: tuple[Argument | Table, ...] = (
        In(0), Table("taps", partial(windows_of, layer, window)),
        Table("factors", partial(overlapped, layer, range(BLOCK))),
        Table("turns", partial(turns, slots, across)), Out(), Scratch(size + 16),
        *_shapes(layer, window), slots, slots * across, span, layer.x_zero, *ends(layer.requantise),
    )  # fmt: skip
    order = windows(layer.site, "row", 1, "once")
    return [Binding(f"depthwise_{kind(layer.requantise)}_int8", arguments, (order,))]


def _by_pairs(layer: Layer, window: Window) -> Sequence[Binding]:
    """Windows of many taps, or few channels."""
    if not _pairs_fit(layer, window):
        return []
    span, reach = _span(window), _reach(window)[0]
    arguments: tuple[Argument | Table, ...] = (
        In(0), *_tables(layer), Out(), Scratch(reach * span * layer.channels + 8),
        *geometry(layer.site.inputs[0], window), span, layer.x_zero, *ends(layer.requantise),
    )  # fmt: skip
    order = windows(layer.site, "row", 1, "once")
    return [Binding(f"depthwise_pairs_{layer.requantise.rounding}_int8", arguments, (order,))]


def _direct(layer: Layer, window: Window) -> Sequence[Binding]:
    """Where windows lie in x as a whole, and vectors do, too."""
    if window.padding != (0, 0, 0, 0) or layer.channels < 8 or not _pairs_fit(layer, window):
        return []
    numbers = geometry(layer.site.inputs[0], window)
    arguments: tuple[Argument | Table, ...] = (
        In(0), *_tables(layer), Out(), *numbers[:12], *ends(layer.requantise),
    )  # fmt: skip
    order = windows(layer.site, "row")
    return [Binding(f"depthwise_direct_{layer.requantise.rounding}_int8", arguments, (order,))]


def _tables(layer: Layer) -> tuple[Table, Table]:
    taps = layer.weights.reshape(layer.channels, -1).T.ravel()
    over = 0 if layer.channels >= 8 else 8
    return (
        Table("taps", lambda: np.pad(taps, (0, over)).astype(np.int8)),
        Table("factors", partial(overlapped, layer, ORDER)),
    )


def windows_of(layer: Layer, window: Window) -> np.ndarray:
    """Windows of all channels, [channels, columns, rows], 0 where dilation leaves taps out; a
    vector may be read over the end."""
    slots, across = _reach(window)
    own = layer.weights.reshape(layer.channels, *window.kernel).transpose(0, 2, 1)
    found = np.zeros((layer.channels, across, slots), np.int8)
    found[:, :: window.dilation[1], :: window.dilation[0]] = own
    return np.pad(found.ravel(), (0, VECTOR))


def turns(slots: int, across: int) -> np.ndarray:
    """[slot of a window's first row, byte of the window as it lies in scratch] -> its tap."""
    first = np.arange(slots)[:, None, None]
    rows = (np.arange(slots) - first) % slots
    found = np.arange(across)[:, None] * slots + rows
    return np.pad(found.reshape(slots, -1), ((0, 0), (0, VECTOR - slots * across))).astype(np.int8)


def overlapped(layer: Layer, order: Sequence[int]) -> np.ndarray:
    """`factors` of each so many channels, and of the last ones where some are left over; of all
    channels, filled up, where they are less."""
    block = len(order)
    if layer.channels < block:
        return factors(layer, order)
    each = factors(layer, range(1)).reshape(-1, 3)
    whole = each[: len(each) // block * block]
    last = each[len(each) - block :] if len(each) % block else each[:0]
    blocks = np.concatenate([whole, last]).reshape(-1, block, 3)[:, list(order)]
    return blocks.transpose(0, 2, 1).ravel()


def _shapes(layer: Layer, window: Window) -> list[int]:
    """As `geometry`, without kernel and dilation."""
    numbers = geometry(layer.site.inputs[0], window)
    return [*numbers[:6], *numbers[8:10], *numbers[12:]]


def _reach(window: Window) -> tuple[int, int]:
    """Rows and columns that a window spans."""
    rows, columns = ((k - 1) * d + 1 for k, d in zip(window.kernel, window.dilation, strict=True))
    return rows, columns


def _pairs_fit(layer: Layer, window: Window) -> bool:
    """Whether neighbours in a row may be added in 16 bits, and rows are not too many."""
    rows = np.abs(layer.weights.reshape(layer.channels, *window.kernel))
    even = rows[..., : window.kernel[1] // 2 * 2]
    pairs = even[..., ::2] + even[..., 1::2]
    return window.kernel[0] <= MOST_ROWS and (pairs.size == 0 or int(pairs.max()) <= MOST_PAIR)


def _span(window: Window) -> int:
    """Columns of a line with its borders."""
    last = (window.results[1] - 1) * window.stride[1] + (window.kernel[1] - 1) * window.dilation[1]
    return last + 1
