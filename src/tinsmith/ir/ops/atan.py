"""Inverse tangent of float32 values; relative error below 3e-7."""

import numpy as np

from tinsmith.ir.ops._curves import atan32
from tinsmith.ir.ops._unary import function_op

OP = function_op("atan", atan32, np.arctan, 10.0)
