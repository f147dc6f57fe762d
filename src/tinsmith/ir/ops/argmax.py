"""Index of the largest value along one axis; attributes in `_arg.py`."""

import numpy as np

from tinsmith.ir.ops._arg import arg_op

OP = arg_op("argmax", np.greater, np.argmax)
