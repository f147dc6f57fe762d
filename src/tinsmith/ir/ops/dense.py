"""Fully connected layer: y[m, n] = b[n] + sum over k of x[m, k] * w[n, k]; int8 sums in int32,
int16 (with int8 weights) in int64.

Integers as in `_conv.py`. Products of an int32 sum stay within 2^30, and so must a bias
(a check): no sum overflows.
"""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.op import (
    Attrs,
    Case,
    Check,
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
from tinsmith.ir.ops._conv import (
    WEIGHTS,
    centred,
    check_zero_points,
    extreme_layer,
    offset_layer,
    random_layer,
    result_type,
    with_bias,
    zero_arguments,
)
from tinsmith.ir.ops._layout import of_dtype
from tinsmith.ir.types import Quant, TensorType, type_of

MOST_BIAS = 2**30
"""Bound on |bias| in int32, which leaves the other half of the range to the products."""

MOST_DEPTH = MOST_BIAS // (255 * 128)
"""Deepest sum of (int8 - zero point) * int8 that stays within the other half."""
MOST_DEPTH_OFFSET = MOST_BIAS // (255 * 255)
"""The same where weights have a zero point."""


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """x [rows, depth], w [channels, depth], b [channels] -> [rows, channels]; int8 x int8 +
    int32 -> int32, int16 x int8 + int64 -> int64."""
    of_dtype("dense", inputs, 3, *WEIGHTS)
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
    if (w.dtype, b.dtype) != WEIGHTS[x.dtype]:
        raise ShapeError(
            "dense", f"x {x.dtype} with w {w.dtype} and b {b.dtype}; expected {WEIGHTS[x.dtype]}"
        )
    check_zero_points("dense", x, w)
    if x.dtype == "int8":
        _check_depth(x, w)
    return (result_type(inputs, (x.shape[0], w.shape[0]), 0),)


def _check_depth(x: TensorType, w: TensorType) -> None:
    most = MOST_DEPTH if not w.quant or not any(w.quant.zero_point) else MOST_DEPTH_OFFSET
    if x.shape[1] > most:
        raise ShapeError("dense", f"x {x.shape}; int8 sums hold at most {most} products")


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """Sum starts at the bias and runs over k in order; each product is rounded before it is
    added. Integers: exact."""
    x, w, b = operands
    if x.dtype != np.float32:
        x64, w64 = centred(operands, site)
        return (with_bias(x64 @ w64.T, b),)
    y = np.broadcast_to(b, (x.shape[0], w.shape[0])).astype(np.float32)
    for k in range(x.shape[1]):
        y = y + x[:, k : k + 1] * w[:, k][None, :]
    return (y,)


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """Float64 matrix product; integers are taken minus their zero points."""
    x, w = centred(operands, site)
    return (np.einsum("mk,nk->mn", x, w) + operands[2].astype(np.float64),)


def arguments(site: Site) -> Sequence[In | Out | int]:
    """(x, w, b, y, rows, depth, channels[, zero points of x and w])"""
    (rows, depth), channels = site.inputs[0].shape, site.inputs[1].shape[0]
    return [In(0), In(1), In(2), Out(), rows, depth, channels, *zero_arguments(site)]


def _bias_leaves_room(site: Site, contents: Sequence[np.ndarray | None]) -> bool:
    if site.inputs[0].dtype != "int8":
        return True
    bias = contents[2]
    return bias is not None and bool(np.all(np.abs(bias.astype(np.int64)) <= MOST_BIAS))


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """A random layer behind a matrix."""
    if len(x.shape) != 2 or x.dtype not in WEIGHTS:
        return None
    return random_layer(rng, x, (int(rng.integers(1, 9)), x.shape[1]), 0, {})


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
    "int8_offset": offset_layer("int8", (2, 9), (5, 9), 0, {}),
    "int16": offset_layer("int16", (1, 7), (3, 7), 0, {}),
    "int16_extreme": extreme_layer((2, 50), (3, 50), 0, "int16"),
    "int8_extreme": _case(1, 33, 3, zero=127, fill=-128),
}

OP = Op(
    name="dense",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={d: Kernel(arguments) for d in WEIGHTS},
    cost=lambda s: Cost(
        s.inputs[0].elements * s.inputs[1].shape[0], s.inputs[1].nbytes + s.inputs[2].nbytes
    ),
    cases=CASES,
    extend=extend,
    followed_by=("requantize", "relu", "max", "min"),
    channel_axis=0,
    checks=(
        Check(
            "bias",
            _bias_leaves_room,
            f"the bias of an int8 dense layer is a constant within +-{MOST_BIAS}: no sum overflows",
        ),
    ),
)
