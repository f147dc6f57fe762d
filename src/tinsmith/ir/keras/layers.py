"""Layers of Keras without windows or memory: products, shapes, normalisation, merging."""

from collections.abc import Callable
from math import prod

import numpy as np

from tinsmith.ir.compose import elementwise, movement, norms, reduction
from tinsmith.ir.keras.activations import activate
from tinsmith.ir.keras.translate import Unsupported, Use


def dense(use: Use) -> str:
    """y = activation(x kernel + bias) over the last axis."""
    x, config = use.x, use.config
    kernel, bias = kernel_and_bias(use)
    shape = use.type(x).shape
    if kernel.ndim != 2 or shape[-1] != kernel.shape[0]:
        raise Unsupported(f"kernel {kernel.shape} for {use.type(x)}")
    rows = movement.reshape(use.b, x, (prod(shape[:-1]), shape[-1]))
    operands = use.constant("kernel", kernel.T), use.constant("bias", bias)
    y = use.b.op("dense", rows, *operands, name=use.name)
    y = movement.reshape(use.b, y, (*shape[:-1], kernel.shape[1]))
    return activate(use, y, config.get("activation"))


def kernel_and_bias(use: Use, role: str = "kernel") -> tuple[np.ndarray, np.ndarray]:
    """Weights of a layer with kernel and perhaps bias (zeros where it has none)."""
    biased = use.config.get("use_bias", True)
    found = use.weights(role, "bias") if biased else use.weights(role)
    kernel = found[role]
    return kernel, found["bias"] if biased else np.zeros(kernel.shape[-1], np.float32)


def same(use: Use) -> str:
    """Layers that do nothing at inference: dropout, noise, regularisation."""
    return use.x


