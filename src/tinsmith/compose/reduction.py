"""Reductions and what else runs along an axis: sums, extremes, softmax, running sums, the k best.

Values are float32, int32 or int64 unless said otherwise; smaller integers (and bool, for max and
min) are computed in int32 and brought back, wrapped. Axes may count from the end. Functions add
nodes to a Builder and return the name of the result; `Builder.renamed` names it. A value that is
quantised is read as plain integers, so it is refused where that would change its meaning.

Raises: ShapeError for a dtype, axis or size that cannot be expressed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import prod

from tinsmith.compose import elementwise, movement
from tinsmith.compose.value import need_float
from tinsmith.ir.builder import Builder
from tinsmith.ir.op import ShapeError
from tinsmith.ir.ops._reduce import DTYPES

FLOAT_ONLY = ("mean", "l2", "log_sum", "log_sum_exp")
REDUCTIONS = ("sum", "max", "min", "prod", "l1", "sum_square", *FLOAT_ONLY)
"""What `reduce` knows."""


@dataclass(frozen=True)
class _Over:
    """Axes (0..rank-1) that a reduction runs along, and whether they stay with length 1."""

    axes: tuple[int, ...]
    keepdims: bool = True


def reduce(b: Builder, op: str, x: str, axes: Sequence[int] | None, keepdims: bool) -> str:
    """One of `REDUCTIONS` along axes (None: all), which disappear or stay with length 1.

    l1 = sum |x|, l2 = sqrt(sum x^2), log_sum_exp = m + log(sum e^(x - m)) with m the maximum; those
    of `FLOAT_ONLY` take float32 only.
    """
    if op not in REDUCTIONS:
        raise ShapeError("reduce", f"{op!r} is unknown; expected one of {', '.join(REDUCTIONS)}")
    rank, dtype = len(b.type(x).shape), b.type(x).dtype
    over = _Over(
        movement.axes_in(f"reduce_{op}", range(rank) if axes is None else axes, rank), keepdims
    )
    if op in FLOAT_ONLY and dtype != "float32":
        raise ShapeError(f"reduce_{op}", f"x is {b.type(x)}; expected float32")
    if dtype not in DTYPES:
        wide = _formula(b, op, _widened(b, f"reduce_{op}", x), over)
        return elementwise.cast(b, wide, dtype)
    return _formula(b, op, x, over)


def _formula(b: Builder, op: str, x: str, over: _Over) -> str:
    match op:
        case "l1":
            return _folded(b, "sum", elementwise.unary(b, "abs", x), over)
        case "sum_square":
            return _folded(b, "sum", elementwise.binary(b, "mul", x, x), over)
        case "l2":
            total = _folded(b, "sum", elementwise.binary(b, "mul", x, x), over)
            return elementwise.unary(b, "sqrt", total)
        case "log_sum":
            return elementwise.unary(b, "log", _folded(b, "sum", x, over))
        case "log_sum_exp":
            return _log_sum_exp(b, x, over)
    return _folded(b, op, x, over)


def _widened(b: Builder, op: str, x: str) -> str:
    """Smaller integers as int32."""
    if b.type(x).quant is not None:
        raise ShapeError(op, f"x is {b.type(x)}; expected plain numbers, not quantised ones")
    if b.type(x).dtype == "bool" and op not in ("reduce_max", "reduce_min"):
        raise ShapeError(op, f"x is {b.type(x)}; expected numbers")
    return elementwise.cast(b, x, "int32")


def _log_sum_exp(b: Builder, x: str, over: _Over) -> str:
    top = _folded(b, "max", x, _Over(over.axes))
    powers = elementwise.unary(b, "exp", elementwise.binary(b, "sub", x, top))
    total = elementwise.unary(b, "log", _folded(b, "sum", powers, over))
    level = movement.reshape(b, top, b.type(total).shape)
    return elementwise.binary(b, "add", total, level)


def _folded(b: Builder, op: str, x: str, over: _Over) -> str:
    """One reduction of `ir/ops` along axes; neighbours that go together are one axis."""
    shape, gone = b.type(x).shape, over.axes
    kept = tuple(1 if a in gone else d for a, d in enumerate(shape))
    wanted = kept if over.keepdims else tuple(d for a, d in enumerate(shape) if a not in gone)
    sides = [(d, a in gone) for a, d in enumerate(shape) if d > 1]
    runs = [
        (prod(d for d, _ in run), folds) for folds, run in groupby(sides, key=lambda side: side[1])
    ]
    axes = [i for i, (_, folds) in enumerate(runs) if folds]
    y = movement.reshape(b, x, [d for d, _ in runs] if axes else wanted)
    for axis in reversed(axes):
        y = b.op(f"reduce_{op}", y, axis=axis)
    return movement.reshape(b, y, wanted)


def arg(b: Builder, which: str, x: str, axis: int, last: bool = False) -> str:
    """int64 index of the largest (``max``) or smallest (``min``) value along one axis, which
    disappears; of equal ones the first, or the last. Quantised values are compared as the integers
    that they are."""
    if which not in ("max", "min"):
        raise ShapeError("arg", f"{which!r} is unknown; expected max or min")
    shape = b.type(x).shape
    (place,) = movement.axes_in(f"arg{which}", (axis,), len(shape))
    if b.type(x).dtype not in DTYPES:
        x = elementwise.cast(b, x, "int32")
    return b.op(f"arg{which}", x, axis=place, last=last)


def softmax(b: Builder, x: str, axis: int) -> str:
    """e^(x - max) / sum along one axis, float32."""
    need_float("softmax", b, x)
    order, back = _last(b, "softmax", x, axis)
    if order == back == tuple(range(len(order))):
        return b.op("softmax", x)
    y = b.op("softmax", movement.transpose(b, x, order))
    return movement.transpose(b, y, back)


def _last(b: Builder, op: str, x: str, axis: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The permutation that exchanges an axis and the last one; twice, since it undoes itself."""
    rank = len(b.type(x).shape)
    (place,) = movement.axes_in(op, (axis,), rank)
    order = list(range(rank))
    order[place], order[-1] = order[-1], order[place]
    return tuple(order), tuple(order)


