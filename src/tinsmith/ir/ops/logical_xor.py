"""Whether exactly one holds: bool tensors; the smaller of the two repeats."""

import numpy as np

from tinsmith.ir.ops._binary import logical_op

OP = logical_op("logical_xor", np.bitwise_xor)
