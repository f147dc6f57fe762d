"""Arithmetic element by element, with the broadcasting of numpy.

Every function takes a Builder and names of values, appends the nodes it takes (none where nothing
changes) and returns the name of the result; ``name`` names the last node. Quantisation is not
looked at: integers are plain numbers here. They raise ShapeError where shapes do not fit and
UserError ``compose.type`` where a type cannot be computed with.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from math import log, pi, sqrt

import numpy as np

from tinsmith.core.errors import UserError
from tinsmith.ir.builder import Builder
from tinsmith.ir.compose.movement import broadcast, expand, reshape
from tinsmith.ir.ops.cast import TARGETS
from tinsmith.ir.types import TensorType

NUMBERS = ("float32", "int32", "int64")
"""What arithmetic and comparisons have kernels for; smaller integers are widened."""
_COMMUTES = frozenset(
    {"add", "mul", "min", "max", "equal", "logical_and", "logical_or", "logical_xor"}
)
_SWAPPED = {"greater": "less", "greater_equal": "less_equal"}


def scalar(b: Builder, like: str, value: float) -> str:
    """A constant of one element with the dtype of ``like``; it broadcasts with everything."""
    dtype = b.type(like).dtype
    with np.errstate(over="ignore"):
        number = np.asarray(value).astype(dtype)
    if not np.isfinite(number) or (dtype != "float32" and number != value):
        raise UserError(
            "compose.constant",
            f"The constant {value} cannot be stored as {dtype}.",
            "Finite numbers that the type holds are allowed.",
        )
    return b.constant("value", number)


def cast(b: Builder, x: str, dtype: str, *, name: str = "") -> str:
    """x as another type.

    Integers to narrower ones drop their upper bits; float32 to integers drops the fraction, NaN
    becomes 0 and what lies outside the nearest end; to bool everything but zero is true.
    """
    if dtype not in TARGETS:
        raise UserError(
            "compose.type", f"Values of type {dtype} are not supported.",
            f"Types are {', '.join(TARGETS)}.",
        )  # fmt: skip
    if b.type(x).dtype == dtype and b.type(x).quant is None:
        return x
    return b.op("cast", x, name=name, dtype=dtype)


def binary(b: Builder, op: str, x: str, y: str, *, name: str = "") -> str:
    """x (.) y for two values of one dtype.

    Args:
        op: ``add``, ``sub``, ``mul``, ``div`` (whole ones drop the fraction), ``floordiv``,
            ``mod`` (the divisor's sign), ``fmod`` (the dividend's), ``min``, ``max``, ``pow``
            (float32).

    Integers wrap; a whole number divided by zero is 0. uint8, int8 and int16 are widened to int32
    and cut to their own bits again.
    """
    if op not in _BINARY:
        raise UserError("compose.op", f"{op!r} is no operation on two values.", _listed(_BINARY))
    return _widened(b, partial(_number, op), x, y, name)


def _number(op: str, b: Builder, x: str, y: str, name: str) -> str:
    if op == "floordiv":
        return _floordiv(b, x, y, name)
    if op == "pow" and b.type(x).dtype != "float32":
        raise _unsupported("pow", b.type(x))
    return _paired(b, op, x, y, name)


def _floordiv(b: Builder, x: str, y: str, name: str) -> str:
    """Quotient towards minus infinity: floor(x / y) of float32; of integers the quotient without
    its fraction, one less where the two remainders differ."""
    quotient = _paired(b, "div", x, y)
    if b.type(x).dtype == "float32":
        return b.op("floor", quotient, name=name)
    differ = compare(b, "not_equal", _paired(b, "mod", x, y), _paired(b, "fmod", x, y))
    return _paired(b, "sub", quotient, cast(b, differ, b.type(x).dtype), name)


_BINARY = ("add", "sub", "mul", "div", "min", "max", "pow", "mod", "fmod", "floordiv")


def compare(b: Builder, op: str, x: str, y: str, *, name: str = "") -> str:
    """x (.) y as bool: ``equal``, ``less``, ``less_equal``, ``greater``, ``greater_equal`` (with
    NaN these do not hold) or ``not_equal`` (with NaN it holds)."""
    if op == "not_equal":
        return logical_not(b, compare(b, "equal", x, y), name=name)
    if op in _SWAPPED:
        return compare(b, _SWAPPED[op], y, x, name=name)
    if op not in ("equal", "less", "less_equal"):
        known = ("equal", "less", "less_equal", "greater", "greater_equal", "not_equal")
        raise UserError("compose.op", f"{op!r} is no comparison.", _listed(known))
    _alike(b, op, x, y)
    if b.type(x).dtype not in NUMBERS:
        x, y = (cast(b, v, "int32") for v in (x, y))
    return _paired(b, op, x, y, name)


def logical(b: Builder, op: str, x: str, y: str, *, name: str = "") -> str:
    """x (.) y of bool values: ``and``, ``or``, ``xor``."""
    if op not in ("and", "or", "xor"):
        known = _listed(("and", "or", "xor"))
        raise UserError("compose.op", f"{op!r} is no logical operation.", known)
    x, y = (cast(b, v, "bool") for v in (x, y))
    return _paired(b, f"logical_{op}", x, y, name)


def logical_not(b: Builder, x: str, *, name: str = "") -> str:
    """Whether x does not hold."""
    x = cast(b, x, "bool")
    return b.op("logical_xor", x, b.constant("value", np.array(True)), name=name)


def where(b: Builder, condition: str, x: str, y: str, *, name: str = "") -> str:
    """x where the condition holds, else y; all three broadcast."""
    _alike(b, "where", x, y)
    condition = cast(b, condition, "bool")
    shape = broadcast(*(b.type(v).shape for v in (condition, x, y)))
    condition, x, y = (expand(b, v, shape) for v in (condition, x, y))
    return b.op("where", x, y, condition, name=name)


def clip(b: Builder, x: str, low: float | None, high: float | None, *, name: str = "") -> str:
    """min(max(x, low), high); None leaves an end open. NaN stays NaN."""
    if low is not None:
        x = binary(b, "max", x, scalar(b, x, low), name="" if high is not None else name)
    return x if high is None else binary(b, "min", x, scalar(b, x, high), name=name)


def leaky_relu(b: Builder, x: str, alpha: float, *, name: str = "") -> str:
    """x above zero, alpha * x elsewhere."""
    scaled = _with(b, "mul", x, alpha)
    if 0 <= alpha <= 1:
        return _paired(b, "max", x, scaled, name)
    return where(b, compare(b, "less", x, scalar(b, x, 0)), scaled, x, name=name)


def elu(b: Builder, x: str, alpha: float = 1.0, *, name: str = "") -> str:
    """x above zero, alpha * (e^x - 1) elsewhere."""
    low = _with(b, "min", x, 0)
    curve = _with(b, "sub", b.op("exp", low), 1)
    curve = curve if alpha == 1 else _with(b, "mul", curve, alpha)
    return where(b, compare(b, "less", x, scalar(b, x, 0)), curve, x, name=name)


def selu(
    b: Builder, x: str, alpha: float = 1.6732632423543772, gamma: float = 1.0507009873554805, *,
    name: str = "",
) -> str:  # fmt: skip
    """gamma * elu(x, alpha); defaults of Klambauer et al., "Self-Normalizing Neural Networks"."""
    return _with(b, "mul", elu(b, x, alpha), gamma, name)


def celu(b: Builder, x: str, alpha: float = 1.0, *, name: str = "") -> str:
    """x above zero, alpha * (e^(x / alpha) - 1) elsewhere; alpha above zero."""
    low = _with(b, "div", _with(b, "min", x, 0), alpha)
    curve = _with(b, "mul", _with(b, "sub", b.op("exp", low), 1), alpha)
    return where(b, compare(b, "less", x, scalar(b, x, 0)), curve, x, name=name)


def hard_sigmoid(
    b: Builder, x: str, alpha: float = 0.2, beta: float = 0.5, *, name: str = ""
) -> str:
    """alpha * x + beta between 0 and 1."""
    return clip(b, _with(b, "add", _with(b, "mul", x, alpha), beta), 0, 1, name=name)


def unary(b: Builder, op: str, x: str, *, name: str = "") -> str:
    """A function of one value, by its name: those of `UNARY`.

    ``abs``, ``neg``, ``sign``, ``relu`` and ``square`` take integers too (wrapping; smaller ones
    than int32 are widened and cut again), ``floor``, ``ceil``, ``round`` and ``trunc`` leave them
    as they are; the others take float32.
    """
    if op not in UNARY:
        raise UserError("compose.op", f"{op!r} is no function of one value.", _listed(UNARY))
    type = b.type(x)
    if type.dtype == "float32":
        return UNARY[op](b, x, name)
    if op in ("floor", "ceil", "round", "trunc"):
        return x
    if op not in ("abs", "neg", "sign", "relu", "square") or type.dtype == "bool":
        raise _unsupported(op, type)
    if type.dtype in NUMBERS and type.quant is None:
        return UNARY[op](b, x, name)
    wide = UNARY[op](b, cast(b, x, "int32"), "")
    return cast(b, wide, type.dtype, name=name)


def _own(op: str) -> Callable[[Builder, str, str], str]:
    """A function that is an operation of its own."""
    return lambda b, x, name: b.op(op, x, name=name)


def _relu(b: Builder, x: str, name: str) -> str:
    if b.type(x).dtype == "float32":
        return b.op("relu", x, name=name)
    return _with(b, "max", x, 0, name)


def _square(b: Builder, x: str, name: str) -> str:
    return b.op("mul", x, x, name=name)


def _reciprocal(b: Builder, x: str, name: str) -> str:
    return _paired(b, "div", scalar(b, x, 1), x, name)


def _rsqrt(b: Builder, x: str, name: str) -> str:
    return _reciprocal(b, b.op("sqrt", x), name)


def _tan(b: Builder, x: str, name: str) -> str:
    return b.op("div", b.op("sin", x), b.op("cos", x), name=name)


def _trunc(b: Builder, x: str, name: str) -> str:
    """Towards zero: the magnitude's floor with the sign of x."""
    return b.op("mul", b.op("floor", b.op("abs", x)), b.op("sign", x), name=name)


