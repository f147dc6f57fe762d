"""Normalisations: (x - mean) / sqrt(variance + epsilon) * scale + offset, in this order, float32.

Means and variances of the data take two passes (the mean, then the mean of the squared distances
from it), which loses no digits where the mean is large. Scale and offset are arrays or names of
values; None: none.
"""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.builder import Builder
from tinsmith.ir.compose import elementwise, movement
from tinsmith.ir.compose.reduction import reduce
from tinsmith.ir.compose.value import Value, need_float, operand, reshaped, shape_of
from tinsmith.ir.op import ShapeError

Affine = tuple[Value | None, Value | None]
"""(scale, offset)"""


def batch_norm(
    b: Builder, x: str, moments: tuple[Value, Value], affine: Affine, epsilon: float,
    axis: int = 1, *, name: str = "",
) -> str:  # fmt: skip
    """Known moments (mean, variance), one each per place along ``axis``, like scale and offset.

    Where all of them are arrays they become one factor and one summand per place, computed in
    float64.

    Raises:
        ShapeError: shapes or dtypes do not fit.
    """
    need_float("batch_norm", b, x, *moments, *(v for v in affine if v is not None))
    shape = b.type(x).shape
    axis = movement.axis_in("batch_norm", axis, len(shape))
    spread = (shape[axis], *(1,) * (len(shape) - axis - 1))
    mean, variance = moments
    if not any(isinstance(v, str) for v in (*moments, *affine)):
        wide = np.asarray(variance, np.float64) + epsilon
        return _affine(b, x, _folded(shape[axis], (mean, wide), affine), spread, name)
    y = elementwise.binary(b, "sub", x, _spread(b, mean, spread))
    square = elementwise.binary(b, "add", _spread(b, variance, spread), _number(b, epsilon))
    y = elementwise.binary(b, "div", y, elementwise.unary(b, "sqrt", square))
    return _affine(b, y, affine, spread, name)


def _folded(channels: int, moments: tuple[Value, Value], affine: Affine) -> Affine:
    """(factor, summand) of a batch norm, from arrays of mean, variance + epsilon, scale, offset."""
    given = [*moments, *(d if v is None else v for d, v in zip((1, 0), affine, strict=True))]
    mean, variance, scale, offset = (np.ravel(np.asarray(v, np.float64)) for v in given)
    if any(v.size not in (1, channels) for v in (mean, variance, scale, offset)):
        raise ShapeError("batch_norm", f"expected {channels} values of each parameter")
    factor = scale / np.sqrt(variance)
    return factor.astype(np.float32), (offset - mean * factor).astype(np.float32)


def layer_norm(
    b: Builder, x: str, affine: Affine, axes: Sequence[int], epsilon: float, *, name: str = ""
) -> str:
    """Moments of x along axes; scale and offset are repeated to x's shape as numpy does it.

    Raises:
        ShapeError: shapes or dtypes do not fit.
    """
    need_float("layer_norm", b, x)
    plain = affine[0] is None and affine[1] is None
    places = movement.axes_in("layer_norm", axes, len(b.type(x).shape))
    y = _normalised(b, x, places, epsilon, name if plain else "")
    return y if plain else _affine(b, y, affine, None, name)


def rms_norm(
    b: Builder, x: str, scale: Value | None, axes: Sequence[int], epsilon: float, *, name: str = ""
) -> str:
    """x / sqrt(mean of x^2 along axes + epsilon) * scale.

    Raises:
        ShapeError: shapes or dtypes do not fit.
    """
    need_float("rms_norm", b, x)
    places = movement.axes_in("rms_norm", axes, len(b.type(x).shape))
    y = _scaled_down(b, x, places, epsilon, name if scale is None else "")
    return _affine(b, y, (scale, None), None, name)


def group_norm(
    b: Builder, x: str, groups: int, affine: Affine, epsilon: float, axis: int = 1, *,
    name: str = "",
) -> str:  # fmt: skip
    """Moments of each group of channels (along ``axis``) of each element of the batch (axis 0);
    scale and offset per channel.

    Raises:
        ShapeError: shapes or dtypes do not fit.
    """
    need_float("group_norm", b, x)
    shape = b.type(x).shape
    axis = movement.axis_in("group_norm", axis, len(shape))
    if axis == 0 or groups < 1 or shape[axis] % groups:
        raise ShapeError("group_norm", f"x {shape}, axis {axis}, {groups} groups")
    parted = (*shape[:axis], groups, shape[axis] // groups, *shape[axis + 1 :])
    inner = tuple(i for i in range(1, len(parted)) if i != axis)
    y = _normalised(b, movement.reshape(b, x, parted), inner, epsilon, "")
    plain = affine[0] is None and affine[1] is None
    y = movement.reshape(b, y, shape, name=name if plain else "")
    return _affine(b, y, affine, (shape[axis], *(1,) * (len(shape) - axis - 1)), name)


def instance_norm(
    b: Builder, x: str, affine: Affine, epsilon: float, axis: int = 1, *, name: str = ""
) -> str:
    """`group_norm` with each channel as a group.

    Raises:
        ShapeError: shapes or dtypes do not fit.
    """
    shape = b.type(x).shape
    channels = shape[movement.axis_in("instance_norm", axis, len(shape))]
    return group_norm(b, x, channels, affine, epsilon, axis, name=name)


def _normalised(b: Builder, x: str, axes: tuple[int, ...], epsilon: float, name: str) -> str:
    centred = elementwise.binary(b, "sub", x, reduce(b, "mean", x, axes, True))
    return _scaled_down(b, centred, axes, epsilon, name)


def _scaled_down(b: Builder, x: str, axes: tuple[int, ...], epsilon: float, name: str) -> str:
    """x / sqrt(mean of x^2 + epsilon)."""
    power = reduce(b, "mean", elementwise.binary(b, "mul", x, x), axes, True)
    root = elementwise.unary(b, "sqrt", elementwise.binary(b, "add", power, _number(b, epsilon)))
    return elementwise.binary(b, "div", x, root, name=name)


def _affine(
    b: Builder, x: str, affine: tuple[Value | None, ...], shape: tuple[int, ...] | None, name: str
) -> str:
    """x * scale + offset, both under ``shape`` (their own if None)."""
    scale, offset = affine
    if scale is not None:
        last = name if offset is None else ""
        x = elementwise.binary(b, "mul", x, _spread(b, scale, shape), name=last)
    if offset is not None:
        x = elementwise.binary(b, "add", x, _spread(b, offset, shape), name=name)
    return x


def _spread(b: Builder, value: Value, shape: tuple[int, ...] | None) -> str:
    need_float("norm", b, value)
    size = int(np.prod(shape_of(b, value), dtype=np.int64))
    if shape is not None and size not in (1, shape[0]):
        raise ShapeError("norm", f"parameter {shape_of(b, value)}; expected {shape[0]} values")
    if shape is not None and size == shape[0]:
        value = reshaped(b, value, shape)
    return operand(b, value, "parameter")


def _number(b: Builder, value: float) -> str:
    return b.constant("epsilon", np.asarray([value], np.float32))
