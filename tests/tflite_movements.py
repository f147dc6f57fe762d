"""What to draw for operators that move elements; see `tflite_options.py`."""

from functools import partial
from typing import Any

import numpy as np
from tflite_options import Draw, Drawer, ints, moved, scale, shape, tensor

Made = tuple[Any, ...]


def transpose(rng: np.random.Generator) -> Made:
    s = shape(rng)
    order = rng.permutation(len(s))
    return s, [None, ints("perm", order)], [tuple(s[i] for i in order)], {}


def slices(rng: np.random.Generator) -> Made:
    s = shape(rng)
    starts = [int(rng.integers(d)) for d in s]
    sizes = [int(rng.integers(1, d - a + 1)) for d, a in zip(s, starts, strict=True)]
    given = [-1 if a + n == d and rng.integers(2) else n
             for d, a, n in zip(s, starts, sizes, strict=True)]  # fmt: skip
    return s, [None, ints("begin", starts), ints("size", given)], [sizes], {}


def strided(rng: np.random.Generator) -> Made:
    """Signed begins, ends and strides; masks of ends and single places, one new axis or rest."""
    while True:
        s = shape(rng)
        n = len(s)
        begin, end = (rng.integers(-6, 7, n) for _ in range(2))
        step = rng.choice([1, 1, 2, -1, -2, 3], n)
        no_begin, no_end, single = (int(rng.integers(1 << n)) for _ in range(3))
        single &= int(rng.integers(1 << n))
        result, index = [], []
        for i, d in enumerate(s):
            if single >> i & 1:
                begin[i], step[i] = int(rng.integers(-d, d)), 1
                end[i], no_begin, no_end = begin[i] + 1, no_begin & ~(1 << i), no_end & ~(1 << i)
                continue
            cut = slice(
                None if no_begin >> i & 1 else int(begin[i]),
                None if no_end >> i & 1 else int(end[i]),
                int(step[i]),
            )
            result.append(len(range(*cut.indices(d))))
            index.append(cut)
        if result and min(result) > 0:
            break
    options = {0: ("i", no_begin), 1: ("i", no_end), 4: ("i", single)}
    operands = [None, ints("begin", begin), ints("end", end), ints("strides", step)]
    return s, operands, [result], options


def strided_rest(rng: np.random.Generator) -> Made:
    """[..., new axis, a:b] and [new axis, ..., k]."""
    s = shape(rng, int(rng.integers(2, 5)))
    if rng.integers(2):
        a = int(rng.integers(s[-1]))
        operands = [None, ints("begin", [0, 0, a]), ints("end", [0, 0, s[-1]]),
                    ints("strides", [1, 1, 1])]  # fmt: skip
        return s, operands, [(*s[:-1], 1, s[-1] - a)], {2: ("i", 1), 3: ("i", 2)}
    operands = [None, ints("begin", [0, 0, 0]), ints("end", [0, 0, 1]), ints("strides", [1, 1, 1])]
    return s, operands, [(1, *s[:-1])], {2: ("i", 2), 3: ("i", 1), 4: ("i", 4)}


def split(rng: np.random.Generator) -> Made:
    s, parts = list(shape(rng)), int(rng.integers(1, 4))
    axis = int(rng.integers(len(s)))
    each = [*s]
    s[axis] *= parts
    given = axis - len(s) if rng.integers(2) else axis
    return s, [ints("axis", given), None], [each] * parts, {0: ("i", parts)}


def split_v(rng: np.random.Generator) -> Made:
    s = list(shape(rng))
    axis, sizes = int(rng.integers(len(s))), rng.integers(1, 4, int(rng.integers(1, 4))).tolist()
    s[axis] = sum(sizes)
    results = [[*s[:axis], n, *s[axis + 1 :]] for n in sizes]
    given = [*sizes]
    if rng.integers(2):
        given[int(rng.integers(len(given)))] = -1
    operands = [None, ints("sizes", given), ints("axis", axis)]
    return s, operands, results, {0: ("i", len(sizes))}


