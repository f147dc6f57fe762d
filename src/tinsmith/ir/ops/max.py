"""Larger of two values, float32, int32 or int64; the smaller of the two repeats.

NaN where either is NaN. Of two zeros it is x.
"""

from dataclasses import replace
from math import inf

import numpy as np

from tinsmith.ir.ops._binary import binary_op


def larger(x: np.ndarray, b: np.ndarray) -> np.ndarray:
    """x where it is above or equal to b, or NaN."""
    return np.where((x >= b) | (x != x), x, b)


OP = replace(
    binary_op("max", larger, np.maximum, max),
    commutes=True,
    limits=lambda others: (others[0], inf),
)
