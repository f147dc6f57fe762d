"""Hyperbolic tangent of float32 values; relative error below 2e-7."""

import numpy as np

from tinsmith.ir.ops._float import tanh32
from tinsmith.ir.ops._unary import function_op

OP = function_op("tanh", tanh32, np.tanh, 10.0)
