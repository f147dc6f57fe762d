"""Sine of float32 values of any size; error below 2e-7, relative to 1; NaN of infinities."""

import numpy as np

from tinsmith.ir.ops._curves import sin32
from tinsmith.ir.ops._unary import function_op

OP = function_op("sin", sin32, np.sin, 1000.0)