def pack(rng: np.random.Generator, dtype: str) -> Draw:
    s, count = shape(rng, int(rng.integers(1, 4))), int(rng.integers(1, 4))
    axis, quant = int(rng.integers(len(s) + 1)), scale(rng, dtype)
    operands = [tensor(f"x{i}", s, dtype, quant) for i in range(count)]
    y = tensor("y", (*s[:axis], count, *s[axis:]), dtype, quant)
    return Draw("PACK", operands, [y], 59, {0: ("i", count), 1: ("i", axis)})


def unpack(rng: np.random.Generator) -> Made:
    s = shape(rng, int(rng.integers(2, 5)), 4)
    axis = int(rng.integers(-len(s), len(s)))
    rest = [d for i, d in enumerate(s) if i != axis % len(s)]
    count = s[axis]
    return s, [None], [rest] * count, {0: ("i", count), 1: ("i", axis)}


def reshape(rng: np.random.Generator) -> Made:
    s = shape(rng)
    return s, [None, ints("shape", s[::-1])], [s[::-1]], {0: ("o", np.array(s[::-1], "<i4"))}


def squeeze(rng: np.random.Generator) -> Made:
    s = (*shape(rng, 2), 1, 3)
    return s, [None], [(*s[:2], 3)], {0: ("o", np.array([2], "<i4"))}


def expand_dims(rng: np.random.Generator) -> Made:
    s = shape(rng, int(rng.integers(1, 4)))
    axis = int(rng.integers(len(s) + 1))
    return s, [None, ints("axis", axis)], [(*s[:axis], 1, *s[axis:])], {}


def gather(rng: np.random.Generator) -> Made:
    s = shape(rng)
    axis, at = int(rng.integers(len(s))), shape(rng, int(rng.integers(1, 3)))
    indices = rng.integers(0, s[axis], at)
    return s, [None, ints("i", indices)], [(*s[:axis], *at, *s[axis + 1 :])], {0: ("i", axis)}


def gather_nd(rng: np.random.Generator) -> Made:
    s = shape(rng, int(rng.integers(2, 5)))
    depth, rows = int(rng.integers(1, len(s))), int(rng.integers(1, 5))
    indices = np.stack([rng.integers(0, d, rows) for d in s[:depth]], -1)
    return s, [None, ints("i", indices)], [(rows, *s[depth:])], {}


def tile(rng: np.random.Generator) -> Made:
    s = shape(rng, most=3)
    times = rng.integers(1, 4, len(s))
    return (
        s,
        [None, ints("times", times)],
        [[int(d * t) for d, t in zip(s, times, strict=True)]],
        {},
    )


def broadcast(rng: np.random.Generator) -> Made:
    result = shape(rng, most=3)
    s = tuple(d if rng.integers(2) else 1 for d in result)[int(rng.integers(len(result))) :]
    return s, [None, ints("shape", result)], [result], {}


def reverse(rng: np.random.Generator) -> Made:
    s = shape(rng)
    return s, [None, ints("axis", [int(rng.integers(len(s)))])], [s], {}


def pad(rng: np.random.Generator) -> Made:
    s = shape(rng, most=3)
    sides = rng.integers(0, 3, (len(s), 2))
    wide = [int(d + a + b) for d, (a, b) in zip(s, sides, strict=True)]
    return s, [None, ints("sides", sides)], [wide], {}


def mirror_pad(rng: np.random.Generator) -> Made:
    mode, s = int(rng.integers(2)), shape(rng)
    sides = [[int(rng.integers(d + mode)) for _ in range(2)] for d in s]
    wide = [d + a + b for d, (a, b) in zip(s, sides, strict=True)]
    return s, [None, ints("sides", sides)], [wide], {0: ("b", mode)}


