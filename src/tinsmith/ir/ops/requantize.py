"""Requantisation: int32 sums to int8, one factor for all or one per channel (last axis).

Attribute ``rounding``: ``double`` (gemmlowp: high product, then shift, each rounded), ``single``
(rounded once, halves upwards) or ``onnx`` (float32 product, halves to even).
"""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.graph import Attr
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
from tinsmith.ir.ops._cases import array
from tinsmith.ir.ops._fixed import INT32_MAX, INT32_MIN, multiplier_of, scale_double, scale_single
from tinsmith.ir.ops._layout import integer, of_dtype
from tinsmith.ir.types import Quant, TensorType, type_of

ROUNDINGS = ("double", "single", "onnx")
ATTRIBUTES = ("zero_point", "act_min", "act_max")


def multipliers(factors: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Operands multiplier and shift (int32) for real factors, scale of x / scale of the result.

    factor = multiplier * 2^(shift - 31). With rounding ``onnx`` pass factors that are float32
    values: they are then held exactly.

    Raises:
        ValueError: a factor is negative, not finite, or 2^30 and above.
    """
    pairs = [multiplier_of(float(f)) for f in factors]
    return np.array([m for m, _ in pairs], np.int32), np.array([s for _, s in pairs], np.int32)


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """x int32 [..., channels], multiplier and shift int32 [channels] or [1] -> int8 like x.

    Attributes: rounding; zero_point of the result, act_min and act_max (all in -128..127).
    """
    of_dtype("requantize", inputs, 3, "int32")
    x, multiplier, shift = inputs
    lengths = ((1,), x.shape[-1:])
    if multiplier.shape not in lengths or shift.shape != multiplier.shape:
        raise ShapeError(
            "requantize",
            f"x {x.shape}, multiplier {multiplier.shape}, shift {shift.shape}; expected [1] or "
            "one per channel",
        )
    if (multiplier.dtype, shift.dtype) != ("int32", "int32"):
        raise ShapeError("requantize", "multiplier and shift must be int32")
    if attrs.get("rounding") not in ROUNDINGS:
        raise ShapeError("requantize", f"rounding is {attrs.get('rounding')!r}, not of {ROUNDINGS}")
    zero, low, high = (integer("requantize", attrs, n) for n in ATTRIBUTES)
    if not (-128 <= low <= high <= 127 and -128 <= zero <= 127):
        raise ShapeError("requantize", f"zero_point {zero}, act_min {low}, act_max {high}")
    return (TensorType(x.shape, "int8"),)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """Scale, add the zero point, clamp; nothing overflows on the way."""
    x, multiplier, shift = (o.astype(np.int64) for o in operands)
    zero, low, high = (integer("requantize", site.attrs, n) for n in ATTRIBUTES)
    rounding = site.attrs["rounding"]
    if rounding == "onnx":
        scaled = _scale_onnx(operands[0], multiplier, shift)
    else:
        scale = scale_double if rounding == "double" else scale_single
        scaled = scale(x, multiplier, shift)
    return (np.clip(scaled + zero, low, high).astype(np.int8),)


def _scale_onnx(x: np.ndarray, multiplier: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """float32(x) * float32 scale, clamped to +-1024, rounded to the nearest, halves to even.

    Source: ONNX operator QuantizeLinear (rounds to nearest even) over a float32 product.
    """
    scale = np.ldexp(multiplier.astype(np.float32), (shift - 31).astype(np.int32))
    with np.errstate(all="ignore"):
        product = x.astype(np.float32) * scale.astype(np.float32)
    return np.rint(np.clip(product, np.float32(-1024), np.float32(1024))).astype(np.int64)


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """Float64 product, in steps of the result before rounding; clamped."""
    x, multiplier, shift = (o.astype(np.float64) for o in operands)
    zero, low, high = (integer("requantize", site.attrs, n) for n in ATTRIBUTES)
    return (np.clip(x * multiplier * 2.0 ** (shift - 31) + zero, low, high),)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, multiplier, shift, y, elements, channels, zero point, low, high, rounding 0 | 1 | 2)"""
    return [
        In(0), In(1), In(2), Out(), site.inputs[0].elements, site.inputs[1].elements,
        *(integer("requantize", site.attrs, n) for n in ATTRIBUTES),
        ROUNDINGS.index(str(site.attrs["rounding"])),
    ]  # fmt: skip


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Behind int32 sums; factors from 1/4000 to 1/20, so that some results clamp."""
    if x.dtype != "int32" or not x.shape:
        return None
    channels = int(rng.choice([1, x.shape[-1]]))
    m, s = multipliers((1 / rng.uniform(20, 4000, channels)).tolist())
    zero = int(rng.integers(-128, 128))
    low = int(rng.choice([-128, zero]))
    attrs: dict[str, Attr] = {
        "rounding": str(rng.choice(ROUNDINGS)), "zero_point": zero, "act_min": low, "act_max": 127,
    }  # fmt: skip
    quant = Quant((float(rng.uniform(0.01, 0.2)),), (zero,))
    return Extension((0, (m, type_of(m)), (s, type_of(s))), attrs, quant)


def _case(
    rounding: str,
    x: np.ndarray,
    factors: Sequence[float],
    zero: int = 0,
    clamp: tuple[int, int] = (-128, 127),
) -> Case:
    m, s = multipliers(factors)
    attrs: dict[str, Attr] = {
        "rounding": rounding, "zero_point": zero, "act_min": clamp[0], "act_max": clamp[1],
    }  # fmt: skip
    types = (type_of(x), type_of(m), type_of(s))
    return Case((x, m, s), types, attrs, (1, 2), Quant((0.1,), (zero,)))


def _cases() -> dict[str, Case]:
    rng = np.random.default_rng(7)
    near = np.arange(-1030, 1031, dtype=np.int32)
    wide = rng.integers(-(2**31), 2**31, (5, 7)).astype(np.int32)
    ends = array(
        "int32", [INT32_MIN, INT32_MIN + 1, -(2**30), -1, 0, 1, 2**30, INT32_MAX - 1, INT32_MAX]
    )
    sums = rng.integers(-60000, 60000, (3, 5)).astype(np.int32)
    table: dict[str, Case] = {}
    for r in ROUNDINGS:
        table |= {
            f"{r}_one_element": _case(r, array("int32", [300]), [0.0123]),
            f"{r}_halves": _case(r, near, [0.125]),
            f"{r}_halves_zero_point": _case(r, near, [0.0625], zero=-3),
            f"{r}_per_channel": _case(r, sums, [0.001, 0.004, 0.0007, 0.02, 1e-5], zero=11),
            f"{r}_relu": _case(r, sums, [0.003], zero=-128, clamp=(-128, 100)),
            f"{r}_wide": _case(r, wide, [3.1e-8], zero=127),
            f"{r}_extreme_small": _case(r, ends, [2.0**-32]),
            f"{r}_extreme_large": _case(r, ends, [float(2**30 - 64)]),
            f"{r}_above_one": _case(r, near, [1.7], zero=-128),
            f"{r}_zero_factor": _case(r, ends, [0.0], zero=5),
        }
    return table


OP = Op(
    name="requantize",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={"int32": Kernel(arguments)},
    cost=lambda s: Cost(s.inputs[0].elements, s.inputs[1].nbytes + s.inputs[2].nbytes),
    cases=_cases(),
    extend=extend,
    access="elementwise",
    alias=(0,),
)
