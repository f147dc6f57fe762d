"""Operators that move elements.

What they mean: TensorFlow's documentation of the operations of the same names (tf.slice, tf.gather,
tf.space_to_batch_nd, ...); option fields: TensorFlow Lite's schema, version 3. Moved elements keep
their bits; what they mean is what the file says of the result.
"""

from math import prod

import numpy as np

from tinsmith.compose import elementwise, movement
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.tflite.scaling import symmetric
from tinsmith.importers.tflite.use import Use
from tinsmith.importers.tflite.values import type_of
from tinsmith.ir.types import TensorType


def reshape(use: Use) -> str:
    """RESHAPE, SQUEEZE, EXPAND_DIMS: the file's shape for the result; where it leaves lengths free,
    what the operator says."""
    x = use.value(0)
    shape = _reshaped(use, use.type(x)) if use.t.model.free else use.result.checked().shape
    if prod(shape) != use.type(x).elements:
        raise Unsupported(f"{use.type(x)} does not have the elements of {list(shape)}")
    return use.moved(use.b.renamed(movement.reshape(use.b, x, shape), use.name))


def _reshaped(use: Use, x: TensorType) -> tuple[int, ...]:
    """RESHAPE: operand 1 or option 0, the shape with at most one -1; SQUEEZE: option 0, the axes,
    all of length 1 where there are none; EXPAND_DIMS: operand 1, the axis."""
    options, rank = use.operator.options, len(x.shape)
    listed = tuple(int(n) for n in options.numbers(0, "<i4")) if options else ()
    if use.operator.kind == "EXPAND_DIMS":
        (axis,) = _one(use.integers(1))
        at = axis % (rank + 1)
        return (*x.shape[:at], 1, *x.shape[at:])
    if use.operator.kind == "SQUEEZE":
        gone = {a % max(1, rank) for a in listed} or {i for i, d in enumerate(x.shape) if d == 1}
        return tuple(d for i, d in enumerate(x.shape) if i not in gone)
    wanted = use.integers(1) if use.tensor(1) is not None else listed
    rest = -prod(wanted)
    if wanted.count(-1) != 1 or rest < 1:
        return wanted
    return tuple(x.elements // rest if d == -1 else d for d in wanted)


def transpose(use: Use) -> str:
    """Operand 1: the order of the axes."""
    return use.moved(
        use.b.renamed(movement.transpose(use.b, use.value(0), use.integers(1)), use.name)
    )


def slice_(use: Use) -> str:
    """Operands 1 and 2: where each axis begins and how long it is, -1: to the end."""
    x, starts, sizes = use.value(0), use.integers(1), use.integers(2)
    shape = use.type(x).shape
    if not len(starts) == len(sizes) == len(shape):
        raise Unsupported(f"{len(starts)} starts and {len(sizes)} sizes for {use.type(x)}")
    stops = [d if n == -1 else s + n for s, n, d in zip(starts, sizes, shape, strict=True)]
    if not all(0 <= s < e <= d for s, e, d in zip(starts, stops, shape, strict=True)):
        raise Unsupported(f"starts {starts} and sizes {sizes} leave {use.type(x)}")
    return use.moved(
        use.b.renamed(movement.slices(use.b, x, starts, stops, [1] * len(shape)), use.name)
    )


def split(use: Use) -> tuple[str, ...]:
    """Operand 0: the axis; option 0: how many equal parts of operand 1."""
    x, (axis,) = use.value(1), _one(use.integers(0))
    length, parts = use.type(x).shape[_axis(use, x, axis)], use.option(0, "<i")
    if parts < 1 or length % parts:
        raise Unsupported(f"{length} places in {parts} parts")
    return _parts(use, x, axis, (length // parts,) * parts)


def split_v(use: Use) -> tuple[str, ...]:
    """Operand 1: lengths of the parts, one of them may be -1; operand 2: the axis."""
    x, sizes, (axis,) = use.value(0), list(use.integers(1)), _one(use.integers(2))
    length = use.type(x).shape[_axis(use, x, axis)]
    if sizes.count(-1) == 1:
        sizes[sizes.index(-1)] = length - sum(sizes) - 1
    if sum(sizes) != length or min(sizes, default=0) < 1:
        raise Unsupported(f"parts {sizes} of {length} places")
    return _parts(use, x, axis, tuple(sizes))


def _parts(use: Use, x: str, axis: int, sizes: tuple[int, ...]) -> tuple[str, ...]:
    if len(sizes) != len(use.results):
        raise Unsupported(f"it has {len(use.results)} results for {len(sizes)} parts")
    found, start = [], 0
    for number, size in enumerate(sizes):
        y = use.b.renamed(movement.cut(use.b, x, axis, start, size), use.name_of(number))
        found.append(use.moved(y, number))
        start += size
    return tuple(found)


def pack(use: Use) -> str:
    """Option 1: the new axis, along which all operands are stacked."""
    values = [use.value(i) for i in range(use.operands)]
    axis = use.option(1, "<i") % (len(use.type(values[0]).shape) + 1 if values else 1)
    rows = [movement.unsqueeze(use.b, v, [axis]) for v in values]
    return use.moved(use.b.renamed(movement.concat(use.b, rows, axis), use.name))


def unpack(use: Use) -> tuple[str, ...]:
    """Option 1: the axis, which disappears; one result per place."""
    x = use.value(0)
    axis = _axis(use, x, use.option(1, "<i"))
    if use.type(x).shape[axis] != len(use.results):
        raise Unsupported(f"it has {len(use.results)} results for {use.type(x)}, axis {axis}")
    found = []
    for number in range(len(use.results)):
        name = use.name_of(number)
        y = use.b.renamed(movement.take(use.b, x, np.array(number), axis), name)
        found.append(use.moved(y, number))
    return tuple(found)


def embedding_lookup(use: Use) -> str:
    """Rows of operand 1 at the indices of operand 0; of int8 also as real numbers."""
    b, rows = use.b, movement.gather(use.b, use.value(1), use.value(0), 0)
    if use.result.dtype == use.given(1).dtype:
        return use.moved(b.renamed(rows, use.name))
    table = use.given(1)
    if (table.dtype, use.result.dtype) != ("int8", "float32"):
        raise Unsupported(f"it makes {use.result} of {table}")
    step = symmetric(table).scale[0]
    real = elementwise.cast(b, rows, "float32")
    scale = elementwise.scalar(b, real, step)
    return elementwise.binary(b, "mul", real, scale, name=use.name)


def tile(use: Use) -> str:
    """Operand 1: how often along each axis."""
    return use.moved(use.b.renamed(movement.tile(use.b, use.value(0), use.integers(1)), use.name))


def broadcast_to(use: Use) -> str:
    """Operand 1: the shape."""
    return use.moved(use.b.renamed(movement.expand(use.b, use.value(0), use.integers(1)), use.name))


def broadcast_args(use: Use) -> str:
    """The shape that two known shapes broadcast to."""
    shape = np.broadcast_shapes(use.integers(0), use.integers(1))
    return use.constant(use.name, np.array(shape, use.wanted.dtype))


def fill(use: Use) -> str:
    """Operand 0: the shape; 1: one number."""
    return use.moved(use.b.renamed(movement.expand(use.b, use.value(1), use.integers(0)), use.name))


def concatenation(use: Use) -> str:
    """Option 0: the axis, 1: the activation, of which there may be none."""
    if not use.operands:
        raise Unsupported("it has no operands")
    axis, rank = use.option(0, "<i"), len(use.type(use.value(0)).shape)
    if use.option(1) or not -rank <= axis < rank:
        raise Unsupported(f"{use.operands} operands, axis {axis}, activation {use.option(1)}")
    values = [_scaled(use, i) for i in range(use.operands)]
    return use.b.renamed(movement.concat(use.b, values, axis % rank), use.name)


def _scaled(use: Use, position: int) -> str:
    """An operand in the result's scale; only uint8 has other ones: round(q * s + b) + z in float32,
    with s the quotient of scales and b = -zero * s."""
    x, out = use.value(position), use.wanted.quant
    before = use.type(x).quant
    if before == out or before is None or out is None:
        return x
    if use.given(position).dtype != "uint8":
        raise Unsupported(f"it rescales {use.type(x)} to {use.wanted}")
    one, f4 = np.float32(1), np.float32
    scale = f4(before.scale[0]) * (one / f4(out.scale[0]))
    bias = f4(-(before.zero_point[0] + 128)) * scale
    real = np.arange(256, dtype=f4) * scale + bias
    whole = np.sign(real) * np.floor(np.abs(real).astype(np.float64) + 0.5)
    entries = np.clip(whole + out.zero_point[0], -128, 127).astype(np.int8)
    table = use.constant(f"{use.name}_table", entries, out)
    return use.op("lookup", x, table, name=f"{use.name}_operand_{position}")


def pad(use: Use) -> str:
    """Operand 1: places before and behind each axis; 2 (PADV2): what fills them, else real 0."""
    x = use.value(0)
    type = use.type(x)
    value: float = type.quant.zero_point[0] if type.quant else 0
    if use.operands > 2 and use.tensor(2) is not None:
        value = use.known(2).reshape(-1)[0].item()
    y = use.b.renamed(movement.pad(use.b, x, _sides(use, 1), value), use.name)
    return use.moved(y)


def _sides(use: Use, position: int) -> list[tuple[int, int]]:
    numbers = use.integers(position)
    if any(n < 0 for n in numbers) or len(numbers) % 2:
        raise Unsupported(f"its paddings are {numbers}")
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def mirror_pad(use: Use) -> str:
    """Option 0: 0 leaves the edge out of the mirror image, 1 repeats it."""
    x = use.value(0)
    sides, mode = _sides(use, 1), use.option(0)
    if mode not in (0, 1) or len(sides) != len(use.type(x).shape):
        raise Unsupported(f"mode {mode}, {len(sides)} pairs of paddings for {use.type(x)}")
    for axis, pair in enumerate(sides):
        length = use.type(x).shape[axis]
        if max(pair) > length - (1 - mode):
            raise Unsupported(f"paddings {pair} for {length} places")
        places = np.pad(np.arange(length), pair, "symmetric" if mode else "reflect")
        x = movement.take(use.b, x, places, axis)
    return use.moved(x)


def space_to_depth(use: Use) -> str:
    """Option 0: side of the squares."""
    y = use.b.renamed(
        movement.space_to_depth(use.b, use.value(0), use.option(0, "<i"), layout="channels_last"),
        use.name,
    )
    return use.moved(y)


def depth_to_space(use: Use) -> str:
    """Option 0: side of the squares."""
    y = use.b.renamed(
        movement.depth_to_space(use.b, use.value(0), use.option(0, "<i"), layout="channels_last"),
        use.name,
    )
    return use.moved(y)


def space_to_batch(use: Use) -> str:
    """Operand 1: a block per spatial axis, 2: paddings with real 0. [n, s..., c] becomes
    [blocks * n, s / block..., c]."""
    x, block, sides = use.value(0), use.integers(1), _sides(use, 2)
    x = _padded(use, x, [(0, 0), *sides, *[(0, 0)] * (len(use.type(x).shape) - 1 - len(sides))])
    shape, m = use.type(x).shape, len(block)
    pairs = list(zip(shape[1 : 1 + m], block, strict=True))
    if any(b < 1 or d % b for d, b in pairs):
        raise Unsupported(f"blocks {block} of {use.type(x)}")
    inner = [n for d, b in pairs for n in (d // b, b)]
    y = movement.reshape(use.b, x, (shape[0], *inner, *shape[1 + m :]))
    order = [*range(2, 2 * m + 1, 2), 0, *range(1, 2 * m, 2), *range(2 * m + 1, len(shape) + m)]
    y = movement.transpose(use.b, y, order)
    last = (shape[0] * prod(block), *(d // b for d, b in pairs), *shape[1 + m :])
    return use.moved(use.b.renamed(movement.reshape(use.b, y, last), use.name))


def batch_to_space(use: Use) -> str:
    """The inverse: operand 1: blocks, 2: how much is cut off before and behind each spatial
    axis."""
    x, block, crops = use.value(0), use.integers(1), _sides(use, 2)
    shape, m = use.type(x).shape, len(block)
    if len(crops) != m or m + 1 > len(shape) or min(block) < 1 or shape[0] % prod(block):
        raise Unsupported(f"blocks {block} and crops {crops} of {use.type(x)}")
    n = shape[0] // prod(block)
    y = movement.reshape(use.b, x, (*block, n, *shape[1:]))
    inner = [axis for i in range(m) for axis in (m + 1 + i, i)]
    y = movement.transpose(use.b, y, [m, *inner, *range(2 * m + 1, len(shape) + m)])
    wide = [d * b for d, b in zip(shape[1 : 1 + m], block, strict=True)]
    y = movement.reshape(use.b, y, (n, *wide, *shape[1 + m :]))
    cut = [(0, 0), *((-a, -b) for a, b in crops), *[(0, 0)] * (len(shape) - 1 - m)]
    return use.moved(use.b.renamed(movement.pad(use.b, y, cut), use.name))


def _padded(use: Use, x: str, sides: list[tuple[int, int]]) -> str:
    quant = use.type(x).quant
    return movement.pad(use.b, x, sides, quant.zero_point[0] if quant else 0)


def reverse(use: Use) -> str:
    """Operand 1: the axes that run backwards."""
    return use.moved(use.b.renamed(movement.flip(use.b, use.value(0), use.integers(1)), use.name))


def shape_of(use: Use) -> str:
    """SHAPE, RANK: known at import."""
    shape = use.given(0).checked().shape
    numbers = len(shape) if use.operator.kind == "RANK" else shape
    return use.constant(use.name, np.array(numbers, use.wanted.dtype))


def range_(use: Use) -> str:
    """Operands start, limit and step, known at import; each element is the one before plus the
    step, as float32 rounds it."""
    start, limit, step = (use.known(i).reshape(-1)[0] for i in range(3))
    if step == 0:
        raise Unsupported("its step is 0")
    count = int(np.ceil(abs((float(limit) - float(start)) / float(step))))
    if not 0 < count <= 1 << 20 or (limit > start) != (step > 0):
        raise Unsupported(f"it has {count} elements from {start} to {limit} by {step}")
    steps = np.full(count, step, use.wanted.dtype)
    steps[0] = start
    return use.constant(use.name, np.add.accumulate(steps, dtype=steps.dtype))


def where(use: Use) -> str:
    """Indices of what is not zero, known at import."""
    found = np.argwhere(use.known(0)).astype(np.int64)
    if not len(found):
        raise Unsupported("nothing is found: its result is empty")
    return use.constant(use.name, found)


def zeros(use: Use) -> str:
    """Zeros of the operand's shape."""
    type = type_of(use.given(0))
    return use.constant(use.name, np.zeros(type.shape, type.dtype), type.quant)


def _axis(use: Use, x: str, axis: int) -> int:
    rank = len(use.type(x).shape)
    if not -rank <= axis < rank:
        raise Unsupported(f"axis {axis} of {use.type(x)}")
    return axis % rank


def _one(numbers: tuple[int, ...]) -> tuple[int]:
    if len(numbers) != 1:
        raise Unsupported(f"an axis is {numbers}; expected one number")
    return (numbers[0],)
