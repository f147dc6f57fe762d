"""Normalisations: (x - mean) / sqrt(variance + epsilon) * scale + offset, in this order, float32.

Means and variances of the data take two passes (the mean, then the mean of the squared distances
from it), which loses no digits where the mean is large. Scale and offset are arrays or names of
values; None: none.
"""

from collections.abc import Sequence

import numpy as np

from tinsmith.compose import elementwise, movement
from tinsmith.compose.reduction import reduce
from tinsmith.compose.value import Value, need_float, operand, reshaped, shape_of
from tinsmith.ir.builder import Builder
from tinsmith.ir.op import ShapeError

Affine = tuple[Value | None, Value | None]
"""(scale, offset)"""


def batch_norm(
    b: Builder, x: str, moments: tuple[Value, Value], affine: Affine, epsilon: float
) -> str:
    """Known moments (mean, variance), one each per channel (along axis 1), like scale and offset.

    Where all of them are arrays they become one factor and one summand per channel, computed in
    float64.

    Raises:
        ShapeError: shapes or dtypes do not fit.
    """
    need_float("batch_norm", b, x, *moments, *(v for v in affine if v is not None))
    spread = _channels("batch_norm", b, x)
    mean, variance = moments
    if not any(isinstance(v, str) for v in (*moments, *affine)):
        wide = np.asarray(variance, np.float64) + epsilon
        return _affine(b, x, _folded(spread[0], (mean, wide), affine), spread)
    y = elementwise.binary(b, "sub", x, _spread(b, mean, spread))
    square = elementwise.binary(b, "add", _spread(b, variance, spread), _number(b, epsilon))
    y = elementwise.binary(b, "div", y, elementwise.unary(b, "sqrt", square))
    return _affine(b, y, affine, spread)


def _folded(channels: int, moments: tuple[Value, Value], affine: Affine) -> Affine:
    """(factor, summand) of a batch norm, from arrays of mean, variance + epsilon, scale, offset."""
    given = [*moments, *(d if v is None else v for d, v in zip((1, 0), affine, strict=True))]
    mean, variance, scale, offset = (np.ravel(np.asarray(v, np.float64)) for v in given)
    if any(v.size not in (1, channels) for v in (mean, variance, scale, offset)):
        raise ShapeError("batch_norm", f"expected {channels} values of each parameter")
    factor = scale / np.sqrt(variance)
    return factor.astype(np.float32), (offset - mean * factor).astype(np.float32)


def layer_norm(b: Builder, x: str, affine: Affine, axes: Sequence[int], epsilon: float) -> str:
    """Moments of x along axes; scale and offset are repeated to x's shape as numpy does it.

    Raises:
        ShapeError: shapes or dtypes do not fit.
    """
    need_float("layer_norm", b, x)
    places = movement.axes_in("layer_norm", axes, len(b.type(x).shape))
    return _affine(b, _normalised(b, x, places, epsilon), affine, None)


def rms_norm(b: Builder, x: str, scale: Value | None, axes: Sequence[int], epsilon: float) -> str:
    """x / sqrt(mean of x^2 along axes + epsilon) * scale.

    Raises:
        ShapeError: shapes or dtypes do not fit.
    """
    need_float("rms_norm", b, x)
    places = movement.axes_in("rms_norm", axes, len(b.type(x).shape))
    return _affine(b, _scaled_down(b, x, places, epsilon), (scale, None), None)


def group_norm(b: Builder, x: str, groups: int, affine: Affine, epsilon: float) -> str:
    """Moments of each group of channels (along axis 1) of each element of the batch (axis 0); scale
    and offset per channel.

    Raises:
        ShapeError: shapes or dtypes do not fit.
    """
    need_float("group_norm", b, x)
    shape, spread = b.type(x).shape, _channels("group_norm", b, x)
    if groups < 1 or shape[1] % groups:
        raise ShapeError("group_norm", f"x {shape}, {groups} groups")
    parted = (shape[0], groups, shape[1] // groups, *shape[2:])
    inner = tuple(range(2, len(parted)))
    y = _normalised(b, movement.reshape(b, x, parted), inner, epsilon)
    return _affine(b, movement.reshape(b, y, shape), affine, spread)


def instance_norm(b: Builder, x: str, affine: Affine, epsilon: float) -> str:
    """`group_norm` with each channel as a group.

    Raises:
        ShapeError: shapes or dtypes do not fit.
    """
    return group_norm(b, x, _channels("instance_norm", b, x)[0], affine, epsilon)


def _channels(op: str, b: Builder, x: str) -> tuple[int, ...]:
    """The shape under which one number per channel, along axis 1, fits x."""
    shape = b.type(x).shape
    if len(shape) < 2:
        raise ShapeError(op, f"x {shape}; expected a batch and channels at least")
    return (shape[1], *(1,) * (len(shape) - 2))


def _normalised(b: Builder, x: str, axes: tuple[int, ...], epsilon: float) -> str:
    centred = elementwise.binary(b, "sub", x, reduce(b, "mean", x, axes, True))
    return _scaled_down(b, centred, axes, epsilon)


def _scaled_down(b: Builder, x: str, axes: tuple[int, ...], epsilon: float) -> str:
    """x / sqrt(mean of x^2 + epsilon)."""
    power = reduce(b, "mean", elementwise.binary(b, "mul", x, x), axes, True)
    root = elementwise.unary(b, "sqrt", elementwise.binary(b, "add", power, _number(b, epsilon)))
    return elementwise.binary(b, "div", x, root)


def _affine(
    b: Builder, x: str, affine: tuple[Value | None, ...], shape: tuple[int, ...] | None
) -> str:
    """x * scale + offset, both under ``shape`` (their own if None)."""
    scale, offset = affine
    if scale is not None:
        x = elementwise.binary(b, "mul", x, _spread(b, scale, shape))
    if offset is not None:
        x = elementwise.binary(b, "add", x, _spread(b, offset, shape))
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
