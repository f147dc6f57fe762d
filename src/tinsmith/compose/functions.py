"""Functions of one value, by name and with parameters; most are composed of a few operations."""

from collections.abc import Callable, Mapping
from math import log, pi, sqrt

from tinsmith.compose.arithmetic import (
    NUMBERS,
    cast,
    clip,
    combined,
    compare,
    listed,
    paired,
    scalar,
    unsupported,
    where,
)
from tinsmith.core.errors import UserError
from tinsmith.ir.builder import Builder


def leaky_relu(b: Builder, x: str, alpha: float, *, name: str = "") -> str:
    """x above zero, alpha * x elsewhere."""
    scaled = combined(b, "mul", x, alpha)
    if 0 <= alpha <= 1:
        return paired(b, "max", x, scaled, name)
    return where(b, compare(b, "less", x, scalar(b, x, 0)), scaled, x, name=name)


def elu(b: Builder, x: str, alpha: float = 1.0, *, name: str = "") -> str:
    """x above zero, alpha * (e^x - 1) elsewhere."""
    low = combined(b, "min", x, 0)
    curve = combined(b, "sub", b.op("exp", low), 1)
    curve = curve if alpha == 1 else combined(b, "mul", curve, alpha)
    return where(b, compare(b, "less", x, scalar(b, x, 0)), curve, x, name=name)


def selu(
    b: Builder, x: str, alpha: float = 1.6732632423543772, gamma: float = 1.0507009873554805, *,
    name: str = "",
) -> str:  # fmt: skip
    """gamma * elu(x, alpha); defaults of Klambauer et al., "Self-Normalizing Neural Networks"."""
    return combined(b, "mul", elu(b, x, alpha), gamma, name)


def celu(b: Builder, x: str, alpha: float = 1.0, *, name: str = "") -> str:
    """x above zero, alpha * (e^(x / alpha) - 1) elsewhere; alpha above zero."""
    low = combined(b, "div", combined(b, "min", x, 0), alpha)
    curve = combined(b, "mul", combined(b, "sub", b.op("exp", low), 1), alpha)
    return where(b, compare(b, "less", x, scalar(b, x, 0)), curve, x, name=name)


def hard_sigmoid(
    b: Builder, x: str, alpha: float = 0.2, beta: float = 0.5, *, name: str = ""
) -> str:
    """alpha * x + beta between 0 and 1."""
    return clip(b, combined(b, "add", combined(b, "mul", x, alpha), beta), 0, 1, name=name)


def unary(b: Builder, op: str, x: str, *, name: str = "") -> str:
    """A function of one value, by its name: those of `UNARY`.

    ``abs``, ``neg``, ``sign``, ``relu`` and ``square`` take integers too (wrapping; smaller ones
    than int32 are widened and cut again), ``floor``, ``ceil``, ``round`` and ``trunc`` leave them
    as they are; the others take float32.
    """
    if op not in UNARY:
        raise UserError("compose.op", f"{op!r} is no function of one value.", listed(UNARY))
    type = b.type(x)
    if type.dtype == "float32":
        return UNARY[op](b, x, name)
    if op in ("floor", "ceil", "round", "trunc"):
        return x
    if op not in ("abs", "neg", "sign", "relu", "square") or type.dtype == "bool":
        raise unsupported(op, type)
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
    return combined(b, "max", x, 0, name)


def _square(b: Builder, x: str, name: str) -> str:
    return b.op("mul", x, x, name=name)


def _reciprocal(b: Builder, x: str, name: str) -> str:
    return paired(b, "div", scalar(b, x, 1), x, name)


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
    rest = b.op("log", combined(b, "add", e, 1))
    return b.op("add", rest, combined(b, "max", x, 0), name=name)


def _softsign(b: Builder, x: str, name: str) -> str:
    return b.op("div", x, combined(b, "add", b.op("abs", x), 1), name=name)


def _gelu(b: Builder, x: str, name: str) -> str:
    """x / 2 * (1 + erf(x / sqrt 2))."""
    curve = combined(b, "add", b.op("erf", combined(b, "mul", x, sqrt(0.5))), 1)
    return b.op("mul", curve, combined(b, "mul", x, 0.5), name=name)


def _gelu_tanh(b: Builder, x: str, name: str) -> str:
    """x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))) = x * sigmoid(2 sqrt(2 / pi) * (...)).

    Source: Hendrycks and Gimpel, "Gaussian Error Linear Units (GELUs)", 2016.
    """
    cubic = combined(b, "add", combined(b, "mul", b.op("mul", x, x), 0.044715), 1)
    inner = combined(b, "mul", b.op("mul", cubic, x), 2 * sqrt(2 / pi))
    return b.op("mul", b.op("sigmoid", inner), x, name=name)


def _gelu_quick(b: Builder, x: str, name: str) -> str:
    """x * sigmoid(1.702 x), the other approximation of the same paper."""
    return b.op("mul", b.op("sigmoid", combined(b, "mul", x, 1.702)), x, name=name)


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
    return lambda b, x, name: combined(b, "mul", b.op("log", x), 1 / log(base), name)


