"""What aten operations that sort, pick and rearrange elements become."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tinsmith.compose import elementwise, movement, reduction
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.torch.operators.elements import number, operand
from tinsmith.importers.torch.translation import (
    EVERY,
    NUMBERS,
    Rule,
    Translation,
    Typed,
    Value,
    arguments,
    result_shape,
    result_type,
)


def topk(t: Translation, node: Any) -> Any:
    """The k best along an axis and their indices; of equal ones the first."""
    given, x = arguments(node), t.activation(node.args[0])
    largest = bool(given["largest"])
    return reduction.topk(t.builder, x, int(given["k"]), int(given["dim"]), largest)


def sort(result: int | None) -> Rule:
    """All along an axis in order, and their indices; one of the two where a number says which."""

    def rule(t: Translation, node: Any) -> Any:
        given, x = arguments(node), t.activation(node.args[0])
        axis, down = int(given.get("dim", -1)), bool(given.get("descending"))
        found = reduction.topk(t.builder, x, t.shape(x)[axis], axis, down)
        return found if result is None else found[result]

    return rule


def ranked(rank: str) -> Rule:
    """kthvalue (counted from 1) and median (the lower of two) along an axis, with the index."""

    def rule(t: Translation, node: Any) -> Any:
        given, x, b = arguments(node), t.activation(node.args[0]), t.builder
        axis = given.get("dim")
        if axis is None:
            x, axis = movement.reshape(b, x, (b.type(x).elements,)), 0
        k = int(given[rank]) if rank else (t.shape(x)[axis] + 1) // 2
        found = reduction.topk(b, x, k, axis, False)
        last = [movement.cut(b, v, axis, k - 1, 1) for v in found]
        if not given.get("keepdim"):
            last = [movement.squeeze(b, v, (axis,)) for v in last]
        return last[0] if given.get("dim") is None and not rank else tuple(last)

    return rule


def index(t: Translation, node: Any) -> Value:
    """x[i, j, ...] with indices that are known, or with one that is not."""
    given, x = arguments(node), t.activation(node.args[0])
    named = {axis: t.read(i) for axis, i in enumerate(given["indices"]) if i is not None}
    known = {axis: i for axis, i in named.items() if isinstance(i, np.ndarray)}
    (axis, one), *others = named.items()
    if not others and isinstance(one, str):
        if t.builder.type(one).dtype == "bool":
            raise Unsupported("a mask decides the shape of its result")
        return movement.gather(t.builder, x, one, axis)
    if len(known) < len(named):
        raise Unsupported("several indices that are computed")
    if not others and known[axis].dtype != bool:
        return movement.take(t.builder, x, known[axis], axis)
    places = np.arange(t.builder.type(x).elements).reshape(t.shape(x))
    picks: list[Any] = [known.get(a, slice(None)) for a in range(max(known) + 1)]
    return rearranged(t, x, places[tuple(picks)])


def rearranged(t: Translation, x: str, places: np.ndarray) -> str:
    """y[i] = x[places[i]], x seen as one row; without a table where steps along axes do it."""
    flat = movement.reshape(t.builder, x, (t.builder.type(x).elements,))
    if places.size == 0:
        raise Unsupported("nothing is left")
    first = places.ravel()[0]
    corner = [places[(0,) * a + (1,) + (0,) * (places.ndim - a - 1)] - first
              if d > 1 else 0 for a, d in enumerate(places.shape)]  # fmt: skip
    steps = np.indices(places.shape)
    walked = first + sum((s * i for s, i in zip(corner, steps, strict=True)), start=np.int64(0))
    if places.ndim and np.array_equal(walked, places):
        walk = movement.Walk(places.shape, [int(s) for s in corner], int(first))
        return movement.strided(t.builder, flat, walk)
    return movement.take(t.builder, flat, places, 0)


def index_select(t: Translation, node: Any) -> Value:
    """Places along an axis by an index."""
    x, axis, at = t.activation(node.args[0]), int(node.args[1]), t.read(node.args[2])
    if isinstance(at, np.ndarray):
        return movement.take(t.builder, x, at.reshape(-1), axis)
    return movement.gather(t.builder, x, at, axis)


def gather(t: Translation, node: Any) -> Value:
    """One index along an axis per element of the result."""
    x, axis, at = t.activation(node.args[0]), int(node.args[1]), t.read(node.args[2])
    at = at.astype(np.int32) if isinstance(at, np.ndarray) else at
    return movement.gather_elements(t.builder, x, t.value(at, "indices"), axis)


def moved(make: Any) -> Rule:
    """Elements at places that torch's own arguments fix: ``make(places of x, arguments)``."""

    def rule(t: Translation, node: Any) -> Value:
        x = t.activation(node.args[0])
        places = np.arange(t.builder.type(x).elements).reshape(t.shape(x))
        return rearranged(t, x, make(places, arguments(node)))

    return rule


