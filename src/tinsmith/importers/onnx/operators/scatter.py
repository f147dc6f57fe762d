"""Elements written at constant places: ScatterND, ScatterElements, Scatter.

Each round of updates that hit different places is one choice from data and updates, or one
operation with them where they are reduced. Source: ONNX operators (onnx/docs/Operators.md).
"""

from math import prod

import numpy as np

from tinsmith.compose import movement
from tinsmith.compose.elementwise import binary, where
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.onnx.content import axis_in
from tinsmith.importers.onnx.operator import Operator
from tinsmith.importers.onnx.operators.movement import ALL
from tinsmith.importers.onnx.use import Use

_REDUCTIONS = {"none": "", "add": "add", "mul": "mul", "max": "max", "min": "min"}
_MOST_ROUNDS = 64


def _scattered(use: Use, targets: np.ndarray) -> str:
    """``targets``: for each element of the updates, the place in data as one row."""
    op = _REDUCTIONS.get(use.text("reduction", "none"))
    if op is None:
        raise Unsupported(f"its reduction is {use.text('reduction')!r}")
    b, shape = use.b, use.shape(0)
    data = movement.reshape(b, use.value(0), (-1,))
    updates = movement.reshape(b, use.value(2), (-1,))
    if b.type(data).dtype != b.type(updates).dtype or b.type(updates).elements != targets.size:
        raise Unsupported(f"updates {use.shape(2)} for {targets.size} places")
    size = b.type(data).elements
    for sources in _rounds(targets.ravel(), not op):
        hit = np.zeros(size, bool)
        source = np.zeros(size, np.int64)
        hit[targets.ravel()[sources]] = True
        source[targets.ravel()[sources]] = sources
        new = movement.take(b, updates, source, 0)
        new = binary(b, op, data, new) if op else new
        data = where(b, use.constant_of(hit), new, data, name=use.name)
    return movement.reshape(b, data, shape)


def _rounds(targets: np.ndarray, last: bool) -> list[np.ndarray]:
    """Indices of updates, in rounds of different places; only the last of each place where one
    overwrites the others."""
    turns = np.zeros(len(targets), np.int64)
    seen: dict[int, int] = {}
    for i, target in enumerate(targets.tolist()):
        turns[i] = seen.get(target, 0)
        seen[target] = int(turns[i]) + 1
    if last:
        left = {t: i for i, t in enumerate(targets.tolist())}
        return [np.array(sorted(left.values()), np.int64)]
    count = int(turns.max(initial=0)) + 1
    if count > _MOST_ROUNDS:
        raise Unsupported(f"{count} updates of one place; at most {_MOST_ROUNDS}")
    return [np.flatnonzero(turns == turn) for turn in range(count)]


def _inside(indices: np.ndarray, lengths: np.ndarray | int) -> np.ndarray:
    at = np.where(indices < 0, indices + lengths, indices)
    if (at < 0).any() or (at >= lengths).any():
        raise Unsupported("an index lies outside of the tensor")
    return at


def _scatter_nd(use: Use) -> str:
    shape, indices = use.shape(0), use.constant(1).astype(np.int64)
    depth = indices.shape[-1] if indices.ndim else 0
    if not 1 <= depth <= len(shape) or not indices.size:
        raise Unsupported(f"indices {indices.shape} of a tensor {shape}")
    at = _inside(indices, np.array(shape[:depth]))
    first = np.ravel_multi_index(tuple(np.moveaxis(at, -1, 0)), shape[:depth])
    block = prod(shape[depth:])
    return _scattered(use, np.asarray(first)[..., None] * block + np.arange(block))


def _scatter_elements(use: Use) -> str:
    shape, indices = use.shape(0), use.constant(1).astype(np.int64)
    axis = axis_in(use.integer("axis", 0), len(shape))
    fits = indices.ndim == len(shape) and all(
        i <= d for a, (i, d) in enumerate(zip(indices.shape, shape, strict=True)) if a != axis
    )
    if not fits or not indices.size:
        raise Unsupported(f"indices {indices.shape} of a tensor {shape}")
    places: list[np.ndarray] = list(np.indices(indices.shape))
    places[axis] = _inside(indices, shape[axis])
    return _scattered(use, np.asarray(np.ravel_multi_index(tuple(places), shape)))


_NOTE = "constant indices"
OPERATORS = (
    Operator("ScatterND", _scatter_nd, ALL, note=_NOTE),
    Operator("ScatterElements", _scatter_elements, ALL, note=_NOTE),
    Operator("Scatter", _scatter_elements, ALL, note=_NOTE),
)