def _softplus(b: Builder, x: str, name: str) -> str:
    """log(1 + e^x) = max(x, 0) + log(1 + e^-|x|)."""
    e = b.op("exp", b.op("neg", b.op("abs", x)))
    rest = b.op("log", _with(b, "add", e, 1))
    return b.op("add", rest, _with(b, "max", x, 0), name=name)


def _softsign(b: Builder, x: str, name: str) -> str:
    return b.op("div", x, _with(b, "add", b.op("abs", x), 1), name=name)


def _gelu(b: Builder, x: str, name: str) -> str:
    """x / 2 * (1 + erf(x / sqrt 2))."""
    curve = _with(b, "add", b.op("erf", _with(b, "mul", x, sqrt(0.5))), 1)
    return b.op("mul", curve, _with(b, "mul", x, 0.5), name=name)


def _gelu_tanh(b: Builder, x: str, name: str) -> str:
    """x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))) = x * sigmoid(2 sqrt(2 / pi) * (...)).

    Source: Hendrycks and Gimpel, "Gaussian Error Linear Units (GELUs)", 2016.
    """
    cubic = _with(b, "add", _with(b, "mul", b.op("mul", x, x), 0.044715), 1)
    inner = _with(b, "mul", b.op("mul", cubic, x), 2 * sqrt(2 / pi))
    return b.op("mul", b.op("sigmoid", inner), x, name=name)


