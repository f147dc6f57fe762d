"""Elements moved, picked, repeated and joined: any dtype, no arithmetic.

Every function takes a Builder and names of values, appends the nodes it takes (none where nothing
changes) and returns the name of the result; `Builder.renamed` names it. Shapes are row-major.
They raise ShapeError where shapes do not fit. Quantisation of a whole tensor is kept; scales along
an axis only where a matrix is transposed or one axis is cut.
"""

from collections.abc import Sequence
from math import prod
from typing import Literal

import numpy as np

from tinsmith.ir.builder import Builder
from tinsmith.ir.op import ShapeError
from tinsmith.ir.ops.pad import RANK as AXES
from tinsmith.ir.ops.pad import walked
from tinsmith.ir.types import TensorType
from tinsmith.ir.walk import Walk as Walk

Shape = Sequence[int]
Padding = Literal["constant", "reflect", "edge", "wrap"]
Blocks = Literal["dcr", "crd"]
Layout = Literal["channels_first", "channels_last"]


def row_major(shape: Shape) -> tuple[int, ...]:
    """Elements per step along each axis of a tensor without gaps."""
    return tuple(prod(shape[i + 1 :]) for i in range(len(shape)))


def axis_in(what: str, axis: int, rank: int) -> int:
    """An axis as 0..rank-1; negative ones count from the end."""
    if not -rank <= axis < rank:
        raise ShapeError(what, f"axis {axis} of {rank} axes")
    return axis % rank


def axes_in(what: str, axes: Sequence[int], rank: int) -> tuple[int, ...]:
    """Several different axes as 0..rank-1, in the order given."""
    found = tuple(axis_in(what, int(a), rank) for a in axes)
    if len(set(found)) != len(found):
        raise ShapeError(what, f"axes {tuple(axes)} of {rank} axes; expected each once")
    return found


