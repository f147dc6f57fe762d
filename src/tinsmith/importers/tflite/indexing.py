"""Operators that put elements where indices say: GATHER, GATHER_ND, ONE_HOT, REVERSE_SEQUENCE,
SCATTER_ND, SEGMENT_SUM, diagonals, DYNAMIC_UPDATE_SLICE.

What they mean: TensorFlow's documentation of the operations of the same names; option fields:
TensorFlow Lite's schema, version 3; sums of repeated places in the order of lite/kernels/internal/
reference/reference_ops.h, ScatterNd and SegmentSum.
"""

from math import prod

import numpy as np

from tinsmith.compose import elementwise, movement, reduction
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.tflite.use import Use
from tinsmith.importers.tflite.values import is_shifted

_MOST_INDICES = 1 << 16


def gather(use: Use) -> str:
    """Option 0: the axis; 1: batch dimensions, which x and indices share."""
    x, axis, batch = use.value(0), use.option(0, "<i"), use.option(1, "<i")
    rank, depth = len(use.type(x).shape), len(use.given(1).shape)
    axis = axis + rank if axis < 0 else axis
    batch = batch + depth if batch < 0 else batch
    if batch:
        return use.moved(use.b.renamed(_gather_rows(use, x, axis, batch), use.name))
    if use.given(1).constant:
        y = use.b.renamed(movement.take(use.b, x, use.known(1), axis), use.name)
    else:
        y = use.b.renamed(movement.gather(use.b, x, use.value(1), axis), use.name)
    return use.moved(y)


def _gather_rows(use: Use, x: str, axis: int, batch: int) -> str:
    """[batch..., outer..., length, inner...] as rows of [batch * length, others]."""
    b, shape, places = use.b, use.type(x).shape, use.given(1).shape
    if not 0 < batch <= axis < len(shape) or shape[:batch] != places[:batch]:
        raise Unsupported(f"{batch} batch dimensions, axis {axis} of {use.type(x)}")
    count, length = prod(shape[:batch]), shape[axis]
    others = [a for a in range(batch, len(shape)) if a != axis]
    x = movement.transpose(b, x, [*range(batch), axis, *others])
    rest = tuple(shape[a] for a in others)
    rows = movement.reshape(b, x, (count * length, prod(rest)))
    first = np.arange(count, dtype=np.int64).reshape(-1, 1) * length
    if use.given(1).constant:
        at = use.known(1).astype(np.int64).reshape(count, -1)
        if (at < 0).any() or (at >= length).any():
            raise Unsupported(f"its indices leave {length} places")
        y = movement.take(b, rows, (at + first).reshape(-1), 0)
    else:
        given = elementwise.cast(b, use.value(1), "int32")
        at_rows = movement.reshape(b, given, (count, prod(places[batch:])))
        offset = use.constant(f"{use.name}_rows", first.astype(np.int32))
        y = movement.gather(b, rows, elementwise.binary(b, "add", at_rows, offset), 0)
    y = movement.reshape(b, y, (*shape[:batch], *places[batch:], *rest))
    return _back(use, y, (batch, len(places) - batch, axis - batch))


def _back(use: Use, y: str, counts: tuple[int, int, int]) -> str:
    """[batch..., picked..., outer..., inner...] with outer before picked."""
    batch, picked, outer = counts
    rank = len(use.type(y).shape)
    middle = batch + picked
    order = [*range(batch), *range(middle, middle + outer), *range(batch, middle)]
    return movement.transpose(use.b, y, [*order, *range(middle + outer, rank)])


def gather_nd(use: Use) -> str:
    """The last axis of operand 1 addresses the first axes of x."""
    b, x, places = use.b, use.value(0), use.given(1).checked().shape
    shape, depth = use.type(x).shape, places[-1] if places else 0
    if not 0 < depth <= len(shape):
        raise Unsupported(f"indices of shape {list(places)} into {use.type(x)}")
    rows = movement.reshape(b, x, (prod(shape[:depth]), *shape[depth:]))
    if use.given(1).constant:
        at = use.known(1)
        if (at < 0).any() or (at >= shape[:depth]).any():
            raise Unsupported(f"its indices leave {use.type(x)}")
        flat = np.ravel_multi_index(tuple(np.moveaxis(at, -1, 0)), shape[:depth])
        return use.moved(b.renamed(movement.take(b, rows, flat, 0), use.name))
    steps = np.array(movement.row_major(shape[:depth]), np.int32)
    given = elementwise.cast(b, use.value(1), "int32")
    parts = elementwise.binary(b, "mul", given, use.constant(f"{use.name}_steps", steps))
    at_rows = reduction.reduce(b, "sum", parts, [-1], False)
    return use.moved(b.renamed(movement.gather(b, rows, at_rows, 0), use.name))


