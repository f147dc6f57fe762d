"""Largest value or mean of a window over each channel, over 1, 2 or 3 spatial axes.

A window over three axes is one over the last two and then one over the first: a mean over the
places inside x is the mean of such means.
"""

from dataclasses import dataclass, replace

from tinsmith.compose import elementwise, movement
from tinsmith.compose.movement import Layout
from tinsmith.compose.pictures import Pads, channels_last, each, pads_of, restored, spatial
from tinsmith.compose.value import need_float
from tinsmith.ir.builder import Builder
from tinsmith.ir.op import ShapeError
from tinsmith.ir.types import TensorType

KINDS = {"max": "max_pool2d", "avg": "avg_pool2d"}


@dataclass(frozen=True)
class PoolSpec:
    """How a window slides; numbers per spatial axis, empty: 1 (padding: 0).

    Args:
        size: of the window.
        stride, dilation: at least 1.
        padding: (before, after), at least 0.
        ceil_mode: whether a window that begins in x or in front of it, but does not end within the
            padding, counts too.
        count_include_pad: whether means count the padding (as zeros), though never what ceil_mode
            adds to it.
        layout: of x and the result.
    """

    size: tuple[int, ...]
    stride: tuple[int, ...] = ()
    padding: Pads = ()
    dilation: tuple[int, ...] = ()
    ceil_mode: bool = False
    count_include_pad: bool = False
    layout: Layout = "channels_first"


@dataclass(frozen=True)
class _Axis:
    """One spatial axis: the window along it, and how many there are."""

    length: int
    size: int = 1
    stride: int = 1
    dilation: int = 1
    padding: tuple[int, int] = (0, 0)
    results: int = 1

    @property
    def extent(self) -> int:
        """Places from the first to the last of a window."""
        return (self.size - 1) * self.dilation + 1

    @property
    def after(self) -> int:
        """Places behind x that the last window takes."""
        end = (self.results - 1) * self.stride + self.extent
        return max(0, end - self.length - self.padding[0])

    def counted(self, ceil: bool) -> "_Axis":
        """With the number of windows."""
        room = self.length + sum(self.padding) - self.extent
        count = room // self.stride + 1
        if ceil:
            count = -(-room // self.stride) + 1
            count -= (count - 1) * self.stride >= self.length + self.padding[0]
        return replace(self, results=count)

    def widened(self) -> "_Axis":
        """With its padding made part of x."""
        return replace(self, length=self.length + sum(self.padding), padding=(0, 0))


def pool(b: Builder, kind: str, x: str, spec: PoolSpec) -> str:
    """Poolings ``max`` (padding never wins) and ``avg``, as ONNX's MaxPool and AveragePool.

    Raises:
        ShapeError: shapes do not fit, or a window lies in the padding alone.
    """
    if kind not in KINDS:
        raise ShapeError("pool", f"{kind!r} is unknown; expected {' or '.join(KINDS)}")
    op = KINDS[kind]
    batch, lengths, channels = spatial(op, b, x, spec.layout)
    if kind == "avg" and len(lengths) == 3:
        need_float(op, b, x)  # a mean of rounded means would be rounded twice
    axes = _axes(op, lengths, spec)
    results = tuple(a.results for a in axes)
    if min(results) < 1:
        raise ShapeError(op, f"x {b.type(x)}, {spec}: no window fits")
    y = channels_last(b, x, spec.layout, (batch, *lengths, channels))
    if kind == "max" and _among_floats(b.type(x)):
        y = _pool2d(b, op, elementwise.cast(b, y, "float32"), axes)
        y = restored(b, y, spec.layout, results)
        return b.op("cast", y, quant=b.type(x).quant, dtype=b.type(x).dtype)
    if kind == "avg" and spec.count_include_pad:
        quant = b.type(x).quant
        zero = quant.zero_point[0] if quant else 0
        y = movement.pad(b, y, [(0, 0), *(a.padding for a in axes), (0, 0)], zero)
        axes = [a.widened() for a in axes]
    return restored(b, _pool2d(b, op, y, axes), spec.layout, results)


def _among_floats(x: TensorType) -> bool:
    """Whether the largest is found among float32, which hold these whole numbers exactly."""
    if x.dtype == "uint8":
        return x.quant is None or x.quant.axis is None
    return x.dtype in ("int8", "int16") and x.quant is None


def _axes(op: str, lengths: tuple[int, ...], spec: PoolSpec) -> list[_Axis]:
    count = len(lengths)
    numbers = (each(op, v, count) for v in (spec.size, spec.stride, spec.dilation))
    pads = pads_of(op, spec.padding, count)
    if min(min(p) for p in pads) < 0:
        raise ShapeError(op, f"padding {pads}; expected 0 or more")
    axes = (_Axis(*a) for a in zip(lengths, *numbers, pads, strict=True))
    return [a.counted(spec.ceil_mode) for a in axes]


def _pool2d(b: Builder, op: str, x: str, axes: list[_Axis]) -> str:
    """One node over the last two axes, one more over a third."""
    batch, *_, channels = b.type(x).shape
    *deep, tall, wide = [_Axis(1), *axes] if len(axes) == 1 else axes
    pictures = b.type(x).elements // (tall.length * wide.length * channels)
    y = movement.reshape(b, x, (pictures, tall.length, wide.length, channels))
    y = _node(b, op, y, (tall, wide))
    if not deep:
        return y
    places = tall.results * wide.results
    y = movement.reshape(b, y, (batch, deep[0].length, places, channels))
    return _node(b, op, y, (deep[0], _Axis(places, results=places)))


def _node(b: Builder, op: str, x: str, axes: tuple[_Axis, _Axis]) -> str:
    tall, wide = axes
    return b.op(
        op, x, size=(tall.size, wide.size), stride=(tall.stride, wide.stride),
        dilation=(tall.dilation, wide.dilation),
        padding=(tall.padding[0], tall.after, wide.padding[0], wide.after),
    )  # fmt: skip
