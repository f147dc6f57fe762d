"""Sums of two tensors of int8 with scales of their own as sums of whole numbers: x * first +
b * second + middle, in steps of 2^-21 of the result's. Numbers are taken only where each of the
65,536 pairs of values gets what the definition makes of it."""

from dataclasses import dataclass

import numpy as np

from tinsmith.codegen.kernel_set import Use
from tinsmith.ir.op import OPS, Site
from tinsmith.ir.ops._layout import integer, per_tensor
from tinsmith.ir.types import TensorType

STEP_BITS = 21
"""Sums are counted in steps of 2^-21 of the result's."""
DROPPED_BITS = 8
"""What factors have more, and products lose."""


@dataclass(frozen=True)
class Sum:
    """x * first + b * second + middle; where ``away``, less one step if that is negative; + end;
    rounded down to whole steps, within low and high."""

    first: int
    second: int
    middle: int
    end: int
    away: bool
    low: int
    high: int


def sum_of(use: Use, clamped: bool) -> Sum | None:
    """How to compute an ``add`` of two tensors of as many elements: with one summand if possible,
    else with two. None where neither is right for every pair, and for any other use.

    Args:
        clamped: whether the kernel with one summand knows of other bounds than those of int8.
    """
    site = use.site
    if use.op != "add" or site.inputs[0].dtype != "int8":
        return None
    if site.inputs[0].elements != site.inputs[1].elements:
        return None
    given = {"act_min": -128, "act_max": 127} | dict(site.attrs)
    low, high = (integer("add", given, n) for n in ("act_min", "act_max"))
    (sx, zx), (sb, zb) = (per_tensor("add", t) for t in site.inputs)
    sy, _ = per_tensor("add", site.outputs[0])
    first, second = (round(s / sy * (1 << STEP_BITS + DROPPED_BITS)) for s in (sx, sb))
    if max(first, second) >= 1 << 31:
        return None
    wanted, values = _wanted(site), np.arange(-128, 128, dtype=np.int64)
    sums = (first * values >> DROPPED_BITS)[:, None] + (second * values >> DROPPED_BITS)
    if clamped or (low, high) == (-128, 127):
        end = _end(sums, wanted, low, high)
        if end is not None:
            return Sum(first, second, 0, end, False, low, high)
    centre = -(first * zx >> DROPPED_BITS) - (second * zb >> DROPPED_BITS)
    for middle in (centre, centre + 1, centre - 1):
        centred = sums + middle
        end = _end(centred - (centred < 0), wanted, low, high)
        if end is not None:
            return Sum(first, second, middle, end, True, low, high)
    return None


def _wanted(site: Site) -> np.ndarray:
    """The definition's result for every value of x (rows) and of b (columns)."""
    every = np.arange(-128, 128, dtype=np.int8)
    x, b = (np.ascontiguousarray(v) for v in np.meshgrid(every, every, indexing="ij"))
    types = [TensorType((256, 256), "int8", t.quant) for t in (*site.inputs, *site.outputs)]
    wide = Site(site.attrs, tuple(types[:2]), tuple(types[2:]))
    return OPS.get("add").reference([x, b], wide)[0].astype(np.int64)


def _end(sums: np.ndarray, wanted: np.ndarray, low: int, high: int) -> int | None:
    """What to add so that sums, rounded down to whole steps and clamped, are those wanted: in the
    middle of what is possible. None where nothing is, or where int32 does not hold the sums."""
    least = int((wanted * (1 << STEP_BITS) - sums)[wanted > low].max(initial=-(1 << 31) + 1))
    most = int(((wanted + 1) * (1 << STEP_BITS) - 1 - sums)[wanted < high].min(initial=1 << 31))
    end = (least + most) // 2
    ends = np.array([sums.min(), sums.max()])
    held = int(max(np.abs(ends).max(), np.abs(ends + end).max()))
    return end if least <= most and held < 1 << 31 else None
