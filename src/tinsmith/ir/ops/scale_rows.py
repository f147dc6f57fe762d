"""Sums of rows that were quantised each with a step of its own, back to float32:
y[r, i] = float32(x[r, i]) * (step of r * factor[c]) + bias[c], c = i modulo the channels.

Sums are saturated to int32 first.
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
from tinsmith.ir.ops._cases import array, case, normal
from tinsmith.ir.ops._fixed import INT32_MAX, INT32_MIN
from tinsmith.ir.ops._layout import of_dtype
from tinsmith.ir.ops._rows import check_rows
from tinsmith.ir.types import TensorType, type_of


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """x int64 [rows, n], scales float32 [rows, 3], factor float32 [channels] or [1], bias float32
    [channels] -> float32 [rows, n]; channels divides n."""
    of_dtype("scale_rows", inputs, 4, "int64")
    x, scales, factor, bias = inputs
    check_rows("scale_rows", x, scales)
    fits = len(bias.shape) == 1 and x.shape[1] % bias.elements == 0
    if not fits or factor.shape not in ((1,), bias.shape):
        raise ShapeError("scale_rows", f"x {x.shape}, factor {factor.shape}, bias {bias.shape}")
    if (factor.dtype, bias.dtype) != ("float32", "float32"):
        raise ShapeError("scale_rows", f"factor {factor}, bias {bias}; expected float32")
    return (TensorType(x.shape, "float32"),)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """Each operation rounded once."""
    x, scales, factor, bias = operands
    sums = np.clip(x, INT32_MIN, INT32_MAX).astype(np.float32).reshape(len(x), -1, bias.size)
    with np.errstate(all="ignore"):
        y = sums * (scales[:, :1, None] * factor) + bias
    return (y.reshape(x.shape),)


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """The same in float64."""
    x, scales, factor, bias = (o.astype(np.float64) for o in operands)
    sums = np.clip(x, INT32_MIN, INT32_MAX).reshape(len(x), -1, bias.size)
    return ((sums * scales[:, :1, None] * factor + bias).reshape(x.shape),)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, scales, factor, bias, y, rows, n, channels, number of factors)"""
    x, _, factor, bias = site.inputs
    return [In(0), In(1), In(2), In(3), Out(), *x.shape, bias.elements, factor.elements]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Behind a matrix of int64."""
    if len(x.shape) != 2 or x.dtype != "int64":
        return None
    channels = int(rng.choice([1, x.shape[1]]))
    step = rng.uniform(1e-6, 1e-4, x.shape[0])
    arrays = (
        np.stack([step, 1 / step, 0 * step], -1).astype(np.float32),
        rng.uniform(0.001, 0.1, int(rng.choice([1, channels]))).astype(np.float32),
        rng.normal(size=channels).astype(np.float32),
    )
    return Extension((0, *((a, type_of(a)) for a in arrays)))


def _scales(*steps: float) -> np.ndarray:
    return np.array([(s, 1 / s, 5) for s in steps], np.float32)


_ENDS = [[-(2**63), -(2**31) - 1, -(2**24) - 1, -1, 0, 2**24 + 1, 2**31, 2**63 - 1]]
CASES = {
    "one_element": case(array("int64", [[300]]), _scales(0.1), normal(1), normal(1)),
    "few": case(array("int64", [[7, -9], [300, 4]]), _scales(0.1, 0.3), normal(2), normal(2)),
    "ends": case(array("int64", _ENDS), _scales(0.01), normal(1), normal(1, seed=1)),
    "channels": case(
        np.arange(-12, 12).reshape(2, 12), _scales(0.01, 7.0), normal(3), normal(3, seed=1)
    ),
}

OP = Op(
    name="scale_rows",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={"int64": Kernel(arguments)},
    cost=lambda s: Cost(s.inputs[0].elements, s.inputs[2].nbytes + s.inputs[3].nbytes),
    cases=CASES,
    extend=extend,
    access="streamed",
    alias=(0,),
)
