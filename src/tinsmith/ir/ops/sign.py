"""-1, 0 or 1 for values below, at and above zero, float32, int32 or int64; NaN stays NaN."""

import numpy as np

from tinsmith.ir.ops._unary import sign_op


def _sign(x: np.ndarray) -> np.ndarray:
    ones = np.where(x > 0, 1, np.where(x < 0, -1, 0)).astype(x.dtype)
    return np.where(x != x, x, ones)


OP = sign_op("sign", _sign)