def one_hot(use: Use) -> str:
    """Operands: indices, depth, what stands at the index and what elsewhere, all but the first
    known; option 0: the new axis."""
    b, depth = use.b, int(use.known(1).reshape(-1)[0])
    shape = use.given(0).checked().shape
    axis = use.option(0, "<i")
    axis = len(shape) if axis == -1 else axis
    if not 0 <= axis <= len(shape) or not 0 < depth <= 1 << 16:
        raise Unsupported(f"axis {axis} and depth {depth} for indices of shape {list(shape)}")
    at = movement.unsqueeze(b, elementwise.cast(b, use.value(0), "int32"), [axis])
    column = np.arange(depth, dtype=np.int32).reshape(-1, *(1,) * (len(shape) - axis))
    hot = elementwise.compare(b, "equal", at, use.constant(f"{use.name}_places", column))
    on, off = (
        use.constant(f"{use.name}_{what}", use.known(i).reshape(()), use.wanted.quant)
        for i, what in ((2, "on"), (3, "off"))
    )
    return use.moved(elementwise.where(b, hot, on, off, name=use.name))


def reverse_sequence(use: Use) -> str:
    """Operand 1: how many places of each batch run backwards; options 0 and 1: axes of the
    sequence and of the batch."""
    b, x, along, batch = use.b, use.value(0), use.option(0, "<i"), use.option(1, "<i")
    shape = use.type(x).shape
    lengths = use.value(1)
    if along == batch or not all(0 <= a < len(shape) for a in (along, batch)):
        raise Unsupported(f"axes {along} and {batch} of {use.type(x)}")
    if use.type(lengths).shape != (shape[batch],):
        raise Unsupported(f"{use.type(lengths)} lengths for {use.type(x)}, axis {batch}")
    others = [a for a in range(len(shape)) if a not in (along, batch)]
    order = [batch, along, *others]
    count, steps, rest = shape[batch], shape[along], prod(shape[a] for a in others)
    rows = movement.reshape(b, movement.transpose(b, x, order), (count * steps, rest))
    y = movement.gather(b, rows, _mirrored(use, lengths, count, steps), 0)
    y = movement.reshape(b, y, tuple(shape[a] for a in order))
    return use.moved(b.renamed(movement.transpose(b, y, np.argsort(order).tolist()), use.name))


def _mirrored(use: Use, lengths: str, count: int, steps: int) -> str:
    """Row of each place: length - 1 - place while below the length, else its own."""
    b = use.b
    column = movement.reshape(b, elementwise.cast(b, lengths, "int32"), (count, 1))
    place = use.constant(f"{use.name}_places", np.arange(steps, dtype=np.int32).reshape(1, -1))
    last = elementwise.binary(b, "sub", column, elementwise.scalar(b, column, 1))
    mirror = elementwise.binary(b, "sub", last, place)
    at = elementwise.where(b, elementwise.compare(b, "less", place, column), mirror, place)
    first = np.arange(count, dtype=np.int32).reshape(-1, 1) * steps
    rows = elementwise.binary(b, "add", at, use.constant(f"{use.name}_rows", first))
    return movement.reshape(b, rows, (count * steps,))


def scatter_nd(use: Use) -> str:
    """Operands: known indices, updates, known shape; what meets in a place is summed in order."""
    at, updates, shape = use.known(0).astype(np.int64), use.value(1), use.integers(2)
    depth = at.shape[-1] if at.ndim else 0
    if not 0 < depth <= len(shape) or (at < 0).any() or (at >= shape[:depth]).any():
        raise Unsupported(f"indices of shape {list(at.shape)} into {list(shape)}")
    if shape != use.declared(shape):
        raise Unsupported(f"it makes {list(shape)}, but the file declares {use.result}")
    places = np.ravel_multi_index(tuple(np.moveaxis(at, -1, 0)), tuple(shape[:depth])).reshape(-1)
    count, rest = prod(shape[:depth]), prod(shape[depth:])
    if use.type(updates).shape != (*at.shape[:-1], *shape[depth:]):
        raise Unsupported(f"{use.type(updates)} for indices of shape {list(at.shape)}")
    rows = movement.reshape(use.b, updates, (len(places), rest))
    y = _sums(use, rows, places, count)
    return use.moved(use.b.renamed(movement.reshape(use.b, y, shape), use.name))


