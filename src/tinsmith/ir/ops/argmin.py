"""Index of the smallest value along one axis; attributes in `_arg.py`."""

import numpy as np

from tinsmith.ir.ops._arg import arg_op

OP = arg_op("argmin", np.less, np.argmin)
