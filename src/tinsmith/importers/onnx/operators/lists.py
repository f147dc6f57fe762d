"""Sequences of tensors whose lengths are known: they exist only while a model is imported.

Source: ONNX operators (onnx/docs/Operators.md).
"""

import numpy as np

from tinsmith.compose import movement
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.onnx.operator import Operator
from tinsmith.importers.onnx.operators.movement import ALL
from tinsmith.importers.onnx.use import Use
from tinsmith.importers.onnx.values import Items, Value

MOST_ITEMS = 4096


def _items(use: Use) -> tuple[Value, ...]:
    found = use.raw(0)
    if not isinstance(found, Items):
        raise Unsupported("operand 0 is no sequence")
    return found.values


def _made(values: tuple[Value, ...]) -> Items:
    if len(values) > MOST_ITEMS:
        raise Unsupported(f"a sequence of {len(values)} tensors; at most {MOST_ITEMS}")
    return Items(values)


def _construct(use: Use) -> Items:
    return _made(tuple(use.raw(i) for i in range(use.count)))


def _at(use: Use) -> Value:
    values = _items(use)
    return values[_place(use, 1, len(values))]


def _place(use: Use, position: int, count: int) -> int:
    at = int(use.constant(position).ravel()[0])
    if not -count <= at < count:
        raise Unsupported(f"place {at} of a sequence of {count}")
    return at % count


def _insert(use: Use) -> Items:
    values = _items(use)
    at = int(use.constant(2).ravel()[0]) if use.has(2) else len(values)
    if not -len(values) <= at <= len(values):
        raise Unsupported(f"place {at} of a sequence of {len(values)}")
    at = at + len(values) if at < 0 else at
    return _made((*values[:at], use.raw(1), *values[at:]))


def _erase(use: Use) -> Items:
    values = _items(use)
    at = _place(use, 1, len(values)) if use.has(1) else len(values) - 1
    if not values:
        raise Unsupported("it takes from an empty sequence")
    return Items((*values[:at], *values[at + 1 :]))


def _length(use: Use) -> np.ndarray:
    return np.array(len(_items(use)), np.int64)


def _concat(use: Use) -> Value:
    """Tensors of a sequence side by side, or along a new axis."""
    values = _items(use)
    if not values:
        raise Unsupported("it joins an empty sequence")
    new = bool(use.integer("new_axis", 0))
    if all(isinstance(v, np.ndarray) for v in values):
        arrays = [np.asarray(v) for v in values]
        axis = use.axis("axis", 0, arrays[0].ndim + new)
        return np.stack(arrays, axis) if new else np.concatenate(arrays, axis)
    names = [use.t.named(v, f"{use.name}_{i}") for i, v in enumerate(values)]
    axis = use.axis("axis", 0, len(use.b.type(names[0]).shape) + new)
    if new:
        names = [movement.unsqueeze(use.b, n, (axis,)) for n in names]
    return use.b.renamed(movement.concat(use.b, names, axis), use.name)


def _split(use: Use) -> Items:
    """Parts of x along an axis: of lengths that a constant says, else one by one."""
    x, shape = use.value(0), use.shape(0)
    axis = use.axis("axis", 0, len(shape))
    sizes = [1] * shape[axis]
    if use.has(1):
        given = use.constant(1)
        sizes = [int(s) for s in given.ravel()]
        if given.ndim == 0:
            each = max(1, sizes[0])
            sizes = [min(each, shape[axis] - i) for i in range(0, shape[axis], each)]
    if sum(sizes) != shape[axis] or min(sizes) < 1 or len(sizes) > MOST_ITEMS:
        raise Unsupported(f"its parts {sizes[:9]} do not make up axis {axis} of {shape}")
    starts = np.cumsum([0, *sizes[:-1]]).tolist()
    parts = [movement.cut(use.b, x, axis, i, n) for i, n in zip(starts, sizes, strict=True)]
    if not use.has(1) and not use.integer("keepdims", 1):
        parts = [movement.squeeze(use.b, part, (axis,)) for part in parts]
    return Items(tuple(parts))


_NOTE = "within a model; constant places and lengths"
OPERATORS = (
    Operator("SequenceConstruct", _construct, ALL, note=_NOTE),
    Operator("SequenceEmpty", lambda use: Items(()), ALL, note=_NOTE),
    Operator("SequenceAt", _at, ALL, note=_NOTE),
    Operator("SequenceInsert", _insert, ALL, note=_NOTE),
    Operator("SequenceErase", _erase, ALL, note=_NOTE),
    Operator("SequenceLength", _length, ALL, note=_NOTE),
    Operator("ConcatFromSequence", _concat, ALL, note=_NOTE),
    Operator("SplitToSequence", _split, ALL, note=_NOTE),
)
