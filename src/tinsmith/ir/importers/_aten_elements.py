"""What aten operations become through `ir/compose`: element by element, reducing, products."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tinsmith.ir.compose import elementwise, movement, reduction
from tinsmith.ir.compose.layers import matmul
from tinsmith.ir.importers._aten import Rule, Translation, Unsupported, Value


def arguments(node: Any) -> dict[str, Any]:
    """Arguments of a node by their names in the operation's schema, defaults filled in."""
    schema = node.target._schema.arguments
    given = {a.name: a.default_value for a in schema if a.has_default_value()}
    given |= dict(zip((a.name for a in schema), node.args, strict=False))
    return given | dict(node.kwargs)


def result_shape(node: Any) -> tuple[int, ...]:
    """Shape that torch.export found."""
    return tuple(int(d) for d in node.meta["val"].shape)


def operand(t: Translation, argument: Any, like: str = "") -> str:
    """An argument as a value; a number becomes a constant of the type of ``like``."""
    if isinstance(argument, bool | int | float):
        if not like:
            return t.builder.constant("value", np.asarray(argument, np.float32))
        return elementwise.scalar(t.builder, like, argument)
    return t.activation(argument)


def pair(t: Translation, first: Any, second: Any) -> tuple[str, str]:
    """Two operands of one type: the wider of both."""
    numbers = bool | int | float
    if isinstance(first, numbers):
        y = operand(t, second)
        x = operand(t, first, _wide(t, y, first))
        return x, _as(t, y, x)
    x = operand(t, first)
    if isinstance(second, numbers):
        x = _wide(t, x, second)
        return x, operand(t, second, x)
    y = operand(t, second)
    return _as(t, x, y), _as(t, y, x)


_ORDER = ("bool", "uint8", "int8", "int16", "int32", "int64", "float32")


def _wide(t: Translation, x: str, number: float) -> str:
    """x as float32 where the number is no whole one."""
    whole = isinstance(number, int) or t.builder.type(x).dtype == "float32"
    return x if whole else elementwise.cast(t.builder, x, "float32")


def _as(t: Translation, x: str, y: str) -> str:
    have, want = t.builder.type(x).dtype, t.builder.type(y).dtype
    wider = _ORDER.index(want) > _ORDER.index(have)
    return elementwise.cast(t.builder, x, want) if wider else x


def unary(op: str) -> Rule:
    """A function of one value."""
    return lambda t, node: elementwise.unary(t.builder, op, t.activation(node.args[0]))


def binary(op: str) -> Rule:
    """Arithmetic of two values, with broadcasting; aten's alpha scales the second."""

    def rule(t: Translation, node: Any) -> Value:
        given = arguments(node)
        names = [a.name for a in node.target._schema.arguments]
        x, y = pair(t, given[names[0]], given[names[1]])
        if given.get("alpha", 1) != 1:
            y = elementwise.binary(t.builder, "mul", y, operand(t, given["alpha"], y))
        if op == "div" and given.get("rounding_mode") is not None:
            return _rounded_division(t, x, y, given["rounding_mode"])
        if op == "div" and t.builder.type(x).dtype != "float32":
            x, y = (elementwise.cast(t.builder, v, "float32") for v in (x, y))
        return elementwise.binary(t.builder, op, x, y)

    return rule


def _rounded_division(t: Translation, x: str, y: str, mode: str) -> str:
    if mode == "floor":
        return elementwise.binary(t.builder, "floordiv", x, y)
    quotient = elementwise.binary(t.builder, "div", x, y)
    return elementwise.unary(t.builder, "trunc", quotient)


def compare(op: str) -> Rule:
    """A comparison of two values."""
    return lambda t, node: elementwise.compare(t.builder, op, *pair(t, *node.args[:2]))


def logical(op: str) -> Rule:
    """Of two truth values."""
    return lambda t, node: elementwise.logical(
        t.builder, op, t.activation(node.args[0]), t.activation(node.args[1])
    )


def truth(op: str) -> Rule:
    """Of two truth values; bits of whole numbers are refused."""

    def rule(t: Translation, node: Any) -> Value:
        if any(t.builder.type(t.activation(a)).dtype != "bool" for a in node.args):
            raise Unsupported("bits of whole numbers")
        return logical(op)(t, node)

    return rule


def where(t: Translation, node: Any) -> Value:
    """where(condition, x, y)."""
    condition, first, second = node.args
    x, y = pair(t, first, second)
    return elementwise.where(t.builder, t.activation(condition), x, y)


def clamp(t: Translation, node: Any) -> Value:
    """Numbers as bounds; hardtanh has the same arguments."""
    given = arguments(node)
    low, high = (given.get(k, given.get(f"{k}_val")) for k in ("min", "max"))
    if any(not (v is None or isinstance(v, int | float)) for v in (low, high)):
        raise Unsupported("bounds that are tensors")
    return elementwise.clip(t.builder, t.activation(node.args[0]), low, high)


