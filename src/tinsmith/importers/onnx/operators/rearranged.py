"""Elements that are picked or put together by constants: Compress, ReverseSequence, Col2Im.

Source: ONNX operators (onnx/docs/Operators.md).
"""

from math import prod

import numpy as np

from tinsmith.compose import movement
from tinsmith.compose.reduction import reduce
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.onnx.operator import Operator
from tinsmith.importers.onnx.operators.movement import ALL, bound
from tinsmith.importers.onnx.use import Use
from tinsmith.importers.onnx.windows import pairs


def _compress(use: Use) -> str:
    """Places along an axis, or of x as one row, where a constant condition holds."""
    kept = np.flatnonzero(use.constant(1).ravel())
    x = use.value(0)
    if not use.given("axis"):
        x, axis = movement.reshape(use.b, x, (-1,)), 0
    else:
        axis = use.axis("axis", 0, len(use.shape(0)))
    return use.b.renamed(movement.take(use.b, x, kept, axis), use.name)


def _reverse_sequence(use: Use) -> str:
    """Of each member of the batch the first places along the time axis in reverse."""
    x, shape, lengths = use.value(0), use.shape(0), use.whole(1)
    time, batch = use.axis("time_axis", 0, len(shape)), use.axis("batch_axis", 1, len(shape))
    fits = {time, batch} == {0, 1} and len(lengths) == shape[batch]
    if not fits or not all(0 <= n <= shape[time] for n in lengths):
        raise Unsupported(f"lengths {lengths} of x {shape}, time {time}, batch {batch}")
    rows = np.arange(shape[time])
    turned = np.stack([np.where(rows < n, n - 1 - rows, rows) for n in lengths], batch)
    member = np.arange(shape[batch]).reshape([-1 if a == batch else 1 for a in (0, 1)])
    first, second = (turned, member) if time == 0 else (member, turned)
    joined = movement.reshape(use.b, x, (shape[0] * shape[1], *shape[2:]))
    y = movement.take(use.b, joined, (first * shape[1] + second).reshape(-1), 0)
    return use.b.renamed(movement.reshape(use.b, y, shape), use.name)


def _col2im(use: Use) -> str:
    """Columns [n, c * taps, places] added where their taps lie in a picture [n, c, ...]."""
    x, shape = use.value(0, "float32", "int32"), use.shape(0)
    lengths, kernel = use.whole(1), use.whole(2)
    taps = prod(kernel)
    if len(shape) != 3 or taps < 1 or shape[1] % taps or len(lengths) != len(kernel):
        raise Unsupported(f"x {shape} as columns of {kernel} for pictures {lengths}")
    places = _sources(use, lengths, kernel, shape[2])
    b, channels = use.b, shape[1] // taps
    columns = movement.reshape(b, x, (shape[0] * channels, taps * shape[2]))
    columns = movement.pad(b, columns, [(0, 0), (0, 1)])
    y = movement.take(b, columns, places, 1)
    y = reduce(b, "sum", y, (1,), False)
    return b.renamed(movement.reshape(b, y, (shape[0], channels, *lengths)), use.name)


def _sources(use: Use, lengths: tuple[int, ...], kernel: tuple[int, ...], count: int) -> np.ndarray:
    """[taps, elements of a picture]: which element of the columns a tap adds to each, or the one
    behind the last for none."""
    axes = len(lengths)
    stride, dilation = (use.integers(n, (1,) * axes) for n in ("strides", "dilations"))
    pads = pairs(use.integers("pads", (0,) * (2 * axes)), axes)
    bound([prod(kernel), *lengths], 8)
    place, inside = np.zeros((), np.int64), np.ones((), bool)
    blocks = 1
    for a in range(axes):
        room = lengths[a] + sum(pads[a]) - dilation[a] * (kernel[a] - 1) - 1
        blocks_here = room // stride[a] + 1
        tap = np.arange(kernel[a]).reshape([-1 if i == a else 1 for i in range(2 * axes)])
        at = np.arange(lengths[a]).reshape([-1 if i == axes + a else 1 for i in range(2 * axes)])
        steps = at + pads[a][0] - tap * dilation[a]
        step = steps // stride[a]
        inside = inside & (steps % stride[a] == 0) & (step >= 0) & (step < blocks_here)
        place, blocks = place * blocks_here + step, blocks * blocks_here
    if blocks != count:
        raise Unsupported(f"{count} columns; kernel {kernel} has {blocks} places in {lengths}")
    tap = np.arange(prod(kernel)).reshape(*kernel, *[1] * axes)
    found = np.where(inside, tap * count + place, prod(kernel) * count)
    return found.reshape(prod(kernel), prod(lengths))


OPERATORS = (
    Operator("Compress", _compress, ALL, note="constant condition"),
    Operator("ReverseSequence", _reverse_sequence, ALL, note="constant lengths"),
    Operator("Col2Im", _col2im, ("float32", "int32"), note="constant shapes"),
)
