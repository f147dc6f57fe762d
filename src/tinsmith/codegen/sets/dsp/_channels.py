"""A depthwise layer as kernels go over it: each channel is a plane, whose lines run along either
axis of the picture."""

from dataclasses import dataclass, replace

import numpy as np

from tinsmith.codegen.kernel_set import Use
from tinsmith.ir.op import Site
from tinsmith.ir.ops._conv import kernel_window, zeros_of
from tinsmith.ir.ops._layout import integer
from tinsmith.ir.ops.fused import part_sites

MOST_SHIFT = 22
"""To the right: the zero point, shifted so far, leaves room for the high product in 32 bits."""
MOST_DOUBLINGS = 8
"""int16 holds weights that are doubled so often."""
MOST_PLANES = 4096
"""Bytes of scratch up to which two channels are read at a time; a third of x is no more either."""


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

    @property
    def extent(self) -> int:
        """Elements from the first to the last that a window sees, its border among them."""
        return (self.results - 1) * self.stride + (self.kernel - 1) * self.dilation + 1

    @property
    def read(self) -> int:
        """How many elements of x some window may see."""
        return max(0, min(self.size, self.extent - self.before))


@dataclass(frozen=True)
class Channels:
    """A depthwise layer with its requantisation, ready to be arranged.

    Args:
        site: the layer's own use.
        along: the axis of lines; across: from line to line.
        w: [line, tap, channel of the result], less their zero point.
        bias: with the zero point of x folded in: places outside x hold ``x_zero``.
        multiplier: of each channel; shift: likewise.
        rounding: of the requantisation; for ``onnx`` the multiplier is half of a float32 factor.
    """

    site: Site
    along: Axis
    across: Axis
    w: np.ndarray
    bias: np.ndarray
    multiplier: np.ndarray
    shift: np.ndarray
    x_zero: int
    zero: int
    low: int
    high: int
    rounding: str

    @property
    def channels(self) -> int:
        """Of x."""
        return self.site.inputs[0].shape[3]

    @property
    def out(self) -> int:
        """Channels of the result."""
        return len(self.bias)

    @property
    def right(self) -> np.ndarray:
        """How far the high product of a sum is shifted to the right."""
        return np.asarray(np.maximum(-self.shift, int(self.rounding == "single")))

    @property
    def doublings(self) -> np.ndarray:
        """How often sums are doubled: once, and as often as a factor shifts left."""
        return np.asarray(1 + self.shift + self.right)

    @property
    def way(self) -> str:
        """How sums become results (`kernels/dsp/ts_dsp_rows.h`)."""
        if self.rounding != "double":
            return {"single": "single", "onnx": "float"}[self.rounding]
        if (self.low, self.high) != (-128, 127):
            return "any"
        if self.zero == -128 or bool((self.shift >= 0).all()):
            return "relu"
        return "signed" if bool((self.shift < 0).all()) else "any"

    @property
    def bounds(self) -> list[int]:
        """What kernels are told of them."""
        return [self.low, self.high] if self.way in ("any", "single", "float") else []

    def turned(self) -> "Channels":
        """The same with lines along the other axis."""
        w = np.ascontiguousarray(np.swapaxes(self.w, 0, 1))
        return replace(self, along=self.across, across=self.along, w=w)


def channels_of(use: Use) -> Channels | None:
    """The layer of a fused use, where the arithmetic of the kernels is exact for all that its sums
    can reach."""
    parts = list(part_sites(use.site)) if use.op == "fused" else []
    if [p.op for p, _ in parts] != ["depthwise_conv2d", "requantize"]:
        return None
    (_, site), (_, after) = parts
    given = use.contents[1:5]
    types = (site.inputs[0].dtype, use.site.outputs[0].dtype)
    if types != ("int8", "int8") or site.inputs[0].shape[0] != 1 or any(c is None for c in given):
        return None
    w, bias, multiplier, shift = (np.asarray(c).astype(np.int64) for c in given)
    x_zero, w_zero = zeros_of(site)
    w = w[0] - w_zero
    if (
        after.attrs["rounding"] not in ("double", "single", "onnx")
        or w.min() < -128
        or w.max() > 127
    ):
        return None
    multiplier, shift = (np.broadcast_to(v, bias.shape) for v in (multiplier, shift))
    along, across = _axes(site)
    attrs = after.attrs
    zero, low, high = (
        integer("requantize", attrs, n) for n in ("zero_point", "act_min", "act_max")
    )
    rounding = str(attrs["rounding"])
    multiplier, shift = _factors(multiplier, np.where(multiplier == 0, -1, shift), rounding)
    found = Channels(
        site, along, across, w, bias - x_zero * w.sum((0, 1)), multiplier, shift, x_zero, zero,
        low, high, rounding,
    )  # fmt: skip
    return found if _held(found, bias) else None


def _factors(
    multiplier: np.ndarray, shift: np.ndarray, rounding: str
) -> tuple[np.ndarray, np.ndarray]:
    """As kernels take them: for ``onnx`` the bits of half of each factor as a float32."""
    if rounding != "onnx":
        return multiplier, shift
    halves = np.ldexp(multiplier.astype(np.float32), (shift - 32).astype(np.int32))
    return halves.view(np.int32).astype(np.int64), np.zeros_like(shift)


def _axes(site: Site) -> tuple[Axis, Axis]:
    """Along rows of the picture, and down its columns."""
    window = kernel_window("depthwise_conv2d", site.inputs, site.attrs)
    (_, _, width, channels), (_, _, columns, out) = site.inputs[0].shape, site.outputs[0].shape
    steps = ((width * channels, columns * out), (channels, out))
    down, along = (
        Axis(
            window.size[a], window.kernel[a], window.stride[a], window.dilation[a],
            window.padding[2 * a], window.results[a], *steps[a],
        )
        for a in (0, 1)
    )  # fmt: skip
    return along, down


def _held(layer: Channels, bias: np.ndarray) -> bool:
    """Whether int32 holds all doubled sums, int16 all weights, and int32 the zero point."""
    farthest = max(127 - layer.x_zero, layer.x_zero + 128)
    bound = np.abs(bias) + (np.abs(layer.w) * farthest).sum((0, 1))
    fits = bound << layer.doublings < 1 << 31
    fits &= (layer.doublings <= MOST_DOUBLINGS) & (layer.shift >= -MOST_SHIFT)
    return bool(fits.all())


@dataclass(frozen=True)
class Plane:
    """Scratch of one channel or of two: so many words; the second channel ``far`` words behind the
    first (0: there is none), lines of ``pitch`` words."""

    words: int
    far: int
    pitch: int


def plane_of(layer: Channels, elements: int) -> Plane:
    """Lines of at least so many elements. A second channel is read with the first, which takes
    fewer instructions, where that needs little memory."""
    pitch = (max(elements, layer.along.extent) + 1) // 2
    words = pitch * layer.across.extent
    if layer.channels == 1 or 8 * words > max(MOST_PLANES, layer.site.inputs[0].nbytes // 3):
        return Plane(words, 0, pitch)
    return Plane(2 * words, words, pitch)


def walk(layer: Channels, plane: Plane) -> list[int]:
    """What all kernels are told of the plane, of x and of the result."""
    along, across = layer.along, layer.across
    return [
        plane.words, plane.far, 2 * plane.pitch * across.before + along.before, across.read,
        along.read, along.step, across.step, plane.pitch, layer.channels,
        layer.out // layer.channels, across.results, along.results, along.to_step, across.to_step,
        plane.pitch * across.stride,
    ]  # fmt: skip
