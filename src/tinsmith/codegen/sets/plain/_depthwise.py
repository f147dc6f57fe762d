"""Convolutions of each channel by itself, over planes of one channel."""

from collections.abc import Sequence

import numpy as np

from tinsmith.codegen.kernel_set import Binding, Table, Use
from tinsmith.codegen.sets.plain._requantised import Layer, layer_of, result_arguments, rows_of
from tinsmith.ir.op import Argument, In, Out, Scratch
from tinsmith.ir.ops._conv import kernel_window
from tinsmith.ir.ops._layout import integer
from tinsmith.ir.ops._window import Window, geometry

PLANE = 512
"""Bytes that a plane may take, if a band of one row of results does not need more."""


def depthwise(use: Use) -> Sequence[Binding]:
    """A convolution of each channel by itself."""
    layer = layer_of(use, axis=3)
    if layer is None or not _signed(layer):
        return []
    window = kernel_window("depthwise_conv2d", layer.site.inputs, layer.site.attrs)
    band = _band(window)
    arguments: tuple[Argument | Table, ...] = (
        In(0), Table("w", lambda: layer.centred.astype(np.int8).reshape(-1)),
        Table("r", lambda: rows_of(layer, offset=128)), Out(), Scratch(_plane(window, band)),
        *geometry(layer.site.inputs[0], window),
        integer("depthwise_conv2d", layer.site.attrs, "multiplier"),
        layer.zeros[0] + 128, band, *result_arguments(layer.result),
    )  # fmt: skip
    return [Binding("depthwise_conv2d_int8", arguments)]


def _signed(layer: Layer) -> bool:
    """Whether the weights less their zero point are int8."""
    return bool(layer.centred.min() >= -128 and layer.centred.max() <= 127)


def _plane(window: Window, band: int) -> int:
    """Bytes of the rows that a band of results needs."""
    (rows, columns), (ky, kx) = (band, window.results[1]), window.extent
    return ((rows - 1) * window.stride[0] + ky) * ((columns - 1) * window.stride[1] + kx)


def _band(window: Window) -> int:
    """Rows of results at a time."""
    fitting = [n for n in range(2, window.results[0] + 1) if _plane(window, n) <= PLANE]
    return max(fitting, default=1)