def _log1p(b: Builder, x: str, name: str) -> str:
    """log(1 + x), from Kahan's identity: log(u) * x / (u - 1) with u = 1 + x rounded; x where u is
    1. Source: Goldberg, "What Every Computer Scientist Should Know ...", 1991, theorem 4."""
    u = combined(b, "add", x, 1)
    exact = b.op("mul", b.op("log", u), b.op("div", x, combined(b, "sub", u, 1)))
    bounded = where(b, compare(b, "less", b.op("abs", x), scalar(b, x, 1)), exact, b.op("log", u))
    return where(b, compare(b, "equal", u, scalar(b, x, 1)), x, bounded, name=name)


def _expm1(b: Builder, x: str, name: str) -> str:
    """e^x - 1 = tanh(x / 2) * (e^x + 1) for x below 1, where the difference would cancel."""
    e = b.op("exp", x)
    product = b.op("mul", b.op("tanh", combined(b, "mul", x, 0.5)), combined(b, "add", e, 1))
    large = combined(b, "sub", e, 1)
    return where(b, compare(b, "less", x, scalar(b, x, 1)), product, large, name=name)


def _sinh(b: Builder, x: str, name: str) -> str:
    """tanh(x) * cosh(x): no difference that would cancel near zero."""
    return b.op("mul", b.op("tanh", x), _cosh(b, x, ""), name=name)


def _cosh(b: Builder, x: str, name: str) -> str:
    """(e^|x| + e^-|x|) / 2, the larger one as (e^(|x| / 2) / 2) * e^(|x| / 2)."""
    half = b.op("exp", combined(b, "mul", b.op("abs", x), 0.5))
    large = b.op("mul", combined(b, "mul", half, 0.5), half)
    small = combined(b, "mul", b.op("exp", b.op("neg", b.op("abs", x))), 0.5)
    return b.op("add", large, small, name=name)


def _atanh(b: Builder, x: str, name: str) -> str:
    """sign(x) * log1p(2 a / (1 - a)) / 2 with a = |x|."""
    size = b.op("abs", x)
    ratio = b.op("div", b.op("add", size, size), paired(b, "sub", scalar(b, x, 1), size))
    half = combined(b, "mul", _log1p(b, ratio, ""), 0.5)
    return b.op("mul", half, b.op("sign", x), name=name)


def _asinh(b: Builder, x: str, name: str) -> str:
    """sign(x) * log1p(a + a / (1 / a + sqrt(1 + 1 / a^2))) with a = |x|: neither a square that
    overflows nor a difference that cancels, up to 1.7e38."""
    size = b.op("abs", x)
    inverse = _reciprocal(b, size, "")
    root = b.op("sqrt", combined(b, "add", b.op("mul", inverse, inverse), 1))
    rest = b.op("div", size, b.op("add", inverse, root))
    return b.op("mul", _log1p(b, b.op("add", size, rest), ""), b.op("sign", x), name=name)


def _acosh(b: Builder, x: str, name: str) -> str:
    """log1p(t + sqrt(t) * sqrt(t + 2)) with t = x - 1, up to 1.7e38."""
    t = combined(b, "sub", x, 1)
    roots = b.op("mul", b.op("sqrt", t), b.op("sqrt", combined(b, "add", t, 2)))
    return _log1p(b, b.op("add", t, roots), name)


def _asin(b: Builder, x: str, name: str) -> str:
    """atan(x / sqrt((1 - x) (1 + x)))."""
    less, more = paired(b, "sub", scalar(b, x, 1), x), combined(b, "add", x, 1)
    return b.op("atan", b.op("div", x, b.op("sqrt", b.op("mul", less, more))), name=name)


def _acos(b: Builder, x: str, name: str) -> str:
    """2 atan(sqrt((1 - x) / (1 + x)))."""
    less, more = paired(b, "sub", scalar(b, x, 1), x), combined(b, "add", x, 1)
    half = b.op("atan", b.op("sqrt", b.op("div", less, more)))
    return combined(b, "mul", half, 2, name)


def _exp2(b: Builder, x: str, name: str) -> str:
    return paired(b, "pow", scalar(b, x, 2), x, name)


UNARY: Mapping[str, Callable[[Builder, str, str], str]] = {
    **{op: _own(op) for op in (
        "abs", "neg", "sign", "exp", "log", "sqrt", "sin", "cos", "tanh", "atan", "sigmoid", "erf",
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
    "log1p": _log1p, "expm1": _expm1, "sinh": _sinh,
    "asinh": _asinh, "acosh": _acosh, "atanh": _atanh, "asin": _asin, "acos": _acos, "exp2": _exp2,
    "cosh": _cosh,
}  # fmt: skip
"""Functions of one value: (builder, value, name of the last node) -> result."""
