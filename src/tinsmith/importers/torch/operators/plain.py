"""What aten operations become where their operands are float32 and of plain shapes: one node each.

The other files of this folder take every shape and type through `compose`; these rules are tried
first, and raise Unsupported where they cannot.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinsmith.importers._frame import Unsupported
from tinsmith.importers.torch.translation import (
    EVERY,
    NUMBERS,
    Rule,
    Translation,
    Typed,
    Value,
    unrepeated,
    whole,
)


def _dense(t: Translation, x: str, w: np.ndarray, bias: Value, names: tuple[str, str]) -> str:
    """y = x w^T + bias over the last axis of x, of any rank."""
    if not isinstance(bias, np.ndarray):
        raise Unsupported("its bias is no constant")
    shape = t.shape(x)
    bias = np.broadcast_to(bias.reshape(-1), (w.shape[0],))
    operands = t.value(w, names[0]), t.value(bias, names[1])
    rows = t.reshape(x, (int(np.prod(shape[:-1])), shape[-1]))
    return t.reshape(t.op("dense", rows, *operands), (*shape[:-1], w.shape[0]))


def _linear(t: Translation, node: Any) -> Value:
    x, w = t.activation(node.args[0]), t.read(node.args[1])
    bias = node.args[2] if len(node.args) > 2 else None
    if not isinstance(w, np.ndarray):
        raise Unsupported("its weight is no constant")
    b = np.zeros(w.shape[0], np.float32) if bias is None else t.read(bias)
    return _dense(t, x, w, b, (t.name(node.args[1], "weight"), t.name(bias, "bias")))


def _addmm(t: Translation, node: Any) -> Value:
    bias, x, w = node.args
    if node.kwargs.get("beta", 1) != 1 or node.kwargs.get("alpha", 1) != 1:
        raise Unsupported("beta and alpha other than 1")
    weight = t.read(w)
    if not isinstance(weight, np.ndarray):
        raise Unsupported("its second matrix is no constant")
    names = t.name(w, "weight"), t.name(bias, "bias")
    return _dense(t, t.activation(x), weight.T, t.read(bias), names)


def _mm(t: Translation, node: Any) -> Value:
    x, w = node.args
    weight = t.read(w)
    if not isinstance(weight, np.ndarray) or weight.ndim != 2:
        raise Unsupported("its second operand is no constant matrix")
    bias, name = _following_bias(t, node, weight.shape[1])
    return _dense(t, t.activation(x), weight.T, bias, (t.name(w, "weight"), name))


def _following_bias(t: Translation, node: Any, channels: int) -> tuple[np.ndarray, str]:
    """The constant vector that the only user of a product adds; that addition is then done."""
    users = list(node.users)
    if len(users) == 1 and str(users[0].target) == "aten.add.Tensor" and not users[0].kwargs:
        others = [a for a in users[0].args if a is not node]
        found = t.known.get(others[0]) if len(others) == 1 else None
        if isinstance(found, np.ndarray) and found.shape == (channels,):
            t.folded.add(users[0])
            return found, t.name(others[0], "bias")
    return np.zeros(channels, np.float32), t.name(None, "bias")


def _binary(op: str, formula: Callable[[Any, Any], Any], reverse: bool = False) -> Rule:
    commutes = op in ("add", "mul")

    def rule(t: Translation, node: Any) -> Value:
        if node.kwargs.get("alpha", 1) != 1 or len(node.args) > 2:
            raise Unsupported("alpha other than 1")
        if node in t.folded:
            return t.read(next(a for a in node.args if not isinstance(t.read(a), np.ndarray)))
        first, second = node.args[1::-1] if reverse else node.args[:2]
        x, y = t.read(first), t.read(second)
        if isinstance(x, np.ndarray) and isinstance(y, np.ndarray):
            return np.asarray(formula(x, y), np.float32)
        if commutes and (isinstance(x, np.ndarray) or len(t.shape(x)) < len(t.shape(y))):
            first, second, x, y = second, first, y, x
        shape = np.broadcast_shapes(t.shape(x), t.shape(y))
        if t.shape(x) != shape:
            raise Unsupported(f"{t.shape(x)} would be repeated to {shape}")
        left = t.value(x, t.name(first, "constant"))
        return t.op(op, left, _second(t, second, y, shape))

    return rule


def _second(t: Translation, argument: Any, y: Value, shape: tuple[int, ...]) -> str:
    """The second operand: of the result's shape, its last dimensions, or one element."""
    y = unrepeated(y) if isinstance(y, np.ndarray) else y
    short = t.shape(y)
    while short and short[0] == 1 and len(short) > 1:
        short = short[1:]
    if short not in ((), (1,)) and shape[len(shape) - len(short) :] != short:
        raise Unsupported(f"{t.shape(y)} would be repeated to {shape}")
    if isinstance(y, np.ndarray):
        return t.value(y.reshape(short or 1), t.name(argument, "constant"))
    return t.reshape(y, short)


