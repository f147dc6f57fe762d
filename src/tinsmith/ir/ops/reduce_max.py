"""Largest float32 value along one axis, which disappears."""

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
    """Replaced where a later value is larger; a NaN stays only in the first place."""
    first, *rest = slices(operands[0], site)
    for x in rest:
        first = np.where(x > first, x, first)
    return (np.asarray(first),)


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """numpy's own, in float64."""
    first, *rest = (s.astype(np.float64) for s in slices(operands[0], site))
    for x in rest:
        first = np.where(np.isnan(first), first, np.fmax(first, x))
    return (np.asarray(first),)


OP = Op(
    name="reduce_max",
    infer=reduce_infer("reduce_max"),
    reference=reference,
    oracle=oracle,
    kernels={"float32": Kernel(reduce_arguments)},
    cases=reduce_cases(),
    extend=reduce_extend,
)
