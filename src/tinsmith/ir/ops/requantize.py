"""Requantisation: sums or other integers to int8, uint8, int16 or int32, one factor for all or one
per channel (last axis).

x is int32 or int64 sums, or int8, uint8 or int16 values, less the zero point of their own Quant
(0 without one). Attribute ``rounding``: ``double`` (gemmlowp: high product, then shift, each
rounded) and ``onnx`` (float32 product, halves to even) take x saturated to int32; ``single``
(rounded once, halves upwards) and ``wide16`` (the same with a multiplier of 16 bits) take it
saturated to +-2^47. Source of ``wide16``: TensorFlow Lite, lite/kernels/internal/
common.cc, MultiplyByQuantizedMultiplier of 64-bit sums, in use with int16 activations.
"""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.graph import Attr
from tinsmith.ir.op import (
    Argument,
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
from tinsmith.ir.ops._cases import array, whole
from tinsmith.ir.ops._fixed import (
    INT32_MAX,
    INT32_MIN,
    MOST_SHIFT_WIDE,
    MOST_WIDE,
    multiplier_of,
    reduced,
    scale_double,
    scale_single,
    scale_wide,
)
from tinsmith.ir.ops._layout import integer, of_dtype, zero_of
from tinsmith.ir.types import SIZES, DType, Quant, TensorType, type_of

ROUNDINGS = ("double", "single", "onnx", "wide16")
WIDE = ("single", "wide16")
"""Roundings that take sums beyond int32."""
RESULTS: tuple[DType, ...] = ("int8", "uint8", "int16", "int32")
VALUES = ("int8", "uint8", "int16")
"""Types of x that have a zero point."""
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


def result_dtype(attrs: Attrs) -> DType:
    """Attribute dtype, int8 if absent; ShapeError if it is not one of `RESULTS`."""
    wanted = attrs.get("dtype", "int8")
    for dtype in RESULTS:
        if wanted == dtype:
            return dtype
    raise ShapeError("requantize", f"dtype is {wanted!r}, not of {', '.join(RESULTS)}")


def legal(attrs: Attrs) -> bool:
    """Whether rounding, zero_point, act_min and act_max fit each other and the dtype."""
    limits = np.iinfo(result_dtype(attrs))
    zero, low, high = (integer("requantize", attrs, n) for n in ATTRIBUTES)
    known = attrs.get("rounding") in ROUNDINGS
    if (attrs.get("dtype"), attrs.get("rounding")) == ("int32", "onnx"):
        return False  # float32 does not hold its results
    return known and limits.min <= low <= high <= limits.max and limits.min <= zero <= limits.max


def most_shift(attrs: Attrs) -> int:
    """Largest shift that the rounding takes."""
    return MOST_SHIFT_WIDE if attrs.get("rounding") == "wide16" else 30


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """x [..., channels], multiplier and shift int32 [channels] or [1] -> ``dtype`` like x.

    Attributes: dtype (int8 if absent); rounding; zero_point of the result, act_min and act_max (in
    the range of dtype). ``onnx`` does not make int32.
    """
    of_dtype("requantize", inputs, 3, "int32", "int64", *VALUES)
    x, multiplier, shift = inputs
    if multiplier.shape not in ((1,), x.shape[-1:]) or shift.shape != multiplier.shape:
        raise ShapeError(
            "requantize",
            f"x {x.shape}, multiplier {multiplier.shape}, shift {shift.shape}; expected [1] or "
            "one per channel",
        )
    if (multiplier.dtype, shift.dtype) != ("int32", "int32"):
        raise ShapeError("requantize", "multiplier and shift must be int32")
    if x.quant and x.dtype in VALUES and x.quant.axis is not None:
        raise ShapeError("requantize", f"x is quantised along axis {x.quant.axis}")
    if not legal(attrs):
        raise ShapeError("requantize", f"attributes {dict(attrs)} do not fit each other")
    return (TensorType(x.shape, result_dtype(attrs)),)


def _zero(site: Site) -> int:
    x = site.inputs[0]
    return zero_of(x) if x.dtype in VALUES else 0


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """Scale, add the zero point, clamp; nothing overflows on the way."""
    x, multiplier, shift = (o.astype(np.int64) for o in operands)
    zero, low, high = (integer("requantize", site.attrs, n) for n in ATTRIBUTES)
    rounding, x = site.attrs["rounding"], x - _zero(site)
    if rounding in WIDE:
        scaled = (scale_wide if rounding == "wide16" else scale_single)(x, multiplier, shift)
    else:
        scale = scale_double if rounding == "double" else _scale_onnx
        scaled = scale(np.clip(x, INT32_MIN, INT32_MAX), multiplier, shift)
    scaled = np.clip(scaled, INT32_MIN, INT32_MAX).reshape(operands[0].shape)  # [1] with []
    return (np.clip(scaled + zero, low, high).astype(result_dtype(site.attrs)),)


def _scale_onnx(x: np.ndarray, multiplier: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """float32(x) * float32 scale, clamped to +-2^20, rounded to the nearest, halves to even.

    Source: ONNX operator QuantizeLinear (rounds to nearest even) over a float32 product.
    """
    scale = np.ldexp(multiplier.astype(np.float32), (shift - 31).astype(np.int32))
    with np.errstate(all="ignore"):
        product = x.astype(np.float32) * scale.astype(np.float32)
    return np.rint(np.clip(product, np.float32(-(2**20)), np.float32(2**20))).astype(np.int64)


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """Float64 product, in steps of the result before rounding; clamped."""
    x, multiplier, shift = (o.astype(np.float64) for o in operands)
    zero, low, high = (integer("requantize", site.attrs, n) for n in ATTRIBUTES)
    x = x - _zero(site)
    if site.attrs["rounding"] == "wide16":
        multiplier = reduced(operands[1].astype(np.int64)) * 65536.0
    most = float(MOST_WIDE) if site.attrs["rounding"] in WIDE else 2.0**31
    x = np.clip(x, -most, most)
    return (np.clip(x * multiplier * 2.0 ** (shift - 31) + zero, low, high),)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, multiplier, shift, y, elements, channels, zero point, low, high, rounding 0..3, bytes of
    an element of y[, zero point of x])"""
    common: list[Argument] = [
        In(0), In(1), In(2), Out(), site.inputs[0].elements, site.inputs[1].elements,
        *(integer("requantize", site.attrs, n) for n in ATTRIBUTES),
        ROUNDINGS.index(str(site.attrs["rounding"])), SIZES[result_dtype(site.attrs)],
    ]  # fmt: skip
    return [*common, _zero(site)] if site.inputs[0].dtype in VALUES else common


def _shifts_legal(site: Site, contents: Sequence[np.ndarray | None]) -> bool:
    multiplier, shift = contents[1:3]
    if multiplier is None or shift is None:
        return False
    most = most_shift(site.attrs)
    return bool(np.all(multiplier >= 0) and np.all(shift >= -31) and np.all(shift <= most))


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Behind sums with factors from 1/4000 to 1/20 and behind values with 1/4 to 4, so that some
    results clamp."""
    if x.dtype not in ("int32", "int64", *VALUES) or not x.shape or (x.quant and x.quant.axis):
        return None
    channels = int(rng.choice([1, x.shape[-1]]))
    low, high = (0.25, 4.0) if x.dtype in VALUES else (1 / 4000, 1 / 20)
    m, s = multipliers(rng.uniform(low, high, channels).tolist())
    dtype = str(rng.choice(["int8", "int8", "int16", "uint8"]))
    limits = np.iinfo(dtype)
    zero = int(rng.integers(limits.min, limits.max + 1))
    attrs: dict[str, Attr] = {
        "rounding": str(rng.choice(ROUNDINGS)), "zero_point": zero, "dtype": dtype,
        "act_min": int(rng.choice([limits.min, zero])), "act_max": int(limits.max),
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


def _values(own: tuple[str, int], result: tuple[str, int], rounding: str, *factors: float) -> Case:
    """Values over their whole range to another type; dtype and zero point of each; one factor, or
    one per channel."""
    x = whole(own[0], 3, len(factors) if len(factors) > 1 else 40 // SIZES[own[0]])
    row = _case(rounding, x, factors, result[1])
    types = (type_of(x, Quant((0.1,), (own[1],))), *row.types[1:])
    attrs = {**row.attrs, **_whole_range(result[0])}
    return Case(row.operands, types, attrs, row.constant, row.out_quant)


def _whole_range(dtype: str) -> dict[str, Attr]:
    limits = np.iinfo(dtype)
    return {"dtype": dtype, "act_min": int(limits.min), "act_max": int(limits.max)}


_VALUE_ROWS = {
    "int8_rescaled": _values(("int8", -7), ("int8", 5), "double", 1.37),
    "int8_to_uint8": _values(("int8", 3), ("uint8", 131), "single", 1.0),
    "int8_to_int32": _values(("int8", 127), ("int32", 0), "double", 98765.4),
    "int8_to_int16": _values(("int8", -128), ("int16", -3), "wide16", 200.3),
    "int8_per_channel": _values(("int8", 9), ("int8", -4), "double", 0.3, 1.1, 0.07, 0.5),
    "uint8_flipped": _values(("uint8", 131), ("int8", 3), "double", 1.0),
    "uint8_to_int16": _values(("uint8", 0), ("int16", 1000), "single", 128.9),
    "uint8_odd": _values(("uint8", 255), ("uint8", 200), "onnx", 0.5),
    "uint8_per_channel": _values(("uint8", 9), ("int8", -4), "single", 0.3, 1.1, 0.07, 0.5),
    "int16_rescaled": _values(("int16", 0), ("int16", 0), "double", 0.7311),
    "int16_to_int32": _values(("int16", 0), ("int32", 0), "double", 3317.4),
    "int16_to_int8": _values(("int16", -1000), ("int8", -3), "onnx", 1 / 300),
    "int16_wide": _values(("int16", 0), ("int16", 0), "wide16", 1.00001),
    "int16_per_channel": _values(("int16", 0), ("int8", 7), "double", 0.003, 0.01, 0.0007, 0.02),
}


def _wide_rows(x: np.ndarray, wide: np.ndarray) -> dict[str, Case]:
    """int64 sums: in the usual range, and beyond what each rounding takes."""
    ends = np.array([-(2**63), -(2**47) - 1, -(2**31) - 1, 2**31, 2**47, 2**63 - 1], np.int64)
    table: dict[str, Case] = {}
    for r in ROUNDINGS:
        rows = {
            f"int64_{r}": _case(r, x.astype(np.int64), [0.1, 0.4, 0.07, 2.0, 1e-5], zero=11),
            f"int64_{r}_wide": _case(r, wide, [3e-9], zero=-5),
            f"int64_{r}_ends": _case(r, ends, [1.5e-10]),
            f"int64_{r}_large_factor": _case(r, ends, [12345.6]),
            f"int64_{r}_no_factor": _case(r, ends, [0.0]),
        }
        for name, row in rows.items():
            attrs = {**row.attrs, **_whole_range("int16")}
            table[name] = Case(row.operands, row.types, attrs, row.constant, row.out_quant)
    return table


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
        largest = 2.0 ** (MOST_SHIFT_WIDE - 1) if r == "wide16" else float(2**30 - 64)
        table |= {
            f"{r}_one_element": _case(r, array("int32", [300]), [0.0123]),
            f"{r}_halves": _case(r, near, [0.125]),
            f"{r}_halves_zero_point": _case(r, near, [0.0625], zero=-3),
            f"{r}_per_channel": _case(r, sums, [0.001, 0.004, 0.0007, 0.02, 1e-5], zero=11),
            f"{r}_relu": _case(r, sums, [0.003], zero=-128, clamp=(-128, 100)),
            f"{r}_wide": _case(r, wide, [3.1e-8], zero=127),
            f"{r}_extreme_small": _case(r, ends, [2.0**-32]),
            f"{r}_extreme_large": _case(r, ends, [largest]),
            f"{r}_above_one": _case(r, near, [1.7], zero=-128),
            f"{r}_zero_factor": _case(r, ends, [0.0], zero=5),
        }
    far = rng.integers(-(2**44), 2**44, (4, 9))
    return table | _VALUE_ROWS | _wide_rows(sums, far)


OP = Op(
    name="requantize",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={d: Kernel(arguments) for d in ("int32", "int64", *VALUES)},
    cost=lambda s: Cost(s.inputs[0].elements, s.inputs[1].nbytes + s.inputs[2].nbytes),
    cases=_cases(),
    extend=extend,
    access="elementwise",
    alias=(0,),
    pointwise=1,
    quantises=True,
    checks=(
        Check(
            "requantize",
            lambda site, contents: legal(site.attrs),
            f"rounding is one of {', '.join(ROUNDINGS)}; zero_point, act_min <= act_max fit dtype",
        ),
        Check(
            "shift",
            _shifts_legal,
            "multipliers and shifts are constants, multiplier >= 0, shift in -31..30 (wide16 ..14)",
        ),
    ),
)
