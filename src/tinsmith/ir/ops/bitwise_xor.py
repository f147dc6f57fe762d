"""Bits that are set in one of two values, int32 or int64; the smaller of the two repeats."""

import operator

import numpy as np

from tinsmith.ir.ops._bits import bits_op

OP = bits_op("bitwise_xor", np.bitwise_xor, operator.xor, commutes=True)
