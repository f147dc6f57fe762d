"""Logistic function and hyperbolic tangent of int16 in fixed point, as the gates of integer
recurrent layers have them.

A number in Q(i) is an int16 raw value over 2^(15 - i); values lie in int64 here. A product is
rounded to the nearest (halves upwards), e^x for x < 0 is a series on [-1/4, 0) times constants
e^(-2^k) that the binary digits of the rest select, a quotient takes three steps of Newton's method.
Source: gemmlowp, fixedpoint/fixedpoint.h (exp_on_negative_values, logistic, tanh), with 16 bits.
"""

import numpy as np

from tinsmith.ir.ops._fixed import halved

INT16_MIN, INT16_MAX = -(2**15), 2**15 - 1
POWERS = (25520, 19875, 12055, 4435, 600, 11, 0)
"""e^(-2^k) in Q(0), k = -2..4."""
LOGISTIC_BITS = 3
MOST_BITS = 6
"""Integer bits of a logistic function's argument; of a tangent's at most."""


def logistic16(x: np.ndarray) -> np.ndarray:
    """1 / (1 + e^-x) in Q(0) of x in Q(3)."""
    y = saturated16(_reciprocal(_exp(-np.abs(x), LOGISTIC_BITS)) << 1)
    return np.where(x == 0, 1 << 14, np.where(x > 0, y, INT16_MAX - y))


def tanh16(x: np.ndarray, bits: int) -> np.ndarray:
    """tanh x in Q(0) of x in Q(bits), bits 0..6."""
    y = saturated16((_reciprocal(_exp(-np.abs(x), bits + 1)) - (1 << 13)) << 2)
    return np.where(x == 0, 0, np.where(x < 0, -y, y))


def saturated16(x: np.ndarray) -> np.ndarray:
    """x within int16."""
    return np.asarray(np.clip(x, INT16_MIN, INT16_MAX))


def _times(a: np.ndarray, b: np.ndarray | int) -> np.ndarray:
    return np.asarray((a * b + (1 << 14)) >> 15)


def _exp(x: np.ndarray, bits: int) -> np.ndarray:
    """e^x in Q(0) of x < 0 in Q(bits), bits 1..7."""
    quarter = 1 << (13 - bits)
    low = (x & (quarter - 1)) - quarter
    result, rest = _exp_near_zero(low << bits), low - x
    for k in range(-2, min(bits, 5)):
        digit = (rest >> (15 - bits + k)) & 1
        result = np.where(digit != 0, _times(result, POWERS[k + 2]), result)
    below = x < -(1 << (20 - bits))  # -32, beyond those digits
    return np.where(below, 0, result)


def _exp_near_zero(a: np.ndarray) -> np.ndarray:
    """e^a of a in [-1/4, 0), all in Q(0): the series around -1/8 up to the fourth power."""
    x = a + (1 << 12)
    square = _times(x, x)
    cube, fourth = _times(square, x), _times(square, square)
    terms = halved(_times(halved(fourth, 2) + cube, 10923) + square, 1)
    return saturated16(28918 + _times(x + terms, 28918))


def _reciprocal(e: np.ndarray) -> np.ndarray:
    """1 / (1 + e) in Q(1) of e in Q(0), 0 or above: three steps from 48/17 - 32/17 * d for 1 / d in
    Q(2), d half the denominator."""
    d = (e + INT16_MAX + 1) >> 1
    y = 23130 + _times(d, -15420)
    for _ in range(3):
        y = y + (_times(y, (1 << 13) - _times(d, y)) << 2)
    return np.asarray(y)