def _unary(op: str) -> Rule:
    return lambda t, node: t.op(op, t.activation(node.args[0]))


def _softmax(t: Translation, node: Any) -> Value:
    x, axis = t.activation(node.args[0]), node.args[1]
    if axis not in (-1, len(t.shape(x)) - 1):
        raise Unsupported(f"axis {axis} of {t.shape(x)}; only the last")
    return t.op("softmax", x)


def _reshape(t: Translation, node: Any) -> Value:
    x, shape = t.read(node.args[0]), tuple(node.meta["val"].shape)
    return x.reshape(shape) if isinstance(x, np.ndarray) else t.reshape(x, shape)


def _same(t: Translation, node: Any) -> Value:
    return t.read(node.args[0])


def _permute(order: Callable[[Any, int], Sequence[int]]) -> Rule:
    def rule(t: Translation, node: Any) -> Value:
        x = t.read(node.args[0])
        rank = len(t.shape(x))
        axes = [a % rank for a in order(node, rank)]
        if isinstance(x, np.ndarray):
            return np.ascontiguousarray(x.transpose(axes))
        shape = t.shape(x)
        moved = [a for a in axes if shape[a] > 1]
        result = tuple(shape[a] for a in axes)
        if moved == sorted(moved):
            return t.reshape(x, result)
        if len(moved) != 2:
            raise Unsupported(f"permutation {tuple(axes)} of {shape}; only two axes may move")
        matrix = t.reshape(x, (shape[moved[1]], shape[moved[0]]))
        return t.reshape(t.op("transpose", matrix), result)

    return rule


def _swap(node: Any, rank: int) -> Sequence[int]:
    a, b = (i % rank for i in node.args[1:3])
    axes = list(range(rank))
    axes[a], axes[b] = b, a
    return axes


def _cat(t: Translation, node: Any) -> Value:
    axis = node.args[1] if len(node.args) > 1 else 0
    joined, *rest = [whole(t, a) for a in node.args[0]]
    for part in rest:
        joined = t.op("concat", joined, part, axis=axis % len(t.shape(joined)))
    return joined


def _reduce(op: str) -> Rule:
    def rule(t: Translation, node: Any) -> Value:
        x = t.activation(node.args[0])
        rank = len(t.shape(x))
        axes = node.args[1] if len(node.args) > 1 and node.args[1] is not None else []
        for axis in sorted((a % rank for a in axes or range(rank)), reverse=True):
            x = t.op(op, x, axis=axis)
        return t.reshape(x, tuple(node.meta["val"].shape))

    return rule


def _slice(t: Translation, node: Any) -> Value:
    given = list(node.args[1:])
    axis, start, end, step = given + [0, None, None, 1][len(given) :]
    if step != 1:
        raise Unsupported(f"step {step}; only 1")
    x = t.read(node.args[0])
    length = t.shape(x)[axis]
    first, last, _ = slice(start, end).indices(length)
    if isinstance(x, np.ndarray):
        return x.take(range(first, last), axis)
    if (first, last) == (0, length):
        return x
    return t.op("slice", x, axis=axis % len(t.shape(x)), start=first, size=last - first)


