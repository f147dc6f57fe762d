"""Products of matrices: z[b, m, n] = sum over k of x[b, m, k] * y[b, k, n]; integers wrap.

Both operands may be activations; a y of one matrix serves all of x.
"""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.op import (
    Argument,
    Attrs,
    Cost,
    Extension,
    In,
    Kernel,
    Op,
    Out,
    ShapeError,
    Site,
    Types,
)
from tinsmith.ir.ops._cases import SPECIAL, case, normal, whole
from tinsmith.ir.ops._layout import of_dtype
from tinsmith.ir.types import TensorType, type_of

DTYPES = ("float32", "int32", "int64")


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """x [batch, m, k], y [batch or 1, k, n] of one of `DTYPES` -> [batch, m, n]."""
    of_dtype("matmul", inputs, 2, *DTYPES)
    x, y = inputs
    if (
        len(x.shape) != 3
        or len(y.shape) != 3
        or x.shape[2] != y.shape[1]
        or y.shape[0] not in (1, x.shape[0])
        or x.dtype != y.dtype
    ):
        raise ShapeError("matmul", f"x {x}, y {y}; expected [b, m, k], [b or 1, k, n] of one dtype")
    return (TensorType((*x.shape[:2], y.shape[2]), x.dtype),)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """Sums start at 0 and run over k in order; each float product is rounded before it is added."""
    x, y = operands
    z = np.zeros(site.outputs[0].shape, x.dtype)
    with np.errstate(all="ignore"):
        for k in range(x.shape[2]):
            z = z + x[:, :, k : k + 1] * y[:, k : k + 1, :]
    return (z,)


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """numpy's product: float32 in float64, integers modulo 2^32 or 2^64."""
    x, y = operands
    if x.dtype == np.float32:
        with np.errstate(all="ignore"):
            return (x.astype(np.float64) @ y.astype(np.float64),)
    return ((x.astype(np.int64) @ y.astype(np.int64)).astype(x.dtype),)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, y, z, batch, m, k, n, whether all of x has one y)"""
    x, y = site.inputs
    return [In(0), In(1), Out(), *x.shape, y.shape[2], int(y.shape[0] == 1)]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Behind a stack of matrices: with another such stack where square, or a constant."""
    if x.dtype not in DTYPES or len(x.shape) != 3:
        return None
    if x.shape[1] == x.shape[2] and rng.integers(2):
        return Extension((0, 1))
    shape = (int(rng.choice([1, x.shape[0]])), x.shape[2], int(rng.integers(1, 7)))
    y = rng.normal(size=shape).astype(np.float32)
    if x.dtype != "float32":
        y = rng.integers(-(2**20), 2**20, shape).astype(x.dtype)
    return Extension((0, (y, type_of(y))))


CASES = {
    "one_element": case(normal(1, 1, 1), normal(1, 1, 1, seed=1)),
    "shared": case(normal(2, 3, 4), normal(1, 4, 5, seed=1)),
    "each": case(normal(2, 3, 3), normal(2, 3, 4, seed=1)),
    "deep": case(normal(1, 2, 70), normal(1, 70, 3, seed=1), constant=(1,)),
    "special": case(SPECIAL.reshape(2, 5, 2), SPECIAL.reshape(2, 2, 5)),
    "int32": case(whole("int32", 2, 3, 4), whole("int32", 2, 4, 3, seed=1)),
    "int32_shared": case(whole("int32", 3, 2, 9), whole("int32", 1, 9, 5, seed=1)),
    "int64": case(whole("int64", 2, 2, 3), whole("int64", 2, 3, 2, seed=1)),
    "int64_shared": case(whole("int64", 3, 2, 7), whole("int64", 1, 7, 5, seed=1)),
}

OP = Op(
    name="matmul",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={d: Kernel(arguments) for d in DTYPES},
    cost=lambda s: Cost(s.outputs[0].elements * s.inputs[0].shape[2]),
    cases=CASES,
    extend=extend,
)
