"""The error function of float32 values; relative error below 3e-7."""

from math import erf

import numpy as np

from tinsmith.ir.ops._curves import erf32
from tinsmith.ir.ops._unary import function_op


def _erf(x: np.ndarray) -> np.ndarray:
    return np.array([erf(v) for v in x.reshape(-1).tolist()]).reshape(x.shape)


OP = function_op("erf", erf32, _erf, 5.0)