def _select(t: Translation, node: Any) -> Value:
    x, axis, index = t.read(node.args[0]), node.args[1], node.args[2]
    if isinstance(x, np.ndarray):
        return np.asarray(x.take(index, axis))
    shape = t.shape(x)
    cut = t.op("slice", x, axis=axis % len(shape), start=index % shape[axis], size=1)
    return t.reshape(cut, tuple(node.meta["val"].shape))


def _batch_norm(t: Translation, node: Any) -> Value:
    """y = x * g + h with g = weight / sqrt(var + eps), h = bias - mean * g, folded in float64."""
    x = t.activation(node.args[0])
    weight, bias, mean, variance = (None if a is None else t.read(a) for a in node.args[1:5])
    if len(t.shape(x)) != 2 or not isinstance(mean, np.ndarray):
        raise Unsupported(f"input {t.shape(x)}; only [1, features] with running statistics")
    deviation = np.sqrt(np.asarray(variance, np.float64) + node.args[7])
    gain = (1.0 if weight is None else np.asarray(weight, np.float64)) / deviation
    shift = (0.0 if bias is None else np.asarray(bias, np.float64)) - mean * gain
    scaled = t.op("mul", x, t.value(np.asarray(gain, np.float32), t.name(None, "gain")))
    return t.op("add", scaled, t.value(np.asarray(shift, np.float32), t.name(None, "shift")))


_MOVES: dict[str, Rule] = {
    "aten.cat.default": _cat,
    "aten.slice.Tensor": _slice,
    "aten.select.int": _select,
    "aten.permute.default": _permute(lambda node, rank: node.args[1]),
    "aten.transpose.int": _permute(_swap),
    "aten.t.default": _permute(lambda node, rank: range(rank)[::-1]),
    "aten.numpy_T.default": _permute(lambda node, rank: range(rank)[::-1]),
    **{f"aten.{name}": _reshape for name in (
        "view.default", "_unsafe_view.default", "reshape.default", "flatten.using_ints",
        "unflatten.int", "squeeze.dim", "squeeze.default", "squeeze.dims", "unsqueeze.default",
        "view_as.default", "reshape_as.default", "ravel.default",
    )},
    **{f"aten.{name}.default": _same for name in (
        "clone", "contiguous", "detach", "alias", "lift_fresh_copy", "dropout",
        "_assert_tensor_metadata",
    )},
}  # fmt: skip

TABLE: dict[str, Rule] = {
    "aten.linear.default": _linear,
    "aten.addmm.default": _addmm,
    "aten.mm.default": _mm,
    "aten.matmul.default": _mm,
    "aten.add.Tensor": _binary("add", np.add),
    "aten.sub.Tensor": _binary("sub", np.subtract),
    "aten.rsub.Scalar": _binary("sub", np.subtract, reverse=True),
    "aten.mul.Tensor": _binary("mul", np.multiply),
    "aten.div.Tensor": _binary("div", np.divide),
    "aten.relu.default": _unary("relu"),
    "aten.sqrt.default": _unary("sqrt"),
    "aten.log.default": _unary("log"),
    "aten.softmax.int": _softmax,
    "aten._softmax.default": _softmax,
    "aten.mean.dim": _reduce("reduce_mean"),
    "aten.mean.default": _reduce("reduce_mean"),
    "aten.amax.default": _reduce("reduce_max"),
    "aten.amin.default": _reduce("reduce_min"),
    "aten.batch_norm.default": _batch_norm,
    "aten.positive.default": Typed(_same, NUMBERS),
    **{name: Typed(rule, EVERY) for name, rule in _MOVES.items()},
}
"""Torch's name of an operation -> its translation. Dropout is the identity in evaluation mode."""
