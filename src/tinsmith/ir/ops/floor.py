"""Largest whole number that is not above x, float32; zeros keep the sign of x."""

import numpy as np

from tinsmith.ir.ops._unary import function_op

OP = function_op("floor", np.floor, np.floor, 50.0)
