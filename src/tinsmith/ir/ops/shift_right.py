"""Bits moved down, int32 or int64, filled with the sign; by a negative count or by the width or
more only the sign is left: 0 or -1. The smaller of the two repeats.

Source: ONNX, BitShift.
"""

import numpy as np

from tinsmith.ir.ops._bits import bits_op, width


def shifted(x: np.ndarray, b: np.ndarray) -> np.ndarray:
    """floor(x / 2^b) where 0 <= b < width; else -1 or 0."""
    most = width(x) - 1
    return np.asarray(np.right_shift(x, np.where((b < 0) | (b > most), most, b)))


def _exact(x: int, b: int) -> int:
    return x >> b if 0 <= b < 128 else -(x < 0)


OP = bits_op("shift_right", shifted, _exact)
