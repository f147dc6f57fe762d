"""Whether both hold: bool tensors; the smaller of the two repeats."""

import numpy as np

from tinsmith.ir.ops._binary import logical_op

OP = logical_op("logical_and", np.bitwise_and)
