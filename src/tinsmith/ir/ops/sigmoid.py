"""1 / (1 + e^-x) of float32 values; relative error below 2e-7."""

import numpy as np

from tinsmith.ir.ops._float import sigmoid32
from tinsmith.ir.ops._unary import function_op


def _logistic(x: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-x)))


OP = function_op("sigmoid", sigmoid32, _logistic, 20.0)
