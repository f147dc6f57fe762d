"""Sum of two tensors: y = x + b; the smaller of the two repeats.

int32 and int64 wrap. int8 follows TensorFlow Lite (8-bit quantization specification, ADD): both
operands are brought to a common step with 20 bits of headroom, added, and brought to the result's
step. The result's Quant is given (Builder.op(..., quant=...)); attributes act_min and act_max
(-128..127) clamp it.
"""

import operator
from collections.abc import Sequence

import numpy as np

from tinsmith.ir.op import (
    Argument,
    Attrs,
    Case,
    Extension,
    In,
    Kernel,
    Op,
    ShapeError,
    Site,
    Types,
)
from tinsmith.ir.ops._binary import (
    NUMBERS,
    binary_arguments,
    binary_extend,
    binary_oracle,
    binary_reference,
    float_cases,
    infer_binary,
    whole_cases,
)
from tinsmith.ir.ops._cases import array, int8_case, whole
from tinsmith.ir.ops._fixed import multiplier_of, scale_double
from tinsmith.ir.ops._layout import integer, per_tensor
from tinsmith.ir.types import Quant, TensorType

HEADROOM_BITS = 20


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """Two operands of one dtype (float32, int32, int64 or int8), one of which may repeat."""
    result = infer_binary("add", inputs, *NUMBERS, "int8")
    if inputs[0].dtype == "int8":
        per_tensor("add", inputs[0])
        per_tensor("add", inputs[1], "b")
        low, high = _clamp(attrs)
        if not -128 <= low <= high <= 127:
            raise ShapeError("add", f"act_min {low}, act_max {high}; expected -128..127")
    return result


def _clamp(attrs: Attrs) -> tuple[int, int]:
    given = {"act_min": -128, "act_max": 127} | dict(attrs)
    return integer("add", given, "act_min"), integer("add", given, "act_max")


def _parameters(site: Site) -> tuple[tuple[int, int, int], ...]:
    """(zero point, multiplier, shift) of x, b and the result."""
    (x, x0), (b, b0) = per_tensor("add", site.inputs[0]), per_tensor("add", site.inputs[1], "b")
    y, y0 = per_tensor("add", site.outputs[0], "the result")
    common = 2 * max(x, b)
    factors = (x / common, b / common, common / (2**HEADROOM_BITS * y))
    return tuple((z, *multiplier_of(f)) for z, f in zip((x0, b0, y0), factors, strict=True))


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """float32: one rounded addition; int32 and int64 wrap. int8: fixed-point, each factor rounded
    twice."""
    if operands[0].dtype != np.int8:
        return binary_reference(np.add)(operands, site)
    (*scales, (zero, m, s)) = _parameters(site)
    total: np.ndarray = np.zeros((), np.int64)
    for q, (zq, mq, sq) in zip(operands, scales, strict=True):
        shifted = (q.astype(np.int64) - zq) << HEADROOM_BITS
        total = total + scale_double(shifted, np.asarray(mq), np.asarray(sq))
    y = scale_double(total, np.asarray(m), np.asarray(s)) + zero
    return (np.clip(y, *_clamp(site.attrs)).astype(np.int8),)


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """Float64; int8 as real numbers, in steps of the result before rounding and clamping."""
    if operands[0].dtype != np.int8:
        return binary_oracle(np.add, operator.add)(operands, site)
    real = [
        (q.astype(np.float64) - z) * s
        for q, (s, z) in zip(operands, (per_tensor("add", t) for t in site.inputs), strict=True)
    ]
    scale, zero = per_tensor("add", site.outputs[0], "the result")
    return (np.clip((real[0] + real[1]) / scale + zero, *_clamp(site.attrs)),)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, b, y, elements, period, block, blocks[, zero point, multiplier and shift of x, b and y,
    low, high]): b is the operand that repeats"""
    common = binary_arguments(site)
    if site.inputs[0].dtype != "int8":
        return common
    x, b, y = _parameters(site)
    ordered = (b, x, y) if common[0] == In(1) else (x, b, y)
    return [*common, *(v for p in ordered for v in p), *_clamp(site.attrs)]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Numbers with anything, int8 with another activation of the same type."""
    if x.dtype != "int8" or not x.quant or x.quant.axis is not None:
        return binary_extend(rng, x)
    scale = float(x.quant.scale[0] * rng.uniform(0.5, 2.5))
    return Extension((0, 1), {}, Quant((scale,), (int(rng.integers(-128, 128)),)))


def _pairs(x: tuple[float, int], b: tuple[float, int], y: tuple[float, int], **attrs: int) -> Case:
    """Every pair of int8 values in steps of 5 and both ends."""
    ends = np.unique(np.append(np.arange(-128, 128, 5), 127)).astype(np.int8)
    xs, bs = (np.ascontiguousarray(v) for v in np.meshgrid(ends, ends))
    qx, qb, qy = (Quant((s,), (z,)) for s, z in (x, b, y))
    return int8_case(xs, bs, quants=(qx, qb), out=qy, **attrs)


_Q = Quant((0.05,), (3,))
CASES = (
    dict(float_cases())
    | dict(whole_cases())
    | {
        "int8_one_element": int8_case(
            array("int8", [7]), array("int8", [-9]), quants=(_Q, _Q), out=_Q
        ),
        "int8_pairs": _pairs((0.05, 0), (0.05, 0), (0.1, 0)),
        "int8_zero_points": _pairs((0.02, -128), (0.07, 127), (0.06, 5)),
        "int8_saturates": _pairs((0.1, 3), (0.09, -4), (0.01, 0)),
        "int8_far_apart": _pairs((1e-6, 1), (10.0, -1), (9.0, 2)),
        "int8_clamped": _pairs((0.03, 0), (0.01, 10), (0.04, -128), act_min=-100, act_max=50),
        "int8_last_axis": int8_case(
            whole("int8", 5, 7), whole("int8", 7), quants=(_Q, Quant((0.01,), (-1,))), out=_Q
        ),
        "int8_channels_first": int8_case(
            whole("int8", 2, 5, 3), whole("int8", 5, 1), quants=(_Q, Quant((0.01,), (-1,))), out=_Q
        ),
        "int8_first_channels_first": int8_case(
            whole("int8", 5, 1), whole("int8", 2, 5, 3), quants=(_Q, Quant((0.01,), (-1,))), out=_Q
        ),
    }
)

OP = Op(
    name="add",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={d: Kernel(arguments) for d in (*NUMBERS, "int8")},
    cases=CASES,
    extend=extend,
    access="elementwise",
    alias=(0, 1),
    followed_by=("requantize", "relu", "max", "min"),
    pointwise=2,
    commutes=True,
    affine=lambda c: (np.ones_like(c), c),
)