def flatten(use: Use) -> str:
    """All but the batch in one axis, row-major."""
    use.require("data_format", "channels_last", None)
    x = use.type(use.x)
    return movement.reshape(use.b, use.x, (x.shape[0], x.elements // x.shape[0]))


def reshape(use: Use) -> str:
    """Attribute target_shape without the batch; one dimension may be -1."""
    x = use.type(use.x)
    wanted = [int(d) for d in use.config["target_shape"]]
    if -1 in wanted:
        known = prod(d for d in wanted if d != -1)
        wanted[wanted.index(-1)] = x.elements // x.shape[0] // known
    return movement.reshape(use.b, use.x, (x.shape[0], *wanted))


def permute(use: Use) -> str:
    """Attribute dims counts from 1; the batch stays."""
    return movement.transpose(use.b, use.x, (0, *(int(d) for d in use.config["dims"])))


def repeat_vector(use: Use) -> str:
    """[1, features] -> [1, n, features]."""
    batch, features = use.type(use.x).shape
    one = movement.reshape(use.b, use.x, (batch, 1, features))
    return movement.expand(use.b, one, (batch, int(use.config["n"]), features))


def activation(use: Use) -> str:
    """An activation by name."""
    return activate(use, use.x, use.config["activation"])


def relu(use: Use) -> str:
    """f(x) = max_value above it, x above threshold, negative_slope * (x - threshold) below."""
    config, b, x = use.config, use.b, use.x
    slope = float(config.get("negative_slope") or 0.0)
    if float(config.get("threshold") or 0.0) != 0.0:
        raise Unsupported(f"threshold is {config['threshold']}")
    top = config.get("max_value")
    if slope:
        x = elementwise.leaky_relu(b, x, slope)
        return x if top is None else _at_most(use, x, float(top))
    if top is None:
        return b.op("relu", x, name=use.name)
    return elementwise.clip(b, x, 0.0, float(top))


def _at_most(use: Use, x: str, top: float) -> str:
    return elementwise.binary(use.b, "min", x, elementwise.scalar(use.b, x, top))


def leaky_relu(use: Use) -> str:
    """Slope: negative_slope (Keras 3) or alpha (Keras 2)."""
    slope = use.config.get("negative_slope", use.config.get("alpha", 0.3))
    return elementwise.leaky_relu(use.b, use.x, float(slope))


def prelu(use: Use) -> str:
    """max(x, 0) + alpha * min(x, 0), alpha per element or shared along axes."""
    b, x = use.b, use.x
    alpha = use.constant("alpha", use.weights("alpha")["alpha"][None])
    zero = elementwise.scalar(b, x, 0.0)
    below = elementwise.binary(b, "mul", elementwise.binary(b, "min", x, zero), alpha)
    return elementwise.binary(b, "add", b.op("relu", x, name=use.name), below)


def elu(use: Use) -> str:
    """Attribute alpha."""
    return elementwise.elu(use.b, use.x, float(use.config.get("alpha", 1.0)))


def softmax(use: Use) -> str:
    """Attribute axis, the last by default; several axes at once are refused."""
    axis = use.config.get("axis", -1)
    axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
    if not isinstance(axis, int):
        raise Unsupported(f"axis is {axis!r}")
    return reduction.softmax(use.b, use.x, axis)


def batch_normalization(use: Use) -> str:
    """y = x * g + h with g = gamma / sqrt(variance + epsilon), h = beta - mean * g, in float64."""
    config, x = use.config, use.x
    names = [n for n, k in (("gamma", "scale"), ("beta", "center")) if config.get(k, True)]
    w = use.weights(*names, "moving_mean", "moving_variance")
    mean, variance = (w[k].astype(np.float64) for k in ("moving_mean", "moving_variance"))
    gain = w.get("gamma", np.float64(1)) / np.sqrt(variance + float(config.get("epsilon", 1e-3)))
    shift = w.get("beta", np.float64(0)) - mean * gain
    axis = config.get("axis", -1)
    return _affine(use, x, (gain, shift), axis[0] if isinstance(axis, list) else axis)


def _affine(use: Use, x: str, factors: tuple[np.ndarray, np.ndarray], axis: int) -> str:
    rank = len(use.type(x).shape)
    shape = [1] * rank
    shape[axis] = -1
    gain, shift = (f.astype(np.float32).reshape(shape) for f in factors)
    scaled = elementwise.binary(use.b, "mul", x, use.constant("gain", gain))
    return elementwise.binary(use.b, "add", scaled, use.constant("shift", shift))


def layer_normalization(use: Use) -> str:
    """Over the last axis."""
    config, x = use.config, use.x
    axis = config.get("axis", -1)
    axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
    if axis not in (-1, len(use.type(x).shape) - 1) or config.get("rms_scaling"):
        raise Unsupported(f"axis is {axis!r}, rms_scaling {config.get('rms_scaling')}")
    names = [n for n, k in (("gamma", "scale"), ("beta", "center")) if config.get(k, True)]
    w = use.weights(*names)
    n = use.type(x).shape[-1]
    gain = use.constant("gamma", w.get("gamma", np.ones(n, np.float32)))
    shift = use.constant("beta", w.get("beta", np.zeros(n, np.float32)))
    epsilon = float(config.get("epsilon", 1e-3))
    return norms.layer_norm(use.b, x, (gain, shift), (-1,), epsilon)


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


def merge(op: str) -> Callable[[Use], str]:
    """Layers that join any number of operands, one after the other, with broadcasting."""

    def rule(use: Use) -> str:
        total, *rest = use.operands
        for operand in rest:
            total = elementwise.binary(use.b, op, total, operand)
        return total

    return rule


def average(use: Use) -> str:
    """Sum of the operands over their number."""
    total = merge("add")(use)
    number = elementwise.scalar(use.b, total, float(len(use.operands)))
    return elementwise.binary(use.b, "div", total, number)


def concatenate(use: Use) -> str:
    """Attribute axis."""
    return movement.concat(use.b, use.operands, int(use.config.get("axis", -1)))


def embedding(use: Use) -> str:
    """Rows of a table by whole numbers; indices outside are the first or last row."""
    use.require("mask_zero", False)
    table = use.constant("embeddings", use.weights("embeddings")["embeddings"])
    indices = use.x
    if use.type(indices).dtype not in ("int32", "int64"):
        indices = elementwise.cast(use.b, indices, "int32")
    return movement.gather(use.b, table, indices, 0)
