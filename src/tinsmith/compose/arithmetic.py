"""Arithmetic, comparisons and choices on two values, with the broadcasting of numpy."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from math import prod

import numpy as np

from tinsmith.compose.movement import broadcast, expand, reshape, transpose
from tinsmith.core.errors import UserError
from tinsmith.ir.builder import Builder
from tinsmith.ir.op import OPS
from tinsmith.ir.ops._layout import limits_of
from tinsmith.ir.ops._repeat import repeat_of, run_of
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
    return _fitted(b, "where", (x, y, condition), name)


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
    """An operation on two values. Operations repeat the smaller operand; where it is the first and
    the two may change places, they do."""
    result = broadcast(b.type(x).shape, b.type(y).shape)
    if b.type(x).shape != result == b.type(y).shape and OPS.get(op).commutes:
        x, y = y, x
    return _fitted(b, op, (x, y), name)


def _fitted(b: Builder, op: str, operands: Sequence[str], name: str, turn: bool = True) -> str:
    """An operation on elements, of values that broadcast: one gets the result's shape; of the
    others, those that operations cannot repeat are expanded.

    Constants are not, as far as that can be helped: numbers per channel would become a table that
    grows with a line or a picture. The activations are turned instead.
    """
    result = broadcast(*(b.type(v).shape for v in operands))
    values = _one_whole(b, operands, result)
    split = [v for v in values if repeat_of(b.type(v).shape, result) is None]
    constant = next((v for v in split if b.is_fixed(v)), None)
    if constant is not None and turn:
        return _turned(b, op, values, constant, name)
    values = [expand(b, v, result) if v in split else v for v in values]
    while run_of(result, *(b.type(v).shape for v in values)) is None:
        part = [v for v in values if 1 < b.type(v).elements < prod(result)]
        wide = next((v for v in part if not b.is_fixed(v)), part[0])
        values = [expand(b, v, result) if v == wide else v for v in values]
    return b.op(op, *values, name=name)


def _one_whole(b: Builder, values: Sequence[str], result: tuple[int, ...]) -> list[str]:
    """Values, of which one has the result's shape: what has its elements already, else an
    activation, repeated."""
    if any(b.type(v).shape == result for v in values):
        return list(values)
    same = (v for v in values if b.type(v).elements == prod(result))
    free = (v for v in values if not b.is_fixed(v))
    chosen = next(same, None) or next(free, None) or values[0]
    return [expand(b, v, result) if v == chosen else v for v in values]


def _turned(b: Builder, op: str, values: Sequence[str], constant: str, name: str) -> str:
    """The operation on transposed values, the axes of a constant last: it repeats along others that
    lie between them. Transposes of neighbours cancel when a graph is compiled."""
    result = broadcast(*(b.type(v).shape for v in values))
    wide = [
        reshape(b, v, (1,) * (len(result) - len(s)) + s) for v in values for s in (b.type(v).shape,)
    ]
    own = b.type(wide[list(values).index(constant)]).shape
    order = sorted(range(len(result)), key=lambda i: own[i] > 1)
    back = sorted(range(len(result)), key=lambda i: order[i])
    turned = [v if b.type(v).elements == 1 else transpose(b, v, order) for v in wide]
    made = _fitted(b, op, turned, name and f"{name}_{op}", turn=False)
    return b.renamed(transpose(b, made, back), name)


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
