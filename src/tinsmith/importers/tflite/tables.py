"""Functions of one int8 or uint8 value: a table of all 256 results, made at import.

Each follows TensorFlow Lite's reference kernel of the operator. Most are filled by
lite/kernels/internal/common.h, LUTPopulate: dequantised, the function, the quotient by the scale
rounded half away from zero, all in float32; ABS, HARD_SWISH, LEAKY_RELU and RELU are fixed
point (lite/kernels/{activations,elementwise}.cc). Quantised uint8 is int8 here (`translate.py`),
which changes no difference to a zero point.
"""

from collections.abc import Callable
from math import erf, sqrt

import numpy as np

from tinsmith.importers._frame import Unsupported
from tinsmith.importers.tflite.use import Use
from tinsmith.ir.ops._fixed import multiplier_of, scale_double
from tinsmith.ir.ops.l2_norm import inverse_root

Function = Callable[[np.ndarray], np.ndarray]
_F4 = np.float32


def table(use: Use, entries: np.ndarray) -> str:
    """The node that looks results up; ``entries`` hold all 256 of them before the clamp to int8, in
    steps of the result."""
    out = use.wanted.quant
    bytes_ = np.clip(entries, -128, 127).astype(np.int8)
    return use.op("lookup", use.value(0), use.constant(f"{use.name}_table", bytes_, out))


def scales(use: Use) -> tuple[float, int, float, int]:
    """Scale and zero point of operand 0 and of the result, which must have one each."""
    x, y = use.type(use.value(0)).quant, use.wanted.quant
    if x is None or y is None or x.axis is not None or y.axis is not None:
        raise Unsupported(f"{use.type(use.value(0))} to {use.wanted}: it needs one scale for each")
    return x.scale[0], x.zero_point[0], y.scale[0], y.zero_point[0]


def centred(use: Use) -> np.ndarray:
    """The 256 values of operand 0 less its zero point (int64)."""
    return np.arange(-128, 128, dtype=np.int64) - scales(use)[1]


def round_away(x: np.ndarray) -> np.ndarray:
    """To the nearest integer, halves away from zero (float64 that holds integers)."""
    wide = np.asarray(x, np.float64)
    return np.asarray(np.sign(wide) * np.floor(np.abs(wide) + 0.5))


def times(x: np.ndarray, factor: float) -> np.ndarray:
    """Fixed-point product with a factor, rounded twice."""
    multiplier, shift = multiplier_of(factor)
    return scale_double(x, np.asarray(multiplier), np.asarray(shift))


def of_reals(use: Use, function: Function) -> str:
    """LUTPopulate with a function of float64, whose result is rounded to float32."""
    sx, _, sy, zy = scales(use)
    real = _F4(sx) * centred(use).astype(_F4)
    with np.errstate(all="ignore"):
        result = function(real.astype(np.float64)).astype(_F4)
        steps = round_away(result * (_F4(1) / _F4(sy)))
    if np.isnan(steps).any():
        raise Unsupported("some of its results are no numbers")
    return table(use, np.clip(steps, -1e9, 1e9) + zy)


def logistic(x: np.ndarray) -> np.ndarray:
    """1 / (1 + e^-x), the steps in float32."""
    with np.errstate(over="ignore"):
        e = np.exp(-x).astype(_F4)
    return np.asarray(_F4(1) / (_F4(1) + e))


def elu(x: np.ndarray) -> np.ndarray:
    """x, below zero e^x - 1."""
    return np.where(x < 0, np.expm1(np.minimum(x, 0)), x)


def gelu(x: np.ndarray) -> np.ndarray:
    """x times the normal distribution function."""
    return np.array([0.5 * v * (1 + erf(v * sqrt(0.5))) for v in x.tolist()])


def gelu_tanh(x: np.ndarray) -> np.ndarray:
    """The approximation of `gelu` by tanh."""
    return np.asarray(0.5 * x * (1 + np.tanh(sqrt(2 / np.pi) * (x + 0.044715 * x**3))))


def log(use: Use) -> str:
    """Below and at zero: the smallest result there is."""
    _, _, sy, zy = scales(use)
    least = float(_F4(-128 - zy) * _F4(sy))
    return of_reals(use, lambda x: np.where(x > 0, np.log(np.maximum(x, 1e-300)), least))


