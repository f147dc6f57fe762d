"""Operators of two operands, element by element, with broadcasting.

float32, int32 and int64 are what they say. Quantised integers follow TensorFlow Lite's reference
kernels, lite/kernels/{sub,mul,maximum_minimum,comparisons,squared_difference}.cc and
lite/kernels/internal/reference: each operand is brought to a common scale in fixed point.
"""

import numpy as np

from tinsmith.compose import elementwise, movement
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.tflite.layers import bounded, ends_with
from tinsmith.importers.tflite.scaling import (
    INTEGERS,
    centred,
    finished,
    quant_of,
    result_quant,
    scaled,
)
from tinsmith.importers.tflite.shifting import by_shifts, shifted_pair
from tinsmith.importers.tflite.use import Use

PLAIN = ("float32", "int32", "int64")
_F4 = np.float32


def _pair(use: Use) -> tuple[str, str]:
    """Both operands, of one type in the file."""
    if use.given(0).dtype != use.given(1).dtype:
        raise Unsupported(f"it takes {use.given(0)} and {use.given(1)}")
    return use.value(0), use.value(1)


def is_quantised(use: Use) -> bool:
    """Whether operand 0 stands for real numbers."""
    return use.type(use.value(0)).quant is not None


def plain(use: Use, op: str, activation: int = 0) -> str:
    """One of compose's binary functions, then the activation."""
    x, y = _pair(use)
    if use.type(x).dtype not in PLAIN:
        raise Unsupported(f"{use.type(x)} has no scale")
    if activation and use.type(x).dtype != "float32":
        raise Unsupported(f"its activation {activation} on {use.type(x)}")
    name = ends_with(use, activation)
    z = elementwise.binary(use.b, op, x, y, name=name)
    return bounded(use, z, activation) if activation else z


def sub(use: Use) -> str:
    """Option 0: the activation; 1: whether int16 is only shifted (`shifting.py`). Quantised: 20
    bits of headroom (int16: 15) on a common scale."""
    use.alike(0, 1)
    if not is_quantised(use):
        return plain(use, "sub", use.option(0))
    if by_shifts(use):
        return shifted_pair(use, "sub")
    x, y = _pair(use)
    sx, sy = (quant_of(use, v).scale[0] for v in (x, y))
    common = 2 * max(sx, sy)
    bits = 15 if use.type(x).dtype == "int16" else 20
    left = scaled(use, centred(use, x, bits), sx / common)
    right = scaled(use, centred(use, y, bits), sy / common)
    difference = elementwise.binary(use.b, "sub", left, right)
    factor = common / (2.0**bits * result_quant(use).scale[0])
    return finished(use, difference, factor, use.option(0))


def mul(use: Use) -> str:
    """Option 0: the activation; quantised: the product of integers, times the scales' product over
    the result's, in float32."""
    use.alike(0, 1)
    if not is_quantised(use):
        return plain(use, "mul", use.option(0))
    x, y = _pair(use)
    sx, sy = (_F4(quant_of(use, v).scale[0]) for v in (x, y))
    product = elementwise.binary(use.b, "mul", centred(use, x), centred(use, y))
    factor = float(sx * sy / _F4(result_quant(use).scale[0]))
    return finished(use, product, factor, use.option(0))


def squared_difference(use: Use) -> str:
    """int8: 7 bits of headroom on a common scale; the square is brought to the result's."""
    use.alike(0, 1)
    if not is_quantised(use):
        x, y = _pair(use)
        d = elementwise.binary(use.b, "sub", x, y)
        return elementwise.binary(use.b, "mul", d, d, name=use.name)
    x, y = _pair(use)
    sx, sy = (quant_of(use, v).scale[0] for v in (x, y))
    common = 2 * max(sx, sy)
    left = scaled(use, centred(use, x, 7), sx / common)
    right = scaled(use, centred(use, y, 7), sy / common)
    d = elementwise.binary(use.b, "sub", left, right)
    square = elementwise.binary(use.b, "mul", d, d)
    return finished(use, square, common * common / (2.0**14 * result_quant(use).scale[0]))


def extreme(use: Use, op: str) -> str:
    """MAXIMUM, MINIMUM: integers are compared as they are, so scales must agree."""
    use.alike(0, 1)
    x, y = _pair(use)
    if use.type(x).dtype in PLAIN:
        return elementwise.binary(use.b, op, x, y, name=use.name)
    if use.type(x).quant != use.type(y).quant:
        raise Unsupported(f"it compares {use.type(x)} with {use.type(y)}")
    wide = [elementwise.cast(use.b, v, "int32") for v in (x, y)]
    z = elementwise.binary(use.b, op, wide[0], wide[1])
    return use.op("cast", z, quant=use.wanted.quant, dtype=use.wanted.dtype)


def compare(use: Use, op: str) -> str:
    """Bytes of other scales are compared with 8 bits of headroom, int16 as it is."""
    x, y = _pair(use)
    dtype, alike = use.type(x).dtype, use.type(x).quant == use.type(y).quant
    if dtype == "int8" and not alike:
        x, y = (scaled(use, centred(use, v, 8), quant_of(use, v).scale[0]) for v in (x, y))
    elif dtype == "int16" and op in ("equal", "not_equal") and not alike:
        raise Unsupported(f"it compares {use.type(x)} with {use.type(y)}")
    elif dtype in INTEGERS:
        x, y = (elementwise.cast(use.b, v, "int32") for v in (x, y))
    return elementwise.compare(use.b, op, x, y, name=use.name)


def logical(use: Use, op: str) -> str:
    """LOGICAL_AND, LOGICAL_OR."""
    return elementwise.logical(use.b, op, *_pair(use), name=use.name)


def logical_not(use: Use) -> str:
    """LOGICAL_NOT."""
    return elementwise.logical_not(use.b, use.value(0), name=use.name)


def add_n(use: Use) -> str:
    """The sum of all operands, in order."""
    total = use.value(0)
    for i in range(1, use.operands):
        name = use.name if i == use.operands - 1 else ""
        total = elementwise.binary(use.b, "add", total, use.value(i), name=name)
    return total


def select(use: Use) -> str:
    """Operand 0: which of 1 and 2. A condition of one axis may count the first axis of the others
    (SELECT)."""
    condition, x, y = (use.value(i) for i in range(3))
    rows, shape = use.type(condition).shape, use.type(x).shape
    if use.operator.kind == "SELECT" and len(rows) == 1 and len(shape) > 1:
        condition = movement.reshape(use.b, condition, (*rows, *(1,) * (len(shape) - 1)))
    if use.type(x).quant != use.type(y).quant:
        raise Unsupported(f"it chooses between {use.type(x)} and {use.type(y)}")
    return use.moved(elementwise.where(use.b, condition, x, y, name=use.name))
