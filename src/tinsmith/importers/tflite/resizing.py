"""RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR of pictures [batch, height, width, channels].

Places and weights: TensorFlow Lite, lite/kernels/internal/reference/{resize_nearest_neighbor,
resize_bilinear}.h; float32 there, and 10 bits of fraction for bilinear int8 and int16.
"""

from dataclasses import dataclass

import numpy as np

from tinsmith.compose import elementwise, movement
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.tflite.use import Use
from tinsmith.importers.tflite.values import is_shifted

_F4 = np.float32
_BITS = 10


@dataclass(frozen=True)
class _Axis:
    """Lengths before and after, and how places are counted."""

    axis: int
    before: int
    after: int
    corners: bool
    centres: bool

    @property
    def by_corners(self) -> bool:
        """Whether first and last places meet."""
        return self.corners and self.after > 1


def _axes(use: Use, first: int) -> list[_Axis]:
    """Both axes; ``first`` is the option of aligned corners, the next one of half-pixel centres."""
    shape, sizes = use.type(use.value(0)).shape, use.integers(1)
    if len(shape) != 4 or len(sizes) != 2 or not all(1 <= n <= 1 << 14 for n in sizes):
        raise Unsupported(f"{use.type(use.value(0))} to {sizes}")
    corners, centres = bool(use.option(first)), bool(use.option(first + 1))
    if corners and centres:
        raise Unsupported("it aligns corners and centres")
    return [_Axis(a, shape[a], n, corners, centres) for a, n in zip((1, 2), sizes, strict=True)]


def _scale(axis: _Axis) -> np.float32:
    if axis.by_corners:
        return _F4(axis.before - 1) / _F4(axis.after - 1)
    return _F4(axis.before) / _F4(axis.after)


def nearest(use: Use) -> str:
    """Options 0 and 1: aligned corners, half-pixel centres."""
    x = use.value(0)
    for axis in _axes(use, 0):
        places = (np.arange(axis.after, dtype=_F4) + _F4(0.5 * axis.centres)) * _scale(axis)
        whole = np.floor(places + _F4(0.5)) if axis.corners else np.floor(places)
        at = np.clip(whole.astype(np.int64), 0, axis.before - 1)
        x = movement.take(use.b, x, at, axis.axis)
    return use.moved(x)


def bilinear(use: Use) -> str:
    """Options 2 and 3: aligned corners, half-pixel centres."""
    use.alike(0)
    axes, x = _axes(use, 2), use.value(0)
    if use.type(x).dtype == "float32":
        for axis in axes:
            x = _between(use, x, axis)
        return x
    return _bytes(use, x, axes) if is_shifted(use.given(0)) else _integers(use, x, axes)


def _integers(use: Use, x: str, axes: list[_Axis]) -> str:
    """int8 and int16: shares of 2^20, halves away from zero; 64 bits for int16."""
    b = use.b
    wide = elementwise.cast(b, x, "int64" if use.type(x).dtype == "int16" else "int32")
    for axis in axes:
        wide = _between_integers(use, wide, axis)
    half = 1 << (2 * _BITS - 1)
    signs = elementwise.unary(b, "sign", wide)
    halves = elementwise.binary(b, "mul", signs, elementwise.scalar(b, wide, half))
    total = elementwise.binary(b, "add", wide, halves)
    y = elementwise.binary(b, "div", total, elementwise.scalar(b, wide, 2 * half))
    return use.op("cast", y, quant=use.wanted.quant, dtype=use.wanted.dtype)


def _bytes(use: Use, x: str, axes: list[_Axis]) -> str:
    """uint8: the file's bytes as float32, each corner times its share of the height, then of the
    width, corners added column by column; a half more, and the fraction is cut off."""
    b, total = use.b, ""
    wide = elementwise.cast(b, x, "int32")
    wide = elementwise.binary(b, "add", wide, elementwise.scalar(b, wide, 128))
    real = elementwise.cast(b, wide, "float32")
    (rows, tall), (columns, broad) = (_places(axis) for axis in axes)
    for column, share in zip(columns, broad, strict=True):
        for row, part in zip(rows, tall, strict=True):
            corner = _shared(use, movement.take(b, real, row, 1), part, 1)
            corner = _shared(use, movement.take(b, corner, column, 2), share, 2)
            total = elementwise.binary(b, "add", total, corner) if total else corner
    total = elementwise.binary(b, "add", total, elementwise.scalar(b, total, 0.5))
    whole = elementwise.cast(b, total, "int32")
    whole = elementwise.binary(b, "sub", whole, elementwise.scalar(b, whole, 128))
    return use.op("cast", whole, quant=use.wanted.quant, dtype="int8")


def _between(use: Use, x: str, axis: _Axis) -> str:
    return _mixed(use, x, axis.axis, *_places(axis))


def _places(axis: _Axis) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """The two places of each result along an axis, and the share of each."""
    places = np.arange(axis.after, dtype=_F4)
    scale = _scale(axis)
    at = (places + _F4(0.5)) * scale - _F4(0.5) if axis.centres else places * scale
    low = np.maximum(np.floor(at), 0).astype(np.int64)
    high = np.minimum(np.ceil(at), axis.before - 1).astype(np.int64)
    share = (at - low).astype(_F4)
    return (low, high), (_F4(1) - share, share)


def _between_integers(use: Use, x: str, axis: _Axis) -> str:
    """As `_between`, with shares of 2^10."""
    one, cut = 1 << _BITS, axis.by_corners
    before, after = (axis.before - 1, axis.after - 1) if cut else (axis.before, axis.after)
    scale = (one * before + after // 2) // after
    at = np.arange(axis.after) * scale
    if axis.centres:
        at = at + scale // 2 - one // 2
    low = np.maximum(np.trunc(at / one).astype(np.int64), 0)
    high = np.minimum(np.trunc((at + one - 1) / one).astype(np.int64), axis.before - 1)
    share = (at - one * low).astype(np.int32)
    return _mixed(use, x, axis.axis, (low, high), (one - share, share))


def _mixed(
    use: Use, x: str, axis: int, at: tuple[np.ndarray, ...], shares: tuple[np.ndarray, ...]
) -> str:
    """The sum of x at two places per result, each times its share."""
    parts = []
    for places, share in zip(at, shares, strict=True):
        parts.append(_shared(use, movement.take(use.b, x, places, axis), share, axis))
    return elementwise.binary(use.b, "add", parts[0], parts[1])


def _shared(use: Use, x: str, share: np.ndarray, axis: int) -> str:
    """x times a number per place of an axis."""
    column = share.reshape(-1, *(1,) * (3 - axis)).astype(use.type(x).dtype)
    return elementwise.binary(use.b, "mul", x, use.constant(f"{use.name}_share", column))
