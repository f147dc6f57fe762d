"""Whole quotients and remainders in numpy, as the kernels of div, mod and fmod compute them."""

import numpy as np


def quotient(x: np.ndarray, b: np.ndarray) -> np.ndarray:
    """x / b; integers drop the fraction, by zero they give 0, and the lowest value by -1 wraps."""
    if x.dtype.kind == "f":
        return np.asarray(x / b)
    plain = np.where((b == 0) | (b == -1), 1, b).astype(b.dtype)
    down = np.floor_divide(x, plain)
    inexact = down * plain != x
    truncated = down + (inexact & ((x < 0) != (plain < 0)))
    return np.asarray(np.where(b == 0, 0, np.where(b == -1, 0 - x, truncated)), x.dtype)


def remainder(x: np.ndarray, b: np.ndarray) -> np.ndarray:
    """x - b * trunc(x / b); of integers by zero 0."""
    if x.dtype.kind == "f":
        return np.asarray(np.fmod(x, b))
    return np.asarray(np.fmod(x, _divisor(b)))


def modulus(x: np.ndarray, b: np.ndarray) -> np.ndarray:
    """x - b * floor(x / b); of integers by zero 0; zeros of floats have the sign of b."""
    if x.dtype.kind != "f":
        return np.asarray(np.mod(x, _divisor(b)))
    r = np.fmod(x, b)
    moved = np.where((r != 0) & ((r < 0) != (b < 0)), r + b, r)
    return np.asarray(np.where(r == 0, np.copysign(r, b), moved), x.dtype)


def _divisor(b: np.ndarray) -> np.ndarray:
    """Divisors without those for which remainders are 0 anyway (and may trap)."""
    return np.asarray(np.where((b == 0) | (b == -1), 1, b), b.dtype)
