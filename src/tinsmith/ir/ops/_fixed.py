"""Fixed-point arithmetic of int8 networks in numpy: the meaning that `ts_fixed.h` follows.

A real factor f is held as an int32 multiplier m and a shift s with f = m * 2^(s - 31), m in
[2^30, 2^31) or 0, s in [-31, 30]. Sources: Jacob et al., "Quantization and Training of Neural
Networks for Efficient Integer-Arithmetic-Only Inference", CVPR 2018, section 2.2; the definitions
of rounding doubling high multiplication and rounding division by a power of two in gemmlowp's
documentation, doc/quantization.md; TensorFlow Lite's 8-bit quantization specification.
"""

from math import floor, frexp

import numpy as np

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1
MOST_WIDE = 2**47
"""Sums of 64 bits are saturated to this magnitude: times 15 bits they fit into 64."""
MOST_SHIFT_WIDE = 14


def multiplier_of(factor: float) -> tuple[int, int]:
    """(m, s) nearest to a factor >= 0; a factor below 2^-32 becomes (0, 0).

    Raises:
        ValueError: the factor is negative, not finite, or rounds to 2^30 or above.
    """
    if not 0 <= factor < 2.0**30 - 0.25:
        raise ValueError(f"a factor must lie in [0, 2^30 - 1/4), got {factor}")
    fraction, shift = frexp(factor)
    multiplier = floor(fraction * 2.0**31 + 0.5)
    if multiplier == 2**31:
        multiplier, shift = 2**30, shift + 1
    return (multiplier, shift) if shift >= -31 else (0, 0)


def scale_double(x: np.ndarray, multiplier: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """x * f rounded twice: to the nearest after the doubling high product (halves upwards), then
    after the right shift (halves away from zero). A left shift comes first and saturates.

    Args:
        x: int64 holding int32 values; multiplier, shift: int64, broadcast to x.
    """
    left, right = np.maximum(shift, 0), np.maximum(-shift, 0)
    x = np.clip(x << left, INT32_MIN, INT32_MAX)
    return halved(np.clip((x * multiplier + (1 << 30)) >> 31, INT32_MIN, INT32_MAX), right)


def halved(x: np.ndarray, times: np.ndarray | int) -> np.ndarray:
    """x / 2^times to the nearest, halves away from zero (int64; times 0..62)."""
    mask = (np.int64(1) << times) - 1
    return np.asarray((x >> times) + ((x & mask) > (mask >> 1) + (x < 0)))


def scale_single(x: np.ndarray, multiplier: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """x * f rounded once: floor(x * m / 2^(31-s) + 1/2), exactly.

    Args:
        x: int64, saturated to +-`MOST_WIDE`, and to int32 where s is above 14: such results leave
            int32 anyway; multiplier, shift: int64, broadcast to x.
    """
    total = 31 - shift
    half = np.int64(1) << (total - 1)
    narrow = (np.clip(x, INT32_MIN, INT32_MAX) * multiplier + half) >> total
    x = np.clip(x, -MOST_WIDE, MOST_WIDE)
    upper = (x >> 16) * multiplier + (((x & 0xFFFF) * multiplier + half) >> 16)
    return np.asarray(np.where(total < 17, narrow, upper >> np.maximum(total - 16, 1)))


def reduced(multiplier: np.ndarray) -> np.ndarray:
    """A multiplier's upper 16 bits, rounded, at most 2^15 - 1."""
    return np.asarray(np.where(multiplier < 0x7FFF0000, (multiplier + (1 << 15)) >> 16, 0x7FFF))


def scale_wide(x: np.ndarray, multiplier: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """x * f with f's multiplier reduced to 16 bits, rounded once: floor(x * m16 / 2^(15-s) + 1/2).

    Source: TensorFlow Lite, lite/kernels/internal/common.cc, MultiplyByQuantizedMultiplier

    Args:
        x: int64, saturated to +-`MOST_WIDE`; multiplier, shift: int64, shift -31..14.
    """
    total = 15 - shift
    x = np.clip(x, -MOST_WIDE, MOST_WIDE)
    return np.asarray((x * reduced(multiplier) + (np.int64(1) << (total - 1))) >> total)
