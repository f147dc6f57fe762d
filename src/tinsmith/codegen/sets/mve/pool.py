"""Poolings of int8: eight means or sixteen largest values at a time."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from tinsmith.codegen.kernel_set import Binding, Table, Use
from tinsmith.codegen.order import windows
from tinsmith.ir.op import Argument, In, Out
from tinsmith.ir.ops._layout import flag_of
from tinsmith.ir.ops._pool import clamp_of, pool_window
from tinsmith.ir.ops._window import Window, geometry
from tinsmith.ir.types import TensorType

MOST_PLACES = 256
"""Of a mean: so many values of int8 fit 16 bits."""


def bind(use: Use) -> Sequence[Binding]:
    """The kernel of a pooling."""
    if use.op not in ("avg_pool2d", "max_pool2d") or use.site.inputs[0].dtype != "int8":
        return []
    x, attrs = use.site.inputs[0], use.site.attrs
    window = pool_window(use.op, x, attrs)
    if window.dilation != (1, 1):
        return []
    ends: list[Argument | Table] = list(clamp_of(use.op, x, attrs))
    order = windows(use.site, "pixel")
    if use.op == "max_pool2d":
        return [Binding("max_pool2d_int8", (In(0), Out(), *_shapes(x, window), *ends), (order,))]
    counts = _counts(window)
    if counts.max() > MOST_PLACES:
        return []
    fewest, most = int(counts.min()), int(counts.max())
    away = 0 if flag_of("avg_pool2d", attrs, "half_up") else -1
    table = Table("reciprocals", partial(reciprocals, fewest, most))
    arguments = (In(0), table, Out(), *_shapes(x, window), fewest, away, *ends)
    return [Binding("avg_pool2d_int8", arguments, (order,))]


def reciprocals(fewest: int, most: int) -> np.ndarray:
    """2^31 / n, rounded up, as bits of int32."""
    n = np.arange(fewest, most + 1, dtype=np.int64)
    return (-(-(2**31) // n)).astype(np.uint32).view(np.int32)


def _counts(window: Window) -> np.ndarray:
    """Places in x of each window."""
    counts = np.zeros(window.results, np.int64)
    for tap in window.taps():
        counts[tap.results] += 1
    return counts


def _shapes(x: TensorType, window: Window) -> list[int]:
    """As `geometry`, without the dilation. A window over everything is a line."""
    if window.kernel == window.size and window.padding == (0, 0, 0, 0):
        places = window.size[0] * window.size[1]
        return [x.shape[0], 1, places, x.shape[3], 1, 1, 1, places, 1, 1, 0, 0]
    numbers = geometry(x, window)
    return [*numbers[:10], *numbers[12:]]
