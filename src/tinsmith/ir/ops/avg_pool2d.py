"""Mean of a window over each channel, of the places inside x only; attributes in `_pool.py`.

Integers are bit-equal to TensorFlow Lite: the mean of the integers, halves away from zero, clamped;
attribute half_up: halves upwards, as uint8 rounds, which is int8 here with another zero point.
Source: TensorFlow Lite 8-bit quantization specification, AVERAGE_POOL_2D.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from tinsmith.ir.op import (
    Argument,
    Attrs,
    Case,
    Extension,
    Kernel,
    Op,
    Site,
    Types,
)
from tinsmith.ir.ops._layout import flag_of
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
from tinsmith.ir.types import TensorType


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
    if _half_up(site.attrs):
        mean = (total + count // 2) // count
    else:
        mean = np.sign(total) * ((np.abs(total) + count // 2) // count)
    ends = clamp_of("avg_pool2d", site.inputs[0], site.attrs)
    return (np.clip(mean, *ends).astype(operands[0].dtype),)


def _half_up(attrs: Attrs) -> bool:
    return flag_of("avg_pool2d", attrs, "half_up")


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """As `pool_infer`; integers also attribute half_up (False if absent)."""
    _half_up(attrs)
    return pool_infer("avg_pool2d", inputs, attrs)


def arguments(site: Site) -> Sequence[Argument]:
    """As `pool_arguments`; integers also whether halves go up."""
    common = pool_arguments("avg_pool2d", site)
    return common if site.inputs[0].dtype == "float32" else [*common, int(_half_up(site.attrs))]


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """The mean of what is not border in float64; int8 before rounding."""
    seen = patches("avg_pool2d", operands[0], site)
    with np.errstate(all="ignore"):
        mean = np.nansum(seen, axis=-1) / np.sum(~np.isnan(seen), axis=-1)
    if operands[0].dtype != np.float32:
        mean = np.clip(mean, *clamp_of("avg_pool2d", site.inputs[0], site.attrs))
    return (mean,)


def _extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    extension = pool_extend(rng, x)
    if extension is None or x.dtype == "float32":
        return extension
    return replace(extension, attrs={**extension.attrs, "half_up": bool(rng.integers(2))})


def _half_up_cases() -> Mapping[str, Case]:
    rows = {}
    for name, case in pool_cases().items():
        if name in ("int8_pairs", "int8_wide", "int16_wide"):
            rows[f"{name}_half_up"] = replace(case, attrs={**case.attrs, "half_up": True})
    return rows


OP = Op(
    name="avg_pool2d",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={dtype: Kernel(arguments) for dtype in DTYPES},
    cases={**pool_cases(), **_half_up_cases()},
    extend=_extend,
    access="windows",
    followed_by=("requantize",),
)
