"""Bits of whole numbers. Narrow types are computed in int32 and cut back.

Source: ONNX operators (onnx/docs/Operators.md).
"""

from collections.abc import Callable

import numpy as np

from tinsmith.compose.arithmetic import paired
from tinsmith.compose.elementwise import cast
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.onnx.operator import Operator
from tinsmith.importers.onnx.use import Use

WHOLE = ("int8", "uint8", "int16", "int32", "int64")


def _on_two(use: Use, op: str, x: str, y: str) -> str:
    """x (.) y, which broadcast."""
    dtype = use.b.type(x).dtype
    if dtype != use.b.type(y).dtype:
        raise Unsupported(f"its operands are {dtype} and {use.b.type(y).dtype}")
    if dtype in ("int32", "int64"):
        return paired(use.b, op, x, y, use.name)
    wide = paired(use.b, op, cast(use.b, x, "int32"), cast(use.b, y, "int32"))
    return cast(use.b, wide, dtype, name=use.name)


def _bitwise(op: str) -> Callable[[Use], str]:
    return lambda use: _on_two(use, op, use.value(0, *WHOLE), use.value(1, *WHOLE))


def _not(use: Use) -> str:
    """All bits turned: with those of -1."""
    x = use.value(0, *WHOLE)
    ones = np.array(-1).astype(use.b.type(x).dtype)
    return _on_two(use, "bitwise_xor", x, use.constant_of(ones))


def _shift(use: Use) -> str:
    direction = use.text("direction")
    if direction not in ("LEFT", "RIGHT"):
        raise Unsupported(f"its direction is {direction!r}")
    return _bitwise(f"shift_{direction.lower()}")(use)


OPERATORS = (
    Operator("BitwiseAnd", _bitwise("bitwise_and"), WHOLE),
    Operator("BitwiseOr", _bitwise("bitwise_or"), WHOLE),
    Operator("BitwiseXor", _bitwise("bitwise_xor"), WHOLE),
    Operator("BitwiseNot", _not, WHOLE),
    Operator("BitShift", _shift, WHOLE),
)
