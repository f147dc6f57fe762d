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
    return [*_by_columns(layer, window), *_by_pairs(layer, window)]


def _by_columns(layer: Layer, window: Window) -> Sequence[Binding]:
    """Where a window with all that dilation leaves out fits a vector."""
    slots, across = _reach(window)
    span = _span(window)
    if slots * across > VECTOR or not BLOCK <= layer.channels <= MOST_CHANNELS:
        return []
    if 7 * span * slots >= 1 << 16:
        return []
    arguments: tuple[Argument | Table, ...] = (
        In(0), Table("taps", partial(windows_of, layer, window)),
        Table("factors", partial(_four, layer)), Table("turns", partial(turns, slots, across)),
        Out(), Scratch(layer.channels * span * slots + 16), *_shapes(layer, window),
        slots, slots * across, span, layer.x_zero, *ends(layer.requantise),
    )  # fmt: skip
    order = windows(layer.site, "row", 1, "once")
    return [Binding(f"depthwise_{kind(layer.requantise)}_int8", arguments, (order,))]


def _by_pairs(layer: Layer, window: Window) -> Sequence[Binding]:
    """Windows of many taps, or few channels."""
    x, taps = layer.site.inputs[0], _taps(layer)
    if window.kernel[0] > MOST_ROWS or not _pairs_fit(taps, window):
        return []
    span, reach = _span(window), _reach(window)[0]
    arguments: tuple[Argument | Table, ...] = (
        In(0), Table("taps", lambda: np.pad(taps.ravel(), (0, 8)).astype(np.int8)),
        Table("factors", partial(factors, layer, ORDER)), Out(),
        Scratch(reach * span * layer.channels + 8), *geometry(x, window), span, layer.x_zero,
        *ends(layer.requantise),
    )  # fmt: skip
    order = windows(layer.site, "row", 1, "once")
    return [Binding(f"depthwise_pairs_{layer.requantise.rounding}_int8", arguments, (order,))]


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


def _four(layer: Layer) -> np.ndarray:
    """`factors` of each four channels, and of the last four where some are left over."""
    each = factors(layer, range(1)).reshape(-1, 3)
    whole = each[: len(each) // BLOCK * BLOCK]
    last = each[len(each) - BLOCK :] if len(each) % BLOCK else each[:0]
    blocks = np.concatenate([whole, last]).reshape(-1, BLOCK, 3)
    return blocks.transpose(0, 2, 1).ravel()


def _shapes(layer: Layer, window: Window) -> list[int]:
    """As `geometry`, without kernel and dilation."""
    numbers = geometry(layer.site.inputs[0], window)
    return [*numbers[:6], *numbers[8:10], *numbers[12:]]


def _reach(window: Window) -> tuple[int, int]:
    """Rows and columns that a window spans."""
    rows, columns = ((k - 1) * d + 1 for k, d in zip(window.kernel, window.dilation, strict=True))
    return rows, columns


def _taps(layer: Layer) -> np.ndarray:
    """[kernel y * kernel x, channels]"""
    return layer.weights.reshape(layer.channels, -1).T


def _pairs_fit(taps: np.ndarray, window: Window) -> bool:
    """Whether neighbours in a row may be added in 16 bits."""
    rows = np.abs(taps).reshape(*window.kernel, -1)
    even = rows[:, : rows.shape[1] // 2 * 2]
    pairs = even[:, ::2] + even[:, 1::2]
    return pairs.size == 0 or int(pairs.max()) <= MOST_PAIR


def _span(window: Window) -> int:
    """Columns of a line with its borders."""
    last = (window.results[1] - 1) * window.stride[1] + (window.kernel[1] - 1) * window.dilation[1]
    return last + 1
