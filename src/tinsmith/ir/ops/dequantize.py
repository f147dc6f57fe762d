"""Dequantisation: y = float32(q - zero point) * scale.

int8 takes one operand; scale and zero point are those of x's type. int16 and int32 (a sensor's raw
integers) take the scales as a second, constant operand: float32 [1] for all or one per last axis,
in physical units per integer step; the zero point is that of x's type (0 without one).
"""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.op import (
    F32,
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
from tinsmith.ir.ops._cases import array, int8_case, whole
from tinsmith.ir.ops._layout import of_dtype, per_tensor, zero_of
from tinsmith.ir.types import Quant, TensorType, type_of


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """x int8 of any shape; or x int16 | int32 [..., n] and scale float32 [1] or [n]."""
    x = inputs[0]
    of_dtype("dequantize", inputs, 1 if x.dtype == "int8" else 2, "int8", "int16", "int32")
    if x.dtype == "int8":
        per_tensor("dequantize", x)
    else:
        _check_scales(x, inputs[1])
    return (TensorType(x.shape, "float32"),)


def _check_scales(x: TensorType, scale: TensorType) -> None:
    if scale.dtype != "float32" or scale.shape not in ((1,), x.shape[-1:]):
        raise ShapeError(
            "dequantize", f"x {x}, scale {scale}; expected float32 [1] or one per last axis"
        )
    if len(set(x.quant.zero_point if x.quant else (0,))) != 1:
        raise ShapeError("dequantize", "x has several zero points; expected one")
    if x.dtype == "int32" and zero_of(x):
        raise ShapeError("dequantize", f"int32 x has zero point {zero_of(x)}; expected 0")


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """The difference is exact (int32: rounded once to float32); the product is rounded once."""
    x = operands[0]
    if x.dtype == np.int8:
        scale = np.asarray(per_tensor("dequantize", site.inputs[0])[0], np.float32)
    else:
        scale = operands[1]
    with np.errstate(all="ignore"):
        return ((x.astype(np.int64) - zero_of(site.inputs[0])).astype(np.float32) * scale,)


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """Float64 product."""
    x = operands[0].astype(np.float64) - zero_of(site.inputs[0])
    if operands[0].dtype == np.int8:
        return (x * per_tensor("dequantize", site.inputs[0])[0],)
    return (x * operands[1].astype(np.float64),)


def arguments(site: Site) -> Sequence[Argument]:
    """int8: (x, y, elements, scale, zero point); others: (x, scale, y, elements, period[, zero
    point])"""
    x = site.inputs[0]
    if x.dtype == "int8":
        scale, zero = per_tensor("dequantize", x)
        return [In(0), Out(), x.elements, F32(float(np.float32(scale))), zero]
    common: list[Argument] = [In(0), In(1), Out(), x.elements, site.inputs[1].elements]
    return [*common, zero_of(x)] if x.dtype == "int16" else common


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Behind int8 activations and raw integers."""
    if x.dtype == "int8" and x.quant:
        return Extension((0,))
    if x.dtype not in ("int16", "int32") or not x.shape or (x.dtype == "int32" and zero_of(x)):
        return None
    scale = rng.uniform(1e-4, 1e-3, int(rng.choice([1, x.shape[-1]]))).astype(np.float32)
    return Extension((0, (scale, type_of(scale))))


def _raw(x: np.ndarray, scale: np.ndarray, zero: int = 0) -> Case:
    quant = Quant((1.0,), (zero,))
    return Case((x, scale), (type_of(x, quant), type_of(scale)), constant=(1,))


CASES = {
    "int8_one_element": int8_case(array("int8", [-128]), quants=(Quant((0.1,), (127,)),)),
    "int8_range": int8_case(whole("int8", 9, 7), quants=(Quant((0.0123,), (-5,)),)),
    "int8_denormal_scale": int8_case(whole("int8", 33), quants=(Quant((3e-42,), (1,)),)),
    "int16_one_scale": _raw(whole("int16", 9, 3), array("float32", [0.00061])),
    "int16_scales": _raw(whole("int16", 9, 3), array("float32", [0.001, 2e-30, 7e5])),
    "int16_zero_point": _raw(whole("int16", 5, 1), array("float32", [0.5]), 2048),
    "int16_extreme": _raw(
        array("int16", [[-32768, 32767]]), array("float32", [1e35, 1e-40]), -32768
    ),
    "int32_one_scale": _raw(whole("int32", 33), array("float32", [1e-6])),
    "int32_scales": _raw(whole("int32", 9, 3), array("float32", [1.0, 1e-9, 3e33])),
    "int32_halves": _raw(
        array("int32", [2**24 + 1, 2**24 + 3, -(2**24) - 1]), array("float32", [1.0])
    ),
}

OP = Op(
    name="dequantize",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={d: Kernel(arguments) for d in ("int8", "int16", "int32")},
    cost=lambda s: Cost(s.inputs[0].elements, sum(t.nbytes for t in s.inputs[1:])),
    cases=CASES,
    extend=extend,
    pointwise=1,
)
