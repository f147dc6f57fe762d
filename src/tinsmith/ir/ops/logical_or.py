"""Whether either holds: bool tensors; the smaller of the two repeats."""

import numpy as np

from tinsmith.ir.ops._binary import logical_op

OP = logical_op("logical_or", np.bitwise_or)
