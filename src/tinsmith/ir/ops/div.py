"""Quotient of two tensors of float32, int32 or int64: y = x / b; the smaller of the two repeats.

Whole quotients drop the fraction; one by zero is 0, the lowest value by -1 wraps to itself.
"""

from dataclasses import replace

import numpy as np

from tinsmith.ir.ops._binary import binary_op
from tinsmith.ir.ops._remainder import quotient


def _exact(x: int, b: int) -> int:
    size = abs(x) // abs(b) if b else 0
    return size if (x < 0) == (b < 0) else -size


OP = replace(
    binary_op("div", quotient, np.divide, _exact),
    affine=lambda c: (1.0 / c, np.zeros_like(c)),
)
