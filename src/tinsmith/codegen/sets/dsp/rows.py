"""Element by element on Arm cores with the DSP extension: sums of two tensors of int8 with scales
of their own, and functions of one byte by their table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from tinsmith.codegen.kernel_set import Binding, Table, Use
from tinsmith.codegen.order import streamed
from tinsmith.ir.op import OPS, Argument, In, Out, Site
from tinsmith.ir.ops._layout import integer, per_tensor
from tinsmith.ir.types import TensorType

STEP_BITS = 21
"""Sums are counted in steps of 2^-21 of the result's."""
FACTOR_BITS = STEP_BITS + 8


@dataclass(frozen=True)
class Sum:
    """x * first + b * second + middle; where ``away``, less one step if that is negative; + end."""

    first: int
    second: int
    middle: int
    end: int
    away: bool


BYTES = ("int8", "uint8")
FUNCTIONS = ("lookup", "relu", "requantize")
"""Operations of one byte; what else they take is constant."""
LEAST_ELEMENTS = 256
"""From which a table pays that the operation did not bring itself."""


def bind(use: Use) -> Sequence[Binding]:
    """The kernels of additions and of functions of one byte."""
    if use.op in FUNCTIONS:
        return list(_function(use))
    return list(_add(use.site)) if use.op == "add" else []


def _function(use: Use) -> Iterator[Binding]:
    """Where it is the same for all elements."""
    x, y, others = use.site.inputs[0], use.site.outputs[0], use.contents[1:]
    if x.dtype not in BYTES or y.dtype not in BYTES or any(o is None for o in others):
        return
    if use.op == "requantize" and use.site.inputs[1].elements > 1:
        return
    if use.op != "lookup" and x.elements < LEAST_ELEMENTS:
        return
    arguments = (In(0), Table("function", partial(_function_table, use)), Out(), x.elements)
    yield Binding("lookup_bytes", arguments, (streamed(use.site, 0),), untyped=True)


def _function_table(use: Use) -> np.ndarray:
    """The function of every byte."""
    x, y = use.site.inputs[0], use.site.outputs[0]
    every = np.arange(256, dtype=np.uint8).view(x.dtype)
    others = [np.asarray(o) for o in use.contents[1:]]
    wide = Site(
        use.site.attrs, (TensorType((256,), x.dtype, x.quant), *use.site.inputs[1:]),
        (TensorType((256,), y.dtype, y.quant),),
    )  # fmt: skip
    return OPS.get(use.op).reference([every, *others], wide)[0]


def _add(site: Site) -> Iterator[Binding]:
    """The one that computes each of the 65,536 sums as it is defined."""
    x, b = site.inputs
    if x.dtype != "int8" or x.elements != b.elements:
        return
    given = {"act_min": -128, "act_max": 127} | dict(site.attrs)
    low, high = (integer("add", given, n) for n in ("act_min", "act_max"))
    found = _sum(site, low, high)
    if found is None:
        return
    orders = tuple(streamed(site, i) for i in (0, 1))
    common: list[Argument] = [In(0), In(1), Out(), x.elements, found.first, found.second]
    if found.away:
        more = [found.middle, found.end, low, high]
        yield Binding("add_any_int8", (*common, *more), orders)
    else:
        yield Binding("add_int8", (*common, found.end), orders)


def _sum(site: Site, low: int, high: int) -> Sum | None:
    """How to compute all sums in fixed point: with one summand if possible, else with two."""
    (sx, zx), (sb, zb) = (per_tensor("add", t) for t in site.inputs)
    sy, _ = per_tensor("add", site.outputs[0])
    first, second = (round(s / sy * (1 << FACTOR_BITS)) for s in (sx, sb))
    if max(first, second) >= 1 << 31:
        return None
    wanted = _wanted(site)
    values = np.arange(-128, 128, dtype=np.int64)
    sums = (first * values >> 8)[:, None] + (second * values >> 8)
    if (low, high) == (-128, 127):
        end = _end(sums, wanted, low, high)
        if end is not None:
            return Sum(first, second, 0, end, away=False)
    centre = -(first * zx >> 8) - (second * zb >> 8)
    for middle in (centre, centre + 1, centre - 1):
        centred = sums + middle
        end = _end(centred - (centred < 0), wanted, low, high)
        if end is not None:
            return Sum(first, second, middle, end, away=True)
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
