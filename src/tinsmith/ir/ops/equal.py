"""Whether two values are equal.

float32, int32 or int64 in, bool out; with NaN it does not hold. b is repeated along the first axes
of x where it is smaller.
"""

from dataclasses import replace

import numpy as np

from tinsmith.ir.ops._binary import comparison_op

OP = replace(
    comparison_op("equal", np.equal),
    commutes=True,
)