def with_number(call: Callable[..., str], name: str, default: float) -> Rule:
    """A function with one number as argument."""

    def rule(t: Translation, node: Any) -> Value:
        number = float(arguments(node).get(name, default))
        return call(t.builder, t.activation(node.args[0]), number)

    return rule


def elu(t: Translation, node: Any) -> Value:
    """alpha; scale and input_scale of selu and celu are 1 here."""
    given = arguments(node)
    if given.get("scale", 1) != 1 or given.get("input_scale", 1) != 1:
        raise Unsupported("scale other than 1")
    return elementwise.elu(t.builder, t.activation(node.args[0]), float(given["alpha"]))


def gelu(t: Translation, node: Any) -> Value:
    """Exact, or by tanh."""
    exact = arguments(node).get("approximate", "none") == "none"
    return elementwise.unary(
        t.builder, "gelu" if exact else "gelu_tanh", t.activation(node.args[0])
    )


def softplus(t: Translation, node: Any) -> Value:
    """beta 1 only; above the threshold torch takes x itself, which is the same within rounding."""
    if arguments(node).get("beta", 1) != 1:
        raise Unsupported("beta other than 1")
    return elementwise.unary(t.builder, "softplus", t.activation(node.args[0]))


def prelu(t: Translation, node: Any) -> Value:
    """max(x, 0) + weight * min(x, 0), one weight or one per channel (axis 1)."""
    b, x, weight = t.builder, t.activation(node.args[0]), t.read(node.args[1])
    if not isinstance(weight, np.ndarray):
        raise Unsupported("its weight is no constant")
    rank = len(t.shape(x))
    slope = weight.reshape(weight.size, *(1,) * max(0, rank - 2)) if weight.size > 1 else weight
    zero = elementwise.scalar(b, x, 0.0)
    below = elementwise.binary(
        b, "mul", elementwise.binary(b, "min", x, zero), t.value(slope, "slope")
    )
    return elementwise.binary(b, "add", elementwise.binary(b, "max", x, zero), below)


def cast(t: Translation, node: Any) -> Value:
    """To the type of torch's result."""
    wanted = str(node.meta["val"].dtype).removeprefix("torch.")
    return elementwise.cast(t.builder, t.activation(node.args[0]), wanted)


def reduce(op: str) -> Rule:
    """Over some axes, or all."""

    def rule(t: Translation, node: Any) -> Value:
        given = arguments(node)
        x, axes = t.activation(node.args[0]), given.get("dim")
        if t.builder.type(x).dtype == "bool":
            x = elementwise.cast(t.builder, x, "int64")
        axes = [axes] if isinstance(axes, int) else axes
        keepdims = bool(given.get("keepdim", False))
        return reduction.reduce(t.builder, op, x, axes or None, keepdims)

    return rule


def arg(op: str) -> Rule:
    """Index of the first extreme, int64."""

    def rule(t: Translation, node: Any) -> Value:
        given, x = arguments(node), t.activation(node.args[0])
        if given.get("dim") is None:
            x = movement.reshape(t.builder, x, (t.builder.type(x).elements,))
        axis, keepdims = given.get("dim") or 0, bool(given.get("keepdim", False))
        return place(t, op, x, int(axis), keepdims)

    return rule


def extreme(op: str) -> Rule:
    """max(x, dim), min(x, dim): the value and its index."""

    def rule(t: Translation, node: Any) -> Any:
        given, x = arguments(node), t.activation(node.args[0])
        axis, keepdims = int(given["dim"]), bool(given.get("keepdim", False))
        value = reduction.reduce(t.builder, op, x, [axis], keepdims)
        return value, place(t, op, x, axis, keepdims)

    return rule


def place(t: Translation, op: str, x: str, axis: int, keepdims: bool) -> str:
    """Index of the first extreme along an axis, which may stay with length 1."""
    y = reduction.arg(t.builder, op, x, axis)
    return movement.unsqueeze(t.builder, y, (axis,)) if keepdims else y


def softmax(call: Callable[..., str]) -> Rule:
    """Along any axis."""
    return lambda t, node: call(t.builder, t.activation(node.args[0]), int(node.args[1]))


def cumsum(t: Translation, node: Any) -> Value:
    """Running sums along an axis."""
    return reduction.cumsum(t.builder, t.activation(node.args[0]), int(node.args[1]))


def product(t: Translation, node: Any) -> Value:
    """Matrix products of any two values; addmm and baddbmm add the first operand."""
    values = [t.activation(a) for a in node.args[:3]]
    if len(values) == 2:
        return matmul(t.builder, *values)
    if any(node.kwargs.get(k, 1) != 1 for k in ("alpha", "beta")):
        raise Unsupported("alpha or beta other than 1")
    total = matmul(t.builder, *values[1:])
    return elementwise.binary(t.builder, "add", total, values[0])