def leaky_relu(use: Use, alpha: float) -> str:
    """Two factors: for values below zero that times alpha, whose sign the value takes."""
    sx, _, sy, zy = scales(use)
    x = centred(use)
    slope = float(_F4(_F4(sx) * _F4(alpha)) / _F4(sy))
    below = times(np.minimum(x, 0) * (-1 if slope < 0 else 1), abs(slope))
    return table(use, np.where(x >= 0, times(x, float(_F4(sx) / _F4(sy))), below) + zy)


def absolute(use: Use) -> str:
    """Rescaled only where scales differ."""
    sx, _, sy, zy = scales(use)
    x = np.abs(centred(use))
    return table(use, (x if sx == sy else times(x, float(_F4(sx) / _F4(sy)))) + zy)


def rescaled(use: Use, low: float | None = None, high: float | None = None) -> str:
    """x in the result's scale, real numbers limited to low..high (RELU and its kin); without
    limits QUANTIZE from int8."""
    sx, _, sy, zy = scales(use)
    factor = sx / sy if low is None and high is None else float(_F4(sx) / _F4(sy))
    y = times(centred(use), factor) + zy
    if low is not None:
        y = np.maximum(y, zy + int(round_away(np.array(_F4(low) / _F4(sy)))))
    if high is not None:
        y = np.minimum(y, zy + int(round_away(np.array(_F4(high) / _F4(sy)))))
    return table(use, y)


def hard_swish(use: Use) -> str:
    """x * relu6(x + 3) / 6 in 16-bit fixed point, as lite/kernels/internal/reference/hard_swish.h
    has it."""
    sx, _, sy, zy = scales(use)
    fine = _F4(1 / 128) * _F4(sx)
    to_result, exponent = _short(fine / _F4(sy))
    to_relu, up = _short(fine / _F4(3 / 32768))
    if exponent > 0:
        raise Unsupported(f"its scales {sx:.6g} and {sy:.6g} are too far apart")
    x = centred(use) << 7
    y = _high(x, to_result)
    gate = _saturated(x << max(0, up - 1)) if up > 0 else x
    gate = _high(gate, to_relu)
    gate = _saturated(gate << 1) if up > 0 else _halved(gate, -up)
    gate = (gate + (1 << 15)) >> 1
    product = gate * y
    high = np.sign(product) * (np.abs(product) >> 15)
    return table(use, _halved(high, -exponent) + zy)


def _short(factor: np.floating) -> tuple[int, int]:
    """Multiplier of 16 bits and exponent of a factor."""
    multiplier, shift = multiplier_of(float(factor))
    return min((multiplier + (1 << 15)) >> 16, 0x7FFF), shift


def _saturated(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip(x, -(2**15), 2**15 - 1))


def _high(x: np.ndarray, multiplier: int) -> np.ndarray:
    """gemmlowp's rounding doubling high product of int16."""
    product = x * multiplier
    nudged = product + np.where(product >= 0, 1 << 14, 1 - (1 << 14))
    return np.asarray(np.sign(nudged) * (np.abs(nudged) >> 15))


def _halved(x: np.ndarray, bits: int) -> np.ndarray:
    """Division by 2^bits, halves away from zero."""
    mask = (1 << bits) - 1
    return np.asarray((x >> bits) + ((x & mask) > (mask >> 1) + (x < 0)))


def sqrt_down(use: Use) -> str:
    """The root in steps of the result, rounded towards zero; below zero as at zero."""
    sx, _, sy, zy = scales(use)
    real = np.maximum(_F4(sx) * centred(use).astype(_F4), _F4(0))
    return table(use, np.trunc(np.sqrt(real) / _F4(sy)).astype(np.int64) + zy)


def rsqrt(use: Use) -> str:
    """1 over the root in fixed point with 20 bits of fraction; the largest result at zero and
    below."""
    sx, _, sy, zy = scales(use)
    multiplier, shift = multiplier_of(1 / (float(np.sqrt(_F4(sx))) * sy))
    entries = np.full(256, 127, np.int64)
    for at, value in enumerate(centred(use).tolist()):
        if value > 0:
            root, exponent = inverse_root(value)
            fine = _product(1, root, exponent + 20)
            entries[at] = _product(fine, multiplier, shift - 20) + zy
    return table(use, entries)


def _product(x: int, multiplier: int, shift: int) -> int:
    return int(scale_double(np.array(x), np.array(multiplier), np.array(shift)))
