"""Softmax of int8 in fixed point, as TensorFlow Lite's reference computes it.

A number in Q(i) is an int32 raw value over 2^(31 - i). Products are rounding doubling high products
(`scale_double` with shift 0), so Q(a) * Q(b) lies in Q(a + b). e^x for x <= 0 is a polynomial on
[-1/4, 0) times the constants e^(-2^k) that the binary digits of the rest select; 1 / (1 + x) is
three steps of Newton's method. Sources: gemmlowp, fixedpoint/fixedpoint.h (exp_on_negative_values,
one_over_one_plus_x_for_x_in_0_1); TensorFlow Lite 8-bit quantization specification, SOFTMAX.
"""

from math import exp, floor

import numpy as np

from tinsmith.ir.ops._fixed import INT32_MAX, INT32_MIN, halved, multiplier_of, scale_double

DIFFERENCE_BITS = 5
"""Integer bits of a difference to the maximum: e^-32 is 0 in 31 bits."""
SUM_BITS = 12
"""Integer bits of the sum of a row."""
MAX_CLASSES = 2**SUM_BITS - 1
ONE_EIGHTH, ONE_QUARTER = 1 << 28, 1 << 24
"""1/8 in Q(0); 1/4 in Q(5)."""


def parameters(factor: float) -> tuple[int, int, int]:
    """(multiplier, left shift, lowest difference that counts) for factor = beta * scale of x.

    Raises:
        ValueError: the factor is 2^-26 or less: a difference would not move by one step of Q(5).
    """
    steps = factor * 2.0 ** (31 - DIFFERENCE_BITS)
    if not steps > 1:
        raise ValueError(f"beta * scale must be above 2^-26, got {factor}")
    if steps >= 2.0**30:
        return 2**30, 0, 0
    multiplier, shift = multiplier_of(steps)
    radius = (2**DIFFERENCE_BITS - 1) * 2.0 ** (31 - DIFFERENCE_BITS - shift)
    return multiplier, shift, -floor(radius)


def softmax8(x: np.ndarray, factor: float) -> np.ndarray:
    """int8 x along its last axis to int8 with scale 1/256 and zero point -128."""
    multiplier, shift, lowest = parameters(factor)
    wide = x.astype(np.int64)
    difference = wide - wide.max(-1, keepdims=True)
    counts = difference >= lowest
    kept = np.where(counts, difference, 0)
    e = exp_fixed(scale_double(kept, np.asarray(multiplier), np.asarray(shift)))
    total = np.where(counts, halved(e, SUM_BITS), 0).sum(-1, keepdims=True)
    reciprocal, bits = _reciprocal(total)
    y = halved(_times(reciprocal, e), bits + 23) - 128
    return np.where(counts, np.minimum(y, 127), -128).astype(np.int8)


def exp_fixed(x: np.ndarray) -> np.ndarray:
    """e^x in Q(0) of x <= 0 in Q(5); 2^31 - 1 of 0."""
    low = (x & (ONE_QUARTER - 1)) - ONE_QUARTER
    result = _exp_near_zero(low << DIFFERENCE_BITS)
    rest = low - x
    for power in range(-2, DIFFERENCE_BITS):
        constant = np.asarray(floor(exp(-(2.0**power)) * 2**31 + 0.5))
        digit = rest & (1 << (31 - DIFFERENCE_BITS + power))
        result = np.where(digit != 0, _times(result, constant), result)
    return np.asarray(np.where(x == 0, INT32_MAX, result))


def _exp_near_zero(a: np.ndarray) -> np.ndarray:
    """e^a of a in [-1/4, 0), all in Q(0): the series around -1/8 up to the fourth power."""
    centre, third = np.asarray(floor(exp(-0.125) * 2**31 + 0.5)), np.asarray(2**31 // 3 + 1)
    x = a + ONE_EIGHTH
    square = _times(x, x)
    cube, fourth = _times(square, x), _times(square, square)
    terms = halved(_times(halved(fourth, 2) + cube, third) + square, 1)
    return np.asarray(centre + _times(centre, x + terms))


def _reciprocal(total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(r, n) with 1 / total = r * 2^-n, total in Q(12) from 1 on, r in Q(0) of [1/2, 1)."""
    _, digits = np.frexp(total.astype(np.float64))
    leading = 32 - digits.astype(np.int64)
    x = (total << leading) - 2**31
    half = (x + INT32_MAX + 1) // 2
    y = 1515870810 + _times(half, np.asarray(-1010580540))
    for _ in range(3):
        rest = (1 << 29) - _times(half, y)
        y = y + _saturated(_times(y, rest) << 2)
    return _saturated(y << 1), SUM_BITS - leading


def _times(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return _saturated(np.asarray((a * b + (1 << 30)) >> 31))


def _saturated(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip(x, INT32_MIN, INT32_MAX))
