"""Quotient of two float32 tensors: y = x / b;
b is repeated along the first axes of x where it is smaller."""

import numpy as np

from tinsmith.ir.op import Kernel, Op
from tinsmith.ir.ops._binary import (
    float_arguments,
    float_cases,
    float_extend,
    float_infer,
    float_oracle,
    float_reference,
)

OP = Op(
    name="div",
    infer=float_infer("div"),
    reference=float_reference(np.divide),
    oracle=float_oracle(np.divide),
    kernels={"float32": Kernel(float_arguments)},
    cases=float_cases(),
    extend=float_extend,
    access="elementwise",
    alias=(0,),
)
