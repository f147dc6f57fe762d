"""Operators of one operand, element by element: float32 through `compose`, 8 bits by tables,
int16 in fixed point (lite/kernels/activations.cc)."""

import numpy as np

from tinsmith.compose import elementwise
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.tflite import tables, tables16
from tinsmith.importers.tflite.scaling import (
    centred,
    finished,
    nearest,
    quant_of,
    result_quant,
    scaled,
    symmetric,
)
from tinsmith.importers.tflite.use import Use
from tinsmith.ir.ops.sigmoid16 import RESULT, sigmoid_table

BYTES = ("int8", "uint8")
REAL: dict[str, tuple[str, tables.Function | None]] = {
    "LOGISTIC": ("sigmoid", tables.logistic),
    "TANH": ("tanh", np.tanh),
    "ELU": ("elu", tables.elu),
    "EXP": ("exp", np.exp),
    "LOG": ("log", None),
    "SQRT": ("sqrt", None),
    "RSQRT": ("rsqrt", None),
    "SIN": ("sin", None),
    "COS": ("cos", None),
    "FLOOR": ("floor", None),
    "CEIL": ("ceil", None),
    "ROUND": ("round", None),
    "NEG": ("neg", None),
    "ABS": ("abs", None),
    "SIGN": ("sign", None),
}
"""Operator -> compose's name, and the function of its int8 table where LUTPopulate fills it."""
_F4 = np.float32


def unary(use: Use) -> str:
    """One of `REAL`."""
    use.alike(0)
    x, kind = use.value(0), use.operator.kind
    name, function = REAL[kind]
    if use.given(0).dtype in BYTES:
        match kind:
            case "LOG":
                return tables.log(use)
            case "ABS":
                return tables.absolute(use)
            case "NEG":
                return _negative(use)
            case "SQRT":
                return tables.sqrt_down(use)
            case "RSQRT":
                return tables.rsqrt(use)
        assert function is not None, "the rule's types let no other through"
        return tables.of_reals(use, function)
    if use.given(0).dtype == "int16":
        return _int16(use, kind)
    if kind == "ELU":
        return elementwise.elu(use.b, x, 1.0, name=use.name)
    return elementwise.unary(use.b, name, x, name=use.name)


def _int16(use: Use, kind: str) -> str:
    match kind:
        case "ABS":
            return _absolute16(use)
        case "NEG":
            return _negative(use)
        case "EXP":
            return tables16.of_reals16(use, np.exp)
        case "LOG":
            return tables16.log16(use)
        case "RSQRT":
            return tables16.rsqrt16(use)
        case "SQRT":
            return _root16(use)
    return _sigmoid16(use, kind == "TANH")


def _negative(use: Use) -> str:
    """The integers of the file with the other sign, wrapped: real numbers keep their meaning with
    the same scale twice and zero points 0."""
    quant = use.type(use.value(0)).quant
    if quant != use.wanted.quant or (quant is not None and any(quant.zero_point)):
        raise Unsupported(f"it makes {use.wanted} of {use.type(use.value(0))}")
    wide = elementwise.cast(use.b, use.value(0), "int32")
    y = elementwise.unary(use.b, "neg", wide)
    return use.op("cast", y, quant=quant, dtype=use.wanted.dtype)


def _absolute16(use: Use) -> str:
    """Rescaled; without a scale 32768 becomes -32768."""
    b, x = use.b, use.value(0)
    if use.type(x).quant is None:
        return elementwise.unary(b, "abs", x, name=use.name)
    size = elementwise.unary(b, "abs", centred(use, x))
    sx, sy = _F4(quant_of(use, x).scale[0]), _F4(result_quant(use).scale[0])
    return finished(use, size, float(sx / sy))


def _root16(use: Use) -> str:
    """In float32 and rounded towards zero; below zero as at zero."""
    b, x = use.b, elementwise.clip(use.b, centred(use, use.value(0)), 0, None)
    real = elementwise.cast(b, x, "float32")
    sx, sy = quant_of(use, use.value(0)).scale[0], result_quant(use).scale[0]
    real = elementwise.binary(b, "mul", real, elementwise.scalar(b, real, sx))
    root = elementwise.unary(b, "sqrt", real)
    steps = elementwise.binary(b, "div", root, elementwise.scalar(b, root, sy))
    return finished(use, elementwise.cast(b, steps, "int32"), 1.0)


