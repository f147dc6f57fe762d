"""Convolutions of each channel by itself, over planes of one channel."""

from collections.abc import Sequence
from math import prod

import numpy as np

from tinsmith.codegen.kernel_set import Binding, Table, Use
from tinsmith.codegen.order import Order, windows
from tinsmith.codegen.sets._operands import Operands
from tinsmith.codegen.sets.plain._layers import grouped
from tinsmith.codegen.sets.plain._requantised import layer_of, result_arguments, tables_of
from tinsmith.ir.op import Argument, In, Out, Scratch
from tinsmith.ir.ops._conv import kernel_window
from tinsmith.ir.ops._layout import integer
from tinsmith.ir.ops._window import Window, geometry

PLANE = 512
"""Bytes that a plane of a band may take, if one row of results does not need more."""
MANY = 4
"""Channels, of which one by itself is little; results of a channel that pay for copied windows."""
FEW = 2
"""Results of a channel for which a plane does not pay."""


def depthwise(use: Use) -> Sequence[Binding]:
    """A convolution of each channel by itself."""
    layer = layer_of(use, "depthwise_conv2d")
    if layer is None or not is_signed(layer):
        return []
    window = kernel_window("depthwise_conv2d", layer.site.inputs, layer.site.attrs)
    planes, few = _by_planes(layer, window), _few(layer, window)
    if prod(window.results) <= FEW:
        return [few, planes]
    if integer("depthwise_conv2d", layer.site.attrs, "multiplier") >= MANY:
        return [*grouped(layer), few, planes]
    return [planes, few]


def _by_planes(layer: Operands, window: Window) -> Binding:
    weights = Table("w", lambda: layer.rows.astype(np.int8).reshape(-1))
    return by_planes(layer, window, "depthwise_conv2d_int8", weights, ())


def by_planes(
    layer: Operands,
    window: Window,
    name: str,
    weights: Table,
    more: tuple[Argument, ...],
) -> Binding:
    """The kernel of that name, which takes such weights; what else it is told: scratch, then
    numbers."""
    band = _band(layer, window)
    scratch, numbers = [
        tuple(a for a in more if isinstance(a, Scratch) == held) for held in (True, False)
    ]
    arguments: tuple[Argument | Table, ...] = (
        In(0), weights, *tables_of(layer, offset=128), Out(), Scratch(_plane(window, band)),
        *scratch, *_sizes(layer, window), layer.x_zero + 128, band, len(layer.multiplier),
        *numbers, *result_arguments(layer.result),
    )  # fmt: skip
    orders: tuple[Order, ...] = ()
    if band == window.results[0] and layer.site.inputs[0].shape[0] == 1:
        orders = (windows(layer.site, "channel", 1, "before"),)
    elif layer.site.inputs[0].shape[0] == 1:
        orders = (windows(layer.site, "row", band),)
    return Binding(name, arguments, orders)


def _few(layer: Operands, window: Window) -> Binding:
    """Places outside x are skipped, so the zero point of x stays out of the bias."""
    arguments: tuple[Argument | Table, ...] = (
        In(0), Table("w", lambda: layer.rows.astype(np.int8).T.flatten()),
        *tables_of(layer, offset=-layer.x_zero), Out(),
        *_sizes(layer, window), layer.x_zero, len(layer.multiplier),
        *result_arguments(layer.result),
    )  # fmt: skip
    return Binding("depthwise_conv2d_few_int8", arguments, (windows(layer.site, "pixel"),))


def _sizes(layer: Operands, window: Window) -> tuple[int, ...]:
    """Geometry and the results of a channel."""
    multiplier = integer("depthwise_conv2d", layer.site.attrs, "multiplier")
    return *geometry(layer.site.inputs[0], window), multiplier


def is_signed(layer: Operands) -> bool:
    """Whether the weights less their zero point are int8."""
    return bool(layer.rows.min() >= -128 and layer.rows.max() <= 127)


def _plane(window: Window, band: int) -> int:
    """Bytes of the rows that a band of results needs."""
    (rows, columns), (ky, kx) = (band, window.results[1]), window.extent
    return ((rows - 1) * window.stride[0] + ky) * ((columns - 1) * window.stride[1] + kx)


def _band(layer: Operands, window: Window) -> int:
    """Rows of results at a time: all where the result may then lie over x, channel by channel."""
    x, y = layer.site.inputs[0], layer.site.outputs[0]
    if x.shape[0] == 1 and x.shape[3] >= MANY and x.elements >= y.elements:
        return window.results[0]
    fitting = [n for n in range(2, window.results[0] + 1) if _plane(window, n) <= PLANE]
    return max(fitting, default=1)
