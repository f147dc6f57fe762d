"""Normalising layers of Keras."""

from typing import Any

import numpy as np

from tinsmith.compose import elementwise, movement, norms, reduction
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.keras.translate import Use


def batch_normalization(use: Use) -> str:
    """y = x * g + h with g = gamma / sqrt(variance + epsilon), h = beta - mean * g, in float64."""
    config, x = use.config, use.x
    w = use.weights(*_affine_names(use), "moving_mean", "moving_variance")
    mean, variance = (w[k].astype(np.float64) for k in ("moving_mean", "moving_variance"))
    gain = w.get("gamma", np.float64(1)) / np.sqrt(variance + float(config.get("epsilon", 1e-3)))
    shift = w.get("beta", np.float64(0)) - mean * gain
    axis = config.get("axis", -1)
    return _affine(use, x, (gain, shift), axis[0] if isinstance(axis, list) else axis)


def _affine_names(use: Use) -> list[str]:
    """Roles of the factor and the summand of a layer, as far as it has them."""
    given = (("gamma", "scale"), ("beta", "center"))
    return [name for name, key in given if use.config.get(key, True)]


def _affine(use: Use, x: str, factors: tuple[np.ndarray, np.ndarray], axis: int) -> str:
    rank = len(use.type(x).shape)
    shape = [1] * rank
    shape[axis] = -1
    gain, shift = (f.astype(np.float32).reshape(shape) for f in factors)
    scaled = elementwise.binary(use.b, "mul", x, use.constant("gain", gain))
    return elementwise.binary(use.b, "add", scaled, use.constant("shift", shift))


def layer_normalization(use: Use) -> str:
    """Over the axes of ``axis``."""
    config, x = use.config, use.x
    if config.get("rms_scaling"):
        raise Unsupported("rms_scaling is true")
    axes = axes_of(use, x, config.get("axis", -1))
    w = {k: _along(use, x, v, axes) for k, v in use.weights(*_affine_names(use)).items()}
    affine = tuple(use.constant(k, w[k]) if k in w else None for k in ("gamma", "beta"))
    epsilon = float(config.get("epsilon", 1e-3))
    return norms.layer_norm(use.b, x, (affine[0], affine[1]), axes, epsilon)


def axes_of(use: Use, x: str, axis: Any) -> tuple[int, ...]:
    """A setting ``axis``, one or several, as axes of x in order."""
    listed = axis if isinstance(axis, list) else [axis]
    return tuple(sorted(movement.axes_in("axis", listed, len(use.type(x).shape))))


def _along(use: Use, x: str, array: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """An array of these axes of x under a shape that fits x."""
    shape = use.type(x).shape
    return array.reshape([d if i in axes else 1 for i, d in enumerate(shape)])


def rms_normalization(use: Use) -> str:
    """x / sqrt(mean of x^2 + epsilon) * scale over the axes of ``axis``."""
    config, x = use.config, use.x
    axes = axes_of(use, x, config.get("axis", -1))
    scale = use.constant("scale", _along(use, x, use.weights("scale")["scale"], axes))
    return norms.rms_norm(use.b, x, scale, axes, float(config.get("epsilon", 1e-6)))


def group_normalization(use: Use) -> str:
    """Groups of channels; one each where ``groups`` is -1."""
    config, b, x = use.config, use.b, use.x
    rank = len(use.type(x).shape)
    (axis,) = axes_of(use, x, config.get("axis", -1))
    channels, groups = use.type(x).shape[axis], int(config.get("groups", 32))
    w = use.weights(*_affine_names(use))
    order = [0, axis, *(i for i in range(1, rank) if i != axis)]
    y = norms.group_norm(
        b, movement.transpose(b, x, order), channels if groups == -1 else groups,
        (w.get("gamma"), w.get("beta")), float(config.get("epsilon", 1e-3)),
    )  # fmt: skip
    return movement.transpose(b, y, [order.index(i) for i in range(rank)])


def unit_normalization(use: Use) -> str:
    """x over its length along the axes of ``axis``."""
    return unit(use, use.x, axes_of(use, use.x, use.config.get("axis", -1)))


def unit(use: Use, x: str, axes: tuple[int, ...]) -> str:
    """x / max(sqrt(sum of x^2 along axes), 1e-12)."""
    size = reduction.reduce(use.b, "l2", x, axes, True)
    least = elementwise.scalar(use.b, size, 1e-12)
    return elementwise.binary(use.b, "div", x, elementwise.binary(use.b, "max", size, least))


def normalization(use: Use) -> str:
    """(x - mean) / max(sqrt(variance), epsilon); mean and variance of the configuration or of
    adapt()."""
    config = use.config
    if config.get("invert"):
        raise Unsupported("invert is true")
    if config.get("input_mean", config.get("mean")) is not None:
        mean = np.asarray(config.get("input_mean", config.get("mean")), np.float32)
        variance = np.asarray(config.get("input_variance", config.get("variance")), np.float32)
    else:
        w = use.weights("mean", "variance", "count")
        mean, variance = w["mean"], w["variance"]
    deviation = np.maximum(np.sqrt(variance.astype(np.float64)), 1e-7)
    factors = (np.atleast_1d(1 / deviation), np.atleast_1d(-mean / deviation))
    return _affine(use, use.x, factors, -1)


def rescaling(use: Use) -> str:
    """x * scale + offset."""
    scale, offset = (np.atleast_1d(np.float64(use.config[k])) for k in ("scale", "offset"))
    return _affine(use, use.x, (scale, offset), -1)
