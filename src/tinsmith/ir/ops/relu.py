"""Rectifier: y = x where x is above zero, else zero; int8 compares with the zero point."""

from collections.abc import Sequence
from math import inf

import numpy as np

from tinsmith.ir.op import Argument, Attrs, Extension, In, Kernel, Op, Out, Site, Types
from tinsmith.ir.ops._cases import SPECIAL, array, case, int8_case, normal, whole
from tinsmith.ir.ops._layout import of_dtype, per_tensor
from tinsmith.ir.types import Quant, TensorType


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """Any shape; the result has x's type and quantisation."""
    of_dtype("relu", inputs, 1, "float32", "int8")
    if inputs[0].dtype == "int8":
        per_tensor("relu", inputs[0])
    return (inputs[0],)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """A comparison: NaN and -0.0 become +0.0."""
    (x,) = operands
    zero = x.dtype.type(per_tensor("relu", site.inputs[0])[1] if x.dtype == np.int8 else 0)
    return (np.where(x > zero, x, zero),)


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """The same in float64, on the integers where x is int8."""
    x = operands[0].astype(np.float64)
    zero = float(per_tensor("relu", site.inputs[0])[1]) if operands[0].dtype == np.int8 else 0.0
    return (np.where(x > zero, x, zero),)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, y, elements[, zero point])"""
    common: list[Argument] = [In(0), Out(), site.inputs[0].elements]
    if site.inputs[0].dtype == "int8":
        common.append(per_tensor("relu", site.inputs[0])[1])
    return common


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Behind any float32 or int8 activation."""
    return Extension((0,)) if x.dtype in ("float32", "int8") else None


CASES = {
    "one_element": case(normal(1)),
    "odd": case(normal(3, 5)),
    "special": case(SPECIAL),
    "int8_one_element": int8_case(array("int8", [-3]), quants=(Quant((0.1,), (-2,)),)),
    "int8_zero": int8_case(whole("int8", 5, 7), quants=(Quant((0.1,), (0,)),)),
    "int8_lowest": int8_case(whole("int8", 33), quants=(Quant((0.1,), (-128,)),)),
    "int8_highest": int8_case(whole("int8", 33), quants=(Quant((0.1,), (127,)),)),
}

OP = Op(
    name="relu",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={"float32": Kernel(arguments), "int8": Kernel(arguments)},
    cases=CASES,
    extend=extend,
    access="elementwise",
    alias=(0,),
    pointwise=1,
    limits=lambda others: (0.0, inf),
)
