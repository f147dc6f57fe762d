"""uint8 to int8 and back by flipping the top bit: zero points move by 128, real numbers stay."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tinsmith.ir.op import Argument, Attrs, Extension, In, Kernel, Op, Out, Site, Types
from tinsmith.ir.ops._cases import case, int8_case, whole
from tinsmith.ir.ops._layout import of_dtype
from tinsmith.ir.types import Quant, TensorType

_BY = {"int8": 128, "uint8": -128}


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """x int8 or uint8 of any shape -> the other one; zero points move along."""
    of_dtype("recentre", inputs, 1, *_BY)
    (x,) = inputs
    quant = x.quant
    if quant is not None:
        points = tuple(z + _BY[x.dtype] for z in quant.zero_point)
        quant = replace(quant, zero_point=points)
    return (TensorType(x.shape, "uint8" if x.dtype == "int8" else "int8", quant),)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """Each byte with its highest bit flipped."""
    flipped = operands[0].view(np.uint8) ^ np.uint8(0x80)
    return (flipped.view(site.outputs[0].dtype),)


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """Plus or minus 128."""
    return (operands[0].astype(np.float64) + _BY[site.inputs[0].dtype],)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, y, elements)"""
    return [In(0), Out(), site.inputs[0].elements]


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Behind any int8 or uint8 activation."""
    return Extension((0,)) if x.dtype in _BY else None


CASES = {
    "int8": case(whole("int8", 3, 7)),
    "int8_zero_point": int8_case(whole("int8", 9), quants=(Quant((0.1,), (-128,)),)),
    "uint8": case(whole("uint8", 5, 5)),
    "uint8_zero_point": int8_case(whole("uint8", 2, 5), quants=(Quant((0.1,), (200,)),)),
}

OP = Op(
    name="recentre",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={d: Kernel(arguments, "b1") for d in _BY},
    cases=CASES,
    extend=extend,
    access="elementwise",
    alias=(0,),
    pointwise=1,
)
