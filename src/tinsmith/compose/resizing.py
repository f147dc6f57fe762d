"""Values resized along axes by interpolation, as ONNX's Resize (opset 19) defines it.

Nearest neighbours are picked by constant indices; linear and cubic interpolation are products with
a constant matrix per axis. Source: ONNX operator specification, Resize-19; cubic weights of Keys,
"Cubic Convolution Interpolation for Digital Image Processing", 1981.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tinsmith.compose import movement
from tinsmith.compose.value import need_float
from tinsmith.ir.builder import Builder
from tinsmith.ir.op import ShapeError
from tinsmith.ir.walk import Walk

Coordinates = Callable[[np.ndarray, int, int, float], np.ndarray]
"""(places of the result, length before, length after, scale) -> places in x, float64."""


def _half_pixel(i: np.ndarray, before: int, after: int, scale: float) -> np.ndarray:
    return (i + 0.5) / scale - 0.5


def _half_pixel_symmetric(i: np.ndarray, before: int, after: int, scale: float) -> np.ndarray:
    share = after / (scale * before)
    return before / 2 * (1 - share) + _half_pixel(i, before, after, scale)


def _pytorch_half_pixel(i: np.ndarray, before: int, after: int, scale: float) -> np.ndarray:
    return _half_pixel(i, before, after, scale) if after > 1 else np.zeros(1)


def _align_corners(i: np.ndarray, before: int, after: int, scale: float) -> np.ndarray:
    """The length after is not rounded where scales are given, as in ONNX's reference."""
    return i * (before - 1) / (scale * before - 1) if after > 1 else np.zeros(1)


def _asymmetric(i: np.ndarray, before: int, after: int, scale: float) -> np.ndarray:
    return i / scale


TRANSFORMS: dict[str, Coordinates] = {
    "half_pixel": _half_pixel,
    "half_pixel_symmetric": _half_pixel_symmetric,
    "pytorch_half_pixel": _pytorch_half_pixel,
    "align_corners": _align_corners,
    "asymmetric": _asymmetric,
}
NEAREST: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "round_prefer_floor": lambda p: np.ceil(p - 0.5),
    "round_prefer_ceil": lambda p: np.floor(p + 0.5),
    "floor": np.floor,
    "ceil": np.ceil,
}
MODES = ("nearest", "linear", "cubic")


@dataclass(frozen=True)
class ResizeSpec:
    """How places between elements are filled; names as in ONNX.

    Args:
        mode: one of `MODES`.
        transform: one of `TRANSFORMS`, from a place of the result to one in x.
        rounding: one of `NEAREST`.
        cubic_coeff: a in Keys' cubic weights.
        exclude_outside: whether elements outside x weigh nothing, rather than as the nearest end.
        scales: length after / length before, per axis, where it is not just that.
    """

    mode: str = "nearest"
    transform: str = "half_pixel"
    rounding: str = "round_prefer_floor"
    cubic_coeff: float = -0.75
    exclude_outside: bool = False
    scales: tuple[float, ...] = ()


def resize(
    b: Builder, x: str, axes: Sequence[int], sizes: Sequence[int], how: ResizeSpec
) -> str:  # fmt: skip
    """x with axes[i] resized to sizes[i]; nearest takes any dtype, the other modes float32.

    Raises:
        ShapeError: an unknown mode, or axes, sizes and scales that do not fit.
    """
    shape = b.type(x).shape
    places = movement.axes_in("resize", axes, len(shape))
    known = how.mode in MODES and how.transform in TRANSFORMS and how.rounding in NEAREST
    counts = {len(places), len(sizes), len(how.scales) or len(places)}
    if (
        not known
        or len(counts) != 1
        or any(s < 1 for s in sizes)
        or min(how.scales, default=1) <= 0
    ):
        raise ShapeError("resize", f"x {shape}, axes {tuple(axes)}, sizes {tuple(sizes)}, {how}")
    if how.mode != "nearest":
        need_float("resize", b, x)
    scales = how.scales or [size / shape[a] for a, size in zip(places, sizes, strict=True)]
    changed = []
    for axis, size, scale in zip(places, sizes, scales, strict=True):
        seen = TRANSFORMS[how.transform](np.arange(size), shape[axis], size, scale)
        step = _nearest(seen, shape[axis], how) if how.mode == "nearest" else (
            interpolation(seen, shape[axis], how)
        )  # fmt: skip
        if size != shape[axis] or not _same(step):
            changed.append((axis, step))
    for axis, step in changed:
        x = (movement.take if step.ndim == 1 else along)(b, x, step, axis)
    return x


def _nearest(seen: np.ndarray, length: int, how: ResizeSpec) -> np.ndarray:
    return np.asarray(np.clip(NEAREST[how.rounding](seen), 0, length - 1), np.int64)


def _same(step: np.ndarray) -> bool:
    """Whether indices or a matrix leave everything where it is."""
    if step.ndim == 1:
        return np.array_equal(step, np.arange(len(step)))
    return np.array_equal(step, np.eye(len(step), step.shape[1]))


def interpolation(seen: np.ndarray, length: int, how: ResizeSpec) -> np.ndarray:
    """Matrix [places, length] of the weights with which elements count at places between them
    (linear or cubic), in float64."""
    first = np.floor(seen)
    ratio = seen - first
    taps = (0, 1) if how.mode == "linear" else (-1, 0, 1, 2)
    matrix = np.zeros((len(seen), length))
    for tap in taps:
        distance = np.abs(tap - ratio)
        weight = 1 - distance if how.mode == "linear" else _keys(distance, how.cubic_coeff)
        at = first + tap
        if how.exclude_outside:
            weight = np.where((at >= 0) & (at < length), weight, 0)
        inside = np.clip(at, 0, length - 1).astype(np.int64)
        np.add.at(matrix, (np.arange(len(seen)), inside), weight)
    if how.exclude_outside:
        matrix /= matrix.sum(1, keepdims=True)
    return matrix


def _keys(distance: np.ndarray, a: float) -> np.ndarray:
    near = ((a + 2) * distance - (a + 3)) * distance**2 + 1
    far = ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a
    return np.where(distance <= 1, near, np.where(distance < 2, far, 0))


def along(b: Builder, x: str, matrix: np.ndarray, axis: int) -> str:
    """A constant matrix [after, before] applied along one axis of float32 x: each place of the
    result is a weighted sum.

    Raises:
        ShapeError: x is not float32, or the axis has another length.
    """
    need_float("along", b, x)
    shape = b.type(x).shape
    axis = movement.axis_in("along", axis, len(shape))
    if matrix.ndim != 2 or matrix.shape[1] != shape[axis]:
        raise ShapeError("along", f"matrix {matrix.shape}, axis {axis} of x {shape}")
    after, before = matrix.shape
    rest = [d for i, d in enumerate(shape) if i != axis]
    order = [*(i for i in range(len(shape)) if i != axis), axis]
    steps = movement.row_major(shape)
    rows = int(np.prod(rest, dtype=np.int64))
    turned = Walk([shape[i] for i in order], [steps[i] for i in order])
    flat = movement.strided(b, x, turned, (rows, before))
    weights = b.constant("weights", matrix.astype(np.float32))
    y = b.op("dense", flat, weights, b.constant("zeros", np.zeros(after, np.float32)))
    back = [order.index(i) for i in range(len(shape))]
    moved = movement.row_major([*rest, after])
    lengths = [*shape[:axis], after, *shape[axis + 1 :]]
    return movement.strided(b, y, Walk(lengths, [moved[i] for i in back]))
