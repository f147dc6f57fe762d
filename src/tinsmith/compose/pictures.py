"""What convolutions and poolings share: 1, 2 or 3 spatial axes, channels before or behind them.

The operations of `ir/ops` slide windows over two axes of [batch, height, width, channels]. A line
is a picture of one row; channels in front are moved to the end and back.
"""

from collections.abc import Sequence
from math import prod

from tinsmith.compose import movement
from tinsmith.compose.movement import Layout
from tinsmith.ir.builder import Builder
from tinsmith.ir.op import ShapeError
from tinsmith.ir.walk import Walk

Pads = Sequence[tuple[int, int]]
"""(before, after) per spatial axis."""


def spatial(op: str, b: Builder, x: str, layout: Layout) -> tuple[int, tuple[int, ...], int]:
    """(batch, spatial lengths, channels) of x [batch, channels, ...] or [batch, ..., channels].

    Raises:
        ShapeError: x has fewer than 1 or more than 3 spatial axes.
    """
    shape = b.type(x).shape
    if not 3 <= len(shape) <= 5:
        raise ShapeError(op, f"x {shape}; expected batch, channels and 1 to 3 spatial axes")
    if layout == "channels_first":
        return shape[0], shape[2:], shape[1]
    return shape[0], shape[1:-1], shape[-1]


def channels_last(b: Builder, x: str, layout: Layout, shape: Sequence[int]) -> str:
    """x with channels at the end, under ``shape``."""
    if layout == "channels_last":
        return movement.reshape(b, x, shape)
    batch, channels, *lengths = b.type(x).shape
    places = prod(lengths)
    walk = Walk((batch, places, channels), (channels * places, 1, places))
    return movement.strided(b, x, walk, shape)


def restored(b: Builder, y: str, layout: Layout, lengths: Sequence[int]) -> str:
    """y [batch, ..., channels] in x's layout with the given spatial lengths."""
    batch, channels, places = b.type(y).shape[0], b.type(y).shape[-1], prod(lengths)
    batch = b.type(y).elements // (places * channels)
    if layout == "channels_last":
        return movement.reshape(b, y, (batch, *lengths, channels))
    walk = Walk((batch, channels, places), (channels * places, 1, channels))
    return movement.strided(b, y, walk, (batch, channels, *lengths))


def each(op: str, given: Sequence[int], count: int, least: int = 1) -> tuple[int, ...]:
    """One number per spatial axis; all 1 where none is given.

    Raises:
        ShapeError: another count, or a number below ``least``.
    """
    found = tuple(int(v) for v in given) or (1,) * count
    if len(found) != count or min(found) < least:
        raise ShapeError(op, f"{tuple(given)}; expected {count} numbers from {least} on")
    return found


def pads_of(op: str, given: Pads, count: int) -> tuple[tuple[int, int], ...]:
    """One pair per spatial axis; none where none is given.

    Raises:
        ShapeError: another count.
    """
    found = tuple((int(before), int(after)) for before, after in given) or ((0, 0),) * count
    if len(found) != count:
        raise ShapeError(op, f"padding {tuple(given)}; expected {count} pairs (before, after)")
    return found


def same_padding(
    lengths: Sequence[int],
    kernel: Sequence[int],
    stride: Sequence[int],
    dilation: Sequence[int],
    lower: bool = False,
) -> tuple[tuple[int, int], ...]:
    """Padding with which ceil(length / stride) windows fit; what is odd goes behind, or in front if
    ``lower``. Source: TensorFlow's padding "SAME", ONNX's SAME_UPPER and SAME_LOWER."""
    pairs = []
    for n, k, s, d in zip(lengths, kernel, stride, dilation, strict=True):
        total = max(0, (-(-n // s) - 1) * s + (k - 1) * d + 1 - n)
        small = total // 2
        pairs.append((total - small, small) if lower else (small, total - small))
    return tuple(pairs)
