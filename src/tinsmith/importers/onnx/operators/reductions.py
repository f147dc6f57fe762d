"""Reductions, softmax, sorting and sums along an axis.

Source: ONNX operators (onnx/docs/Operators.md, onnx/docs/Changelog.md).
"""

from collections.abc import Callable, Mapping
from math import prod

import numpy as np

from tinsmith.compose.elementwise import binary, cast, compare, unary, where
from tinsmith.compose.movement import reshape, unsqueeze
from tinsmith.compose.reduction import arg, cumsum, log_softmax, reduce, softmax, topk
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.onnx.content import axis_in
from tinsmith.importers.onnx.operator import Operator
from tinsmith.importers.onnx.use import Use

FLOAT = ("float32",)
NUMBERS = ("float32", "int8", "uint8", "int32", "int64")
_REDUCTIONS: Mapping[str, tuple[str, int]] = {
    "ReduceSum": ("sum", 13), "ReduceMean": ("mean", 18), "ReduceMax": ("max", 18),
    "ReduceMin": ("min", 18), "ReduceProd": ("prod", 18), "ReduceL1": ("l1", 18),
    "ReduceL2": ("l2", 18), "ReduceSumSquare": ("sum_square", 18),
    "ReduceLogSum": ("log_sum", 18), "ReduceLogSumExp": ("log_sum_exp", 18),
}  # fmt: skip
"""Operator -> reduction, and the version since which the axes are an operand."""
_INTEGERS = ("sum", "max", "min", "prod")
_NUMPY: Mapping[str, Callable[..., np.ndarray]] = {
    "sum": np.sum, "max": np.max, "min": np.min, "prod": np.prod,
}  # fmt: skip


def _axes(use: Use, since: int) -> tuple[int, ...] | None:
    """The axes to reduce; None for none at all."""
    rank = len(use.shape(0))
    found: tuple[int, ...] = ()
    if use.version < since:
        found = use.integers("axes", ())
    elif use.has(1):
        found = use.whole(1)
    if not found and use.version >= since and use.integer("noop_with_empty_axes", 0):
        return None
    return tuple(axis_in(a, rank) for a in found) or tuple(range(rank))


def _reduce(op: str, since: int) -> Callable[[Use], str]:
    def translate(use: Use) -> str:
        x, axes = use.value(0), _axes(use, since)
        if axes is None:
            return _each(use, op, x)
        if use.b.type(x).dtype == "bool":
            small = reduce(
                use.b, op, cast(use.b, x, "int32"), axes, bool(use.integer("keepdims", 1))
            )
            return cast(use.b, small, "bool", name=use.name)
        return use.b.renamed(reduce(use.b, op, x, axes, bool(use.integer("keepdims", 1))), use.name)

    return translate


def _each(use: Use, op: str, x: str) -> str:
    """The reduction of every element by itself."""
    match op:
        case "sum" | "mean" | "max" | "min" | "prod":
            return x
        case "l1" | "l2":
            return unary(use.b, "abs", x, name=use.name)
        case "sum_square":
            return binary(use.b, "mul", x, x, name=use.name)
        case "log_sum":
            return unary(use.b, "log", x, name=use.name)
    return unary(use.b, "log", unary(use.b, "exp", x), name=use.name)


def _fold(op: str, since: int) -> Callable[[Use], np.ndarray] | None:
    if op not in _NUMPY:
        return None

    def fold(use: Use) -> np.ndarray:
        x, axes = use.constant(0), _axes(use, since)
        keep = bool(use.integer("keepdims", 1))
        if axes is None:
            return x
        return np.asarray(_NUMPY[op](x, axis=axes, keepdims=keep)).astype(x.dtype)

    return fold


def _arg(which: str) -> Callable[[Use], str]:
    def translate(use: Use) -> str:
        x = use.value(0)
        axis = use.axis("axis", 0, len(use.shape(0)))
        keep, last = use.integer("keepdims", 1), use.integer("select_last_index", 0)
        y = arg(use.b, which, x, axis, bool(last))
        return use.b.renamed(unsqueeze(use.b, y, (axis,)) if keep else y, use.name)

    return translate


