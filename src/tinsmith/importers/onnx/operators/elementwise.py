"""Arithmetic element by element, comparisons, logic, casts and activations.

Source of every formula: ONNX operators (onnx/docs/Operators.md, onnx/docs/Changelog.md).
"""

from collections.abc import Callable, Mapping
from functools import reduce

import numpy as np

from tinsmith.compose import movement
from tinsmith.compose.elementwise import (
    binary,
    cast,
    celu,
    clip,
    compare,
    elu,
    leaky_relu,
    logical,
    logical_not,
    selu,
    unary,
    where,
)
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.onnx.operator import Operator
from tinsmith.importers.onnx.parse import dtype_name
from tinsmith.importers.onnx.quantised import lifted
from tinsmith.importers.onnx.use import Use
from tinsmith.importers.onnx.values import Real, Value
from tinsmith.ir.types import SIZES

FLOAT = ("float32",)
NUMBERS = ("float32", "int8", "uint8", "int16", "int32", "int64")
ALL = (*NUMBERS, "bool")
_MOST_POWER = 63
Fold = Callable[[Use], np.ndarray]


def _on_two(op: str) -> Callable[[Use], str]:
    return lambda use: binary(use.b, op, *use.broadcast(2), name=use.name)


def _add(use: Use) -> Value:
    """A sum. What is added to constant zeros stays as it is, but for the sign of a zero (ONNX
    Runtime's "noop elimination" does the same)."""
    for one, other in ((0, 1), (1, 0)):
        zeros, kept = use.raw(one), use.raw(other)
        if isinstance(zeros, np.ndarray) and isinstance(kept, str) and not zeros.any():
            found = use.b.type(kept)
            fits = np.broadcast_shapes(zeros.shape, found.shape) == found.shape
            if fits and zeros.dtype.name == found.dtype:
                return kept
    return _on_two("add")(use)


def _fold_two(function: Callable[..., np.ndarray]) -> Fold:
    return lambda use: _like(function(use.constant(0), use.constant(1)), use.constant(0))


def _like(result: np.ndarray, operand: np.ndarray) -> np.ndarray:
    return np.asarray(result).astype(operand.dtype)


