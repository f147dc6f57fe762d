"""Smallest whole number that is not below x, float32; zeros keep the sign of x."""

import numpy as np

from tinsmith.ir.ops._unary import function_op

OP = function_op("ceil", np.ceil, np.ceil, 50.0)
