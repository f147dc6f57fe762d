"""Bits moved up, int32 or int64: what passes the top is lost; 0 by a negative count or by the
width or more. The smaller of the two repeats.

Source: ONNX, BitShift.
"""

import numpy as np

from tinsmith.ir.ops._bits import bits_op, width


def shifted(x: np.ndarray, b: np.ndarray) -> np.ndarray:
    """x * 2^b, wrapped, where 0 <= b < width; else 0."""
    inside = (b >= 0) & (b < width(x))
    return np.where(inside, np.left_shift(x, np.where(inside, b, 0)), 0)


def _exact(x: int, b: int) -> int:
    return x << b if 0 <= b < 128 else 0


OP = bits_op("shift_left", shifted, _exact)
