"""Depthwise convolutions of int8 on Arm cores with the DSP extension.

One channel after the other, or two, is widened into a plane of int16 with its border, over which
windows slide. All of a channel is read before its first result is written.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from tinsmith.codegen.kernel_set import Binding, Table, Use
from tinsmith.codegen.order import Order, windows
from tinsmith.codegen.sets.dsp._channels import Channels, Plane, channels_of, plane_of, walk
from tinsmith.ir.op import Argument, In, Out, Scratch
from tinsmith.ir.ops._conv import kernel_window
from tinsmith.ir.ops._window import geometry

MOST_START = 1 << 18
"""What sums start at has 19 bits in a table of 3 x 3."""
LONG = 31
"""Stands for the shift where a row of that table is longer."""


def bind(use: Use) -> Sequence[Binding]:
    """The kernels of a depthwise convolution with requantisation, the fastest first."""
    layer = channels_of(use)
    if layer is None:
        return []
    offers = [*_small(layer), *_any_size(_ways(layer)), *_places(layer)]
    return [binding for _, binding in sorted(offers, key=lambda offer: offer[0])]


@dataclass(frozen=True)
class Small:
    """Weights of 3 x 3, results one or two apart along lines."""

    way: Channels
    plane: Plane

    @property
    def cost(self) -> int:
        """Instructions, roughly."""
        return _small_cost(self.way)

    def binding(self, table: Table, *more: int) -> Binding:
        """Of the kernel that takes such a table; what else it is told."""
        way, plane = self.way, self.plane
        gap = 4 * plane.pitch * way.across.dilation
        arguments: list[Argument | Table] = [
            In(0), table, Out(), Scratch(4 * plane.words), *walk(way, plane), gap, way.x_zero,
            way.zero, *way.bounds, *more,
        ]  # fmt: skip
        apart = "s2" if way.along.stride == 2 else ""
        name = f"depthwise3x3{apart}_{way.way}"
        return Binding(name, tuple(arguments), (_order(way, plane),))


def small_of(layer: Channels) -> Small | None:
    """The layer as one with small weights, lines along the axis on which it takes less."""
    fitting = [w for w in _ways(layer) if w.w.shape[:2] == (3, 3) and w.along.stride <= 2]
    if not fitting:
        return None
    way = min(fitting, key=_small_cost)
    even = way.along.results + way.along.results % 2
    return Small(way, plane_of(way, (even - 1) * way.along.stride + 3))


def _ways(layer: Channels) -> list[Channels]:
    return [w for w in (layer, layer.turned()) if w.along.dilation == 1 or w.along.kernel == 1]


def _small(layer: Channels) -> Iterator[tuple[int, Binding]]:
    """With the instructions that it takes."""
    small = small_of(layer)
    if small is not None:
        made = small.binding(Table("rows", partial(packed_rows, small.way)))
        yield small.cost, replace(made, name=f"{made.name}_int8")


def _any_size(ways: Sequence[Channels]) -> Iterator[tuple[int, Binding]]:
    """Weights of any size, results any number of elements apart."""
    if not ways:
        return
    way = min(ways, key=_any_cost)
    along, across = way.along, way.across
    pairs, near = _pairs(way), along.stride == 1
    plane = plane_of(way, (along.results + 1) * along.stride + 2 * pairs)
    jump = 4 * (plane.pitch * across.dilation - pairs - near)
    weights = 4 * across.kernel * pairs * (1 + near)
    arguments: list[Argument | Table] = [
        In(0), Table("rows", partial(_rows, way)), Table("taps", partial(_taps, way)), Out(),
        Scratch(4 * plane.words + weights), *walk(way, plane), across.kernel, along.kernel, pairs,
        jump, 2 * along.stride, way.x_zero, way.zero, *way.bounds,
    ]  # fmt: skip
    name = f"depthwise{'' if near else '_apart'}_{way.way}_int8"
    yield _any_cost(way), Binding(name, tuple(arguments), (_order(way, plane),))


def _places(layer: Channels) -> Iterator[tuple[int, Binding]]:
    """Four channels at a time, one result after the other."""
    taps, channels = layer.w.shape[0] * layer.w.shape[1], layer.channels
    if channels < 4 or layer.out != channels or layer.rounding != "double":
        return
    window = kernel_window("depthwise_conv2d", layer.site.inputs, layer.site.attrs)
    arguments: list[Argument | Table] = [
        In(0), Table("rows", partial(_places_rows, layer)),
        Table("taps", partial(_as_given, layer)),
        Out(), Scratch(8 * taps), Scratch(channels), *geometry(layer.site.inputs[0], window)[1:],
        layer.x_zero, layer.low, layer.high,
    ]  # fmt: skip
    results = layer.along.results * layer.across.results
    cost = 6 * channels + results * (15 * taps + (channels + 3) // 4 * (14 * taps + 120))
    order = windows(layer.site, "pixel")
    yield cost, Binding("depthwise_places_int8", tuple(arguments), (order,))


def _order(way: Channels, plane: Plane) -> Order:
    together = way.out // way.channels * (2 if plane.far else 1)
    return windows(way.site, "channel", together, "before")


def _pairs(way: Channels) -> int:
    """Pairs of weights in a line."""
    return way.along.kernel // 2 + 1 if way.along.stride == 1 else (way.along.kernel + 1) // 2


def _small_cost(way: Channels) -> int:
    """Instructions, roughly."""
    blocks, rest = divmod(way.along.results, 4)
    line = 55 * blocks + (0, 22, 34, 56)[rest] + 16
    return way.out * (130 + way.across.results * line) + _reading(way)


def _any_cost(way: Channels) -> int:
    """Instructions, roughly."""
    blocks, rest = divmod(way.along.results, 4)
    each = 6 if way.along.stride <= 2 else 11
    block, single = ((n * _pairs(way) + 5) * way.across.kernel for n in (each, 5))
    line = (block + 40) * (blocks + rest // 2) + (single + 22) * (rest == 1) + 16
    unpacking = 100 + way.across.kernel * _pairs(way) * 14
    return way.out * (unpacking + way.across.results * line) + _reading(way)


def _reading(way: Channels) -> int:
    """Instructions that fill the planes, roughly."""
    return way.channels * way.across.read * (2 * way.along.read + 16)


def packed_rows(way: Channels) -> np.ndarray:
    """The table of `ts_dsp_depthwise3x3.h`: four words for each channel, or five where sums start
    far from 0 or are doubled more than once."""
    rows = np.zeros((way.out, 5), np.int64)
    longer = (np.abs(way.bias) >= MOST_START) | (way.doublings > 1)
    start = way.bias & (1 << 19) - 1
    for line in range(3):
        for tap in range(3):
            rows[:, line] |= (way.w[line, tap] & 255) << 8 * tap
    rows[:, 0] |= np.where(longer, LONG, way.right | start >> 16 << 5) << 24
    rows[:, 1] |= np.where(longer, way.doublings, start & 255) << 24
    rows[:, 2] |= np.where(longer, way.right, start >> 8 & 255) << 24
    rows[:, 3] = way.multiplier
    rows[:, 4] = way.bias << way.doublings
    return _words(rows[np.stack([*[np.ones_like(longer)] * 4, longer], 1)])


def _rows(way: Channels) -> np.ndarray:
    """The table of `ts_dsp_depthwise.h`: three words for each channel."""
    last = way.right | way.doublings << 8
    return _words(np.stack([way.bias << way.doublings, way.multiplier, last], 1))


def _taps(way: Channels) -> np.ndarray:
    """Weights of one channel after the other."""
    return np.ascontiguousarray(np.moveaxis(way.w, 2, 0)).astype(np.int8)


def _places_rows(layer: Channels) -> np.ndarray:
    """The table of `depthwise_places_int8.c`: six words for each channel."""
    half = (layer.zero << layer.right) + (1 << layer.right >> 1)
    away = np.where(layer.right > 0, -1, 0)
    columns = (layer.bias, layer.multiplier, half, layer.right, layer.doublings, away)
    return _words(np.stack(columns, 1))


def _as_given(layer: Channels) -> np.ndarray:
    """Weights of all channels at one place after the other."""
    return layer.w.astype(np.int8)


def _words(rows: np.ndarray) -> np.ndarray:
    return (rows & 0xFFFFFFFF).astype(np.uint32).view(np.int32)
