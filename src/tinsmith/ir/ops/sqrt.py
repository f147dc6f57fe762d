"""Square root of float32 values, to nearest even; NaN below zero."""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.op import Kernel, Op, Site
from tinsmith.ir.ops._unary import (
    unary_arguments,
    unary_cases,
    unary_extend,
    unary_infer,
    unary_oracle,
)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """numpy rounds float32 roots correctly, as IEEE 754 asks."""
    with np.errstate(all="ignore"):
        return (np.asarray(np.sqrt(operands[0])),)


OP = Op(
    name="sqrt",
    infer=unary_infer("sqrt"),
    reference=reference,
    oracle=unary_oracle(np.sqrt),
    kernels={"float32": Kernel(unary_arguments)},
    cases=unary_cases(),
    extend=unary_extend,
    access="elementwise",
    alias=(0,),
    pointwise=1,
    increasing=True,
)
