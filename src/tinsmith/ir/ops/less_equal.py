"""Whether x is below b or equal to it.

float32, int32 or int64 in, bool out; with NaN it does not hold. b is repeated along the first axes
of x where it is smaller.
"""

import numpy as np

from tinsmith.ir.ops._binary import comparison_op

OP = comparison_op("less_equal", np.less_equal)
