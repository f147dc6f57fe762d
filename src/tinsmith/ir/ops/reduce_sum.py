"""Sum along one axis, which disappears: from the first element on, in order of index; integers
wrap."""

import numpy as np

from tinsmith.ir.ops._reduce import reduction

OP = reduction("reduce_sum", np.add, np.add)
