"""Natural logarithm of float32 values; -infinity of 0, NaN below."""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.op import Kernel, Op, Site
from tinsmith.ir.ops._float import log32
from tinsmith.ir.ops._unary import (
    unary_arguments,
    unary_cases,
    unary_extend,
    unary_infer,
    unary_oracle,
)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """Our own series, see ops/_float.py."""
    with np.errstate(all="ignore"):
        return (np.asarray(log32(operands[0])),)


OP = Op(
    name="log",
    infer=unary_infer("log"),
    reference=reference,
    oracle=unary_oracle(np.log),
    kernels={"float32": Kernel(unary_arguments)},
    cases=unary_cases(),
    extend=unary_extend,
    access="elementwise",
    alias=(0,),
    pointwise=1,
    increasing=True,
)
