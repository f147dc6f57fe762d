"""What to draw for operators that put elements where indices say; see `tflite_options.py`."""

from typing import Any

import numpy as np
from tflite_options import Draw, Drawer, ints, moved, scale, shape, tensor
from tflites import Tensor

Made = tuple[Any, ...]


def gather_rows(rng: np.random.Generator) -> Made:
    """GATHER with batch dimensions; half of the indices are known."""
    s = shape(rng, int(rng.integers(2, 5)))
    batch = int(rng.integers(1, len(s)))
    axis = int(rng.integers(batch, len(s)))
    at = (*s[:batch], *shape(rng, int(rng.integers(0, 3)), 3))
    indices = ints("i", rng.integers(0, s[axis], at))
    if batch == axis == 1 and at[0] == 1:
        indices = ints("i", np.zeros(at))
    result = (*s[:axis], *at[batch:], *s[axis + 1 :])
    return s, [None, indices], [result], {0: ("i", axis), 1: ("i", batch)}


def one_hot(rng: np.random.Generator, dtype: str) -> Draw:
    """Indices from an input: some lie outside."""
    s, depth, quant = shape(rng, int(rng.integers(1, 4)), 4), int(rng.integers(1, 7)), {}
    axis = int(rng.integers(-1, len(s) + 1))
    at = len(s) if axis == -1 else axis
    on, off = (np.array(v).astype(dtype) for v in rng.integers(-3, 9, 2))
    kind = str(rng.choice(["int32", "int64"]))
    operands = [
        Tensor("i", s, kind), ints("depth", depth),
        tensor("on", (), dtype, quant), tensor("off", (), dtype, quant),
    ]  # fmt: skip
    operands[2].data, operands[3].data = on, off
    result = Tensor("y", (*s[:at], depth, *s[at:]), dtype)
    return Draw("ONE_HOT", operands, [result], 61, {0: ("i", axis)})


def reverse_sequence(rng: np.random.Generator) -> Made:
    s = shape(rng, int(rng.integers(2, 5)))
    along, batch = (int(a) for a in rng.permutation(len(s))[:2])
    kind = str(rng.choice(["int32", "int64"]))
    lengths = ints("lengths", rng.integers(1, s[along] + 1, s[batch]), kind)
    return s, [None, lengths], [s], {0: ("i", along), 1: ("i", batch)}


def scatter_nd(rng: np.random.Generator) -> Made:
    """Places that are met twice only now and then."""
    result = shape(rng, int(rng.integers(1, 4)))
    depth = int(rng.integers(1, len(result) + 1))
    rows = int(rng.integers(1, 4))
    count = int(np.prod(result[:depth]))
    places = rng.permutation(count)[:rows] if rng.integers(2) else rng.integers(0, count, rows)
    at = np.stack(np.unravel_index(places, result[:depth]), -1)
    s = (len(places), *result[depth:])
    return s, [ints("at", at), None, ints("shape", result)], [result], {}


def scatter_once(rng: np.random.Generator) -> Made:
    """No place is met twice: sums of quantised numbers have no meaning."""
    while True:
        made = scatter_nd(rng)
        if len(np.unique(made[1][0].data, axis=0)) == made[0][0]:
            return made


def scatter(rng: np.random.Generator, dtype: str) -> Draw:
    alone = dtype in ("int8", "uint8", "int16")
    return moved("SCATTER_ND", 97, scatter_once if alone else scatter_nd)(rng, dtype)


def segment_sum(rng: np.random.Generator) -> Made:
    s = shape(rng)
    segments = np.append(0, np.cumsum(rng.integers(0, 2, s[0] - 1)))
    return s, [None, ints("segments", segments)], [(int(segments[-1]) + 1, *s[1:])], {}


def matrix_diag(rng: np.random.Generator) -> Made:
    s = shape(rng, int(rng.integers(1, 4)))
    return s, [None], [(*s, s[-1])], {}


def matrix_set_diag(rng: np.random.Generator, dtype: str) -> Draw:
    s, quant = shape(rng, int(rng.integers(2, 5))), scale(rng, dtype)
    d = (*s[:-2], min(s[-2:]))
    operands = [tensor("x", s, dtype, quant), tensor("d", d, dtype, quant)]
    return Draw("MATRIX_SET_DIAG", operands, [tensor("y", s, dtype, quant)], 90)


def dynamic_update_slice(rng: np.random.Generator, dtype: str) -> Draw:
    s, quant = shape(rng), scale(rng, dtype)
    part = [int(rng.integers(1, d + 1)) for d in s]
    start = ints("start", rng.integers(-1, 5, len(s)))
    operands = [tensor("x", s, dtype, quant), tensor("part", part, dtype, quant), start]
    return Draw("DYNAMIC_UPDATE_SLICE", operands, [tensor("y", s, dtype, quant)], 117)


def embedding_lookup(rng: np.random.Generator, dtype: str) -> Draw:
    """Rows as they are, or those of int8 as real numbers."""
    s, count, quant = shape(rng, int(rng.integers(2, 4))), int(rng.integers(1, 6)), {}
    to = "float32" if dtype == "int8" and rng.integers(2) else dtype
    if dtype == "int8":
        quant = {"scale": (float(np.float32(rng.uniform(0.01, 0.1))),), "zero": (0,)}
    table = tensor("table", s, dtype, quant)
    y = tensor("y", (count, *s[1:]), to, quant if to == dtype else {})
    return Draw("EMBEDDING_LOOKUP", [ints("at", rng.integers(0, s[0], count)), table], [y])


INDEXING: dict[str, Drawer] = {
    "GATHER rows": moved("GATHER", 23, gather_rows),
    "ONE_HOT": one_hot,
    "EMBEDDING_LOOKUP": embedding_lookup,
    "REVERSE_SEQUENCE": moved("REVERSE_SEQUENCE", 87, reverse_sequence),
    "SCATTER_ND": scatter,
    "SEGMENT_SUM": moved("SEGMENT_SUM", 100, segment_sum),
    "MATRIX_DIAG": moved("MATRIX_DIAG", 88, matrix_diag),
    "MATRIX_SET_DIAG": matrix_set_diag,
    "DYNAMIC_UPDATE_SLICE": dynamic_update_slice,
}
"""Name -> how to draw a use of it."""