def _gelu_quick(b: Builder, x: str, name: str) -> str:
    """x * sigmoid(1.702 x), the other approximation of the same paper."""
    return b.op("mul", b.op("sigmoid", _with(b, "mul", x, 1.702)), x, name=name)


def _silu(b: Builder, x: str, name: str) -> str:
    return b.op("mul", b.op("sigmoid", x), x, name=name)


def _mish(b: Builder, x: str, name: str) -> str:
    return b.op("mul", b.op("tanh", _softplus(b, x, "")), x, name=name)


def _hard_swish(b: Builder, x: str, name: str) -> str:
    return b.op("mul", hard_sigmoid(b, x, 1 / 6, 0.5), x, name=name)


def _relu6(b: Builder, x: str, name: str) -> str:
    return clip(b, x, 0, 6, name=name)


def _log_sigmoid(b: Builder, x: str, name: str) -> str:
    return b.op("neg", _softplus(b, b.op("neg", x), ""), name=name)


def _tanh_shrink(b: Builder, x: str, name: str) -> str:
    return b.op("sub", x, b.op("tanh", x), name=name)


def _scaled_log(base: float) -> Callable[[Builder, str, str], str]:
    return lambda b, x, name: _with(b, "mul", b.op("log", x), 1 / log(base), name)


def _log1p(b: Builder, x: str, name: str) -> str:
    """log(1 + x), from Kahan's identity: log(u) * x / (u - 1) with u = 1 + x rounded; x where u is
    1. Source: Goldberg, "What Every Computer Scientist Should Know ...", 1991, theorem 4."""
    u = _with(b, "add", x, 1)
    exact = b.op("mul", b.op("log", u), b.op("div", x, _with(b, "sub", u, 1)))
    bounded = where(b, compare(b, "less", b.op("abs", x), scalar(b, x, 1)), exact, b.op("log", u))
    return where(b, compare(b, "equal", u, scalar(b, x, 1)), x, bounded, name=name)


