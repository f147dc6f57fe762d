"""Cosine of float32 values of any size; error below 2e-7, relative to 1; NaN of infinities."""

import numpy as np

from tinsmith.ir.ops._curves import cos32
from tinsmith.ir.ops._unary import function_op

OP = function_op("cos", cos32, np.cos, 1000.0)
