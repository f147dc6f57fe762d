"""Shapes: operators that change them, and the arithmetic with them.

Source: ONNX operators (onnx/docs/Operators.md, onnx/docs/Changelog.md).
"""

from collections.abc import Callable
from math import prod

import numpy as np

from tinsmith.compose import movement
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.onnx.content import axis_in
from tinsmith.importers.onnx.operator import Operator
from tinsmith.importers.onnx.operators.movement import ALL, bound, moved
from tinsmith.importers.onnx.parse import dtype_name
from tinsmith.importers.onnx.use import Use
from tinsmith.importers.onnx.values import Value


def _identity(use: Use) -> Value:
    return use.raw(0)


def _dropout(use: Use) -> list[Value]:
    """Inference: the operand; the mask says that all of it is kept."""
    if use.has(2) and use.constant(2).any():
        ratio = use.constant(1) if use.has(1) else np.float32(0.5)
        if np.any(ratio):
            raise Unsupported("it is in training mode")
    kept = np.ones((), bool if use.version >= 10 else np.float32)
    mask = np.broadcast_to(kept, use.shape(0))
    return [use.raw(0), mask]


def _wanted_shape(use: Use) -> tuple[int, ...]:
    shape = use.shape(0)
    wanted = list(use.whole(1))
    for i, d in enumerate(wanted):
        if d == 0 and not use.integer("allowzero", 0):
            wanted[i] = shape[axis_in(i, len(shape))]
    if wanted.count(-1) == 1:
        rest = -prod(wanted)
        if rest <= 0 or prod(shape) % rest:
            raise Unsupported(f"a tensor {shape} has no shape {wanted}")
        wanted[wanted.index(-1)] = prod(shape) // rest
    if prod(wanted) != prod(shape) or min(wanted, default=0) < 0:
        raise Unsupported(f"a tensor {shape} has no shape {wanted}")
    return tuple(wanted)


def _to_shape(shape: Callable[[Use], tuple[int, ...]]) -> Callable[[Use], Value]:
    def translate(use: Use) -> Value:
        wanted = shape(use)
        return moved(use, lambda x: use.b.renamed(movement.reshape(use.b, x, wanted), use.name))

    return translate


def _folded_shape(shape: Callable[[Use], tuple[int, ...]]) -> Callable[[Use], np.ndarray]:
    return lambda use: use.constant(0).reshape(shape(use))


def _flat(use: Use) -> tuple[int, ...]:
    shape = use.shape(0)
    axis = use.integer("axis", 1)
    if not -len(shape) <= axis <= len(shape):
        raise Unsupported(f"there is no axis {axis} in a tensor {shape}")
    axis = axis + len(shape) if axis < 0 else axis
    return prod(shape[:axis]), prod(shape[axis:])


def _axes(use: Use) -> tuple[int, ...] | None:
    """Axes: an attribute up to version 12, operand 1 since; None where neither is given."""
    if use.version < 13:
        return use.integers("axes") if use.given("axes") else None
    return use.whole(1) if use.has(1) else None


def _squeezed(use: Use) -> tuple[int, ...]:
    shape, axes = use.shape(0), _axes(use)
    if axes is None:
        return tuple(d for d in shape if d != 1)
    gone = {axis_in(a, len(shape)) for a in axes}
    if any(shape[a] != 1 for a in gone):
        raise Unsupported(f"its axes {axes} of a tensor {shape} are not all of length 1")
    return tuple(d for a, d in enumerate(shape) if a not in gone)


def _unsqueezed(use: Use) -> tuple[int, ...]:
    axes = _axes(use) or ()
    shape, rank = list(use.shape(0)), len(use.shape(0)) + len(axes)
    found = sorted(axis_in(a, rank) for a in axes)
    if len(set(found)) != len(found):
        raise Unsupported(f"its axes {axes} name one axis twice")
    for axis in found:
        shape.insert(axis, 1)
    return tuple(shape)


def _constant(use: Use) -> np.ndarray:
    for name, kind in (("value_int", np.int64), ("value_ints", np.int64)):
        if use.given(name):
            return np.array(use.node.attributes[name], kind)
    for name in ("value_float", "value_floats"):
        if use.given(name):
            return np.array(use.node.attributes[name], np.float32)
    return use.tensor("value")


def _constant_of_shape(use: Use) -> np.ndarray:
    value = use.tensor("value") if use.given("value") else np.zeros(1, np.float32)
    if value.size != 1:
        raise Unsupported(f"its value has {value.size} elements")
    return np.broadcast_to(value.reshape(()), bound(use.whole(0), value.itemsize))


def _shape(use: Use) -> np.ndarray:
    shape = use.shape(0)
    cut = slice(use.integer("start", 0), use.integer("end", len(shape)))
    return np.array(shape[cut], np.int64)


def _size(use: Use) -> np.ndarray:
    return np.asarray(prod(use.shape(0)), np.int64)


def _range(use: Use) -> np.ndarray:
    start, limit, step = (use.constant(i).ravel()[0] for i in range(3))
    if step == 0:
        raise Unsupported("its step is 0")
    count = max(0, int(np.ceil((float(limit) - float(start)) / float(step))))
    bound([count], 8)
    return np.asarray(start + np.arange(count) * step).astype(use.constant(0).dtype)


def _eye_like(use: Use) -> np.ndarray:
    shape = use.shape(0)
    kind = dtype_name(use.integer("dtype")) if use.given("dtype") else use.dtype(0)
    if len(shape) != 2 or kind not in ALL:
        raise Unsupported(f"it makes a {kind} tensor {shape}")
    return np.eye(*shape, use.integer("k", 0), dtype=kind)


def _non_zero(use: Use) -> np.ndarray:
    return np.array(np.nonzero(use.constant(0)), np.int64)


_KNOWN = "its operand must be known at import"
OPERATORS = (
    Operator("Identity", _identity, ALL),
    Operator("Dropout", _dropout, ALL, note="inference only"),
    Operator("Reshape", _to_shape(_wanted_shape), ALL, fold=_folded_shape(_wanted_shape)),
    Operator("Flatten", _to_shape(_flat), ALL, fold=_folded_shape(_flat)),
    Operator("Squeeze", _to_shape(_squeezed), ALL, fold=_folded_shape(_squeezed)),
    Operator("Unsqueeze", _to_shape(_unsqueezed), ALL, fold=_folded_shape(_unsqueezed)),
    Operator("Constant", _constant, ALL),
    Operator("ConstantOfShape", _constant_of_shape, ALL, note=_KNOWN),
    Operator("Shape", _shape, ("int64",)),
    Operator("Size", _size, ("int64",)),
    Operator("Range", _range, ("float32", "int32", "int64"), note=_KNOWN),
    Operator("EyeLike", _eye_like, ALL),
    Operator("NonZero", _non_zero, ("int64",), note=_KNOWN),
)