def log_softmax(b: Builder, x: str, axis: int) -> str:
    """(x - max) - log(sum e^(x - max)) along one axis, float32."""
    need_float("log_softmax", b, x)
    over = _Over(movement.axes_in("log_softmax", (axis,), len(b.type(x).shape)))
    centred = elementwise.binary(b, "sub", x, _folded(b, "max", x, over))
    total = _folded(b, "sum", elementwise.unary(b, "exp", centred), over)
    return elementwise.binary(b, "sub", centred, elementwise.unary(b, "log", total))


def cumsum(b: Builder, x: str, axis: int, exclusive: bool = False, reverse: bool = False) -> str:
    """Running sums along one axis: up to each element, without it if exclusive, from the end if
    reverse."""
    (place,) = movement.axes_in("cumsum", (axis,), len(b.type(x).shape))
    dtype = b.type(x).dtype
    small = dtype not in DTYPES
    wide = _widened(b, "cumsum", x) if small else x
    y = b.op("cumsum", wide, axis=place, exclusive=exclusive, reverse=reverse)
    return elementwise.cast(b, y, dtype) if small else y


def topk(b: Builder, x: str, k: int, axis: int, largest: bool = True) -> tuple[str, str]:
    """The k largest (or smallest) values along one axis and their int64 indices, best first
    and of equal ones the lower index."""
    (place,) = movement.axes_in("topk", (axis,), len(b.type(x).shape))
    keys = x if b.type(x).dtype in DTYPES else elementwise.cast(b, x, "int32")
    indices = b.op("topk", keys, axis=place, k=k, largest=largest)
    return movement.gather_elements(b, x, indices, place), indices