def segment_sum(use: Use) -> str:
    """Operand 1: the known segment of each row: 0 first, then the same or the next one."""
    x, segments = use.value(0), use.known(1).reshape(-1).astype(np.int64)
    shape = use.type(x).shape
    steps = np.diff(segments, prepend=0)
    if shape[:1] != segments.shape or segments[0] or ((steps < 0) | (steps > 1)).any():
        raise Unsupported(f"segments {segments[:8].tolist()} of {use.type(x)}")
    rows = movement.reshape(use.b, x, (shape[0], prod(shape[1:])))
    y = _sums(use, rows, segments, int(segments[-1]) + 1)
    return use.b.renamed(movement.reshape(use.b, y, (int(segments[-1]) + 1, *shape[1:])), use.name)


def _sums(use: Use, rows: str, places: np.ndarray, count: int) -> str:
    """Per place the sum of the rows that belong there, in order; zeros where there are none."""
    b, type = use.b, use.type(rows)
    parts: list[list[int]] = [[] for _ in range(count)]
    for row, place in enumerate(places.tolist()):
        parts[place].append(row)
    most = max(1, *map(len, parts))
    if type.quant is not None and most > 1:
        raise Unsupported(f"it adds {type}")
    if most > 1 and most * count > _MOST_INDICES:
        raise Unsupported(f"up to {most} rows meet in one of {count} places")
    at = np.full((count, most), type.shape[0])
    for line, part in zip(at, parts, strict=True):
        line[: len(part)] = part
    zeros = np.full((1, type.shape[1]), _zero(use), type.dtype)
    padded = movement.concat(b, [rows, use.constant(f"{use.name}_zeros", zeros, type.quant)], 0)
    if most == 1:
        return movement.take(b, padded, at[:, 0], 0)
    return reduction.reduce(b, "sum", movement.take(b, padded, at, 0), [1], False)


def _zero(use: Use) -> int:
    """The integer 0 of the file, whatever it stands for."""
    return -128 if is_shifted(use.given(use.rule.typed)) else 0


def matrix_diag(use: Use) -> str:
    """[..., n] on the diagonals of [..., n, n]; zeros elsewhere."""
    b, x = use.b, use.value(0)
    *lead, n = use.type(x).shape
    sides = [(0, 0)] * (len(lead) + 1)
    y = movement.pad(b, movement.unsqueeze(b, x, [-1]), [*sides, (0, n)], _zero(use))
    y = movement.reshape(b, y, (prod(lead), n * (n + 1)))
    y = movement.cut(b, y, 1, 0, n * n)
    return use.moved(b.renamed(movement.reshape(b, y, (*lead, n, n)), use.name))


def matrix_set_diag(use: Use) -> str:
    """Operand 1 on the diagonals of operand 0."""
    use.alike(0, 1)
    b, x, diagonal = use.b, use.value(0), use.value(1)
    *lead, rows, columns = use.type(x).shape
    n = min(rows, columns)
    if use.type(diagonal).shape != (*lead, n):
        raise Unsupported(f"{use.type(diagonal)} on the diagonals of {use.type(x)}")
    sides = [(0, 0)] * len(lead)
    tall = movement.pad(b, movement.unsqueeze(b, diagonal, [-1]), [*sides, (0, rows - n), (0, 0)])
    mask = use.constant(f"{use.name}_diagonal", np.eye(rows, columns, dtype=bool))
    wide = movement.expand(b, tall, (*lead, rows, columns))
    if use.type(wide).quant != use.type(x).quant:
        raise Unsupported(f"it puts {use.type(diagonal)} into {use.type(x)}")
    return use.moved(elementwise.where(b, mask, wide, x, name=use.name))


def dynamic_update_slice(use: Use) -> str:
    """Operand 1 in place of a part of operand 0 that begins at the known operand 2, moved back
    where it would leave it."""
    use.alike(0, 1)
    b, x, part = use.b, use.value(0), use.value(1)
    shape, size = use.type(x).shape, use.type(part).shape
    starts = use.integers(2)
    if not len(shape) == len(size) == len(starts) or any(
        s > d for s, d in zip(size, shape, strict=True)
    ):
        raise Unsupported(f"{use.type(part)} into {use.type(x)} at {starts}")
    starts = tuple(min(max(s, 0), d - n) for s, d, n in zip(starts, shape, size, strict=True))
    if use.type(part).quant != use.type(x).quant:
        raise Unsupported(f"it puts {use.type(part)} into {use.type(x)}")
    mask = np.zeros(shape, bool)
    mask[tuple(slice(s, s + n) for s, n in zip(starts, size, strict=True))] = True
    sides = [(s, d - s - n) for s, d, n in zip(starts, shape, size, strict=True)]
    spread = movement.pad(b, part, sides)
    chosen = use.constant(f"{use.name}_part", mask)
    return use.moved(elementwise.where(b, chosen, spread, x, name=use.name))
