"""Rows over the root of their sum of squares, int8 in fixed point; the result has scale 1/128.

Source: TensorFlow Lite, lite/kernels/internal/reference/integer_ops/l2normalization.h and
lite/kernels/internal/common.h, GetInvSqrtQuantizedMultiplierExp: five steps of Newton's iteration
x (3 - a x^2) / 2 with three bits before the point.
"""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.op import (
    Argument,
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
from tinsmith.ir.ops._cases import array, whole
from tinsmith.ir.ops._fixed import INT32_MAX, INT32_MIN, scale_double
from tinsmith.ir.ops._layout import of_dtype, zero_of
from tinsmith.ir.types import Quant, TensorType, type_of

RESULT = Quant((1 / 128,), (0,))
MOST_DEPTH = 1 << 15
"""Squares of so many differences of 8 bits stay below 2^31."""
_STEPS, _ONE, _HALF_ROOT_OF_TWO = 5, 1 << 28, 1518500250


def inverse_root(n: int) -> tuple[int, int]:
    """(multiplier, shift) with 1 / sqrt(n) = multiplier * 2^(shift - 31), nearly; 0 is taken as 1.
    n is below 2^31."""
    if n <= 1:
        return INT32_MAX, 0
    shift = 11
    while n >= 1 << 29:
        n, shift = n // 4, shift + 1
    pairs = (31 - n.bit_length()) // 2 - 1
    n, shift = n << (2 * pairs), shift - pairs
    half = (n >> 1) + 1 >> 1  # n is not negative: halves away from zero are halves upwards
    x = _ONE
    for _ in range(_STEPS):
        cube = _saturated(_high(_high(x, x), x) << 6)
        x = _saturated((_high(3 * (_ONE >> 1), x) - _high(half, cube)) << 3)
    root = _high(x, _HALF_ROOT_OF_TWO)
    return (root << -shift, 0) if shift < 0 else (root, -shift)


def _high(a: int, b: int) -> int:
    """Rounded upper half of twice a product of int32, neither of them the smallest one."""
    return (a * b + (1 << 30)) >> 31


def _saturated(x: int) -> int:
    return min(max(x, INT32_MIN), INT32_MAX)


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """x int8 [rows, depth] with one zero point, depth up to 32,768 -> int8, scale 1/128."""
    of_dtype("l2_norm", inputs, 1, "int8")
    (x,) = inputs
    if len(x.shape) != 2 or x.shape[1] > MOST_DEPTH:
        raise ShapeError("l2_norm", f"x {x}; expected [rows, depth], depth up to {MOST_DEPTH}")
    if x.quant is not None and x.quant.axis is not None:
        raise ShapeError("l2_norm", f"x {x} has several scales")
    return (TensorType(x.shape, "int8", RESULT),)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """Each row times the inverse root of its sum of squares, rounded twice; clamped."""
    x = operands[0].astype(np.int64) - zero_of(site.inputs[0])
    scales = [inverse_root(n) for n in np.square(x).sum(1).tolist()]
    multiplier, shift = np.array(scales, np.int64).reshape(-1, 2, 1).transpose(1, 0, 2)
    return (np.clip(scale_double(x, multiplier, shift + 7), -128, 127).astype(np.int8),)


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """The same in float64, in steps of the result before rounding."""
    x = operands[0].astype(np.float64) - zero_of(site.inputs[0])
    norm = np.sqrt(np.maximum(np.square(x).sum(1, keepdims=True), 1))
    return (np.clip(x / norm * 128, -128, 127),)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, y, rows, depth, zero point)"""
    return [In(0), Out(), *site.inputs[0].shape, zero_of(site.inputs[0])]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Behind int8 rows."""
    fits = x.dtype == "int8" and len(x.shape) == 2 and not (x.quant and x.quant.axis is not None)
    return Extension((0,)) if fits else None


def _case(x: np.ndarray, zero: int = 0) -> Case:
    return Case((x,), (type_of(x, Quant((0.1,), (zero,))),), {})


_SHORT = np.arange(-128, 128, dtype=np.int8).reshape(-1, 1)
CASES = {
    "small": _case(whole("int8", 3, 7), -5),
    "one_element": _case(array("int8", [[9]])),
    "zeros": _case(array("int8", [[4, 4, 4], [4, 4, 5]]), 4),
    "every_value_alone": _case(_SHORT, -128),
    "wide": _case(whole("int8", 2, 300, seed=1), 127),
    "most": _case(np.full((1, MOST_DEPTH), 127, np.int8), -128),
}

OP = Op(
    name="l2_norm",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={"int8": Kernel(arguments)},
    cost=lambda s: Cost(2 * s.inputs[0].elements),
    cases=CASES,
    extend=extend,
)
