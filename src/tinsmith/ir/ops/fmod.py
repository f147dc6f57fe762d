"""Remainder that has the dividend's sign: y = x - b * trunc(x / b), float32, int32 or int64; b is
repeated along the first axes of x where it is smaller.

Exact, as fmod of C. By zero it is NaN for float32 and 0 for integers; of an infinity it is NaN.
"""

import numpy as np

from tinsmith.ir.ops._binary import binary_op
from tinsmith.ir.ops._remainder import remainder


def _exact(x: int, b: int) -> int:
    size = abs(x) % abs(b) if b else 0
    return -size if x < 0 else size


OP = binary_op("fmod", remainder, np.fmod, _exact)
