"""What has no weights: sums of two activations, poolings, spectra. Of integers every value takes
the same steps."""

from collections.abc import Sequence

from tinsmith.codegen.kernel_set import Binding, Use
from tinsmith.codegen.sets.plain._requantised import clamp_arguments
from tinsmith.codegen.sets.ref import single
from tinsmith.ir.op import OPS

MOST_PLACES = 360
"""Of a mean: the reciprocal of 24 bits is exact up to there (`kernels/plain/avg_pool2d_int8.c`)."""

SHORTEST = 8
"""Samples of a spectrum: of fewer the first two stages are all."""


def add(use: Use) -> Sequence[Binding]:
    """A sum of int8; its parts are scaled down, and so is the sum, by one half at least."""
    if use.site.inputs[0].dtype != "int8":
        return []
    (found,) = single(OPS.get("add"), use.site)
    numbers = [a for a in found.arguments if isinstance(a, int)]
    x_zero, x_m, x_shift, b_zero, b_m, b_shift, zero, m, shift, low, high = numbers[-11:]
    if x_shift > 0 or b_shift > 0 or shift > -1:
        return []
    scaled = (x_zero, x_m, -x_shift, b_zero, b_m, -b_shift, m, -1 - shift)
    ends = clamp_arguments(zero, low, high)
    arguments = (*found.arguments[:-11], *scaled, *ends)
    return [Binding("add_int8", arguments, found.orders)]


def pool(use: Use) -> Sequence[Binding]:
    """The mean or the largest value of windows of int8."""
    if use.site.inputs[0].dtype != "int8":
        return []
    (found,) = single(OPS.get(use.op), use.site)
    arguments = found.arguments
    if use.op == "avg_pool2d":
        arguments, half_up = arguments[:-1], arguments[-1]
        kernel_y, kernel_x = [a for a in arguments if isinstance(a, int)][6:8]
        if half_up or kernel_y * kernel_x > MOST_PLACES:
            return []
    return [Binding(f"{use.op}_int8", arguments, found.orders)]


def rfft_power(use: Use) -> Sequence[Binding]:
    """A power spectrum, by factors of which 1, -1 and 0 are where they belong."""
    w, n = use.contents[1], use.site.inputs[0].shape[-1]
    if w is None or n < SHORTEST or tuple(w[0]) != (1, 0) or w[n // 4, 1] != -1:
        return []
    return single(OPS.get("rfft_power"), use.site)
