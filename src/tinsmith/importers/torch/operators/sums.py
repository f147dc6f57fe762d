"""What aten operations that fold axes become: sums, extremes, variances, norms, truth."""

from collections.abc import Mapping, Sequence
from math import inf, prod
from typing import Any

from tinsmith.compose import elementwise, movement, reduction
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.torch.translation import (
    EVERY,
    FLOATS,
    NUMBERS,
    Rule,
    Translation,
    Typed,
    Value,
    arguments,
    result_type,
)


def axes_of(t: Translation, x: str, dim: Any) -> tuple[int, ...]:
    """Axes as torch gives them: one, several, or all by None or an empty list."""
    rank = len(t.shape(x))
    listed = [dim] if isinstance(dim, int) else list(dim or range(rank))
    return movement.axes_in("dim", listed, rank) if rank else ()


def reduce(op: str) -> Rule:
    """Over some axes, or all; sums and products of whole numbers are int64."""

    def rule(t: Translation, node: Any) -> Value:
        given, x = arguments(node), t.activation(node.args[0])
        if op in ("sum", "prod", "mean"):
            x = elementwise.cast(t.builder, x, result_type(node))
        keepdims = bool(given.get("keepdim", False))
        return reduction.reduce(t.builder, op, x, axes_of(t, x, given.get("dim")), keepdims)

    return rule


def truth(op: str) -> Rule:
    """any (``max``) and all (``min``) of what is not zero."""

    def rule(t: Translation, node: Any) -> Value:
        given, x = arguments(node), t.activation(node.args[0])
        x = elementwise.cast(t.builder, x, "bool")
        keepdims = bool(given.get("keepdim", False))
        y = reduction.reduce(t.builder, op, x, axes_of(t, x, given.get("dim")), keepdims)
        return elementwise.cast(t.builder, y, result_type(node))

    return rule


def arg(op: str) -> Rule:
    """Index of the first extreme, int64."""

    def rule(t: Translation, node: Any) -> Value:
        given, x = arguments(node), t.activation(node.args[0])
        if given.get("dim") is None:
            x = movement.reshape(t.builder, x, (t.builder.type(x).elements,))
        axis, keepdims = given.get("dim") or 0, bool(given.get("keepdim", False))
        return place(t, op, x, int(axis), keepdims)

    return rule


def extreme(op: str) -> Rule:
    """max(x, dim), min(x, dim): the value and its index."""

    def rule(t: Translation, node: Any) -> Any:
        given, x = arguments(node), t.activation(node.args[0])
        axis, keepdims = int(given["dim"]), bool(given.get("keepdim", False))
        value = reduction.reduce(t.builder, op, x, [axis], keepdims)
        return value, place(t, op, x, axis, keepdims)

    return rule


def place(t: Translation, op: str, x: str, axis: int, keepdims: bool) -> str:
    """Index of the first extreme along an axis, which may stay with length 1."""
    y = reduction.arg(t.builder, op, x, axis)
    return movement.unsqueeze(t.builder, y, (axis,)) if keepdims else y


def cumsum(t: Translation, node: Any) -> Value:
    """Running sums along an axis; those of whole numbers are int64."""
    x = elementwise.cast(t.builder, t.activation(node.args[0]), result_type(node))
    return reduction.cumsum(t.builder, x, int(node.args[1]))


def variance(root: bool, mean: bool) -> Rule:
    """var, std, var_mean, std_mean: squared distances from the mean over their number less the
    correction (1 unless said otherwise)."""

    def rule(t: Translation, node: Any) -> Any:
        given, x, b = arguments(node), t.activation(node.args[0]), t.builder
        axes, keepdims = axes_of(t, x, given.get("dim")), bool(given.get("keepdim", False))
        correction = given.get("correction", given.get("unbiased", 1))
        correction = 1 if correction is None else correction
        count = prod(t.shape(x)[a] for a in axes) - float(correction)
        if count <= 0:
            raise Unsupported(f"no more values than the correction, {correction}")
        middle = reduction.reduce(b, "mean", x, axes, True)
        centred = elementwise.binary(b, "sub", x, middle)
        total = reduction.reduce(b, "sum_square", centred, axes, keepdims)
        y = elementwise.binary(b, "div", total, elementwise.scalar(b, total, count))
        y = elementwise.unary(b, "sqrt", y) if root else y
        return (y, movement.reshape(b, middle, t.shape(y))) if mean else y

    return rule


def vector_norm(t: Translation, node: Any) -> Value:
    """(sum of |x|^p)^(1 / p); p = 0 counts what is not zero, +-inf is the largest or smallest."""
    given, x, b = arguments(node), t.activation(node.args[0]), t.builder
    order = given["ord"] if "ord" in given else given.get("p")
    order = 2.0 if order is None else float(order)
    axes, keepdims = axes_of(t, x, given.get("dim")), bool(given.get("keepdim", False))
    if order in (1.0, 2.0):
        return reduction.reduce(b, "l1" if order == 1 else "l2", x, axes, keepdims)
    if order == 0:
        other = elementwise.compare(b, "not_equal", x, elementwise.scalar(b, x, 0))
        return reduction.reduce(b, "sum", elementwise.cast(b, other, "float32"), axes, keepdims)
    size = elementwise.unary(b, "abs", x)
    if order in (inf, -inf):
        return reduction.reduce(b, "max" if order > 0 else "min", size, axes, keepdims)
    powers = elementwise.binary(b, "pow", size, elementwise.scalar(b, x, order))
    total = reduction.reduce(b, "sum", powers, axes, keepdims)
    return elementwise.binary(b, "pow", total, elementwise.scalar(b, x, 1 / order))


def _rows(types: Sequence[str], rules: Mapping[str, Rule]) -> dict[str, Rule]:
    return {f"aten.{name}": Typed(rule, tuple(types)) for name, rule in rules.items()}


_VARIANCES = {
    f"{'std' if root else 'var'}{'_mean' if mean else ''}.{kind}": variance(root, mean)
    for root in (False, True)
    for mean in (False, True)
    for kind in ("default", "dim", "correction")
}
TABLE: Mapping[str, Rule] = {
    **_rows(EVERY, {
        "sum.default": reduce("sum"), "sum.dim_IntList": reduce("sum"),
        "prod.default": reduce("prod"), "prod.dim_int": reduce("prod"),
        "max.default": reduce("max"), "min.default": reduce("min"),
        "amax.default": reduce("max"), "amin.default": reduce("min"),
        "any.default": truth("max"), "any.dim": truth("max"), "any.dims": truth("max"),
        "all.default": truth("min"), "all.dim": truth("min"), "all.dims": truth("min"),
        "cumsum.default": cumsum,
    }),
    **_rows(NUMBERS, {
        "max.dim": extreme("max"), "min.dim": extreme("min"),
        "argmax.default": arg("max"), "argmin.default": arg("min"),
    }),
    **_rows(FLOATS, {
        "mean.dim": reduce("mean"), "mean.default": reduce("mean"),
        "logsumexp.default": reduce("log_sum_exp"), **_VARIANCES,
        "linalg_vector_norm.default": vector_norm, "norm.Scalar": vector_norm,
        "norm.ScalarOpt_dim": vector_norm,
    }),
}  # fmt: skip
"""Torch's name of an operation -> its translation."""