def _sigmoid16(use: Use, tanh: bool) -> str:
    """LOGISTIC and TANH of int16: the scale as a multiplier of 15 bits and a shift; scales of 2^-12
    (for tanh also 2^-11) are exact."""
    scale, zero = quant_of(use, use.value(0)).scale[0], quant_of(use, use.value(0)).zero_point[0]
    if zero or result_quant(use) != RESULT:
        raise Unsupported(f"{use.type(use.value(0))} to {use.wanted}; expected scale 2^-15")
    multiplier, shift = scale * 4096 * 3, 0
    while multiplier <= 32767 / 2 and shift <= 30:
        multiplier, shift = multiplier * 2, shift + 1
    exact = {2.0**-12: 3, 2.0**-11: 6} if tanh else {2.0**-12: 3}
    if scale in exact:
        multiplier, shift = exact[scale], 0
    table = use.constant(f"{use.name}_table", sigmoid_table())
    return use.op(
        "sigmoid16", use.value(0), table, multiplier=int(multiplier), shift=shift, tanh=tanh
    )


def gelu(use: Use) -> str:
    """Option 0: whether tanh approximates it."""
    use.alike(0)
    approximate = bool(use.option(0))
    if use.given(0).dtype in BYTES:
        return tables.of_reals(use, tables.gelu_tanh if approximate else tables.gelu)
    if use.given(0).dtype == "int16":
        return tables16.of_reals16(use, tables.gelu_tanh if approximate else tables.gelu)
    op = "gelu_tanh" if approximate else "gelu"
    return elementwise.unary(use.b, op, use.value(0), name=use.name)


def square(use: Use) -> str:
    """x * x."""
    x = use.value(0)
    return elementwise.binary(use.b, "mul", x, x, name=use.name)


def hard_swish(use: Use) -> str:
    """x * relu6(x + 3) / 6, in this order of steps."""
    use.alike(0)
    if use.given(0).dtype in BYTES:
        return tables.hard_swish(use)
    b, x = use.b, use.value(0)
    above = elementwise.binary(b, "add", x, elementwise.scalar(b, x, 3))
    gate = elementwise.clip(b, above, 0, 6)
    product = elementwise.binary(b, "mul", x, gate)
    return elementwise.binary(b, "div", product, elementwise.scalar(b, x, 6), name=use.name)


def limited(use: Use, low: float, high: float | None, code: int) -> str:
    """RELU and its kin; int8 is rescaled and limited by a table, int16 in fixed point."""
    use.alike(0)
    x = use.value(0)
    if use.given(0).dtype in BYTES:
        return tables.rescaled(use, low, high)
    if use.given(0).dtype == "int16":
        factor = float(_F4(quant_of(use, x).scale[0]) / _F4(result_quant(use).scale[0]))
        return finished(use, centred(use, x), factor, code)
    return elementwise.clip(use.b, x, low, high, name=use.name)


def leaky_relu(use: Use) -> str:
    """Option 0: the factor below zero."""
    use.alike(0)
    alpha, x = use.real_option(0), use.value(0)
    if use.given(0).dtype in BYTES:
        return tables.leaky_relu(use, alpha)
    if use.given(0).dtype == "float32":
        return elementwise.leaky_relu(use.b, x, alpha, name=use.name)
    sx, sy = _F4(quant_of(use, x).scale[0]), _F4(result_quant(use).scale[0])
    slope = float(sx * _F4(alpha) / sy)
    whole = centred(use, x)
    above = scaled(use, elementwise.clip(use.b, whole, 0, None), float(sx / sy))
    below = elementwise.clip(use.b, whole, None, 0)
    if slope < 0:
        below = elementwise.unary(use.b, "neg", below)
    below = scaled(use, below, abs(slope))
    return finished(use, elementwise.binary(use.b, "add", above, below), 1.0)


