"""Poolings of int8 on Arm cores with the DSP extension: four channels at a time."""

from collections.abc import Sequence

import numpy as np

from tinsmith.codegen.kernel_set import Binding, Table, Use
from tinsmith.codegen.order import windows
from tinsmith.ir.op import OPS, Argument, In, Out, Site
from tinsmith.ir.ops._layout import flag_of
from tinsmith.ir.ops._pool import clamp_of, pool_window
from tinsmith.ir.ops._window import Window, geometry
from tinsmith.ir.ops.fused import part_sites
from tinsmith.ir.types import TensorType

POOLINGS = ("avg_pool2d", "max_pool2d")
MOST_PLACES = 256
"""Of a mean: so many values of int8 fit into int16."""


def bind(use: Use) -> Sequence[Binding]:
    """The kernel of a pooling, alone or with a requantisation to int8 behind it."""
    parts = list(part_sites(use.site)) if use.op == "fused" else []
    op, site = (parts[0][0].op, parts[0][1]) if parts else (use.op, use.site)
    if op not in POOLINGS or [p.op for p, _ in parts[1:]] not in ([], ["requantize"]):
        return []
    x, window = site.inputs[0], pool_window(op, site.inputs[0], site.attrs)
    if (x.dtype, use.site.outputs[0].dtype) != ("int8", "int8") or window.dilation != (1, 1):
        return []
    if op == "avg_pool2d" and window.kernel[0] * window.kernel[1] > MOST_PLACES:
        return []
    if len(parts) == 2 and not _one_factor(use):
        return []
    name, end = f"{op}_int8", list[Argument | Table](clamp_of(op, x, site.attrs))
    if len(parts) == 2:
        name, end = f"{op}_requantize_int8", [Table("after", lambda: _after(use))]
    start, more = _mean(site, window) if op == "avg_pool2d" else ([], [])
    arguments = (In(0), *start, Out(), *_geometry(x, window), *more, *end)
    return [Binding(name, arguments, (windows(site, "pixel"),))]


def _geometry(x: TensorType, window: Window) -> list[int]:
    """As `geometry`, without the dilation. A window over everything is a line."""
    if window.kernel == window.size and window.padding == (0, 0, 0, 0):
        n = window.size[0] * window.size[1]
        return [x.shape[0], 1, n, x.shape[3], 1, 1, 1, n, 1, 1, 0, 0]
    numbers = geometry(x, window)
    return [*numbers[:10], *numbers[12:]]


def _mean(site: Site, window: Window) -> tuple[list[Argument | Table], list[Argument | Table]]:
    """What a mean is told in addition: behind x, and behind the geometry."""
    counts = np.zeros(window.results, np.int64)
    for tap in window.taps():
        counts[tap.results] += 1
    fewest, most = int(counts.min()), int(counts.max())
    half_up = flag_of("avg_pool2d", site.attrs, "half_up")
    return (
        [Table("reciprocals", lambda: _reciprocals(fewest, most))],
        [fewest, 0 if half_up else -1],
    )


def _reciprocals(fewest: int, most: int) -> np.ndarray:
    """2^31 / n, rounded up."""
    n = np.arange(fewest, most + 1, dtype=np.int64)
    return (-(-(2**31) // n)).astype(np.uint32).view(np.int32)


def _after(use: Use) -> np.ndarray:
    """What the requantisation makes of each value of the pooling, -128 to 127; the pooling's clamp
    comes before."""
    (first, own), (last, after) = part_sites(use.site)
    values = np.arange(-128, 128)
    clamped = np.clip(values, *clamp_of(first.op, own.inputs[0], own.attrs)).astype(np.int8)
    factors = [np.asarray(use.contents[i]) for i in last.inputs[1:]]
    x, result = after.inputs[0], after.outputs[0]
    site = Site(
        after.attrs, (TensorType((256,), x.dtype, x.quant), *after.inputs[1:]),
        (TensorType((256,), result.dtype, result.quant),),
    )  # fmt: skip
    return OPS.get("requantize").reference([clamped, *factors], site)[0]


def _one_factor(use: Use) -> bool:
    """Whether the requantisation treats all channels alike."""
    (_, _), (last, _) = part_sites(use.site)
    factors = [use.contents[i] for i in last.inputs[1:]]
    return all(f is not None and f.size == 1 for f in factors)
