"""Difference of two tensors: y = x - b; the smaller of the two repeats.

float32, int32 or int64; integers wrap.
"""

import operator
from dataclasses import replace

import numpy as np

from tinsmith.ir.ops._binary import binary_op

OP = replace(
    binary_op("sub", np.subtract, np.subtract, operator.sub),
    affine=lambda c: (np.ones_like(c), -c),
)