def prelu(use: Use) -> str:
    """Operand 1: the factor below zero, repeated to x's shape; of int16 it is int8."""
    use.alike(0)
    wanted = "int8" if use.given(0).dtype == "int16" else use.given(0).dtype
    if use.given(1).dtype != wanted:
        raise Unsupported(f"its factors are {use.given(1)}; expected {wanted}")
    b, x, alpha = use.b, use.value(0), use.value(1)
    if use.given(0).dtype == "float32":
        zero = elementwise.scalar(b, x, 0)
        below = elementwise.binary(b, "mul", elementwise.binary(b, "min", x, zero), alpha)
        positive = elementwise.binary(b, "max", x, zero)
        return elementwise.binary(b, "add", positive, below, name=use.name)
    sx, sa = (_F4(quant_of(use, v).scale[0]) for v in (x, alpha))
    sy = _F4(result_quant(use).scale[0])
    whole = centred(use, x)
    above = scaled(use, elementwise.clip(b, whole, 0, None), float(sx / sy))
    product = elementwise.binary(b, "mul", elementwise.clip(b, whole, None, 0), centred(use, alpha))
    below = scaled(use, product, float(sx * sa / sy))
    return finished(use, elementwise.binary(b, "add", above, below), 1.0)


def quantize(use: Use) -> str:
    """float32 to integers, or integers to another scale."""
    x = use.value(0)
    if use.type(x).dtype == "float32" and use.wanted.dtype == "int16":
        return _quantize16(use, x)
    if use.type(x).dtype == "float32":
        return use.op("quantize", x, quant=use.wanted.quant)
    if use.type(x).dtype == "int32":
        return finished(use, x, symmetric(use.given(0)).scale[0] / result_quant(use).scale[0])
    if use.wanted.dtype == "int32":
        return scaled(use, x, quant_of(use, x).scale[0] / symmetric(use.result).scale[0], use.name)
    factor = quant_of(use, x).scale[0] / result_quant(use).scale[0]
    if use.type(x).dtype == use.wanted.dtype == "int8":
        return tables.rescaled(use)
    return finished(use, centred(use, x), factor)


def _quantize16(use: Use, x: str) -> str:
    """float32 to int16: the quotient by the scale, halves away from zero."""
    b = use.b
    steps = elementwise.binary(b, "div", x, elementwise.scalar(b, x, result_quant(use).scale[0]))
    return finished(use, nearest(use, elementwise.clip(b, steps, -(2.0**17), 2.0**17)), 1.0)


def fake_quant(use: Use) -> str:
    """Options 0, 1: ends; 2: bits. The ends move until a step lies on zero (lite/kernels/internal/
    quantization_util.h, NudgeQuantizationRange)."""
    if use.option(3):
        raise Unsupported("its range is narrow")
    low, high = (_F4(use.real_option(i)) for i in (0, 1))
    bits = use.option(2, "<i")
    if not 2 <= bits <= 16 or not low <= 0 <= high or not low < high:
        raise Unsupported(f"{bits} bits from {low} to {high}")
    most = _F4((1 << bits) - 1)
    step = (high - low) / most
    zero = _F4(np.clip(tables.round_away(np.array(-low / step)), 0, most))
    b, ends = use.b, (-zero * step, (most - zero) * step)
    x = elementwise.clip(b, use.value(0), float(ends[0]), float(ends[1]))
    x = elementwise.binary(b, "sub", x, elementwise.scalar(b, x, float(ends[0])))
    x = elementwise.binary(b, "mul", x, elementwise.scalar(b, x, float(_F4(1) / step)))
    x = elementwise.cast(b, nearest(use, x), "float32")
    x = elementwise.binary(b, "mul", x, elementwise.scalar(b, x, float(step)))
    return elementwise.binary(b, "add", x, elementwise.scalar(b, x, float(ends[0])), name=use.name)


def cast(use: Use) -> str:
    """Numbers as they lie in the file, whatever they mean."""
    x = use.value(0)
    if use.given(0).dtype == "uint8" and use.type(x).dtype == "int8":
        x = use.op("recentre", x, name=f"{use.name}_bytes")
    wanted = use.wanted
    if wanted.quant is not None:
        raise Unsupported(f"its result {wanted} has a scale")
    if use.type(x).dtype == wanted.dtype:
        raise Unsupported(f"it makes {wanted.dtype} of {use.type(x)}")
    return elementwise.cast(use.b, x, wanted.dtype, name=use.name)
