"""Operators that move elements.

Source: ONNX operators (onnx/docs/Operators.md, onnx/docs/Changelog.md).
"""

from collections.abc import Callable, Sequence
from math import prod

import numpy as np

from tinsmith.compose import movement
from tinsmith.compose.elementwise import cast, compare, where
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.onnx.content import MOST_BYTES, axis_in
from tinsmith.importers.onnx.operator import Operator
from tinsmith.importers.onnx.quantised import lifted
from tinsmith.importers.onnx.use import Use
from tinsmith.importers.onnx.values import Value

ALL = ("float32", "int8", "uint8", "int16", "int32", "int64", "bool")
_END = 2**62
"""Bounds of Slice are clamped to +-this: "to the end" is often written as the largest int64."""


def moved(use: Use, apply: Callable[[str], str]) -> Value:
    """A movement of operand 0, on its integers where it is quantised."""
    return lifted(use.b, use.raw(0), apply) or apply(use.value(0))


def _order(use: Use) -> tuple[int, ...]:
    rank = len(use.shape(0))
    return use.integers("perm", tuple(reversed(range(rank))))


def _transpose(use: Use) -> Value:
    order = _order(use)
    return moved(use, lambda x: use.b.renamed(movement.transpose(use.b, x, order), use.name))


def _concat(use: Use) -> str:
    axis = use.axis("axis", 1, len(use.shape(0)))
    kept = [use.value(i) for i in range(use.count) if use.shape(i)[axis] != 0]
    return use.b.renamed(movement.concat(use.b, kept, axis), use.name)


def _fold_concat(use: Use) -> np.ndarray:
    parts = [use.constant(i) for i in range(use.count)]
    return np.concatenate(parts, use.axis("axis", 1, parts[0].ndim))


