"""Smaller of two values, float32, int32 or int64; the smaller of the two repeats.

NaN where either is NaN. Of two zeros it is x.
"""

from dataclasses import replace
from math import inf

import numpy as np

from tinsmith.ir.ops._binary import binary_op


def smaller(x: np.ndarray, b: np.ndarray) -> np.ndarray:
    """x where it is below or equal to b, or NaN."""
    return np.where((x <= b) | (x != x), x, b)


OP = replace(
    binary_op("min", smaller, np.minimum, min),
    commutes=True,
    limits=lambda others: (-inf, others[0]),
)
