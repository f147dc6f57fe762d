"""Maximum of a window over each channel, of the places inside x only; attributes in `_pool.py`.

Integers are clamped as in TensorFlow Lite (8-bit quantization specification, MAX_POOL_2D).
"""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.op import Kernel, Op, Site
from tinsmith.ir.ops._pool import (
    DTYPES,
    clamp_of,
    patches,
    pool_arguments,
    pool_cases,
    pool_extend,
    pool_infer,
    pool_taps,
)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """By comparison, row by row, from the first place on: a NaN there stays, others lose."""
    (x,) = operands
    top = np.zeros(site.outputs[0].shape, x.dtype)
    begun = np.zeros(top.shape, bool)
    for tap in pool_taps("max_pool2d", site):
        seen, best, known = x[:, *tap.read], top[:, *tap.results], begun[:, *tap.results]
        best[...] = np.where(~known | (seen > best), seen, best)
        known[...] = True
    if x.dtype != np.float32:
        top = np.clip(top, *clamp_of("max_pool2d", site.inputs[0], site.attrs)).astype(x.dtype)
    return (top,)


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """The largest that is not border in float64."""
    top = np.fmax.reduce(patches("max_pool2d", operands[0], site), axis=-1)
    if operands[0].dtype != np.float32:
        top = np.clip(top, *clamp_of("max_pool2d", site.inputs[0], site.attrs))
    return (top,)


OP = Op(
    name="max_pool2d",
    infer=lambda inputs, attrs: pool_infer("max_pool2d", inputs, attrs),
    reference=reference,
    oracle=oracle,
    kernels={dtype: Kernel(lambda site: pool_arguments("max_pool2d", site)) for dtype in DTYPES},
    cases=pool_cases(),
    extend=pool_extend,
    access="windows",
    followed_by=("requantize",),
)
