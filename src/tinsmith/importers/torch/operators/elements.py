"""What aten operations become through `compose`: element by element, reducing, products."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tinsmith.compose import elementwise, movement, reduction
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.torch.translation import (
    EVERY,
    FLOATS,
    NUMBERS,
    Rule,
    Translation,
    Typed,
    Value,
    arguments,
    float32_for,
    result_shape,
    result_type,
    unrepeated,
)
from tinsmith.ir.types import SIZES


def number(t: Translation, value: float, dtype: str) -> str:
    """A number as a constant of a type that holds it; infinite ones too."""
    held = np.asarray(value).astype(dtype)
    if dtype != "float32" and held != value:
        raise Unsupported(f"the number {value} as {dtype}")
    return t.value(held, "value")


_KINDS = {"b": 0, "i": 1, "u": 1, "f": 2}


def common(first: Any, second: Any) -> str:
    """The type in which torch computes with two operands, nodes or numbers.

    Tensors with axes come first, then those without, then numbers; a later one counts only where
    its kind (bool, whole, float) is higher. Source: PyTorch's documentation, torch.result_type.
    """
    found = ""
    for group in _grouped(first, second):
        dtype = group[0] if len(set(group)) == 1 else str(np.result_type(*group))
        if len({_KINDS.get(np.dtype(d).kind) for d in group}) > 1:
            dtype = max(group, key=lambda d: _KINDS[np.dtype(d).kind])
        if not found or _KINDS[np.dtype(dtype).kind] > _KINDS[np.dtype(found).kind]:
            found = dtype
    return found


def _grouped(*operands: Any) -> list[list[str]]:
    groups: list[list[str]] = [[], [], []]
    for one in operands:
        if isinstance(one, bool | int | float):
            kind = {bool: "bool", int: "int64"}.get(type(one), "float32")
            groups[2].append(kind)
            continue
        dtype = float32_for(str(one.meta["val"].dtype))
        if dtype not in SIZES:
            raise Unsupported(f"an operand of type {dtype}")
        groups[0 if len(one.meta["val"].shape) else 1].append(dtype)
    return [g for g in groups if g]


def operand(t: Translation, argument: Any, dtype: str, beside: tuple[int, ...] = ()) -> str:
    """An argument as a value of a type; ``beside``: shape of what it is broadcast with."""
    if isinstance(argument, bool | int | float):
        return number(t, argument, dtype)
    found = t.read(argument)
    if isinstance(found, np.ndarray):
        once, shape = unrepeated(found), found.shape
        found = t.value(once, t.name(argument, "constant"))
        if np.broadcast_shapes(once.shape, beside) != np.broadcast_shapes(shape, beside):
            found = movement.expand(t.builder, found, shape)
    return elementwise.cast(t.builder, found, dtype)


def pair(t: Translation, first: Any, second: Any) -> tuple[str, str]:
    """Two operands in the type that torch computes in."""
    dtype, shapes = common(first, second), [t.shape(t.read(a)) for a in (first, second)]
    return operand(t, first, dtype, shapes[1]), operand(t, second, dtype, shapes[0])


def unary(op: str) -> Rule:
    """A function of one value."""
    return lambda t, node: elementwise.unary(t.builder, op, t.activation(node.args[0]))


def binary(op: str, reverse: bool = False) -> Rule:
    """Arithmetic of two values, with broadcasting; aten's alpha scales the second, which
    ``reverse`` takes first."""

    def rule(t: Translation, node: Any) -> Value:
        given = arguments(node)
        names = [a.name for a in node.target._schema.arguments]
        x, y = pair(t, given[names[0]], given[names[1]])
        x, y = (y, x) if reverse else (x, y)
        if given.get("alpha", 1) != 1:
            scale = number(t, given["alpha"], t.builder.type(y).dtype)
            y = elementwise.binary(t.builder, "mul", y, scale)
        if t.builder.type(x).dtype == "bool" and op in ("add", "mul"):
            return elementwise.logical(t.builder, "or" if op == "add" else "and", x, y)
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
        if op == "not":
            return elementwise.logical_not(t.builder, t.activation(node.args[0]))
        return logical(op)(t, node)

    return rule


def where(t: Translation, node: Any) -> Value:
    """where(condition, x, y)."""
    condition, first, second = node.args
    chosen = t.activation(condition)
    x, y = (operand(t, a, result_type(node), t.shape(chosen)) for a in (first, second))
    return elementwise.where(t.builder, chosen, x, y)


def clamp(t: Translation, node: Any) -> Value:
    """Bounds, numbers or values; hardtanh has the same arguments."""
    given, dtype = arguments(node), result_type(node)
    x = operand(t, node.args[0], dtype)
    for op, names in (("max", ("min", "min_val")), ("min", ("max", "max_val"))):
        bound = next((given[n] for n in names if given.get(n) is not None), None)
        if bound is not None:
            x = elementwise.binary(t.builder, op, x, operand(t, bound, dtype, t.shape(x)))
    return x


def with_number(call: Callable[..., str], name: str, default: float) -> Rule:
    """A function with one number as argument."""

    def rule(t: Translation, node: Any) -> Value:
        number = float(arguments(node).get(name, default))
        return call(t.builder, t.activation(node.args[0]), number)

    return rule


def elu(t: Translation, node: Any) -> Value:
    """scale * elu(x, alpha); in-place selu is written so, and celu with an input_scale."""
    given, b, x = arguments(node), t.builder, t.activation(node.args[0])
    scale, inner = float(given["scale"]), float(given["input_scale"])
    if inner != 1 and inner * float(given["alpha"]) != 1:
        raise Unsupported("an input_scale that is not 1 / alpha")
    curve = elementwise.elu if inner == 1 else elementwise.celu
    y = curve(b, x, float(given["alpha"]))
    return y if scale == 1 else elementwise.binary(b, "mul", y, elementwise.scalar(b, y, scale))


def gelu(t: Translation, node: Any) -> Value:
    """Exact, or by tanh."""
    exact = arguments(node).get("approximate", "none") == "none"
    return elementwise.unary(
        t.builder, "gelu" if exact else "gelu_tanh", t.activation(node.args[0])
    )


def softplus(t: Translation, node: Any) -> Value:
    """log(1 + e^(beta x)) / beta; x itself where beta x lies above the threshold, which by
    default is the same within rounding."""
    given, b, x = arguments(node), t.builder, t.activation(node.args[0])
    beta, threshold = float(given["beta"]), float(given["threshold"])
    if beta == 1 and threshold >= 20:
        return elementwise.unary(b, "softplus", x)
    scaled = elementwise.binary(b, "mul", x, elementwise.scalar(b, x, beta))
    curve = elementwise.unary(b, "softplus", scaled)
    curve = elementwise.binary(b, "div", curve, elementwise.scalar(b, x, beta))
    above = elementwise.compare(b, "greater", scaled, elementwise.scalar(b, x, threshold))
    return elementwise.where(b, above, x, curve)


def threshold(t: Translation, node: Any) -> Value:
    """x above the threshold, else a value."""
    given, b, x = arguments(node), t.builder, t.activation(node.args[0])
    limit, value = (number(t, given[k], b.type(x).dtype) for k in ("threshold", "value"))
    return elementwise.where(b, elementwise.compare(b, "less_equal", x, limit), value, x)


def hardshrink(t: Translation, node: Any) -> Value:
    """Zero between -lambda and lambda."""
    given, b, x = arguments(node), t.builder, t.activation(node.args[0])
    limit, size = elementwise.scalar(b, x, given["lambd"]), elementwise.unary(b, "abs", x)
    small = elementwise.compare(b, "less_equal", size, limit)
    return elementwise.where(b, small, elementwise.scalar(b, x, 0), x)


def rrelu(t: Translation, node: Any) -> Value:
    """In evaluation mode a leaky relu with the middle of both slopes."""
    given = arguments(node)
    if given["training"]:
        raise Unsupported("random slopes")
    slope = (float(given["lower"]) + float(given["upper"])) / 2
    return elementwise.leaky_relu(t.builder, t.activation(node.args[0]), slope)


def is_nan(t: Translation, node: Any) -> Value:
    """What does not equal itself."""
    x = t.activation(node.args[0])
    return elementwise.compare(t.builder, "not_equal", x, x)


def is_infinite(t: Translation, node: Any) -> Value:
    """What is as large as can be."""
    size = elementwise.unary(t.builder, "abs", t.activation(node.args[0]))
    return elementwise.compare(t.builder, "equal", size, number(t, np.inf, "float32"))


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


def softmax(call: Callable[..., str]) -> Rule:
    """Along any axis."""
    return lambda t, node: call(t.builder, t.activation(node.args[0]), int(node.args[1]))


def filled(value: float | None) -> Rule:
    """A tensor of one number, known at import."""

    def rule(t: Translation, node: Any) -> Value:
        given = arguments(node)["fill_value"] if value is None else value
        return np.full(result_shape(node), given, result_type(node))

    return rule


def _rows(types: tuple[str, ...], rules: Mapping[str, Rule]) -> dict[str, Rule]:
    return {f"aten.{name}": Typed(rule, types) for name, rule in rules.items()}


def _named(overloads: str, rule: Rule) -> dict[str, Rule]:
    return dict.fromkeys(overloads.split(), rule)


_ARITHMETIC: Mapping[str, Rule] = {
    **_named("add.Tensor add.Scalar", binary("add")),
    **_named("sub.Tensor sub.Scalar", binary("sub")),
    **_named("rsub.Tensor rsub.Scalar", binary("sub", reverse=True)),
    **_named("mul.Tensor mul.Scalar", binary("mul")),
    **_named("div.Tensor div.Scalar div.Tensor_mode div.Scalar_mode", binary("div")),
    **_named("remainder.Tensor remainder.Scalar remainder.Scalar_Tensor", binary("mod")),
    **_named("fmod.Tensor fmod.Scalar", binary("fmod")),
    **_named("floor_divide.default floor_divide.Scalar", binary("floordiv")),
    **_named("maximum.default max.other", binary("max")),
    **_named("minimum.default min.other", binary("min")),
    **_named("clamp.default clamp.Tensor clamp_min.default clamp_min.Tensor", clamp),
    **_named("clamp_max.default clamp_max.Tensor hardtanh.default", clamp),
    **{f"{op}.default": unary(op) for op in ("abs", "neg", "sign", "square", "relu")},
    **{f"{op}.default": unary(op) for op in ("floor", "ceil", "round", "trunc")},
    "relu6.default": lambda t, n: elementwise.clip(t.builder, t.activation(n.args[0]), 0, 6),
    "threshold.default": threshold,
}  # fmt: skip
_TRUTHS: Mapping[str, Rule] = {
    **{f"{op}.{kind}": compare(made)
       for op, made in (("eq", "equal"), ("ne", "not_equal"), ("lt", "less"), ("gt", "greater"),
                        ("le", "less_equal"), ("ge", "greater_equal"))
       for kind in ("Tensor", "Scalar")},
    "logical_not.default": lambda t, n: elementwise.logical_not(t.builder, t.activation(n.args[0])),
    **{f"logical_{op}.default": logical(op) for op in ("and", "or", "xor")},
    **_named("where.self where.ScalarSelf where.ScalarOther where.Scalar", where),
    **_named("to.dtype to.dtype_layout to.other type_as.default _to_copy.default", cast),
    **_named("zeros_like.default new_zeros.default", filled(0)),
    **_named("ones_like.default new_ones.default", filled(1)),
    **_named("full_like.default new_full.default", filled(None)),
}  # fmt: skip
_BITS: Mapping[str, Rule] = {
    **{f"__{op}__.Tensor": truth(op) for op in ("and", "or", "xor")},
    **{f"bitwise_{op}.Tensor": truth(op) for op in ("and", "or", "xor")},
    "bitwise_not.default": truth("not"),
}
_FLOATS: Mapping[str, Rule] = {
    **{f"{op}.default": unary(op) for op in (
        "exp", "sin", "cos", "tan", "tanh", "sigmoid", "erf", "reciprocal", "rsqrt", "silu", "mish",
        "log_sigmoid", "log1p", "expm1", "sinh", "cosh", "asin", "acos", "atan", "asinh", "acosh",
        "atanh", "log2", "log10", "exp2",
    )},
    "hardswish.default": unary("hard_swish"),
    "hardsigmoid.default": lambda t, n: elementwise.hard_sigmoid(
        t.builder, t.activation(n.args[0]), 1 / 6
    ),
    "selu.default": lambda t, n: elementwise.selu(t.builder, t.activation(n.args[0])),
    "celu.default": with_number(elementwise.celu, "alpha", 1.0),
    "leaky_relu.default": with_number(elementwise.leaky_relu, "negative_slope", 0.01),
    "elu.default": elu, "gelu.default": gelu, "softplus.default": softplus, "prelu.default": prelu,
    "hardshrink.default": hardshrink, "rrelu.default": rrelu, "isnan.default": is_nan,
    "isinf.default": is_infinite,
    **_named("pow.Tensor_Tensor pow.Tensor_Scalar pow.Scalar", binary("pow")),
    **_named("softmax.int _softmax.default", softmax(reduction.softmax)),
    **_named("log_softmax.int _log_softmax.default", softmax(reduction.log_softmax)),
}  # fmt: skip

TABLE: Mapping[str, Rule] = {
    **_rows(NUMBERS, _ARITHMETIC), **_rows(EVERY, _TRUTHS), **_rows(FLOATS, _FLOATS),
    **{f"aten.{name}": Typed(r, ("bool",), "bits of whole numbers") for name, r in _BITS.items()},
}  # fmt: skip
"""Torch's name of an operation -> its translation."""
