"""Mean along one axis, which disappears: the sum in order of index, divided by the length."""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.op import Kernel, Op, Site
from tinsmith.ir.ops._reduce import (
    reduce_arguments,
    reduce_cases,
    reduce_extend,
    reduce_infer,
    slices,
)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """float32 sum from the first element on; then one division by the length."""
    total, *rest = slices(operands[0], site)
    with np.errstate(all="ignore"):
        for x in rest:
            total = total + x
        return (np.asarray(total / np.float32(1 + len(rest)), np.float32),)


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """numpy's mean in float64."""
    parts = [s.astype(np.float64) for s in slices(operands[0], site)]
    with np.errstate(all="ignore"):
        return (np.asarray(np.mean(parts, axis=0)),)


OP = Op(
    name="reduce_mean",
    infer=reduce_infer("reduce_mean"),
    reference=reference,
    oracle=oracle,
    kernels={"float32": Kernel(reduce_arguments)},
    cases=reduce_cases(),
    extend=reduce_extend,
)
