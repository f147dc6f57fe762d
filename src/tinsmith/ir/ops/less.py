"""Whether x is below b.

float32, int32 or int64 in, bool out; with NaN it does not hold. The smaller of the two repeats.
"""

import numpy as np

from tinsmith.ir.ops._binary import comparison_op

OP = comparison_op("less", np.less)
