"""Quantisation: float32 to int8, q = round(x / scale) + zero point.

Scale and zero point are those of the result's type (Builder.op(..., quant=...)). Attribute
``rounding``: ``away`` (the default; halves away from zero, as TensorFlow Lite's reference rounds,
like C's round()) or ``even`` (halves to even, as ONNX's QuantizeLinear). Sources: TensorFlow Lite
8-bit quantization specification; ONNX operator QuantizeLinear.
"""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.op import (
    F32,
    Argument,
    Attrs,
    Case,
    Extension,
    In,
    Kernel,
    Op,
    Out,
    ShapeError,
    Site,
    Types,
)
from tinsmith.ir.ops._cases import SPECIAL, array, int8_case, normal
from tinsmith.ir.ops._layout import of_dtype, per_tensor
from tinsmith.ir.types import Quant, TensorType

ROUNDINGS = ("away", "even")


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """Any shape; the result is int8 and needs a Quant (one scale, one zero point)."""
    of_dtype("quantize", inputs, 1, "float32")
    if attrs.get("rounding", ROUNDINGS[0]) not in ROUNDINGS:
        raise ShapeError("quantize", f"rounding is {attrs['rounding']!r}, not of {ROUNDINGS}")
    return (TensorType(inputs[0].shape, "int8"),)


def _even(site: Site) -> bool:
    return site.attrs.get("rounding") == "even"


def _scale(site: Site) -> tuple[np.float32, int]:
    scale, zero = per_tensor("quantize", site.outputs[0], "the result")
    if not np.float32(scale) >= np.finfo(np.float32).tiny or not np.isfinite(np.float32(scale)):
        raise ShapeError("quantize", f"scale {scale} is no normal float32 number")
    return np.float32(scale), zero


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """Divide, clamp to +-256 (NaN becomes 0), round, add the zero point, clamp to int8."""
    scale, zero = _scale(site)
    with np.errstate(all="ignore"):
        t = operands[0] / scale
    t = np.where(t > -256, t, np.where(np.isnan(t), np.float32(0), np.float32(-256)))
    t = np.where(t < 256, t, np.float32(256))
    whole = np.trunc(t)
    rest = t - whole
    if _even(site):
        q = np.rint(t).astype(np.int32)
    else:
        q = whole.astype(np.int32) + (rest >= 0.5) - (rest <= -0.5)
    return (np.clip(q + zero, -128, 127).astype(np.int8),)


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """Float64, in steps of the result before rounding; clamped."""
    scale, zero = per_tensor("quantize", site.outputs[0], "the result")
    with np.errstate(all="ignore"):
        t = operands[0].astype(np.float64) / scale
    return (np.clip(np.where(np.isnan(t), 0, t) + zero, -128, 127),)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, y, elements, scale, zero point, 1 if halves go to even)"""
    scale, zero = _scale(site)
    return [In(0), Out(), site.inputs[0].elements, F32(float(scale)), zero, int(_even(site))]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Behind any float32 activation."""
    if x.dtype != "float32":
        return None
    quant = Quant((float(rng.uniform(0.005, 0.1)),), (int(rng.integers(-128, 128)),))
    return Extension((0,), {"rounding": str(rng.choice(ROUNDINGS))}, quant)


def _case(x: np.ndarray, scale: float, zero: int, rounding: str = "away") -> Case:
    return int8_case(x, quants=(None,), out=Quant((scale,), (zero,)), rounding=rounding)


_HALVES = (np.arange(-520, 521) / 4).astype(np.float32)
CASES = {
    "one_element": _case(normal(1), 0.02, 3),
    "odd": _case(normal(3, 7), 0.013, -5),
    "halves": _case(_HALVES, 0.5, 0),
    "halves_lowest_zero_point": _case(_HALVES, 0.25, -128),
    "just_below_half": _case(
        array("float32", [0.49999997, -0.49999997, 0.5, -0.5, 0.50000006]), 1.0, 0
    ),
    "halves_to_even": _case(_HALVES, 0.5, 3, "even"),
    "even_just_below_half": _case(
        array("float32", [0.49999997, -0.49999997, 1.5, -1.5, 0.50000006]), 1.0, 0, "even"
    ),
    "saturates": _case(normal(40, scale=100), 0.01, 127),
    "special": _case(SPECIAL, 0.1, 7),
    "special_small_scale": _case(SPECIAL, 1.2e-38, -7),
    "special_large_scale": _case(SPECIAL, 1e38, 0),
}

OP = Op(
    name="quantize",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={"float32": Kernel(arguments)},
    cases=CASES,
    extend=extend,
    access="elementwise",
    alias=(0,),
    pointwise=1,
    quantises=True,
)
