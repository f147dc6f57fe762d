"""Nearest whole number, ties to even, float32; zeros keep the sign of x."""

import numpy as np

from tinsmith.ir.ops._unary import function_op

OP = function_op("round", np.rint, np.rint, 50.0)