def filled(value: float | None) -> Rule:
    """A tensor of one number, known at import."""

    def rule(t: Translation, node: Any) -> Value:
        number = arguments(node)["fill_value"] if value is None else value
        dtype = str(node.meta["val"].dtype).removeprefix("torch.")
        return np.full(result_shape(node), number, dtype)

    return rule


TABLE: Mapping[str, Rule] = {
    **{
        f"aten.{op}.default": unary(op)
        for op in ("abs", "neg", "exp", "sin", "cos", "tan", "tanh", "sigmoid", "erf", "floor",
                   "ceil", "round", "trunc", "reciprocal", "rsqrt", "silu", "mish", "log_sigmoid",
                   "sign", "log1p", "expm1", "square", "sinh", "cosh")
    },
    "aten.hardswish.default": unary("hard_swish"),
    "aten.hardsigmoid.default": lambda t, n: elementwise.hard_sigmoid(
        t.builder, t.activation(n.args[0]), 1 / 6
    ),
    "aten.relu6.default": lambda t, n: elementwise.clip(t.builder, t.activation(n.args[0]), 0, 6),
    "aten.relu_.default": unary("relu"),
    "aten.selu.default": lambda t, n: elementwise.selu(t.builder, t.activation(n.args[0])),
    "aten.celu.default": with_number(elementwise.celu, "alpha", 1.0),
    "aten.leaky_relu.default": with_number(elementwise.leaky_relu, "negative_slope", 0.01),
    "aten.elu.default": elu,
    "aten.gelu.default": gelu,
    "aten.softplus.default": softplus,
    "aten.prelu.default": prelu,
    "aten.clamp.default": clamp,
    "aten.clamp_min.default": clamp,
    "aten.clamp_max.default": clamp,
    "aten.hardtanh.default": clamp,
    **{
        f"aten.{op}.{kind}": binary(made)
        for op, made in (("add", "add"), ("sub", "sub"), ("mul", "mul"), ("div", "div"),
                         ("pow", "pow"), ("remainder", "mod"), ("fmod", "fmod"))
        for kind in ("Tensor", "Scalar", "Tensor_mode", "Tensor_Tensor", "Tensor_Scalar")
    },
    "aten.floor_divide.default": binary("floordiv"),
    "aten.maximum.default": binary("max"),
    "aten.minimum.default": binary("min"),
    **{
        f"aten.{op}.{kind}": compare(made)
        for op, made in (("eq", "equal"), ("ne", "not_equal"), ("lt", "less"), ("gt", "greater"),
                         ("le", "less_equal"), ("ge", "greater_equal"))
        for kind in ("Tensor", "Scalar")
    },
    "aten.logical_not.default": lambda t, n: elementwise.logical_not(
        t.builder, t.activation(n.args[0])
    ),
    **{f"aten.logical_{op}.default": logical(op) for op in ("and", "or", "xor")},
    **{f"aten.__{op}__.Tensor": truth(op) for op in ("and", "or", "xor")},
    **{f"aten.bitwise_{op}.Tensor": truth(op) for op in ("and", "or", "xor")},
    "aten.where.self": where,
    "aten.to.dtype": cast,
    "aten._to_copy.default": cast,
    "aten.sum.default": reduce("sum"),
    "aten.sum.dim_IntList": reduce("sum"),
    "aten.prod.default": reduce("prod"),
    "aten.prod.dim_int": reduce("prod"),
    "aten.max.default": reduce("max"),
    "aten.min.default": reduce("min"),
    "aten.mean.dim": reduce("mean"),
    "aten.amax.default": reduce("max"),
    "aten.amin.default": reduce("min"),
    "aten.logsumexp.default": reduce("log_sum_exp"),
    "aten.max.dim": extreme("max"),
    "aten.min.dim": extreme("min"),
    "aten.argmax.default": arg("max"),
    "aten.argmin.default": arg("min"),
    "aten.softmax.int": softmax(reduction.softmax),
    "aten._softmax.default": softmax(reduction.softmax),
    "aten.log_softmax.int": softmax(reduction.log_softmax),
    "aten._log_softmax.default": softmax(reduction.log_softmax),
    "aten.cumsum.default": cumsum,
    "aten.bmm.default": product,
    "aten.mm.default": product,
    "aten.matmul.default": product,
    "aten.addmm.default": product,
    "aten.zeros.default": filled(0),
    "aten.ones.default": filled(1),
    "aten.full.default": filled(None),
    "aten.zeros_like.default": filled(0),
    "aten.ones_like.default": filled(1),
    "aten.full_like.default": filled(None),
}  # fmt: skip
"""Torch's name of an operation -> its translation."""
