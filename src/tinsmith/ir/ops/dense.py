"""Fully connected layer: y[m, n] = b[n] + sum over k of x[m, k] * w[n, k]; int8 sums in int32.

int8 x has one scale and zero point, w has zero point 0; products of a sum stay within 2^30, and so
must a bias (`ir/rules.py`): no sum overflows.
"""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.op import (
    Attrs,
    Case,
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
from tinsmith.ir.ops._layout import of_dtype
from tinsmith.ir.types import Quant, TensorType, type_of

MOST_BIAS = 2**30
"""Bound on |bias| in int32, which leaves the other half of the range to the products."""

MOST_DEPTH = MOST_BIAS // (255 * 128)
"""Deepest sum of (int8 - zero point) * int8 that stays within the other half."""


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """x [rows, depth], w [channels, depth], b [channels] -> [rows, channels]; int8 x int8 +
    int32 -> int32."""
    of_dtype("dense", inputs, 3, "float32", "int8")
    x, w, b = inputs
    if (
        len(x.shape) != 2
        or len(w.shape) != 2
        or x.shape[1] != w.shape[1]
        or b.shape != (w.shape[0],)
    ):
        raise ShapeError(
            "dense", f"x {x.shape}, w {w.shape}, b {b.shape}; expected [m, k], [n, k], [n]"
        )
    wanted = {"float32": ("float32", "float32"), "int8": ("int8", "int32")}.get(x.dtype)
    if (w.dtype, b.dtype) != wanted:
        raise ShapeError(
            "dense", f"x {x.dtype} with w {w.dtype} and b {b.dtype}; expected {wanted}"
        )
    if x.dtype == "int8":
        _check_int8(x, w)
    quant = None
    if x.quant and w.quant:
        scales = tuple(float(x.quant.scale[0]) * s for s in w.quant.scale)
        quant = Quant(scales, (0,) * len(scales), 1 if w.quant.axis is not None else None)
    return (
        TensorType((x.shape[0], w.shape[0]), "int32" if x.dtype == "int8" else "float32", quant),
    )


def _check_int8(x: TensorType, w: TensorType) -> None:
    if x.quant and x.quant.axis is not None:
        raise ShapeError("dense", f"x is quantised per axis {x.quant.axis}; expected one scale")
    if w.quant and any(w.quant.zero_point):
        raise ShapeError("dense", f"w has zero points {w.quant.zero_point}; expected 0")
    if x.shape[1] > MOST_DEPTH:
        raise ShapeError("dense", f"x {x.shape}; int8 sums hold at most {MOST_DEPTH} products")


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """Sum starts at the bias and runs over k in order; each product is rounded before it is
    added."""
    x, w, b = operands
    if x.dtype == np.int8:
        zero = site.inputs[0].quant.zero_point[0] if site.inputs[0].quant else 0
        return ((x.astype(np.int32) - zero) @ w.astype(np.int32).T + b,)
    y = np.broadcast_to(b, (x.shape[0], w.shape[0])).astype(np.float32)
    for k in range(x.shape[1]):
        y = y + x[:, k : k + 1] * w[:, k][None, :]
    return (y,)


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """Float64 matrix product; int8 x is taken minus its zero point."""
    x, w, b = (o.astype(np.float64) for o in operands)
    zero = site.inputs[0].quant.zero_point[0] if site.inputs[0].quant else 0
    return ((x - zero) @ w.T + b,)


def arguments(site: Site) -> Sequence[In | Out | int]:
    """(x, w, b, y, rows, depth, channels[, zero point of x])"""
    (rows, depth), channels = site.inputs[0].shape, site.inputs[1].shape[0]
    common: list[In | Out | int] = [In(0), In(1), In(2), Out(), rows, depth, channels]
    if site.inputs[0].dtype == "int8":
        common.append(site.inputs[0].quant.zero_point[0] if site.inputs[0].quant else 0)
    return common


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """A random layer behind a matrix."""
    if len(x.shape) != 2 or x.dtype not in ("float32", "int8"):
        return None
    n = int(rng.integers(1, 9))
    shape = (n, x.shape[1])
    if x.dtype == "float32":
        w, b = rng.normal(size=shape).astype(np.float32), rng.normal(size=n).astype(np.float32)
        return Extension((0, (w, type_of(w)), (b, type_of(b))))
    w8 = rng.integers(-127, 128, shape).astype(np.int8)
    b32 = rng.integers(-5000, 5000, n).astype(np.int32)
    scales = tuple(float(s) for s in rng.uniform(0.001, 0.02, n))
    return Extension((0, (w8, type_of(w8, Quant(scales, (0,) * n, 0))), (b32, type_of(b32))))


def _case(
    rows: int, depth: int, channels: int, zero: int | None = None, fill: int | None = None
) -> Case:
    rng = np.random.default_rng([rows, depth, channels])
    if zero is None:
        arrays = tuple(
            rng.normal(size=s).astype(np.float32)
            for s in ((rows, depth), (channels, depth), (channels,))
        )
        return Case(arrays, tuple(type_of(a) for a in arrays), constant=(1, 2))
    x = rng.integers(-128, 128, (rows, depth)).astype(np.int8)
    w = rng.integers(-127, 128, (channels, depth)).astype(np.int8)
    if fill is not None:
        x, w = np.full_like(x, fill), np.full_like(w, 127)
    b = rng.integers(-9000, 9000, channels).astype(np.int32)
    wq = Quant((0.01,) * channels, (0,) * channels, 0)
    types = (type_of(x, Quant((0.05,), (zero,))), type_of(w, wq), type_of(b))
    return Case((x, w, b), types, constant=(1, 2))


CASES = {
    "one_row": _case(1, 8, 4),
    "batch": _case(3, 8, 4),
    "odd_columns": _case(1, 7, 5),
    "one_by_one": _case(1, 1, 1),
    "int8": _case(1, 16, 6, zero=0),
    "int8_zero_point": _case(2, 9, 5, zero=-128),
    "int8_extreme": _case(1, 33, 3, zero=127, fill=-128),
}

OP = Op(
    name="dense",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={"float32": Kernel(arguments), "int8": Kernel(arguments)},
    cost=lambda s: Cost(
        s.inputs[0].elements * s.inputs[1].shape[0], s.inputs[1].nbytes + s.inputs[2].nbytes
    ),
    cases=CASES,
    extend=extend,
)
