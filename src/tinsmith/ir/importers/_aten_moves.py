"""What aten operations that move elements become through `ir/compose`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tinsmith.ir.compose import movement
from tinsmith.ir.importers._aten import Rule, Translation, Value
from tinsmith.ir.importers._aten_elements import arguments, result_shape


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
    x, axis, at, found = t.activation(node.args[0]), int(given.get("dim", 0)), 0, []
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


TABLE: Mapping[str, Rule] = {
    "aten.permute.default": transpose(lambda given, rank: given["dims"]),
    "aten.transpose.int": transpose(swapped),
    "aten.slice.Tensor": slices,
    "aten.chunk.default": pieces,
    "aten.split.Tensor": pieces,
    "aten.split_with_sizes.default": pieces,
    "aten.unbind.int": pieces,
    "<built-in function getitem>": getitem,
    "aten.stack.default": stack,
    "aten.expand.default": expand,
    "aten.repeat.default": repeat,
    "aten.flip.default": flip,
    "aten.pad.default": pad,
    "aten.constant_pad_nd.default": pad,
    "aten.pixel_shuffle.default": pixel_shuffle,
    "aten.embedding.default": embedding,
}
"""Torch's name of an operation -> its translation."""