def _expm1(b: Builder, x: str, name: str) -> str:
    """e^x - 1 = tanh(x / 2) * (e^x + 1) for x below 1, where the difference would cancel."""
    e = b.op("exp", x)
    product = b.op("mul", b.op("tanh", _with(b, "mul", x, 0.5)), _with(b, "add", e, 1))
    large = _with(b, "sub", e, 1)
    return where(b, compare(b, "less", x, scalar(b, x, 1)), product, large, name=name)


def _sinh(b: Builder, x: str, name: str) -> str:
    """tanh(x) * cosh(x): no difference that would cancel near zero."""
    return b.op("mul", b.op("tanh", x), _cosh(b, x, ""), name=name)


def _cosh(b: Builder, x: str, name: str) -> str:
    """(e^|x| + e^-|x|) / 2, the larger one as (e^(|x| / 2) / 2) * e^(|x| / 2)."""
    half = b.op("exp", _with(b, "mul", b.op("abs", x), 0.5))
    large = b.op("mul", _with(b, "mul", half, 0.5), half)
    small = _with(b, "mul", b.op("exp", b.op("neg", b.op("abs", x))), 0.5)
    return b.op("add", large, small, name=name)


UNARY: Mapping[str, Callable[[Builder, str, str], str]] = {
    **{op: _own(op) for op in (
        "abs", "neg", "sign", "exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid", "erf",
        "floor", "ceil", "round",
    )},
    "relu": _relu, "relu6": _relu6, "square": _square, "reciprocal": _reciprocal, "rsqrt": _rsqrt,
    "tan": _tan, "trunc": _trunc, "softplus": _softplus, "softsign": _softsign, "gelu": _gelu,
    "gelu_tanh": _gelu_tanh, "gelu_quick": _gelu_quick, "silu": _silu, "mish": _mish,
    "hard_sigmoid": lambda b, x, name: hard_sigmoid(b, x, name=name), "hard_swish": _hard_swish,
    "elu": lambda b, x, name: elu(b, x, name=name),
    "selu": lambda b, x, name: selu(b, x, name=name),
    "celu": lambda b, x, name: celu(b, x, name=name), "log_sigmoid": _log_sigmoid,
    "tanh_shrink": _tanh_shrink, "log2": _scaled_log(2), "log10": _scaled_log(10),
    "log1p": _log1p, "expm1": _expm1, "sinh": _sinh, "cosh": _cosh,
}  # fmt: skip
"""Functions of one value: (builder, value, name of the last node) -> result."""


def _with(b: Builder, op: str, x: str, value: float, name: str = "") -> str:
    """x (.) a constant."""
    return b.op(op, x, scalar(b, x, value), name=name)


def _widened(
    b: Builder, compute: Callable[[Builder, str, str, str], str], x: str, y: str, name: str
) -> str:
    """Computes in int32 what is of a smaller integer type."""
    _alike(b, "arithmetic", x, y)
    dtype = b.type(x).dtype
    if dtype in NUMBERS:
        return compute(b, x, y, name)
    if dtype == "bool":
        raise _unsupported("arithmetic", b.type(x))
    return cast(b, compute(b, cast(b, x, "int32"), cast(b, y, "int32"), ""), dtype, name=name)


def _paired(b: Builder, op: str, x: str, y: str, name: str = "") -> str:
    """An operation on two values, the second of which may be like the first, like its end, or one
    element; what broadcasts in another way is expanded before."""
    shapes = b.type(x).shape, b.type(y).shape
    result = broadcast(*shapes)
    if op in _COMMUTES and shapes[0] != result and b.type(y).shape == result:
        x, y = y, x
    x = expand(b, x, result)
    return b.op(op, x, _repeating(b, y, result), name=name)


def _repeating(b: Builder, y: str, result: tuple[int, ...]) -> str:
    """y as the operations repeat it along the first axes of ``result``; expanded where needed."""
    own = b.type(y).shape
    if b.type(y).elements == 1:
        return y
    while own[0] == 1:
        own = own[1:]
    if own == result[len(result) - len(own) :]:
        return reshape(b, y, own)
    return expand(b, y, result)


def _alike(b: Builder, what: str, x: str, y: str) -> None:
    if b.type(x).dtype != b.type(y).dtype:
        raise UserError(
            "compose.type",
            f"{what} of {b.type(x)} and {b.type(y)}: two different types.",
            "Both operands need one type; convert one of them.",
        )


def _unsupported(op: str, type: TensorType) -> UserError:
    return UserError(
        "compose.type", f"{op} of {type} is not supported.", "Convert it to float32 before."
    )


def _listed(names: Iterable[str]) -> str:
    return f"Known: {', '.join(sorted(names))}."
