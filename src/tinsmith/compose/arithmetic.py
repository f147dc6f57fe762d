"""Arithmetic, comparisons and choices on two values, with the broadcasting of numpy."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from math import prod

import numpy as np

from tinsmith.compose.movement import Walk, broadcast, expand, reshape, strided
from tinsmith.core.errors import UserError
from tinsmith.ir.builder import Builder
from tinsmith.ir.op import OPS
from tinsmith.ir.ops._layout import limits_of
from tinsmith.ir.ops.cast import TARGETS
from tinsmith.ir.types import TensorType

NUMBERS = ("float32", "int32", "int64")
"""What arithmetic and comparisons have kernels for; smaller integers are widened."""
_SWAPPED = {"greater": "less", "greater_equal": "less_equal"}


def scalar(b: Builder, like: str, value: float) -> str:
    """A constant of one element with the dtype of ``like``; it broadcasts with everything."""
    dtype = b.type(like).dtype
    with np.errstate(over="ignore"):
        number = np.asarray(value).astype(dtype)
    if not np.isfinite(number) or (dtype != "float32" and number != value):
        raise UserError(
            "compose.constant",
            f"The constant {value} cannot be stored as {dtype}.",
            "Finite numbers that the type holds are allowed.",
        )
    return b.constant("value", number)


def cast(b: Builder, x: str, dtype: str, *, name: str = "") -> str:
    """x as another type.

    Integers to narrower ones drop their upper bits; float32 to integers drops the fraction, NaN
    becomes 0 and what lies outside the nearest end; to bool everything but zero is true.
    """
    if dtype not in TARGETS:
        raise UserError(
            "compose.type", f"Values of type {dtype} are not supported.",
            f"Types are {', '.join(TARGETS)}.",
        )  # fmt: skip
    if b.type(x).dtype == dtype and b.type(x).quant is None:
        return x
    return b.op("cast", x, name=name, dtype=dtype)


def binary(b: Builder, op: str, x: str, y: str, *, name: str = "") -> str:
    """x (.) y for two values of one dtype.

    Args:
        op: ``add``, ``sub``, ``mul``, ``div`` (whole ones drop the fraction), ``floordiv``,
            ``mod`` (the divisor's sign), ``fmod`` (the dividend's), ``min``, ``max``, ``pow``
            (float32).

    Integers wrap; a whole number divided by zero is 0. uint8, int8 and int16 are widened to int32
    and cut to their own bits again.
    """
    if op not in _BINARY:
        raise UserError("compose.op", f"{op!r} is no operation on two values.", listed(_BINARY))
    return _widened(b, partial(_number, op), x, y, name)


def _number(op: str, b: Builder, x: str, y: str, name: str) -> str:
    if op == "floordiv":
        return _floordiv(b, x, y, name)
    if op == "pow" and b.type(x).dtype != "float32":
        raise unsupported("pow", b.type(x))
    return paired(b, op, x, y, name)


def _floordiv(b: Builder, x: str, y: str, name: str) -> str:
    """Quotient towards minus infinity: floor(x / y) of float32; of integers the quotient without
    its fraction, one less where the two remainders differ."""
    quotient = paired(b, "div", x, y)
    if b.type(x).dtype == "float32":
        return b.op("floor", quotient, name=name)
    differ = compare(b, "not_equal", paired(b, "mod", x, y), paired(b, "fmod", x, y))
    return paired(b, "sub", quotient, cast(b, differ, b.type(x).dtype), name)


_BINARY = ("add", "sub", "mul", "div", "min", "max", "pow", "mod", "fmod", "floordiv")


def compare(b: Builder, op: str, x: str, y: str, *, name: str = "") -> str:
    """x (.) y as bool: ``equal``, ``less``, ``less_equal``, ``greater``, ``greater_equal`` (with
    NaN these do not hold) or ``not_equal`` (with NaN it holds)."""
    if op == "not_equal":
        return logical_not(b, compare(b, "equal", x, y), name=name)
    if op in _SWAPPED:
        return compare(b, _SWAPPED[op], y, x, name=name)
    if op not in ("equal", "less", "less_equal"):
        known = ("equal", "less", "less_equal", "greater", "greater_equal", "not_equal")
        raise UserError("compose.op", f"{op!r} is no comparison.", listed(known))
    _alike(b, op, x, y)
    if b.type(x).dtype not in NUMBERS:
        x, y = (cast(b, v, "int32") for v in (x, y))
    return paired(b, op, x, y, name)


def logical(b: Builder, op: str, x: str, y: str, *, name: str = "") -> str:
    """x (.) y of bool values: ``and``, ``or``, ``xor``."""
    if op not in ("and", "or", "xor"):
        known = listed(("and", "or", "xor"))
        raise UserError("compose.op", f"{op!r} is no logical operation.", known)
    x, y = (cast(b, v, "bool") for v in (x, y))
    return paired(b, f"logical_{op}", x, y, name)


def logical_not(b: Builder, x: str, *, name: str = "") -> str:
    """Whether x does not hold."""
    x = cast(b, x, "bool")
    return b.op("logical_xor", x, b.constant("value", np.array(True)), name=name)


def where(b: Builder, condition: str, x: str, y: str, *, name: str = "") -> str:
    """x where the condition holds, else y; all three broadcast."""
    _alike(b, "where", x, y)
    condition = cast(b, condition, "bool")
    shape = broadcast(*(b.type(v).shape for v in (condition, x, y)))
    condition, x, y = (expand(b, v, shape) for v in (condition, x, y))
    return b.op("where", x, y, condition, name=name)


def clip(b: Builder, x: str, low: float | None, high: float | None, *, name: str = "") -> str:
    """min(max(x, low), high); None, or a limit that x's type cannot pass, leaves an end open. NaN
    stays NaN."""
    dtype = b.type(x).dtype
    least, most = (-np.inf, np.inf) if dtype in ("float32", "bool") else limits_of(dtype)
    low = None if low is None or low <= least else low
    high = None if high is None or high >= most else high
    if low is not None:
        x = binary(b, "max", x, scalar(b, x, low), name="" if high is not None else name)
    return x if high is None else binary(b, "min", x, scalar(b, x, high), name=name)


def combined(b: Builder, op: str, x: str, value: float, name: str = "") -> str:
    """x (.) a constant."""
    return b.op(op, x, scalar(b, x, value), name=name)


def _widened(
    b: Builder, compute: Callable[[Builder, str, str, str], str], x: str, y: str, name: str
) -> str:
    """Computes in int32 what is of a smaller integer type."""
    _alike(b, "arithmetic", x, y)
    dtype = b.type(x).dtype
    if dtype in NUMBERS:
        return compute(b, x, y, name)
    if dtype == "bool":
        raise unsupported("arithmetic", b.type(x))
    return cast(b, compute(b, cast(b, x, "int32"), cast(b, y, "int32"), ""), dtype, name=name)


def paired(b: Builder, op: str, x: str, y: str, name: str = "") -> str:
    """An operation on two values, the second of which may be like the first, like its end, or one
    element; what broadcasts in another way is expanded before, where no exchange of the two says
    the same.

    Constants are not, as far as that can be helped: numbers per channel would become a table that
    grows with a line or a picture.
    """
    result = broadcast(b.type(x).shape, b.type(y).shape)
    if b.type(x).shape != result == b.type(y).shape:
        if OPS.get(op).commutes:
            x, y = y, x
        elif op in _EXCHANGED:
            return _EXCHANGED[op](b, op, x, y, name)
    x = expand(b, x, result)
    if b.is_constant(y) and (turned := _turned(b.type(y).shape, result)):
        there, back = turned
        channels = reshape(b, y, there.lengths[-1:])
        made = b.op(op, strided(b, x, there), channels, name=name and f"{name}_{op}")
        return b.renamed(strided(b, made, back, result), name)
    return b.op(op, x, _repeating(b, y, result), name=name)


def _exchanged_sub(b: Builder, op: str, x: str, y: str, name: str) -> str:
    """x - y as -y + x: the same to the last bit, integers that wrap included."""
    return paired(b, "add", b.op("neg", y), x, name)


def _exchanged_less(b: Builder, op: str, x: str, y: str, name: str) -> str:
    """x < y of floats as -y < -x, which NaN does not hold either; of whole numbers, whose smallest
    has no negative, as not y <= x. The same with <= and <."""
    if b.type(x).dtype == "float32":
        return paired(b, op, b.op("neg", y), b.op("neg", x), name)
    other = "less" if op == "less_equal" else "less_equal"
    return logical_not(b, paired(b, other, y, x), name=name)


_EXCHANGED: Mapping[str, Callable[[Builder, str, str, str, str], str]] = {
    "sub": _exchanged_sub, "less": _exchanged_less, "less_equal": _exchanged_less,
}  # fmt: skip
"""Operations whose operands change places at the cost of a node, which is less than a copy of x as
large as the result."""


def _turned(own: tuple[int, ...], result: tuple[int, ...]) -> tuple[Walk, Walk] | None:
    """For numbers along axes that are not the last: the walk that brings those axes to the end,
    and the one back. None where there are none, or where they have others between them.

    Transposes of neighbours cancel when a graph is compiled, so a norm between two convolutions
    over channels-first pictures moves nothing.
    """
    wide = (1,) * (len(result) - len(own)) + own
    axes = [i for i, d in enumerate(wide) if d > 1]
    if not axes or wide[axes[0] : axes[-1] + 1] != result[axes[0] : axes[-1] + 1]:
        return None
    outer, inner = prod(result[: axes[0]]), prod(result[axes[-1] + 1 :])
    if inner == 1:
        return None
    mine = prod(wide)
    return (
        Walk((outer, inner, mine), (mine * inner, 1, inner)),
        Walk((outer, mine, inner), (mine * inner, 1, mine)),
    )


def _repeating(b: Builder, y: str, result: tuple[int, ...]) -> str:
    """y as the operations repeat it along the first axes of ``result``; expanded where needed."""
    own = b.type(y).shape
    if b.type(y).elements == 1:
        return y
    while own[0] == 1:
        own = own[1:]
    if own == result[len(result) - len(own) :]:
        return reshape(b, y, own)
    return expand(b, y, result)


def _alike(b: Builder, what: str, x: str, y: str) -> None:
    if b.type(x).dtype != b.type(y).dtype:
        raise UserError(
            "compose.type",
            f"{what} of {b.type(x)} and {b.type(y)}: two different types.",
            "Both operands need one type; convert one of them.",
        )


def unsupported(op: str, type: TensorType) -> UserError:
    """What to raise where an operation does not take a type."""
    return UserError(
        "compose.type", f"{op} of {type} is not supported.", "Convert it to float32 before."
    )


def listed(names: Iterable[str]) -> str:
    """A hint that names what there is."""
    return f"Known: {', '.join(sorted(names))}."
