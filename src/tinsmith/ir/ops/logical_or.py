"""Whether either holds: bool tensors; b is repeated along the first axes of x where it is
smaller."""

from dataclasses import replace

import numpy as np

from tinsmith.ir.ops._binary import logical_op

OP = replace(
    logical_op("logical_or", np.bitwise_or),
    commutes=True,
)
