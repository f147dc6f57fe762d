"""Sums of two tensors of int8 with scales of their own: eight at a time."""

from collections.abc import Iterator, Sequence

import numpy as np

from tinsmith.codegen.kernel_set import Binding, Use
from tinsmith.codegen.order import streamed
from tinsmith.ir.op import OPS, Argument, In, Out, Site
from tinsmith.ir.ops._layout import integer, per_tensor
from tinsmith.ir.types import TensorType

STEP_BITS = 21
"""Sums are counted in steps of 2^-21 of the result's."""
DROPPED_BITS = 8
"""What factors have more."""


def bind(use: Use) -> Sequence[Binding]:
    """The kernel, where it computes each of the 65,536 sums as it is defined."""
    site = use.site
    if use.op != "add" or site.inputs[0].dtype != "int8":
        return []
    x, b = site.inputs
    given = {"act_min": -128, "act_max": 127} | dict(site.attrs)
    ends = tuple(integer("add", given, n) for n in ("act_min", "act_max"))
    found = summands(site) if x.elements == b.elements else None
    if found is None:
        return []
    arguments: tuple[Argument, ...] = (In(0), In(1), Out(), x.elements, *found, *ends)
    return [Binding("add_int8", arguments, (streamed(site, 0), streamed(site, 1)))]


def summands(site: Site) -> tuple[int, int, int, int, int] | None:
    """(factor of x, of b, what is added, -1 where negative sums then lose one step, what is added
    in the end); None where no such numbers are right for every pair of values."""
    (sx, zx), (sb, zb) = (per_tensor("add", t) for t in site.inputs)
    sy, _ = per_tensor("add", site.outputs[0])
    first, second = (round(s / sy * 2 ** (STEP_BITS + DROPPED_BITS)) for s in (sx, sb))
    if max(first, second) >= 1 << 31:
        return None
    wanted, values = wanted_sums(site), np.arange(-128, 128, dtype=np.int64)
    plain = (first * values >> DROPPED_BITS)[:, None] + (second * values >> DROPPED_BITS)
    for middle, away in _ways(-(first * zx + second * zb >> DROPPED_BITS)):
        sums = plain + middle
        end = _end(sums + (sums >> 63) * -away, wanted)
        if end is not None and np.abs(sums).max() + abs(end) < 1 << 31:
            return first, second, middle, away, end
    return None


def _ways(centre: int) -> Iterator[tuple[int, int]]:
    """(what is added, whether signs count), the cheapest first. ``centre``: where sums are 0."""
    yield 0, 0
    yield from ((centre + more, -1) for more in (0, 1, -1))


def wanted_sums(site: Site) -> np.ndarray:
    """The definition's result for every value of x (rows) and of b (columns), without a clamp."""
    every = np.arange(-128, 128, dtype=np.int8)
    x, b = (np.ascontiguousarray(v) for v in np.meshgrid(every, every, indexing="ij"))
    types = [TensorType((256, 256), "int8", t.quant) for t in (*site.inputs, *site.outputs)]
    wide = Site({}, tuple(types[:2]), tuple(types[2:]))
    return OPS.get("add").reference([x, b], wide)[0].astype(np.int64)


def _end(sums: np.ndarray, wanted: np.ndarray) -> int | None:
    """What to add so that sums, rounded down to whole steps and clamped to int8, are those wanted:
    in the middle of what is possible."""
    step = 1 << STEP_BITS
    least = int((wanted * step - sums)[wanted > -128].max(initial=-(1 << 31)))
    most = int(((wanted + 1) * step - 1 - sums)[wanted < 127].min(initial=1 << 31))
    return (least + most) // 2 if least <= most else None
