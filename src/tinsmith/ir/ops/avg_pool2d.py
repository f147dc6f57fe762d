"""Mean of a window over each channel, of the places inside x only; attributes in `_pool.py`.

int8 is bit-equal to TensorFlow Lite: the mean of the integers, halves away from zero, clamped.
Source: TensorFlow Lite 8-bit quantization specification, AVERAGE_POOL_2D.
"""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.op import Kernel, Op, Site
from tinsmith.ir.ops._pool import (
    clamp_of,
    patches,
    pool_arguments,
    pool_cases,
    pool_extend,
    pool_infer,
    pool_taps,
)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """The sum from 0 on, row by row, divided once by the number of places."""
    x = operands[0] if operands[0].dtype == np.float32 else operands[0].astype(np.int64)
    total = np.zeros(site.outputs[0].shape, x.dtype)
    count = np.zeros(site.outputs[0].shape, x.dtype)
    with np.errstate(all="ignore"):
        for tap in pool_taps("avg_pool2d", site):
            total[:, *tap.results] += x[:, *tap.read]
            count[:, *tap.results] += 1
        if x.dtype == np.float32:
            return (total / count,)
    mean = np.sign(total) * ((np.abs(total) + count // 2) // count)
    return (np.clip(mean, *clamp_of("avg_pool2d", site.attrs)).astype(np.int8),)


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """The mean of what is not border in float64; int8 before rounding."""
    seen = patches("avg_pool2d", operands[0], site)
    with np.errstate(all="ignore"):
        mean = np.nansum(seen, axis=-1) / np.sum(~np.isnan(seen), axis=-1)
    if operands[0].dtype == np.int8:
        mean = np.clip(mean, *clamp_of("avg_pool2d", site.attrs))
    return (mean,)


OP = Op(
    name="avg_pool2d",
    infer=lambda inputs, attrs: pool_infer("avg_pool2d", inputs, attrs),
    reference=reference,
    oracle=oracle,
    kernels={
        dtype: Kernel(lambda site: pool_arguments("avg_pool2d", site))
        for dtype in ("float32", "int8")
    },
    cases=pool_cases(),
    extend=pool_extend,
)