def _parts(use: Use) -> tuple[int, list[int]]:
    """Axis and lengths of Split."""
    shape = use.shape(0)
    axis = use.axis("axis", 0, len(shape))
    if use.version < 13 and use.given("split"):
        sizes = list(use.integers("split"))
    elif use.version >= 13 and use.has(1):
        sizes = list(use.whole(1))
    else:
        count = use.integer("num_outputs", len(use.node.outputs))
        if count < 1:
            raise Unsupported(f"it splits into {count} parts")
        each = -(-shape[axis] // count)
        sizes = [min(each, shape[axis] - i * each) for i in range(count)]
    if sum(sizes) != shape[axis] or min(sizes) < 0:
        raise Unsupported(f"its parts {sizes} do not make up axis {axis} of {shape}")
    return axis, sizes


def _split(use: Use) -> list[Value | None]:
    axis, sizes = _parts(use)
    starts = np.cumsum([0, *sizes[:-1]]).tolist()

    def part(start: int, size: int) -> Value:
        if size == 0:
            shape = use.shape(0)
            return np.zeros((*shape[:axis], 0, *shape[axis + 1 :]), use.dtype(0))
        return moved(use, lambda x: movement.cut(use.b, x, axis, start, size))

    pairs = zip(starts, sizes, strict=True)
    return [part(*pair) if use.wants(i) else None for i, pair in enumerate(pairs)]


def _fold_split(use: Use) -> list[np.ndarray]:
    axis, sizes = _parts(use)
    return np.split(use.constant(0), np.cumsum(sizes)[:-1], axis)


def _cuts(use: Use) -> list[slice]:
    """Slices per axis: attributes up to version 9, operands since."""
    rank = len(use.shape(0))
    if use.version < 10:
        starts, ends = use.integers("starts"), use.integers("ends")
        axes, steps = use.integers("axes", tuple(range(len(starts)))), (1,) * len(starts)
    else:
        starts, ends = use.whole(1), use.whole(2)
        axes = use.whole(3) if use.has(3) else tuple(range(len(starts)))
        steps = use.whole(4) if use.has(4) else (1,) * len(starts)
    cuts = [slice(None)] * rank
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        place = axis_in(axis, rank)
        d = use.shape(0)[place]
        stop: int | None = max(-_END, min(_END, end))
        if step < 0 and end < -d:  # before the first element
            stop = None
        cuts[place] = slice(max(-_END, min(_END, start)), stop, max(-_END, min(_END, step)))
    return cuts


def _slice(use: Use) -> Value:
    cuts = _cuts(use)
    left = [len(range(*c.indices(d))) for c, d in zip(cuts, use.shape(0), strict=True)]
    if 0 in left:
        return np.zeros(left, use.dtype(0))
    starts, stops, steps = ([getattr(c, k) for c in cuts] for k in ("start", "stop", "step"))
    steps = [1 if s is None else s for s in steps]
    return moved(
        use, lambda x: use.b.renamed(movement.slices(use.b, x, starts, stops, steps), use.name)
    )


def _gather(use: Use) -> Value:
    axis = use.axis("axis", 0, len(use.shape(0)))
    indices = use.known(1)
    if indices is not None:
        at = indices
        return moved(use, lambda x: use.b.renamed(movement.take(use.b, x, at, axis), use.name))
    return use.b.renamed(movement.gather(use.b, use.value(0), use.value(1), axis), use.name)


def _fold_gather(use: Use) -> np.ndarray:
    x = use.constant(0)
    return np.take(x, use.constant(1), use.axis("axis", 0, x.ndim))


def _gather_elements(use: Use) -> str:
    axis = use.axis("axis", 0, len(use.shape(0)))
    return use.b.renamed(
        movement.gather_elements(use.b, use.value(0), use.value(1), axis), use.name
    )


def _gather_nd(use: Use) -> str:
    """Constant indices: one gather along the axes that they name, joined to one."""
    x, batch = use.value(0), use.integer("batch_dims", 0)
    shape, indices = use.b.type(x).shape, use.constant(1).astype(np.int64)
    depth = (indices.shape[-1] if indices.ndim else 0) + batch
    if not 0 <= batch < depth <= len(shape) or not indices.size or batch >= indices.ndim:
        raise Unsupported(f"indices {indices.shape} of a tensor {shape}")
    if indices.shape[:batch] != shape[:batch]:
        raise Unsupported(f"indices {indices.shape} of a tensor {shape}, batch_dims {batch}")
    own = np.indices(indices.shape[:-1])[:batch]
    indices = np.concatenate([np.moveaxis(own, 0, -1), indices], -1)
    lengths = np.array(shape[:depth])
    at = np.where(indices < 0, indices + lengths, indices)
    if (at < 0).any() or (at >= lengths).any():
        raise Unsupported("an index lies outside of the tensor")
    flat = np.ravel_multi_index(tuple(np.moveaxis(at, -1, 0)), shape[:depth])
    joined = movement.reshape(use.b, x, (prod(shape[:depth]), *shape[depth:]))
    return use.b.renamed(movement.take(use.b, joined, np.asarray(flat), 0), use.name)


def _expand(use: Use) -> Value:
    wanted = use.whole(1)
    bound(np.broadcast_shapes(use.shape(0), wanted), 8)
    return moved(use, lambda x: use.b.renamed(movement.expand(use.b, x, wanted), use.name))


def _fold_expand(use: Use) -> np.ndarray:
    x = use.constant(0)
    shape = np.broadcast_shapes(x.shape, use.whole(1))
    return np.broadcast_to(x, bound(shape, x.itemsize))


def _tile(use: Use) -> Value:
    repeats = use.whole(1)
    if len(repeats) != len(use.shape(0)):
        raise Unsupported(f"repeats {repeats} of a tensor {use.shape(0)}")
    return moved(use, lambda x: use.b.renamed(movement.tile(use.b, x, repeats), use.name))


def _fold_tile(use: Use) -> np.ndarray:
    x, repeats = use.constant(0), use.whole(1)
    bound([d * r for d, r in zip(x.shape, repeats, strict=True)], x.itemsize)
    return np.tile(x, repeats)


def _pad(use: Use) -> str:
    """Sides and value: attributes up to version 10, operands since; axes since version 18."""
    x = use.value(0)
    rank, mode = len(use.shape(0)), use.text("mode", "constant")
    if mode not in ("constant", "reflect", "edge", "wrap"):
        raise Unsupported(f"its mode is {mode!r}")
    if use.version < 11:
        amounts, value = use.integers("pads"), use.number("value", 0.0)
        axes: Sequence[int] = range(rank)
    else:
        amounts = use.whole(1)
        value = float(use.constant(2).ravel()[0]) if use.has(2) and mode == "constant" else 0.0
        axes = use.whole(3) if use.has(3) else range(rank)
    sides = [(0, 0)] * rank
    for axis, before, after in zip(axes, amounts[: len(axes)], amounts[len(axes) :], strict=True):
        sides[axis_in(axis, rank)] = (before, after)
    pairs = zip(use.shape(0), sides, strict=True)
    bound([max(0, d + before + after) for d, (before, after) in pairs], 8)
    if np.isfinite(value):
        return use.b.renamed(movement.pad(use.b, x, sides, value, mode), use.name)  # type: ignore[arg-type]
    return _padded_without_number(use, x, sides, value)


def _padded_without_number(use: Use, x: str, sides: Sequence[tuple[int, int]], value: float) -> str:
    """Infinity or NaN around x: nothing can be filled with them, so they are joined to it."""
    b, fill = use.b, use.constant_of(np.float32(value))
    x = movement.pad(b, x, [(min(0, before), min(0, after)) for before, after in sides])
    for axis, counts in enumerate(sides):
        shape = b.type(x).shape
        before, after = (
            [movement.expand(b, fill, (*shape[:axis], c, *shape[axis + 1 :]))] if c > 0 else []
            for c in counts
        )
        x = movement.concat(b, [*before, x, *after], axis)
    return b.renamed(x, use.name)


def _depth_to_space(use: Use) -> Value:
    mode = use.text("mode", "DCR").lower()
    if mode not in ("dcr", "crd"):
        raise Unsupported(f"its mode is {mode!r}")
    block = use.integer("blocksize")
    return moved(
        use,
        lambda x: use.b.renamed(movement.depth_to_space(use.b, x, block, mode), use.name),  # type: ignore[arg-type]
    )


def _space_to_depth(use: Use) -> Value:
    mode = use.text("mode", "DCR").lower()
    if mode not in ("dcr", "crd"):
        raise Unsupported(f"its mode is {mode!r}")
    block = use.integer("blocksize")
    return moved(
        use,
        lambda x: use.b.renamed(movement.space_to_depth(use.b, x, block, mode), use.name),  # type: ignore[arg-type]
    )


def bound(shape: Sequence[int], size: int) -> tuple[int, ...]:
    """A shape whose tensor is neither negative nor too large; ``size``: bytes of an element."""
    found = tuple(int(d) for d in shape)
    if min(found, default=0) < 0 or prod(found) * size > MOST_BYTES:
        raise Unsupported(f"it makes a tensor of shape {found}")
    return found


def _one_hot(use: Use) -> str:
    """on where the index is that of the place, off elsewhere; indices below zero count from the
    end."""
    indices = use.value(0)
    depth, (off, on) = int(use.constant(1).ravel()[0]), use.constant(2)
    rank = len(use.b.type(indices).shape)
    axis = axis_in(use.integer("axis", -1), rank + 1)
    bound([*use.shape(0), depth], 8)
    if use.b.type(indices).dtype == "float32":
        indices = cast(use.b, indices, "int32")
    kind = use.b.type(indices).dtype
    at = movement.unsqueeze(use.b, indices, (axis,))
    places = np.arange(depth).reshape([-1 if a == axis else 1 for a in range(rank + 1)])
    return _one_hot_of(use, at, places.astype(kind), (off, on), depth)


def _one_hot_of(
    use: Use, at: str, places: np.ndarray, values: tuple[np.ndarray, np.ndarray], depth: int
) -> str:
    hit = compare(use.b, "equal", at, use.constant_of(places))
    from_end = compare(use.b, "equal", at, use.constant_of(places - depth))
    off, on = (use.constant_of(np.asarray(v)) for v in values)
    return where(use.b, hit, on, where(use.b, from_end, on, off), name=use.name)


def _trilu(use: Use) -> str:
    """The upper or lower triangle of the last two axes, 0 elsewhere."""
    x = use.value(0)
    kept = _triangle(use)
    zero = use.constant_of(np.zeros((), use.b.type(x).dtype))
    return where(use.b, use.constant_of(kept), x, zero, name=use.name)


def _triangle(use: Use) -> np.ndarray:
    shape = use.shape(0)
    if len(shape) < 2:
        raise Unsupported(f"its operand has the shape {shape}")
    k = int(use.constant(1).ravel()[0]) if use.has(1) else 0
    k = max(-(2**31), min(2**31, k))
    ones = np.ones(shape[-2:], bool)
    return np.triu(ones, k) if use.integer("upper", 1) else np.tril(ones, k)


def _fold_trilu(use: Use) -> np.ndarray:
    x = use.constant(0)
    return np.where(_triangle(use), x, x.dtype.type(0))


def _fold_slice(use: Use) -> np.ndarray:
    return use.constant(0)[tuple(_cuts(use))]


def _fold_transpose(use: Use) -> np.ndarray:
    return np.transpose(use.constant(0), _order(use))


OPERATORS = (
    Operator("Transpose", _transpose, ALL, fold=_fold_transpose),
    Operator("Concat", _concat, ALL, fold=_fold_concat),
    Operator("Split", _split, ALL, fold=_fold_split),
    Operator("Slice", _slice, ALL, fold=_fold_slice),
    Operator("Gather", _gather, ALL, fold=_fold_gather),
    Operator("GatherElements", _gather_elements, ALL),
    Operator("GatherND", _gather_nd, ALL, note="constant indices"),
    Operator("Expand", _expand, ALL, fold=_fold_expand),
    Operator("Tile", _tile, ALL, fold=_fold_tile),
    Operator("Pad", _pad, ALL),
    Operator("DepthToSpace", _depth_to_space, ALL),
    Operator("SpaceToDepth", _space_to_depth, ALL),
    Operator("OneHot", _one_hot, ALL, note="constant depth and values"),
    Operator("Trilu", _trilu, ALL, fold=_fold_trilu),
)