def _softmax(function: Callable[..., str]) -> Callable[[Use], str]:
    """Up to version 12 all axes from ``axis`` on are one."""

    def translate(use: Use) -> str:
        x, shape = use.value(0, *FLOAT), use.shape(0)
        if use.version >= 13:
            y = function(use.b, x, use.axis("axis", -1, len(shape)))
            return use.b.renamed(y, use.name)
        axis = use.axis("axis", 1, len(shape))
        flat = reshape(use.b, x, (prod(shape[:axis]), prod(shape[axis:])))
        return use.b.renamed(reshape(use.b, function(use.b, flat, 1), shape), use.name)

    return translate


def _hardmax(use: Use) -> str:
    """1 at the first largest value along an axis, 0 elsewhere."""
    x, shape = use.value(0, *FLOAT), use.shape(0)
    if use.version < 13:
        raise Unsupported(f"version {use.version} of it is not read; 13 and later are")
    axis = use.axis("axis", -1, len(shape))
    best = unsqueeze(use.b, arg(use.b, "max", x, axis), (axis,))
    places = np.arange(shape[axis]).reshape([-1 if a == axis else 1 for a in range(len(shape))])
    return cast(use.b, compare(use.b, "equal", best, use.constant_of(places)), "float32")


def _cumsum(use: Use) -> str:
    x, rank = use.value(0), len(use.shape(0))
    axis = axis_in(int(use.constant(1).ravel()[0]), rank)
    exclusive, reverse = use.integer("exclusive", 0), use.integer("reverse", 0)
    return use.b.renamed(cumsum(use.b, x, axis, bool(exclusive), bool(reverse)), use.name)


def _topk(use: Use) -> list[str]:
    x = use.value(0)
    k = int(use.constant(1).ravel()[0]) if use.version >= 10 else use.integer("k")
    axis = use.axis("axis", -1, len(use.shape(0)))
    values, indices = topk(use.b, x, k, axis, bool(use.integer("largest", 1)))
    return [use.b.renamed(values, use.name), indices]


def _lp_normalization(use: Use) -> str:
    """x / norm, 0 where the norm is 0."""
    x, p = use.value(0, *FLOAT), use.integer("p", 2)
    if p not in (1, 2):
        raise Unsupported(f"its attribute p is {p}")
    axis = use.axis("axis", -1, len(use.shape(0)))
    norm = reduce(use.b, f"l{p}", x, (axis,), True)
    zero = use.constant_of(np.float32(0))
    empty = compare(use.b, "equal", norm, zero)
    safe = where(use.b, empty, use.constant_of(np.float32(1)), norm)
    return binary(use.b, "div", x, safe, name=use.name)


def _mean_variance(use: Use) -> str:
    """(x - mean) / (standard deviation + 1e-9)"""
    x = use.value(0, *FLOAT)
    axes = use.integers("axes", (0, 2, 3))
    centred = binary(use.b, "sub", x, reduce(use.b, "mean", x, axes, True))
    variance = reduce(use.b, "mean", binary(use.b, "mul", centred, centred), axes, True)
    deviation = binary(
        use.b, "add", unary(use.b, "sqrt", variance), use.constant_of(np.float32(1e-9))
    )
    return binary(use.b, "div", centred, deviation, name=use.name)


OPERATORS = (
    *(
        Operator(
            name, _reduce(op, since), NUMBERS if op in _INTEGERS else FLOAT, fold=_fold(op, since)
        )
        for name, (op, since) in _REDUCTIONS.items()
    ),
    Operator("ArgMax", _arg("max"), NUMBERS),
    Operator("ArgMin", _arg("min"), NUMBERS),
    Operator("Softmax", _softmax(softmax), FLOAT),
    Operator("LogSoftmax", _softmax(log_softmax), FLOAT),
    Operator("Hardmax", _hardmax, FLOAT, note="version 13 and later"),
    Operator("CumSum", _cumsum, ("float32", "int32", "int64"), note="constant axis"),
    Operator("TopK", _topk, NUMBERS, note="constant k"),
    Operator("LpNormalization", _lp_normalization, FLOAT),
    Operator("MeanVarianceNormalization", _mean_variance, FLOAT),
)
