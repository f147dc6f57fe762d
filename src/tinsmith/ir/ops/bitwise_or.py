"""Bits that are set in either, int32 or int64; the smaller of the two repeats."""

import operator

import numpy as np

from tinsmith.ir.ops._bits import bits_op

OP = bits_op("bitwise_or", np.bitwise_or, operator.or_, commutes=True)