def _quotient(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Division; whole numbers are cut off towards zero, division by zero gives 0."""
    if x.dtype.kind not in "iu":
        return np.asarray(x / y)
    safe = np.where(y == 0, 1, y)
    q = np.abs(x) // np.abs(safe) * np.sign(x) * np.sign(safe)
    return np.where(y == 0, 0, q)


def _mod(use: Use) -> str:
    op = "fmod" if use.integer("fmod", 0) else "mod"
    return binary(use.b, op, *use.broadcast(2), name=use.name)


def _fold_mod(use: Use) -> np.ndarray:
    x, y = use.constant(0), use.constant(1)
    return _like((np.fmod if use.integer("fmod", 0) else np.mod)(x, y), x)


def _pow(use: Use) -> str:
    """Computed in x's type. Exponents 2 and 3 multiply; so do all of whole numbers."""
    x, known = use.value(0), use.known(1)
    if use.b.type(x).dtype != "float32":
        return _whole_power(use, x, use.constant(1))
    if known is not None and known.size == 1 and float(known.ravel()[0]) in (1.0, 2.0, 3.0):
        square = binary(use.b, "mul", x, x) if known.ravel()[0] > 1 else x
        return binary(use.b, "mul", square, x, name=use.name) if known.ravel()[0] == 3 else square
    return binary(use.b, "pow", x, cast(use.b, use.value(1), "float32"), name=use.name)


def _whole_power(use: Use, x: str, exponent: np.ndarray) -> str:
    """x multiplied with itself as often as a constant says, which may differ by element."""
    most = float(exponent.max(initial=0))
    if (exponent != np.floor(exponent)).any() or exponent.min(initial=0) < 0 or most > _MOST_POWER:
        raise Unsupported(f"whole numbers to a power outside of 0..{_MOST_POWER}")
    shape = np.broadcast_shapes(use.b.type(x).shape, exponent.shape)
    least = int(exponent.min())
    y = movement.expand(use.b, x if least else _scalar(use, x, 1), shape)
    for k in range(min(least, 1), int(most)):
        product = binary(use.b, "mul", y, x)
        y = product if k < least else where(use.b, use.constant_of(exponent > k), product, y)
    return use.b.renamed(y, use.name)


def _many(op: str) -> Callable[[Use], str]:
    def translate(use: Use) -> str:
        return reduce(lambda x, y: binary(use.b, op, x, y, name=use.name), use.broadcast(use.count))

    return translate


def _fold_many(function: Callable[..., np.ndarray]) -> Fold:
    return lambda use: reduce(function, [use.constant(i) for i in range(use.count)])


def _mean(use: Use) -> str:
    total = _many("add")(use)
    return binary(use.b, "div", total, use.constant_of(np.float32(use.count)), name=use.name)


def _compare(op: str) -> Callable[[Use], str]:
    return lambda use: compare(use.b, op, *use.broadcast(2), name=use.name)


def _logical(op: str) -> Callable[[Use], str]:
    def translate(use: Use) -> str:
        return logical(use.b, op, use.value(0, "bool"), use.value(1, "bool"), name=use.name)

    return translate


def _plain(function: Callable[..., np.ndarray]) -> Fold:
    return lambda use: np.asarray(function(*(use.constant(i) for i in range(use.count))))


def _where(use: Use) -> str:
    known = use.raw(0)
    alike = isinstance(known, np.ndarray) and len(np.unique(known)) == 1
    if isinstance(known, np.ndarray) and alike and known.dtype == bool:
        shape = np.broadcast_shapes(*(use.shape(i) for i in range(3)))
        if use.dtype(1) == use.dtype(2):
            return movement.expand(use.b, use.value(1 if known.all() else 2), shape)
    if use.dtype(0) != "bool":
        raise Unsupported(f"operand 0 is {use.dtype(0)}; supported: bool")
    condition, x, y = use.broadcast(3)
    return where(use.b, condition, x, y, name=use.name)


def _fold_where(use: Use) -> np.ndarray:
    return np.where(use.constant(0), use.constant(1), use.constant(2))


def _cast_to(use: Use, dtype: str) -> Value:
    if isinstance(use.raw(0), np.ndarray):
        return _array_as(use.constant(0), dtype)
    if dtype not in SIZES:
        raise Unsupported(f"it makes {dtype} values")
    return cast(use.b, use.value(0), dtype, name=use.name)


def _array_as(array: np.ndarray, dtype: str) -> np.ndarray:
    if "string" in (dtype, array.dtype.name) or array.dtype.kind in "OUS":
        raise Unsupported("it casts texts")
    if dtype == "undefined":
        raise Unsupported("it casts to no type")
    return array.astype(np.dtype(dtype))


def _cast(use: Use) -> Value:
    return _cast_to(use, dtype_name(use.integer("to")))


def _cast_like(use: Use) -> Value:
    return _cast_to(use, use.dtype(1))


def _unary(op: str, *dtypes: str) -> Callable[[Use], str]:
    return lambda use: unary(use.b, op, use.value(0, *dtypes), name=use.name)


def _relu(use: Use) -> Value:
    """On integers that stand for real numbers it is a comparison with the zero point."""
    raw = use.raw(0)
    if isinstance(raw, Real) and (
        made := lifted(use.b, raw, lambda x: use.b.op("relu", x, name=use.name))
    ):
        return made
    x = use.value(0)
    if use.b.type(x).dtype == "float32":
        return use.b.op("relu", x, name=use.name)
    return binary(use.b, "max", x, _scalar(use, x, 0), name=use.name)


def _scalar(use: Use, like: str, value: float) -> str:
    return use.constant_of(np.asarray(value).astype(use.b.type(like).dtype))


def _clip(use: Use) -> str:
    x, bounds = use.value(0), _bounds(use)
    low, high = bounds
    if use.b.type(x).dtype == "float32" and not isinstance(low, str) and not isinstance(high, str):
        least = -np.inf if low is None else low
        most = np.inf if high is None else high
        if np.isfinite(least) and np.isfinite(most) and least <= most:
            return clip(use.b, x, float(least), float(most), name=use.name)
    for op, bound in (("max", low), ("min", high)):
        if bound is not None:
            limit = bound if isinstance(bound, str) else _scalar(use, x, bound)
            x = binary(use.b, op, x, limit, name=use.name)
    return x


def _bounds(use: Use) -> list[float | str | None]:
    """Lowest and highest value: attributes up to version 10, operands since."""
    if use.version < 11:
        return [use.number(n) if use.given(n) else None for n in ("min", "max")]
    found: list[float | str | None] = []
    for position in (1, 2):
        known = use.known(position) if use.has(position) else None
        if known is not None:
            found.append(known.ravel()[0] if known.size == 1 else use.value(position))
        else:
            found.append(use.optional(position))
    return found


def _leaky_relu(use: Use) -> str:
    return leaky_relu(use.b, use.value(0, *FLOAT), use.number("alpha", 0.01), name=use.name)


def _prelu(use: Use) -> str:
    """x where it is not negative, else x * slope."""
    x = use.value(0)
    zero = _scalar(use, x, 0)
    scaled = binary(use.b, "mul", x, use.value(1))
    return where(use.b, compare(use.b, "less", x, zero), scaled, x, name=use.name)


def _elu(use: Use) -> str:
    return elu(use.b, use.value(0, *FLOAT), use.number("alpha", 1.0), name=use.name)


def _selu(use: Use) -> str:
    alpha = use.number("alpha", 1.6732632423543772)
    gamma = use.number("gamma", 1.0507009873554805)
    return selu(use.b, use.value(0, *FLOAT), alpha, gamma, name=use.name)


def _celu(use: Use) -> str:
    return celu(use.b, use.value(0, *FLOAT), use.number("alpha", 1.0), name=use.name)


def _hard_sigmoid(use: Use) -> str:
    """max(0, min(1, alpha * x + beta))"""
    return _hard(use, use.value(0, *FLOAT), use.number("alpha", 0.2), use.number("beta", 0.5))


def _hard(use: Use, x: str, alpha: float, beta: float) -> str:
    scaled = binary(use.b, "mul", x, use.constant_of(np.float32(alpha)))
    moved = binary(use.b, "add", scaled, use.constant_of(np.float32(beta)))
    return clip(use.b, moved, 0.0, 1.0, name=use.name)


def _hard_swish(use: Use) -> str:
    """x * max(0, min(1, x / 6 + 1 / 2))"""
    x = use.value(0, *FLOAT)
    return binary(use.b, "mul", x, _hard(use, x, 1 / 6, 0.5), name=use.name)


def _thresholded(use: Use) -> str:
    x = use.value(0, *FLOAT)
    limit = use.constant_of(np.float32(use.number("alpha", 1.0)))
    kept = compare(use.b, "greater", x, limit)
    return where(use.b, kept, x, use.constant_of(np.float32(0)), name=use.name)


def _shrink(use: Use) -> str:
    """x + bias below -lambd, x - bias above lambd, else 0."""
    x, lambd = use.value(0, *FLOAT), np.float32(use.number("lambd", 0.5))
    bias = use.constant_of(np.float32(use.number("bias", 0.0)))
    zero = use.constant_of(np.float32(0))
    below = compare(use.b, "less", x, use.constant_of(-lambd))
    above = compare(use.b, "greater", x, use.constant_of(lambd))
    upper = where(use.b, above, binary(use.b, "sub", x, bias), zero)
    return where(use.b, below, binary(use.b, "add", x, bias), upper, name=use.name)


def _gelu(use: Use) -> str:
    op = {"none": "gelu", "tanh": "gelu_tanh"}.get(use.text("approximate", "none"))
    if op is None:
        raise Unsupported(f"its attribute approximate is {use.text('approximate')!r}")
    return unary(use.b, op, use.value(0, *FLOAT), name=use.name)


def _swish(use: Use) -> str:
    """x * sigmoid(alpha * x)"""
    x = use.value(0, *FLOAT)
    alpha = np.float32(use.number("alpha", 1.0))
    inner = x if alpha == 1 else binary(use.b, "mul", x, use.constant_of(alpha))
    return binary(use.b, "mul", x, unary(use.b, "sigmoid", inner), name=use.name)


def _is_nan(use: Use) -> str:
    x = use.value(0, *FLOAT)
    return compare(use.b, "not_equal", x, x, name=use.name)


def _is_inf(use: Use) -> str:
    """x is a number and x - x is none."""
    x = use.value(0, *FLOAT)
    rest = binary(use.b, "sub", x, x)
    found = logical(
        use.b, "and", compare(use.b, "not_equal", rest, rest), compare(use.b, "equal", x, x)
    )
    zero = use.constant_of(np.float32(0))
    for attribute, side in (("detect_negative", "greater"), ("detect_positive", "less")):
        if not use.integer(attribute, 1):
            found = logical(use.b, "and", found, compare(use.b, side, x, zero))
    return found


_UNARY: Mapping[str, str] = {
    "Exp": "exp", "Log": "log", "Sqrt": "sqrt", "Reciprocal": "reciprocal", "Sin": "sin",
    "Cos": "cos", "Tan": "tan", "Tanh": "tanh", "Sigmoid": "sigmoid", "Erf": "erf",
    "Floor": "floor", "Ceil": "ceil", "Round": "round", "Softplus": "softplus",
    "Softsign": "softsign", "Mish": "mish", "Sinh": "sinh", "Cosh": "cosh", "Asin": "asin",
    "Acos": "acos", "Atan": "atan", "Asinh": "asinh", "Acosh": "acosh", "Atanh": "atanh",
}  # fmt: skip
_SIGNED: Mapping[str, tuple[str, Callable[..., np.ndarray]]] = {
    "Abs": ("abs", np.abs), "Neg": ("neg", np.negative), "Sign": ("sign", np.sign),
}  # fmt: skip
_TWO: Mapping[str, tuple[str, Callable[..., np.ndarray]]] = {
    "Sub": ("sub", np.subtract), "Mul": ("mul", np.multiply),
    "Div": ("div", _quotient),
}  # fmt: skip
_COMPARE: Mapping[str, tuple[str, Callable[..., np.ndarray]]] = {
    "Equal": ("equal", np.equal), "Less": ("less", np.less),
    "LessOrEqual": ("less_equal", np.less_equal), "Greater": ("greater", np.greater),
    "GreaterOrEqual": ("greater_equal", np.greater_equal),
}  # fmt: skip
_LOGICAL: Mapping[str, tuple[str, Callable[..., np.ndarray]]] = {
    "And": ("and", np.logical_and), "Or": ("or", np.logical_or), "Xor": ("xor", np.logical_xor),
}  # fmt: skip
_MANY: Mapping[str, tuple[str, Callable[..., np.ndarray], tuple[str, ...]]] = {
    "Max": ("max", np.maximum, NUMBERS), "Min": ("min", np.minimum, NUMBERS),
    "Sum": ("add", np.add, FLOAT),
}  # fmt: skip
_OWN: Mapping[str, Callable[[Use], Value]] = {
    "LeakyRelu": _leaky_relu, "Elu": _elu, "Selu": _selu, "Celu": _celu,
    "HardSigmoid": _hard_sigmoid, "HardSwish": _hard_swish, "ThresholdedRelu": _thresholded,
    "Shrink": _shrink, "Gelu": _gelu, "Swish": _swish, "IsNaN": _is_nan, "IsInf": _is_inf,
    "Mean": _mean,
}  # fmt: skip

OPERATORS = (
    *(Operator(k, _unary(op, *FLOAT), FLOAT) for k, op in _UNARY.items()),
    *(Operator(k, _unary(op), NUMBERS, fold=_plain(f)) for k, (op, f) in _SIGNED.items()),
    Operator("Add", _add, NUMBERS, fold=_fold_two(np.add)),
    *(Operator(k, _on_two(op), NUMBERS, fold=_fold_two(f)) for k, (op, f) in _TWO.items()),
    *(Operator(k, _compare(op), ALL, fold=_plain(f)) for k, (op, f) in _COMPARE.items()),
    *(Operator(k, _logical(op), ("bool",), fold=_plain(f)) for k, (op, f) in _LOGICAL.items()),
    *(Operator(k, _many(op), types, fold=_fold_many(f)) for k, (op, f, types) in _MANY.items()),
    *(Operator(k, translate, FLOAT) for k, translate in _OWN.items()),
    Operator("Mod", _mod, NUMBERS, fold=_fold_mod),
    Operator(
        "Pow", _pow, NUMBERS, note="whole numbers: constant exponents", fold=_fold_two(np.power)
    ),
    Operator(
        "Not", lambda use: logical_not(use.b, use.value(0, "bool"), name=use.name), ("bool",),
        fold=_plain(np.logical_not),
    ),
    Operator("Where", _where, ALL, fold=_fold_where),
    Operator("Cast", _cast, ALL),
    Operator("CastLike", _cast_like, ALL),
    Operator("Relu", _relu, NUMBERS),
    Operator("PRelu", _prelu, NUMBERS),
    Operator("Clip", _clip, NUMBERS),
)  # fmt: skip
