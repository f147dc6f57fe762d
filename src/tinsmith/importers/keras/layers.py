"""Layers of Keras without windows or memory: products, shapes, normalisation, merging."""

from collections.abc import Callable
from math import prod
from string import ascii_letters

import numpy as np

from tinsmith.compose import elementwise, movement, reduction
from tinsmith.compose.layers import dense as product
from tinsmith.compose.layers import matmul
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.keras.activations import activate
from tinsmith.importers.keras.norms import axes_of, unit
from tinsmith.importers.keras.translate import Use


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
    slope, low = (float(config.get(k) or 0.0) for k in ("negative_slope", "threshold"))
    top = config.get("max_value")
    if low:
        y = _beyond(use, x, slope, low)
        return y if top is None else _at_most(use, y, float(top))
    if slope:
        x = elementwise.leaky_relu(b, x, slope)
        return x if top is None else _at_most(use, x, float(top))
    if top is None:
        return b.op("relu", x, name=use.name)
    return elementwise.clip(b, x, 0.0, float(top))


def _beyond(use: Use, x: str, slope: float, low: float) -> str:
    """x from the threshold on, slope * (x - threshold) below."""
    b, limit = use.b, elementwise.scalar(use.b, x, low)
    if slope:
        below = elementwise.binary(b, "sub", x, limit)
        below = elementwise.binary(b, "mul", below, elementwise.scalar(b, x, slope))
    else:
        below = elementwise.scalar(b, x, 0.0)
    return elementwise.where(b, elementwise.compare(b, "greater_equal", x, limit), x, below)


def _at_most(use: Use, x: str, top: float) -> str:
    return elementwise.binary(use.b, "min", x, elementwise.scalar(use.b, x, top))


def thresholded_relu(use: Use) -> str:
    """x above theta, else 0 (Keras 2)."""
    b, x = use.b, use.x
    limit = elementwise.scalar(b, x, float(use.config.get("theta", 1.0)))
    above = elementwise.compare(b, "greater", x, limit)
    return elementwise.where(b, above, x, elementwise.scalar(b, x, 0.0))


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
    """Along the axes of ``axis``, the last by default; several together are one row."""
    b, x = use.b, use.x
    shape = use.type(x).shape
    axes = axes_of(use, x, use.config.get("axis", -1))
    if len(axes) == 1:
        return reduction.softmax(b, x, axes[0])
    order = [*(i for i in range(len(shape)) if i not in axes), *axes]
    moved = movement.transpose(b, x, order)
    kept = prod(d for i, d in enumerate(shape) if i not in axes)
    y = reduction.softmax(b, movement.reshape(b, moved, (kept, -1)), -1)
    y = movement.reshape(b, y, [shape[i] for i in order])
    return movement.transpose(b, y, [order.index(i) for i in range(len(shape))])


def dot(use: Use) -> str:
    """Products of both operands summed along one axis of each; unit length before if normalize."""
    b, (x, y) = use.b, use.operands
    axes = use.config.get("axes", -1)
    pair = [(v, axes_of(use, v, a)[0]) for v, a in zip(
        (x, y), axes if isinstance(axes, list) else (axes, axes), strict=True
    )]  # fmt: skip
    if any(axis == 0 for _, axis in pair):
        raise Unsupported("the batch is an axis")
    if use.config.get("normalize"):
        pair = [(unit(use, v, (axis,)), axis) for v, axis in pair]
    rows, rest = [], []
    for value, axis in pair:
        shape = use.type(value).shape
        others = [i for i in range(1, len(shape)) if i != axis]
        moved = movement.transpose(b, value, (0, *others, axis))
        rest += [shape[i] for i in others]
        rows.append(movement.reshape(b, moved, (shape[0], -1, shape[axis])))
    product = matmul(b, rows[0], movement.transpose(b, rows[1], (0, 2, 1)))
    return movement.reshape(b, product, (use.type(x).shape[0], *(rest or [1])))


def einsum_dense(use: Use) -> str:
    """A product with a kernel along axes that the result lacks, as an einsum equation says."""
    b, x, config = use.b, use.x, use.config
    biased = config.get("bias_axes") is not None
    w = use.weights("kernel", "bias") if biased else use.weights("kernel")
    kernel = w["kernel"]
    given, held, wanted = _labels(config["equation"], len(use.type(x).shape), kernel.ndim)
    summed = [c for c in given if c in held and c not in wanted]
    kept = [c for c in given if c not in held]
    new = [c for c in held if c not in given]
    if not summed or sorted(wanted) != sorted(kept + new) or len(given) + len(held) != len(
        set(given)) + len(set(held)) or len(summed) + len(kept) != len(given):  # fmt: skip
        raise Unsupported(f"equation is {config['equation']!r}")
    lengths = dict(zip(given + held, (*use.type(x).shape, *kernel.shape), strict=True))
    moved = movement.transpose(b, x, [given.index(c) for c in kept + summed])
    rows = movement.reshape(b, moved, (-1, prod(lengths[c] for c in summed)))
    matrix = kernel.transpose([held.index(c) for c in new + summed])
    y = product(b, rows, matrix.reshape(-1, prod(lengths[c] for c in summed)))
    y = movement.reshape(b, y, [lengths[c] for c in kept + new])
    y = movement.transpose(b, y, [(kept + new).index(c) for c in wanted])
    if biased:
        y = elementwise.binary(b, "add", y, use.constant("bias", w["bias"]))
    return activate(use, y, config.get("activation"))


def _labels(equation: str, rank: int, held: int) -> tuple[str, str, str]:
    """Letters of the axes of x, kernel and result; what "..." stands for gets letters too."""
    given, _, wanted = equation.replace(" ", "").partition("->")
    first, _, second = given.partition(",")
    free = "".join(c for c in ascii_letters if c not in equation)
    dots = free[: rank - len(first.replace("...", ""))]
    found = (first.replace("...", dots), second, wanted.replace("...", dots))
    if len(found[0]) != rank or len(second) != held or "." in "".join(found):
        raise Unsupported(f"equation is {equation!r}")
    return found


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


MASKED = frozenset({
    "LSTM", "GRU", "SimpleRNN", "Bidirectional", "TimeDistributed", "GlobalAveragePooling1D",
    "MultiHeadAttention", "GroupQueryAttention", "GroupedQueryAttention", "Attention",
    "AdditiveAttention", "Softmax",
})  # fmt: skip
"""Layers that compute otherwise where a mask reaches them."""


def embedding(use: Use) -> str:
    """Rows of a table by whole numbers; indices outside are the first or last row."""
    if use.config.get("mask_zero") and (users := sorted(MASKED & use.t.kinds)):
        raise Unsupported(f"mask_zero is true and the model has layers that heed it: {users}")
    table = use.constant("embeddings", use.weights("embeddings")["embeddings"])
    indices = use.x
    if use.type(indices).dtype not in ("int32", "int64"):
        indices = elementwise.cast(use.b, indices, "int32")
    return movement.gather(use.b, table, indices, 0)
