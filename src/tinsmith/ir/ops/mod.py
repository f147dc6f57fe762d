"""Remainder that has the divisor's sign: y = x - b * floor(x / b), float32, int32 or int64; b is
repeated along the first axes of x where it is smaller.

Exact. By zero it is NaN for float32 and 0 for integers; of an infinity it is NaN. A float32 zero
has the sign of b.
"""

from tinsmith.ir.ops._binary import binary_op
from tinsmith.ir.ops._remainder import modulus


def _exact(x: int, b: int) -> int:
    return x % b if b else 0


OP = binary_op("mod", modulus, modulus, _exact)
