"""Convolutions of single channels of int8: eight channels of two places at a time."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from tinsmith.codegen.kernel_set import Binding, Table, Use
from tinsmith.codegen.order import windows
from tinsmith.codegen.sets._layer import Layer, layer_of
from tinsmith.codegen.sets.mve.dots import ORDER, ends, factors
from tinsmith.ir.op import In, Out, Scratch
from tinsmith.ir.ops._window import Window, geometry, window_of

MOST_ROWS = 16
"""Of a window (`kernels/mve/depthwise_int8.c`)."""
MOST_PAIR = 255
"""Sum of two weights' sizes: their products with bytes, added, fit 16 bits."""


def bind(use: Use) -> Sequence[Binding]:
    """The kernel of a layer with one result per channel."""
    layer = layer_of(use, "depthwise_conv2d")
    if layer is None or layer.site.attrs["multiplier"] != 1:
        return []
    x, taps = layer.site.inputs[0], _taps(layer)
    window = window_of("depthwise_conv2d", x, layer.site.inputs[1].shape[1:3], layer.site.attrs)
    if window.kernel[0] > MOST_ROWS or not _pairs_fit(taps, window):
        return []
    span = _span(window)
    reach = (window.kernel[0] - 1) * window.dilation[0] + 1
    arguments = (
        In(0), Table("taps", lambda: np.pad(taps.ravel(), (0, 8)).astype(np.int8)),
        Table("factors", partial(factors, layer, ORDER)), Out(),
        Scratch(reach * span * layer.channels + 8), *geometry(x, window), span, layer.x_zero,
        *ends(layer.requantise),
    )  # fmt: skip
    return [
        Binding(
            f"depthwise_{layer.requantise.rounding}_int8",
            arguments,
            (windows(layer.site, "row", 1, "once"),),
        )
    ]


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
