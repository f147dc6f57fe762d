"""Prints numbers and arrays as C: exact, readable rows, no number that a compiler could round."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tinsmith.core.errors import InternalError

CTYPES: dict[str, str] = {
    "float32": "float",
    "int8": "int8_t",
    "uint8": "uint8_t",
    "int16": "int16_t",
    "int32": "int32_t",
    "int64": "int64_t",
    "bool": "uint8_t",
}
_WIDTH = 100


def float_literal(value: float) -> str:
    """A float32 as hexadecimal literal, e.g. ``0x1.8p+1f`` (C99, 6.4.4.2): exact in every
    compiler.

    Raises:
        InternalError: NaN, infinity, or a value that float32 cannot hold exactly.
    """
    with np.errstate(over="ignore"):
        narrow = float(np.float32(value))
    if not np.isfinite(value) or narrow != float(value):
        raise InternalError(f"{value!r} is not a finite float32")
    return _hexadecimal(narrow)


def _hexadecimal(value: float) -> str:
    mantissa, exponent = value.hex().split("p")
    head, _, digits = mantissa.partition(".")
    digits = digits.rstrip("0") or "0"
    return f"{head}.{digits}p{exponent}f"


def string_literal(text: str) -> str:
    """A text as C string in UTF-8: what is no printable ASCII, and what could end or change a
    string (quotes, backslashes, trigraphs), as three octal digits, which take in nothing that
    follows."""
    data = text.encode("utf-8", "replace")
    kept = (chr(c) if 32 <= c < 127 and c not in b'"\\?' else f"\\{c:03o}" for c in data)
    return f'"{"".join(kept)}"'


def int_literal(value: int) -> str:
    """An int32 as literal; the smallest needs an expression, since 2147483648 is no int.

    Raises:
        InternalError: outside int32.
    """
    if not -(2**31) <= value < 2**31:
        raise InternalError(f"{value} is outside int32")
    return "(-2147483647 - 1)" if value == -(2**31) else str(int(value))


def long_literal(value: int) -> str:
    """An int64 as literal; the smallest needs an expression, as that of int32.

    Raises:
        InternalError: outside int64.
    """
    if not -(2**63) <= value < 2**63:
        raise InternalError(f"{value} is outside int64")
    return "(-9223372036854775807LL - 1)" if value == -(2**63) else f"{value}LL"


_LITERALS: Mapping[str, Callable[[Any], str]] = {"float32": _hexadecimal, "int64": long_literal}


def array_definition(symbol: str, array: np.ndarray) -> str:
    """``const <type> symbol[n] = {...};`` with one line (or more) per row of the last axis.

    Raises:
        InternalError: it holds a NaN or an infinity.
    """
    if not np.isfinite(array).all():
        raise InternalError(f"{symbol} holds a number that is not a finite float32")
    ctype = CTYPES[array.dtype.name]
    literal = _LITERALS.get(array.dtype.name, int_literal)
    rows = array.reshape(-1, array.shape[-1]) if array.ndim else array.reshape(1, 1)
    lines = [line for row in rows for line in _lines([literal(v) for v in row.tolist()])]
    return f"const {ctype} {symbol}[{array.size}] = {{\n" + "\n".join(lines) + "\n};\n"


def _lines(items: list[str]) -> list[str]:
    lines, line = [], "   "
    for item in items:
        if len(line) + len(item) + 2 > _WIDTH:
            lines.append(line)
            line = "   "
        line += f" {item},"
    return [*lines, line]
