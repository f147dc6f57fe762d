"""Resize and Upsample.

Source: ONNX operators (onnx/docs/Operators.md, onnx/docs/Changelog.md): Upsample-7 and -9,
Resize-10, -11, -13, -18 and -19.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import floor

import numpy as np

from tinsmith.compose.elementwise import where
from tinsmith.compose.resizing import TRANSFORMS, ResizeSpec, along, interpolation, resize
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.onnx.content import axis_in
from tinsmith.importers.onnx.operator import Operator
from tinsmith.importers.onnx.operators.movement import bound
from tinsmith.importers.onnx.use import Use

_CROP = "tf_crop_and_resize"
_OLD = 10
"""Up to this version places are picked by cutting off, without choice."""


def _resize(use: Use) -> str:
    if use.version <= _OLD:
        return _by_scales(use, use.constant(1).ravel().tolist())
    axes = _axes(use)
    spec = _spec(use)
    if use.has(3) and use.shape(3) != (0,):
        sizes = use.whole(3)
        scales = [s / use.shape(0)[a] for a, s in zip(axes, sizes, strict=True)]
        if (policy := use.text("keep_aspect_ratio_policy", "stretch")) != "stretch":
            sizes, scales = _kept(use, policy, axes, scales)
    else:
        scales = [float(s) for s in use.constant(2).ravel()]
        sizes = _lengths(use, axes, scales)
    bound(sizes, 8)
    spec = replace(spec, scales=tuple(scales))
    if spec.transform == _CROP:
        return _cropped(use, axes, sizes, spec)
    if use.integer("antialias", 0) and spec.mode != "nearest":
        return _smooth(use, axes, sizes, spec)
    return use.b.renamed(resize(use.b, use.value(0), axes, sizes, spec), use.name)


def _smooth(use: Use, axes: Sequence[int], sizes: Sequence[int], spec: ResizeSpec) -> str:
    """With antialias: where it shrinks, the weights are stretched over more elements."""
    x = use.value(0, "float32")
    for axis, size, scale in zip(axes, sizes, spec.scales, strict=True):
        length = use.shape(0)[axis]
        if size != length or scale != 1:
            seen = TRANSFORMS[spec.transform](np.arange(size), length, size, scale)
            matrix = _stretched(seen, length, min(scale, 1.0), spec)
            x = use.b.renamed(along(use.b, x, matrix, axis), use.name)
    return x


def _stretched(seen: np.ndarray, length: int, scale: float, spec: ResizeSpec) -> np.ndarray:
    """Matrix [places, length] of weights; what lies outside counts as the nearest end, or not."""
    reach = 1 if spec.mode == "linear" else 2
    start = floor(-reach / scale) + 1
    base = np.ceil(seen) - 1  # the element on the left; one whole step away from an element itself
    matrix = np.zeros((len(seen), length))
    rows = np.arange(len(seen))
    for tap in range(start, 2 - start):
        at = base + tap
        weight = _weight(np.abs(at - seen) * scale, spec)
        if spec.exclude_outside:
            weight = np.where((at >= 0) & (at < length), weight, 0)
        np.add.at(matrix, (rows, np.clip(at, 0, length - 1).astype(np.int64)), weight)
    return np.asarray(matrix / matrix.sum(1, keepdims=True))


def _weight(distance: np.ndarray, spec: ResizeSpec) -> np.ndarray:
    """Of a triangle, or of Keys' cubic curve."""
    if spec.mode == "linear":
        return np.asarray(np.clip(1 - distance, 0, 1))
    a = spec.cubic_coeff
    near = ((a + 2) * distance - (a + 3)) * distance**2 + 1
    far = ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a
    return np.where(distance <= 1, near, np.where(distance < 2, far, 0))


def _cropped(use: Use, axes: Sequence[int], sizes: Sequence[int], spec: ResizeSpec) -> str:
    """The part that roi names (shares of the whole, all starts and then all ends); places outside
    of x take a given value."""
    roi, x = use.constant(1).astype(np.float64).ravel(), use.value(0, "float32")
    if len(roi) != 2 * len(axes) or spec.mode == "nearest":
        raise Unsupported(f"its roi has {len(roi)} numbers, its mode is {spec.mode!r}")
    outside = np.zeros((1,) * len(use.shape(0)), bool)
    for i, (axis, size) in enumerate(zip(axes, sizes, strict=True)):
        length, start, end = use.shape(0)[axis], roi[i], roi[i + len(axes)]
        if (start, end, size) == (0, 1, length):
            continue
        span = (end - start) * (length - 1)
        shares = np.arange(size) / (size - 1) if size > 1 else np.array([0.5])
        seen = start * (length - 1) + shares * span
        x = use.b.renamed(along(use.b, x, interpolation(seen, length, spec), axis), use.name)
        away = (seen < 0) | (seen > length - 1)
        outside = outside | away.reshape([-1 if a == axis else 1 for a in range(outside.ndim)])
    if not outside.any():
        return x
    fill = use.constant_of(np.float32(use.number("extrapolation_value", 0.0)))
    return where(use.b, use.constant_of(outside), fill, x, name=use.name)


def _axes(use: Use) -> tuple[int, ...]:
    rank = len(use.shape(0))
    given = use.integers("axes", tuple(range(rank)))
    return tuple(axis_in(a, rank) for a in given)


def _lengths(use: Use, axes: Sequence[int], scales: Sequence[float]) -> tuple[int, ...]:
    if len(scales) != len(axes) or not all(0 < s < 2**20 for s in scales):
        raise Unsupported(f"its scales {tuple(scales)} do not fit {use.shape(0)}")
    return tuple(floor(use.shape(0)[a] * s) for a, s in zip(axes, scales, strict=True))


def _kept(
    use: Use, policy: str, axes: Sequence[int], scales: Sequence[float]
) -> tuple[tuple[int, ...], list[float]]:
    """One scale for all axes, so that no length is larger (or smaller) than wanted."""
    choose = {"not_larger": min, "not_smaller": max}.get(policy)
    if choose is None:
        raise Unsupported(f"its keep_aspect_ratio_policy is {policy!r}")
    scale = choose(scales)
    sizes = tuple(floor(use.shape(0)[a] * scale + 0.5) for a in axes)
    return sizes, [scale] * len(axes)


def _spec(use: Use) -> ResizeSpec:
    return ResizeSpec(
        use.text("mode", "nearest"),
        use.text("coordinate_transformation_mode", "half_pixel"),
        use.text("nearest_mode", "round_prefer_floor"),
        use.number("cubic_coeff_a", -0.75),
        bool(use.integer("exclude_outside", 0)),
    )


def _by_scales(use: Use, scales: Sequence[float]) -> str:
    """Without a choice: places are scaled from the first element on and cut off."""
    axes = tuple(range(len(use.shape(0))))
    mode = {"bilinear": "linear"}.get(use.text("mode", "nearest"), use.text("mode", "nearest"))
    sizes = _lengths(use, axes, scales)
    bound(sizes, 8)
    spec = ResizeSpec(mode, "asymmetric", "floor", scales=tuple(scales))
    return use.b.renamed(resize(use.b, use.value(0), axes, sizes, spec), use.name)


def _upsample(use: Use) -> str:
    given = use.floats("scales") if use.version < 9 else use.constant(1).ravel().tolist()
    return _by_scales(use, [float(np.float32(s)) for s in given])


_ANY = ("float32", "int8", "uint8", "int16", "int32", "int64", "bool")
OPERATORS = (
    Operator("Resize", _resize, _ANY, note="linear and cubic: float32"),
    Operator("Upsample", _upsample, _ANY, note="linear: float32"),
)