def space_to_depth(rng: np.random.Generator) -> Made:
    n, h, w, c = shape(rng, 4, 3)
    k = int(rng.integers(1, 4))
    return (n, h * k, w * k, c), [None], [(n, h, w, c * k * k)], {0: ("i", k)}


def depth_to_space(rng: np.random.Generator) -> Made:
    n, h, w, c = shape(rng, 4, 3)
    k = int(rng.integers(1, 4))
    return (n, h, w, c * k * k), [None], [(n, h * k, w * k, c)], {0: ("i", k)}


def space_to_batch(rng: np.random.Generator) -> Made:
    n, h, w, c = shape(rng, 4, 3)
    block, sides = rng.integers(1, 4, 2), rng.integers(0, 3, (2, 2))
    tall, wide = (int(d * b) for d, b in zip((h, w), block, strict=True))
    sides = np.minimum(sides, [[(tall - 1) // 2], [(wide - 1) // 2]])
    x = (n, tall - int(sides[0].sum()), wide - int(sides[1].sum()), c)
    y = (n * int(block.prod()), h, w, c)
    return x, [None, ints("block", block), ints("sides", sides)], [y], {}


def batch_to_space(rng: np.random.Generator) -> Made:
    x, operands, (y,), options = space_to_batch(rng)
    return y, operands, [x], options


def resize(first: int, rng: np.random.Generator) -> Made:
    """Larger and smaller; corners aligned, centres counted by halves, or neither."""
    n, h, w, c = shape(rng, 4)
    sizes, how = rng.integers(1, 9, 2), int(rng.integers(3))
    options = {first: ("b", int(how == 1)), first + 1: ("b", int(how == 2))}
    return (n, h, w, c), [None, ints("size", sizes)], [(n, *map(int, sizes), c)], options


MOVEMENTS: dict[str, Drawer] = {
    "RESIZE_NEAREST_NEIGHBOR": moved("RESIZE_NEAREST_NEIGHBOR", 74, partial(resize, 0)),
    "RESIZE_BILINEAR": moved("RESIZE_BILINEAR", 15, partial(resize, 2)),
    "TRANSPOSE": moved("TRANSPOSE", 26, transpose),
    "SLICE": moved("SLICE", 48, slices),
    "STRIDED_SLICE": moved("STRIDED_SLICE", 32, strided),
    "STRIDED_SLICE rest": moved("STRIDED_SLICE", 32, strided_rest),
    "SPLIT": moved("SPLIT", 35, split),
    "SPLIT_V": moved("SPLIT_V", 79, split_v),
    "PACK": pack,
    "UNPACK": moved("UNPACK", 64, unpack),
    "RESHAPE": moved("RESHAPE", 17, reshape),
    "SQUEEZE": moved("SQUEEZE", 30, squeeze),
    "EXPAND_DIMS": moved("EXPAND_DIMS", 52, expand_dims),
    "GATHER": moved("GATHER", 23, gather),
    "GATHER_ND": moved("GATHER_ND", 83, gather_nd),
    "TILE": moved("TILE", 51, tile),
    "BROADCAST_TO": moved("BROADCAST_TO", 104, broadcast),
    "REVERSE_V2": moved("REVERSE_V2", 81, reverse),
    "PAD": moved("PAD", 22, pad),
    "MIRROR_PAD": moved("MIRROR_PAD", 77, mirror_pad),
    "SPACE_TO_DEPTH": moved("SPACE_TO_DEPTH", 19, space_to_depth),
    "DEPTH_TO_SPACE": moved("DEPTH_TO_SPACE", 94, depth_to_space),
    "SPACE_TO_BATCH_ND": moved("SPACE_TO_BATCH_ND", 25, space_to_batch),
    "BATCH_TO_SPACE_ND": moved("BATCH_TO_SPACE_ND", 24, batch_to_space),
}
"""Name -> how to draw a use of it."""
