"""Whether exactly one holds: bool tensors; the smaller of the two repeats."""

from dataclasses import replace

import numpy as np

from tinsmith.ir.ops._binary import logical_op

OP = replace(
    logical_op("logical_xor", np.bitwise_xor),
    commutes=True,
)
