"""Bits that are set in both, int32 or int64; the smaller of the two repeats."""

import operator

import numpy as np

from tinsmith.ir.ops._bits import bits_op

OP = bits_op("bitwise_and", np.bitwise_and, operator.and_, commutes=True)
