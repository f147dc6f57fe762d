"""Values with the other sign, float32, int32 or int64; the lowest integer stays what it is."""

import numpy as np

from tinsmith.ir.ops._unary import sign_op

OP = sign_op("neg", np.negative)
