"""Index of the first of the largest values of each row: the class that a classifier names.

float32, or int64 that hold the bits of binary64, so that votes summed in double precision are
compared in it.
"""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.op import Argument, Attrs, Extension, In, Kernel, Op, Out, ShapeError, Site, Types
from tinsmith.ir.ops._cases import SPECIAL, array, case, normal
from tinsmith.ir.ops._layout import of_dtype
from tinsmith.ir.types import TensorType


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """[..., n] float32, or int64 that hold binary64 without NaN -> int32 [...], 0..n-1."""
    of_dtype("winner", inputs, 1, "float32", "int64")
    if not inputs[0].shape:
        raise ShapeError("winner", "x has no axis")
    return (TensorType(inputs[0].shape[:-1], "int32"),)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """By comparison from the front: a NaN in the first place stays, any other never wins."""
    (x,) = operands
    if x.dtype == np.int64:
        size = x & np.int64(2**63 - 1)
        x = np.where(x < 0, -size, size)  # ordered as the numbers are, both zeros equal
    best = np.zeros(x.shape[:-1], np.int32)
    top = x[..., 0]
    for i in range(1, x.shape[-1]):
        better = x[..., i] > top
        best = np.where(better, np.int32(i), best)
        top = np.where(better, x[..., i], top)
    return (np.asarray(best, np.int32),)


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """argmax in float64."""
    (x,) = operands
    return (np.argmax(x.view(np.float64) if x.dtype == np.int64 else x, axis=-1),)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, y, rows, length of a row)"""
    (x,) = site.inputs
    return [In(0), Out(), x.elements // x.shape[-1], x.shape[-1]]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Behind any float32 or int64 with an axis."""
    return Extension((0,)) if x.dtype in ("float32", "int64") and x.shape else None


_TIES = array("float32", [[1, 1, 0], [0, 2, 2], [-1, -1, -1], [-0.0, 0.0, -1], [0, -0.0, 0]])
_DOUBLES = np.array(
    [[1.0, 1 + 2.0**-52, 1.0], [0.0, -0.0, -1.0], [-0.0, 0.0, -5e-324], [-2.0, -1.0, -1.0],
     [-1.0, 5e-324, 0.0], [-1e300, -1e301, 1e-300], [-3.0, -np.inf, -2.0], [0.5, 0.5, 0.5]]
)  # fmt: skip
CASES = {
    "small": case(normal(3, 4)),
    "vector": case(normal(9)),
    "one": case(normal(2, 1)),
    "ties": case(_TIES),
    "special": case(np.stack([SPECIAL, SPECIAL[::-1], np.roll(SPECIAL, 3)])),
    "double_small": case(_DOUBLES[0, :].view(np.int64)[None]),
    "double_rows": case(_DOUBLES[:3, :2].view(np.int64)),
    "doubles": case(_DOUBLES.view(np.int64)),
}

OP = Op(
    name="winner",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={"float32": Kernel(arguments), "int64": Kernel(arguments)},
    cases=CASES,
    extend=extend,
)
