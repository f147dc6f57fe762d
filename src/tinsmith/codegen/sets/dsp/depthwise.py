"""Depthwise convolutions of int8 on Arm cores with the DSP extension.

One channel after the other is widened into a plane of int16 with its border, over which windows
slide two elements at a time. Lines run along either axis of the picture, whichever is cheaper.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tinsmith.codegen.kernel_set import Binding, Table, Use
from tinsmith.codegen.order import windows
from tinsmith.ir.op import Argument, In, Out, Scratch, Site
from tinsmith.ir.ops._conv import kernel_window, zeros_of
from tinsmith.ir.ops._layout import integer
from tinsmith.ir.ops.fused import part_sites

MOST_SHIFT = 22
"""The zero point, shifted so far, leaves room for the high product in 32 bits."""

MOST_PLANES = 4096
"""Bytes of scratch up to which two channels are read at a time."""


@dataclass(frozen=True)
class Axis:
    """One axis of the picture as the kernels walk it. ``step``, ``to_step``: elements between
    neighbours of x and of the result."""

    size: int
    kernel: int
    stride: int
    dilation: int
    before: int
    results: int
    step: int
    to_step: int


@dataclass(frozen=True)
class Layer:
    """A depthwise layer with its requantisation, ready to be arranged: ``w`` [line, tap, channel].

    ``site``: the layer's own use; ``along``: the axis of lines; ``across``: from line to line. ``bias``, ``multiplier``,
    ``shift``: one per channel, the zero point of x folded into the bias. ``bound``: largest
    magnitude of sums.
    """

    site: Site
    along: Axis
    across: Axis
    channels: int
    w: np.ndarray
    bias: np.ndarray
    bound: np.ndarray
    multiplier: np.ndarray
    shift: np.ndarray
    x_zero: int
    zero: int
    low: int
    high: int

    @property
    def out(self) -> int:
        """Channels of the result."""
        return int(self.w.shape[2])

    @property
    def doublings(self) -> np.ndarray:
        """How often weights and bias are doubled: once, and as often as a factor shifts left."""
        return 1 + np.maximum(self.shift, 0)

    @property
    def way(self) -> str:
        """How sums become results (`ts_dsp_rows.h`)."""
        if (self.low, self.high) != (-128, 127):
            return "any"
        if self.zero == -128 or bool((self.shift >= 0).all()):
            return "relu"
        return "signed" if bool((self.shift < 0).all()) else "any"

    def turned(self) -> "Layer":
        """The same with lines along the other axis."""
        w = np.ascontiguousarray(np.swapaxes(self.w, 0, 1))
        return replace(self, along=self.across, across=self.along, w=w)


def bind(use: Use) -> Sequence[Binding]:
    """The kernels of a depthwise convolution with requantisation."""
    layer = _layer(use)
    return list(_small(layer)) if layer else []


def _layer(use: Use) -> Layer | None:
    """The layer, where the arithmetic of the kernels is exact for all that its sums can reach."""
    parts = list(part_sites(use.site)) if use.op == "fused" else []
    if [p.op for p, _ in parts] != ["depthwise_conv2d", "requantize"]:
        return None
    (_, site), (_, after) = parts
    x, y = site.inputs[0], use.site.outputs[0]
    given = use.contents[1:5]
    attrs = after.attrs
    if (x.dtype, y.dtype) != ("int8", "int8") or x.shape[0] != 1 or any(c is None for c in given):
        return None
    if attrs["rounding"] != "double" or zeros_of(site)[1] != 0:
        return None
    window = kernel_window("depthwise_conv2d", site.inputs, site.attrs)
    w, bias, multiplier, shift = (np.asarray(c).astype(np.int64) for c in given)
    w = w[0]
    x_zero, out = zeros_of(site)[0], w.shape[2]
    each = integer("depthwise_conv2d", site.attrs, "multiplier")
    axes = [
        Axis(
            window.size[a], window.kernel[a], window.stride[a], window.dilation[a],
            window.padding[2 * a], window.results[a],
            x.shape[3] * (x.shape[2] if a == 0 else 1), out * (window.results[1] if a == 0 else 1),
        )
        for a in (0, 1)
    ]  # fmt: skip
    bound = np.abs(bias) + (np.abs(w) * max(127 - x_zero, x_zero + 128)).sum((0, 1))
    multiplier, shift = (np.broadcast_to(v, (out,)) for v in (multiplier, shift))
    layer = Layer(
        site, axes[1], axes[0], out // each, w, bias - x_zero * w.sum((0, 1)), bound, multiplier,
        np.where(multiplier == 0, -1, shift), x_zero,
        *(integer("requantize", attrs, n) for n in ("zero_point", "act_min", "act_max")),
    )  # fmt: skip
    doubled = bound << layer.doublings
    fits = (doubled < 1 << 31) & (layer.shift <= 7) & (layer.shift >= -MOST_SHIFT)
    return layer if bool(fits.all()) else None


def _small(layer: Layer) -> Iterator[Binding]:
    """Weights of 3 x 3, results one or two apart along lines."""
    ways = [
        way
        for way in (layer, layer.turned())
        if way.w.shape[:2] == (3, 3) and way.along.dilation == 1 and way.along.stride <= 2
    ]
    if not ways:
        return
    way = min(ways, key=_cost)
    bounds = [way.low, way.high] if way.way == "any" else []
    plane = _plane(way)
    arguments: list[Argument | Table] = [
        In(0), Table("rows", lambda: _rows(way)), Out(), Scratch(4 * plane.words),
        *plane.numbers(way), way.x_zero, way.zero, *bounds,
    ]  # fmt: skip
    apart = "s2" if way.along.stride == 2 else ""
    together = way.out // way.channels * (2 if plane.far else 1)
    order = windows(way.site, "channel", together, "before")
    yield Binding(f"depthwise3x3{apart}_{way.way}_int8", tuple(arguments), (order,))


def _cost(way: Layer) -> int:
    """Instructions of a channel, roughly."""
    along, across = way.along, way.across
    blocks, rest = divmod(along.results, 4)
    lines = across.results * (59 * blocks + 36 * ((rest + 1) // 2) + 12)
    return lines + min(across.size, _extent(across)) * (
        5 * min(along.size, _extent(along)) // 2 + 9
    )


def _extent(axis: Axis) -> int:
    """Elements from the first to the last that a window sees, its border among them."""
    return (axis.results - 1) * axis.stride + (axis.kernel - 1) * axis.dilation + 1


@dataclass(frozen=True)
class Plane:
    """Scratch of one channel or of two: so many words; the second channel ``far`` words behind the
    first (0: there is none), lines of ``pitch`` words."""

    words: int
    far: int
    pitch: int

    def numbers(self, way: Layer) -> list[int]:
        """What kernels are told of it and of the picture."""
        along, across = way.along, way.across
        lines = min(across.size, _extent(across) - across.before)
        length = min(along.size, _extent(along) - along.before)
        return [
            self.words, self.far, 2 * self.pitch * across.before + along.before, max(lines, 0),
            max(length, 0), along.step, across.step, self.pitch, way.channels,
            way.out // way.channels, across.results, along.results, along.to_step, across.to_step,
            self.pitch * across.stride, 4 * self.pitch * across.dilation,
        ]  # fmt: skip


def _plane(way: Layer) -> Plane:
    """Lines hold an even number of results. A second channel is read with the first, which takes
    fewer instructions, where that needs little memory."""
    along = replace(way.along, results=way.along.results + way.along.results % 2)
    pitch = (_extent(along) + 1) // 2
    words = pitch * _extent(way.across)
    if way.channels == 1 or 8 * words > MOST_PLANES:
        return Plane(words, 0, pitch)
    return Plane(2 * words, words, pitch)


def _rows(way: Layer) -> np.ndarray:
    """The table of `ts_dsp_depthwise3x3.h`: a row of five words for each channel."""
    rows = np.zeros((way.out, 5), np.int64)
    rows[:, 0] = way.bias << way.doublings
    rows[:, 1] = way.multiplier
    for line in range(3):
        for tap in range(3):
            rows[:, 2 + line] |= (way.w[line, tap] & 255) << 8 * tap
    rows[:, 2] |= np.maximum(-way.shift, 0) << 24
    rows[:, 3] |= way.doublings << 24
    return (rows & 0xFFFFFFFF).astype(np.uint32).view(np.int32)