def reshape(b: Builder, x: str, shape: Shape) -> str:
    """x under another shape; one length may be -1: what is left."""
    before = b.type(x).shape
    wanted = tuple(int(d) for d in shape)
    if wanted.count(-1) == 1:
        rest = -prod(wanted)
        if rest <= 0 or prod(before) % rest:
            raise ShapeError("reshape", f"x {before} to {wanted}")
        wanted = tuple(prod(before) // rest if d == -1 else d for d in wanted)
    return x if wanted == before else b.op("reshape", x, shape=wanted)


def squeeze(b: Builder, x: str, axes: Sequence[int] | None = None) -> str:
    """x without the given axes of length 1 (all such axes if None)."""
    shape = b.type(x).shape
    gone = [i for i, d in enumerate(shape) if d == 1]
    if axes is not None:
        gone = list(axes_in("squeeze", axes, len(shape)))
    if any(shape[i] != 1 for i in gone):
        raise ShapeError("squeeze", f"x {shape}, axes {axes}; expected axes of length 1")
    return reshape(b, x, [d for i, d in enumerate(shape) if i not in gone])


def unsqueeze(b: Builder, x: str, axes: Sequence[int]) -> str:
    """x with axes of length 1 at the given places of the result."""
    shape = list(b.type(x).shape)
    for axis in sorted(axes_in("unsqueeze", axes, len(shape) + len(axes))):
        shape.insert(axis, 1)
    return reshape(b, x, shape)


def strided(b: Builder, x: str, walk: Walk, result: Shape | None = None) -> str:
    """The elements of x that a walk reads, of the walk's lengths, or of the shape ``result`` with
    as many elements."""
    last = tuple(int(d) for d in (walk.lengths if result is None else result))
    if prod(walk.lengths) == b.type(x).elements and walk.straight:
        return reshape(b, x, last)
    short = walk.shortest()
    return b.op(
        "strided", x, result=last, offset=int(short.offset),
        shape=tuple(map(int, short.lengths)), strides=tuple(map(int, short.steps)),
    )  # fmt: skip


def transpose(b: Builder, x: str, perm: Sequence[int]) -> str:
    """Axis i of the result is axis perm[i] of x."""
    shape = b.type(x).shape
    order = axes_in("transpose", perm, len(shape))
    if len(order) != len(shape):
        raise ShapeError("transpose", f"x {shape}, order {order}; expected every axis once")
    if order == (1, 0) and min(shape) > 1:
        return b.op("transpose", x)
    steps = row_major(shape)
    return strided(b, x, Walk([shape[i] for i in order], [steps[i] for i in order]))


def expand(b: Builder, x: str, shape: Shape) -> str:
    """x repeated to the shape that numpy broadcasts its own and ``shape`` to."""
    own = b.type(x).shape
    wanted = broadcast(own, shape)
    own = (1,) * (len(wanted) - len(own)) + own
    steps = row_major(own)
    repeated = [0 if d == 1 else s for d, s in zip(own, steps, strict=True)]
    return strided(b, x, Walk(wanted, repeated))


def broadcast(*shapes: Shape) -> tuple[int, ...]:
    """The shape that numpy broadcasts shapes to."""
    try:
        return tuple(int(d) for d in np.broadcast_shapes(*(tuple(s) for s in shapes)))
    except ValueError:
        listed = ", ".join(str(tuple(s)) for s in shapes)
        raise ShapeError("broadcast", f"shapes {listed}; they do not fit each other") from None


def slices(
    b: Builder, x: str, starts: Sequence[int | None], stops: Sequence[int | None],
    steps: Sequence[int | None],
) -> str:  # fmt: skip
    """x[starts[0]:stops[0]:steps[0], ...], one triple per axis as Python means it."""
    shape = b.type(x).shape
    if not len(starts) == len(stops) == len(steps) == len(shape) or 0 in steps:
        raise ShapeError("slices", f"x {shape}: {starts}, {stops}, {steps}; one each per axis")
    cuts = zip(starts, stops, steps, strict=True)
    runs = [range(*slice(*cut).indices(d)) for cut, d in zip(cuts, shape, strict=True)]
    if not all(runs):
        raise ShapeError("slices", f"x {shape}: {starts}, {stops}, {steps}; nothing is left")
    cut = [i for i, (r, d) in enumerate(zip(runs, shape, strict=True)) if r != range(d)]
    if not cut:
        return x
    if len(cut) == 1 and (runs[cut[0]].step == 1 or len(runs[cut[0]]) == 1):
        at = runs[cut[0]]
        return b.op("slice", x, axis=cut[0], start=at[0], size=len(at))
    walk = [s * r.step for s, r in zip(row_major(shape), runs, strict=True)]
    first = sum(s * r[0] for s, r in zip(row_major(shape), runs, strict=True))
    return strided(b, x, Walk([len(r) for r in runs], walk, first))


def cut(b: Builder, x: str, axis: int, start: int, size: int) -> str:
    """``size`` places along one axis, from ``start`` on."""
    shape = b.type(x).shape
    axis = axis_in("cut", axis, len(shape))
    if start == 0 and size == shape[axis]:
        return x
    return b.op("slice", x, axis=axis, start=start, size=size)


def flip(b: Builder, x: str, axes: Sequence[int]) -> str:
    """x backwards along the given axes."""
    rank = len(b.type(x).shape)
    back = axes_in("flip", axes, rank)
    free = [None] * rank
    return slices(b, x, free, free, [-1 if i in back else 1 for i in range(rank)])


def tile(b: Builder, x: str, repeats: Sequence[int]) -> str:
    """x repeated as a whole, repeats[i] times along axis i; both get axes of 1 in front as
    needed."""
    rank = max(len(repeats), len(b.type(x).shape))
    shape = (1,) * (rank - len(b.type(x).shape)) + b.type(x).shape
    times = (1,) * (rank - len(repeats)) + tuple(int(r) for r in repeats)
    if any(t < 1 for t in times):
        raise ShapeError("tile", f"repeats {times}; expected 1 or more")
    lengths = [d for pair in zip(times, shape, strict=True) for d in pair]
    steps = [s for step in row_major(shape) for s in (0, step)]
    last = [t * d for t, d in zip(times, shape, strict=True)]
    return strided(b, x, Walk(lengths, steps), last)


def concat(b: Builder, values: Sequence[str], axis: int) -> str:
    """Values joined along an axis, in order; all of one dtype and quantisation."""
    if not values:
        raise ShapeError("concat", "no values; expected one at least")
    axis = axis_in("concat", axis, len(b.type(values[0]).shape))
    parts = list(values)
    while len(parts) > 1:  # pairs: each element is copied as often as the tree is deep
        pairs = zip(parts[::2], parts[1::2], strict=False)
        joint = [b.op("concat", p, q, axis=axis) for p, q in pairs]
        parts = joint + parts[len(parts) // 2 * 2 :]
    return parts[0]


def pad(
    b: Builder, x: str, sides: Sequence[tuple[int, int]], value: float = 0,
    mode: Padding = "constant",
) -> str:  # fmt: skip
    """x with places added before and after along each axis (negative ones are cut off).

    ``constant`` fills with the value; ``reflect``, ``edge`` and ``wrap`` with elements of x as
    numpy.pad names them.
    """
    shape = b.type(x).shape
    if len(sides) != len(shape):
        raise ShapeError("pad", f"x {shape}, sides {tuple(sides)}; expected one pair per axis")
    starts = [max(0, -before) for before, _ in sides]
    stops = [d - max(0, -after) for d, (_, after) in zip(shape, sides, strict=True)]
    grown = [(max(0, before), max(0, after)) for before, after in sides]
    fill = _fill(b.type(x), value) if mode == "constant" else 0
    x = slices(b, x, starts, stops, [1] * len(shape))
    axes = [i for i, pair in enumerate(grown) if pair != (0, 0)]
    if mode == "constant":
        return _filled(b, x, grown, fill) if axes else x
    for i in axes:
        places = np.pad(np.arange(b.type(x).shape[i]), grown[i], mode)
        x = take(b, x, places, i)
    return x


def _filled(b: Builder, x: str, grown: Sequence[tuple[int, int]], fill: float | int) -> str:
    """x with places of one value, in one operation; more where the axes are more than it walks."""
    todo = list(grown)
    while len(walked(b.type(x).shape, todo)) > AXES:
        last = max(i for i, pair in enumerate(todo) if pair != (0, 0))
        only = [pair if i == last else (0, 0) for i, pair in enumerate(todo)]
        x, todo[last] = _filled(b, x, only, fill), (0, 0)
    before, after = (tuple(pair[side] for pair in todo) for side in (0, 1))
    return b.op("pad", x, before=before, after=after, value=fill)


def _fill(x: TensorType, value: float) -> float | int:
    """The value as padding takes it: a float for float32, a whole number for the others."""
    if x.dtype == "float32":
        return float(value)
    if not np.isfinite(value) or int(value) != value:
        raise ShapeError("pad", f"value {value} for {x}; expected a whole number")
    return int(value)


def take(b: Builder, x: str, indices: np.ndarray, axis: int) -> str:
    """x at constant indices (any shape, 0-dimensional too) along an axis, as numpy.take; indices
    below zero count from the end."""
    shape = b.type(x).shape
    axis = axis_in("take", axis, len(shape))
    at = np.asarray(indices).astype(np.int64)
    if at.size == 0 or at.min() < -shape[axis] or at.max() >= shape[axis]:
        raise ShapeError("take", f"indices {at.tolist()} along axis {axis} of x {shape}")
    at = np.where(at < 0, at + shape[axis], at)
    last = (*shape[:axis], *at.shape, *shape[axis + 1 :])
    flat = at.reshape(-1)
    step = int(flat[1] - flat[0]) if flat.size > 1 else 1
    if not np.array_equal(flat, flat[0] + step * np.arange(flat.size)):
        constant = b.constant("indices", at.astype(np.int32))
        return b.op("gather", x, constant, axis=axis)
    if at.ndim == 1 and step == 1:
        return cut(b, x, axis, int(flat[0]), flat.size)
    steps = list(row_major(shape))
    lengths = [*shape[:axis], flat.size, *shape[axis + 1 :]]
    first = int(flat[0]) * steps[axis]
    steps[axis] *= step
    return strided(b, x, Walk(lengths, steps, first), last)


def gather(b: Builder, x: str, indices: str, axis: int) -> str:
    """x at indices along an axis (a value of any integer dtype and shape).

    Indices below zero count from the end; what lies outside reads the nearest end. Of int64 the
    lower 32 bits count.
    """
    axis = axis_in("gather", axis, len(b.type(x).shape))
    return b.op("gather", x, _int32(b, indices), axis=axis)


def gather_elements(b: Builder, x: str, indices: str, axis: int) -> str:
    """y[..., k, ...] = x[..., indices[..., k, ...], ...]: one index per element of the result.

    Along the other axes the indices may be shorter than x. What lies outside reads the nearest end.
    """
    shape, wanted = b.type(x).shape, b.type(indices).shape
    axis = axis_in("gather_elements", axis, len(shape))
    if len(shape) != len(wanted):
        raise ShapeError("gather_elements", f"x {shape}, indices {wanted}; expected equal rank")
    stops = [d if i == axis else w for i, (d, w) in enumerate(zip(shape, wanted, strict=True))]
    x = slices(b, x, [0] * len(shape), stops, [1] * len(shape))
    return b.op("gather_elements", x, _int32(b, indices), axis=axis)


def _int32(b: Builder, indices: str) -> str:
    if b.type(indices).dtype == "int32":
        return indices
    return b.op("cast", indices, dtype="int32")


def depth_to_space(
    b: Builder, x: str, block: int, mode: Blocks = "dcr", layout: Layout = "channels_first"
) -> str:  # fmt: skip
    """Channels to squares of block x block: [n, c, h, w] -> [n, c / block^2, h * block, w * block].

    ``dcr``: a channel's number is (row, column, depth), ``crd``: (depth, row, column), as ONNX,
    DepthToSpace. ``channels_last`` ([n, h, w, c]) as TensorFlow's depth_to_space with ``dcr``.
    """
    n, c, h, w = _picture("depth_to_space", b, x, layout)
    if block < 1 or c % block**2:
        raise ShapeError("depth_to_space", f"{c} channels, block {block}")
    depth = c // block**2
    tall = [n, depth, h * block, w * block]
    crd = mode == "crd"
    channel = [depth, block, block] if crd else [block, block, depth]
    d, row, column = (1, 2, 3) if crd else (3, 1, 2)
    if layout == "channels_first":
        order = [0, d, 4, row, 5, column]
        return strided(b, x, _shuffled([n, *channel, h, w], order), tall)
    order = [0, 1, 2 + row, 2, 2 + column, 2 + d]
    return strided(b, x, _shuffled([n, h, w, *channel], order), [n, *tall[2:], depth])


def space_to_depth(
    b: Builder, x: str, block: int, mode: Blocks = "dcr", layout: Layout = "channels_first"
) -> str:  # fmt: skip
    """The inverse of `depth_to_space`: [n, c, h, w] -> [n, c * block^2, h / block, w / block]."""
    n, c, h, w = _picture("space_to_depth", b, x, layout)
    if block < 1 or h % block or w % block:
        raise ShapeError("space_to_depth", f"picture {h} x {w}, block {block}")
    short = [n, c * block**2, h // block, w // block]
    rows, columns = [h // block, block], [w // block, block]
    if layout == "channels_first":
        order = [0, 1, 3, 5, 2, 4] if mode == "crd" else [0, 3, 5, 1, 2, 4]
        return strided(b, x, _shuffled([n, c, *rows, *columns], order), short)
    order = [0, 1, 3, 5, 2, 4] if mode == "crd" else [0, 1, 3, 2, 4, 5]
    return strided(b, x, _shuffled([n, *rows, *columns, c], order), [n, *short[2:], short[1]])


def _picture(what: str, b: Builder, x: str, layout: Layout) -> tuple[int, int, int, int]:
    shape = b.type(x).shape
    if len(shape) != 4:
        raise ShapeError(what, f"x {shape}; expected a batch of pictures (4 axes)")
    if layout == "channels_first":
        return shape[0], shape[1], shape[2], shape[3]
    return shape[0], shape[3], shape[1], shape[2]


def _shuffled(shape: Shape, order: Sequence[int]) -> Walk:
    """Through a tensor of this shape, axes in another order."""
    steps = row_major(shape)
    return Walk([shape[i] for i in order], [steps[i] for i in order])
