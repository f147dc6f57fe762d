"""What aten operations that move elements become through `compose`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tinsmith.compose import movement, reduction
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.torch.translation import (
    EVERY,
    Rule,
    Translation,
    Typed,
    Value,
    arguments,
    result_shape,
)


def transpose(order: Callable[[dict[str, Any], int], Sequence[int]]) -> Rule:
    """Any order of axes."""

    def rule(t: Translation, node: Any) -> Value:
        x = t.activation(node.args[0])
        rank = len(t.shape(x))
        axes = [a % rank for a in order(arguments(node), rank)]
        return movement.transpose(t.builder, x, axes)

    return rule


def swapped(given: dict[str, Any], rank: int) -> Sequence[int]:
    """All axes, two of them exchanged."""
    a, b = given["dim0"] % rank, given["dim1"] % rank
    axes = list(range(rank))
    axes[a], axes[b] = b, a
    return axes


def slices(t: Translation, node: Any) -> Value:
    """start:end:step along one axis."""
    given = arguments(node)
    x = t.activation(node.args[0])
    rank = len(t.shape(x))
    axis = given["dim"] % rank
    starts, stops, steps = (
        [given[key] if i == axis else None for i in range(rank)] for key in ("start", "end", "step")
    )
    return movement.slices(t.builder, x, starts, stops, [1 if s is None else s for s in steps])


def pieces(t: Translation, node: Any) -> Any:
    """chunk, split, unbind: a value per result."""
    given = arguments(node)
    x, at, found = t.activation(node.args[0]), 0, []
    axis = int(given.get("dim", 0)) % len(t.shape(x))
    shapes = [tuple(int(d) for d in v.shape) for v in node.meta["val"]]
    keeps = shapes and len(shapes[0]) == len(t.shape(x))
    for shape in shapes:
        size = shape[axis] if keeps else 1
        part = movement.cut(t.builder, x, axis, at, size)
        found.append(movement.reshape(t.builder, part, shape))
        at += size
    return found


def getitem(t: Translation, node: Any) -> Value:
    """One result of an operation that has several."""
    found: Any = t.known[node.args[0]]
    if node.args[1] >= len(found):
        raise Unsupported(f"result {node.args[1]} of {str(node.args[0].target)!r}")
    return found[node.args[1]]  # type: ignore[no-any-return]


def stack(t: Translation, node: Any) -> Value:
    """A new axis, along which the values are joined."""
    axis = int(arguments(node).get("dim", 0)) % len(result_shape(node))
    parts = [movement.unsqueeze(t.builder, t.activation(a), (axis,)) for a in node.args[0]]
    return movement.concat(t.builder, parts, axis)


def expand(t: Translation, node: Any) -> Value:
    """Repeated to torch's result."""
    return movement.expand(t.builder, t.activation(node.args[0]), result_shape(node))


def repeat(t: Translation, node: Any) -> Value:
    """As a whole, along each axis."""
    return movement.tile(t.builder, t.activation(node.args[0]), node.args[1])


def flip(t: Translation, node: Any) -> Value:
    """Backwards along axes."""
    return movement.flip(t.builder, t.activation(node.args[0]), node.args[1])


PAD_MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def pad(t: Translation, node: Any) -> Value:
    """torch lists (before, after) from the last axis on."""
    given = arguments(node)
    x = t.activation(node.args[0])
    listed = list(given["pad"])
    pairs = list(zip(listed[::2], listed[1::2], strict=True))[::-1]
    sides = [(0, 0)] * (len(t.shape(x)) - len(pairs)) + pairs
    mode: Any = PAD_MODES.get(given.get("mode", "constant"))
    return movement.pad(t.builder, x, sides, float(given.get("value") or 0.0), mode)


def pixel_shuffle(t: Translation, node: Any) -> Value:
    """Channels to places, channels first: [.., c r r, h, w] -> [.., c, h r, w r]."""
    x, r = t.activation(node.args[0]), int(node.args[1])
    n, c, h, w = t.shape(x)
    b = t.builder
    parted = movement.reshape(b, x, (n, c // r // r, r, r, h, w))
    return movement.reshape(
        b, movement.transpose(b, parted, (0, 1, 4, 2, 5, 3)), (n, c // r // r, h * r, w * r)
    )


def embedding(t: Translation, node: Any) -> Value:
    """Rows of a table."""
    table, indices = t.activation(node.args[0]), t.activation(node.args[1])
    return movement.gather(t.builder, table, indices, 0)


def embedding_bag(t: Translation, node: Any) -> Any:
    """Sums, means or maxima of rows of a table, of as many rows each."""
    given, b = arguments(node), t.builder
    starts, rows = t.read(given["offsets"]), t.activation(given["indices"])
    if given["per_sample_weights"] is not None or (given.get("padding_idx") or -1) >= 0:
        raise Unsupported("per_sample_weights or padding_idx")
    count = b.type(rows).elements
    if not isinstance(starts, np.ndarray) or given["include_last_offset"] or count % starts.size:
        raise Unsupported("bags of unequal size")
    size = count // starts.size
    if not np.array_equal(starts, np.arange(0, count, size)):
        raise Unsupported("bags of unequal size")
    found = movement.gather(b, t.activation(given["weight"]), rows, 0)
    bags = movement.reshape(b, found, (starts.size, size, t.shape(found)[-1]))
    return (reduction.reduce(b, ("sum", "mean", "max")[int(given["mode"])], bags, (1,), False),)


_EVERY: Mapping[str, Rule] = {
    "permute.default": transpose(lambda given, rank: given["dims"]),
    "transpose.int": transpose(swapped),
    "slice.Tensor": slices,
    "chunk.default": pieces,
    "split.Tensor": pieces,
    "split_with_sizes.default": pieces,
    "unbind.int": pieces,
    "stack.default": stack,
    "expand.default": expand,
    "repeat.default": repeat,
    "flip.default": flip,
    "pad.default": pad,
    "constant_pad_nd.default": pad,
    "pixel_shuffle.default": pixel_shuffle,
}
TABLE: Mapping[str, Rule] = {
    **{f"aten.{name}": Typed(rule, EVERY) for name, rule in _EVERY.items()},
    "<built-in function getitem>": getitem,
    "aten.embedding.default": Typed(embedding, ("int64", "int32")),
    "aten.embedding_bag.padding_idx": Typed(embedding_bag, ("int64", "int32"), "equal bags"),
}
"""Torch's name of an operation -> its translation."""