def unfolded(places: np.ndarray, given: Mapping[str, Any]) -> np.ndarray:
    """Tensor.unfold: windows along an axis, each as a new last axis."""
    axis = given["dimension"] % places.ndim
    windows = np.lib.stride_tricks.sliding_window_view(places, given["size"], axis)
    return np.asarray(windows.take(range(0, windows.shape[axis], given["step"]), axis))


def roll(t: Translation, node: Any) -> Value:
    """Along axes, what leaves at one end enters at the other; without axes as one row."""
    given, x, b = arguments(node), t.activation(node.args[0]), t.builder
    shape, y = t.shape(x), x
    if not given["dims"]:
        y = movement.reshape(b, x, (b.type(x).elements,))
    for shift, axis in zip(given["shifts"], given["dims"] or [0], strict=True):
        length = t.shape(y)[axis]
        if (start := -shift % length) > 0:
            parts = [movement.cut(b, y, axis, start, length - start)]
            y = movement.concat(b, [*parts, movement.cut(b, y, axis, 0, start)], axis)
    return movement.reshape(b, y, shape)


def triangle(make: Any) -> Rule:
    """tril, triu: zeros on one side of a diagonal."""

    def rule(t: Translation, node: Any) -> Value:
        given, x = arguments(node), t.activation(node.args[0])
        kept = make(np.ones(t.shape(x)[-2:], bool), given["diagonal"])
        zero = elementwise.cast(t.builder, number(t, 0, "float32"), t.builder.type(x).dtype)
        return elementwise.where(t.builder, t.value(kept, "kept"), x, zero)

    return rule


def masked_fill(t: Translation, node: Any) -> Value:
    """A value where a mask holds, else x."""
    x, value = (operand(t, node.args[i], result_type(node)) for i in (0, 2))
    mask = t.activation(node.args[1])
    return elementwise.where(t.builder, mask, value, x)


def one_hot(t: Translation, node: Any) -> Value:
    """A row per whole number, 1 at its place and 0 elsewhere, int64."""
    x, b = t.activation(node.args[0]), t.builder
    classes = np.arange(result_shape(node)[-1], dtype=b.type(x).dtype)
    wide = movement.unsqueeze(b, x, (-1,))
    found = elementwise.compare(b, "equal", wide, t.value(classes, "classes"))
    return elementwise.cast(b, found, "int64")


def copy(t: Translation, node: Any) -> Value:
    """The second operand in the place of the first."""
    x = elementwise.cast(
        t.builder, t.activation(node.args[1]), t.builder.type(t.activation(node.args[0])).dtype
    )
    return movement.expand(t.builder, x, result_shape(node))


def slice_scatter(t: Translation, node: Any) -> Value:
    """x with other values between start and end along an axis."""
    given, x, source = arguments(node), t.activation(node.args[0]), t.activation(node.args[1])
    shape = t.shape(x)
    axis = int(given["dim"]) % len(shape)
    first, last, step = slice(given["start"], given["end"], given["step"]).indices(shape[axis])
    if step != 1:
        raise Unsupported(f"step {step}; only 1")
    source = elementwise.cast(t.builder, source, t.builder.type(x).dtype)
    sides = [(0, first), (last, shape[axis] - last)]
    before, after = (
        [movement.cut(t.builder, x, axis, start, size)] if size else [] for start, size in sides
    )
    return movement.concat(t.builder, [*before, source, *after], axis)


_NUMBERS: Mapping[str, Rule] = {
    "topk.default": topk, "sort.default": sort(None), "sort.stable": sort(None),
    "msort.default": lambda t, node: reduction.topk(
        t.builder, t.activation(node.args[0]), t.shape(t.read(node.args[0]))[0], 0, False
    )[0],
    "argsort.default": sort(1), "argsort.stable": sort(1), "kthvalue.default": ranked("k"),
    "median.default": ranked(""), "median.dim": ranked(""),
}  # fmt: skip
_EVERY: Mapping[str, Rule] = {
    "index.Tensor": index, "index_select.default": index_select, "gather.default": gather,
    "diagonal.default": moved(lambda p, g: np.diagonal(p, g["offset"], g["dim1"], g["dim2"])),
    "unfold.default": moved(unfolded), "roll.default": roll, "tril.default": triangle(np.tril),
    "triu.default": triangle(np.triu), "masked_fill.Scalar": masked_fill,
    "masked_fill.Tensor": masked_fill, "slice_scatter.default": slice_scatter,
    "copy.default": copy,
}  # fmt: skip
TABLE: Mapping[str, Rule] = {
    **{f"aten.{name}": Typed(rule, NUMBERS) for name, rule in _NUMBERS.items()},
    **{f"aten.{name}": Typed(rule, EVERY) for name, rule in _EVERY.items()},
    "aten.one_hot.default": Typed(one_hot, ("int64",)),
}
"""Torch's name of an operation -> its translation."""
