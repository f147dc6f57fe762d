"""Convolutions of int8 with requantisation, of all channels.

A kernel takes x at two places of the result into scratch, as int16, and makes four channels of both
at a time (`kernels/dsp/ts_dsp_conv.inc`). Where windows hang over the border, the rows of x that a
row of the result needs are kept in scratch with their borders.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from tinsmith.codegen.kernel_set import Binding, Table, Use
from tinsmith.codegen.order import Order, Times, window_times
from tinsmith.codegen.sets._layer import Layer, layer_of
from tinsmith.codegen.sets.dsp import _packed as packed
from tinsmith.ir.op import Argument, In, Out, Scratch, Site
from tinsmith.ir.ops._window import Window, geometry, window_of
from tinsmith.ir.types import TensorType

BLOCK = 4
"""Channels that are computed together."""
TOGETHER = 2
"""Places that are computed together."""


def bind(use: Use) -> Sequence[Binding]:
    """The kernel of a convolution in one group, which `dense.bind` takes where it is of one row."""
    layer = layer_of(use, "conv2d", packed.ROUNDINGS)
    if layer is None or layer.weights.shape[3] != layer.site.inputs[0].shape[3]:
        return []
    x = layer.site.inputs[0]
    window = window_of("conv2d", x, layer.weights.shape[1:3], layer.site.attrs)
    if of_one_row(x, window):
        return []
    return [binding(layer, places_of(layer.site, window))]


def of_one_row(x: TensorType, window: Window) -> bool:
    """Whether a layer takes all of x, in order, to one place: it is fully connected."""
    same = window.kernel == window.size and not any(window.padding)
    return x.shape[0] == 1 and same and window.dilation == (1, 1)


def _times(site: Site, window: Window) -> Times:
    """Two places at a time, row after row, in each picture anew. Their operands go into scratch
    before the first result of them is written; with a band they were kept since they were first
    needed, or longer."""
    pictures, rows, columns, _ = site.outputs[0].shape
    pairs = np.arange(rows * columns).reshape(1, rows, columns, 1) // TOGETHER
    written = pairs + np.arange(pictures).reshape(-1, 1, 1, 1) * (pairs.max() + 1)
    return window_times(site, written, "once" if any(_band(window)) else "before")


@dataclass(frozen=True)
class Places:
    """Where windows lie over x, of such a shape, and in what order kernels go over them."""

    shape: tuple[int, ...]
    window: Window
    order: Order

    @property
    def depths(self) -> np.ndarray:
        """The order in which a kernel reads weights [kernel y, kernel x, channels]."""
        return depths(self.window, self.shape[3])

    @property
    def scratch(self) -> int:
        """Bytes."""
        return _scratch_bytes(self.window, self.shape[3], len(self.depths))

    def arguments(self, channels: int, x_zero: int) -> tuple[int, ...]:
        """(geometry, channels of the result, zero point of x, rows and width of the band)"""
        sizes = geometry(TensorType(self.shape, "int8"), self.window)
        return *sizes, channels, x_zero, *_band(self.window)


def places_of(site: Site, window: Window) -> Places:
    """Those of a convolution."""
    return _upright(site.inputs[0].shape, window, Order(0, partial(_times, site, window)))


def rows_as_places(site: Site) -> Places:
    """Those of a fully connected layer of several rows."""
    rows, depth = site.inputs[0].shape
    window = Window((rows, 1), (1, 1), (1, 1), (1, 1), (0, 0, 0, 0))
    pairs, out = np.arange(rows) // TOGETHER, site.outputs[0].shape[1]
    order = Order(0, lambda: (pairs.repeat(depth), pairs.repeat(out)))
    return Places((1, rows, 1, depth), window, order)


def binding(layer: Layer, places: Places) -> Binding:
    """The kernel of a layer."""
    rows = layer.weights.reshape(layer.channels, -1)
    arguments: tuple[Argument | Table, ...] = (
        In(0), Table("packed", partial(_table, layer, packed.ordered(rows, places.depths))), Out(),
        Scratch(places.scratch), *places.arguments(layer.channels, layer.x_zero),
        *packed.scaling(layer, rows),
    )  # fmt: skip
    return Binding(f"conv_{packed.kind(layer, rows)}", arguments, (places.order,))


def _upright(shape: tuple[int, ...], window: Window, order: Order) -> Places:
    """A row of places as a column, which needs a smaller band."""
    if shape[1] > 1 or window.kernel[0] > 1 or window.padding[:2] != (0, 0):
        return Places(shape, window, order)
    turned = Window(
        window.size[::-1], window.kernel[::-1], window.stride[::-1], window.dilation[::-1],
        window.padding[2:] + window.padding[:2],
    )  # fmt: skip
    return Places((shape[0], shape[2], shape[1], shape[3]), turned, order)


def _table(layer: Layer, rows: np.ndarray) -> np.ndarray:
    return packed.table(layer, rows, slice(None), BLOCK)


def depths(window: Window, channels: int) -> np.ndarray:
    """The order in which a kernel reads weights [kernel y, kernel x, channels], -1 for none: words
    of runs of bytes, then what is left over (`kernels/dsp/ts_dsp_patch.h`)."""
    run, runs = _runs(window, channels)
    every = np.arange(run * runs).reshape(runs, run)
    whole = run // 4 * 4
    order = np.concatenate([every[:, :whole].ravel(), every[:, whole:].ravel()])
    return np.pad(order, (0, -len(order) % 4), constant_values=-1)


def _band(window: Window) -> tuple[int, int]:
    """Rows of x that are kept in scratch with their borders, columns of each: what a row of the
    result needs, and the next one where a pair of places may lie in both. (0, 0) where nothing
    hangs over the border."""
    if not any(_borders(window)):
        return 0, 0
    more = window.stride[0] if window.results[1] % 2 else 0
    return window.extent[0] + more, _reach(window, 1)


def _borders(window: Window) -> Iterator[int]:
    """Rows and columns outside x that are read: in front, then behind."""
    for axis in (0, 1):
        front = window.padding[2 * axis]
        yield from (front, max(0, _reach(window, axis) - front - window.size[axis]))


def _reach(window: Window, axis: int) -> int:
    """Places along an axis from the first to the last that is read, those outside x too."""
    return (window.results[axis] - 1) * window.stride[axis] + window.extent[axis]


def _scratch_bytes(window: Window, channels: int, depth: int) -> int:
    """Two places of int16, bytes that are left over of them, the band."""
    run, runs = _runs(window, channels)
    rows, width = _band(window)
    return 4 * depth + 2 * ((runs * (run % 4) + 3) // 4 * 4) + rows * width * channels


def _runs(window: Window, channels: int) -> tuple[int, int]:
    """Bytes of a run, number of runs."""
    ky, kx = window.kernel
    return (kx * channels, ky) if window.dilation[1] == 1 else (channels, ky * kx)
