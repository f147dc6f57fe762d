"""Convolution over NHWC, in groups of channels if w has fewer than x; int8 sums
in int32, int16 (with int8 weights) in int64.

y[b, i, j, o] = bias[o] + sum over ky, kx, c of x[b, i*sy + ky*dy - top, j*sx + kx*dx - left,
g*C + c] * w[o, ky, kx, c], where w has C channels and g is the group of o; places outside x are
skipped. Weights lie as in TensorFlow Lite (OHWI).
"""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.graph import Attr
from tinsmith.ir.op import Argument, Attrs, Extension, Kernel, Op, Site, Types
from tinsmith.ir.ops._conv import (
    WEIGHTS,
    centred,
    check_groups,
    conv_arguments,
    conv_cost,
    convolution,
    extreme_layer,
    float_layer,
    int8_layer,
    kernel_window,
    offset_layer,
    pictures,
    random_groups,
    random_layer,
    random_window,
    result_type,
    seen_by_windows,
    special_layer,
)
from tinsmith.ir.ops._window import Window, geometry
from tinsmith.ir.types import TensorType


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """x [batch, height, width, channels], w [out, kernel y, kernel x, channels / groups], b [out]
    -> [batch, rows, columns, out]; int8 x int8 + int32 -> int32, int16 x int8 +
    int64 -> int64. Attributes: see `_window.py`.
    """
    check_groups("conv2d", inputs)
    results = kernel_window("conv2d", inputs, attrs).results
    return (result_type(inputs, (inputs[0].shape[0], *results, inputs[1].shape[0]), 0),)


def _window(site: Site) -> Window:
    return kernel_window("conv2d", site.inputs, site.attrs)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """Sums start at the bias and run over ky, kx, c in order; float32 products are rounded before
    they are added. Integers: exact."""
    return (convolution(operands, site, _window(site)),)


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """The formula in float64 over x with a border of zeros, one result place at a time."""
    (x, w), b = centred(operands, site), operands[2].astype(np.float64)
    depth, groups = w.shape[3], x.shape[3] // w.shape[3]
    w = w.reshape(groups, -1, *w.shape[1:])
    y = np.empty(site.outputs[0].shape)
    for i, j, seen in seen_by_windows(x, _window(site)):
        parts = seen.reshape(*seen.shape[:3], groups, depth)
        y[:, i, j] = np.einsum("nyxgc,goyxc->ngo", parts, w).reshape(len(x), -1) + b
    return (y,)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, w, b, y, geometry (see `_window.py`), out, groups[, zero points of x and w])"""
    x, w, _ = site.inputs
    groups = x.shape[3] // w.shape[3]
    return conv_arguments(site, geometry(x, _window(site)), w.shape[0], groups)


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """A random layer behind pictures, in groups where the channels divide."""
    if not pictures(x):
        return None
    return random_layer(rng, x, random_groups(rng, x), 0, random_window(rng))


ONE = (1, 1)
WIDE: dict[str, Attr] = {"stride": (2, 1), "dilation": (1, 2), "padding": (1, 2, 0, 3)}
CASES = {
    "one_element": float_layer((1, 1, 1, 1), (1, 1, 1, 1), 0, stride=ONE),
    "pointwise": float_layer((1, 3, 2, 5), (4, 1, 1, 5), 0, stride=ONE),
    "same": float_layer((1, 5, 4, 2), (3, 3, 3, 2), 0, stride=ONE, padding=(1, 1, 1, 1)),
    "wide": float_layer((2, 6, 7, 3), (2, 3, 2, 3), 0, **WIDE),
    "groups": float_layer((1, 4, 4, 6), (4, 2, 3, 3), 0, stride=(1, 2), padding=(1, 0, 2, 1)),
    "only_border": float_layer((1, 2, 2, 1), (2, 2, 2, 1), 0, stride=ONE, padding=(3, 3, 3, 3)),
    "special": special_layer((2, 2, 2, 1), 0, stride=ONE, padding=(1, 0, 0, 1)),
    "int8": int8_layer((1, 4, 5, 3), (4, 3, 3, 3), 0, 0, {"stride": ONE}),
    "int8_wide": int8_layer((2, 6, 7, 3), (2, 3, 2, 3), 0, -128, WIDE),
    "int8_groups": int8_layer((1, 5, 4, 4), (6, 2, 2, 2), 0, 83, {**WIDE, "padding": (0, 0, 1, 1)}),
    "int8_offset": offset_layer("int8", (1, 4, 3, 2), (2, 2, 3, 2), 0, {**WIDE, "dilation": ONE}),
    "int16": offset_layer("int16", (1, 3, 4, 2), (2, 2, 2, 2), 0, {"stride": ONE}),
    "int16_wide": offset_layer("int16", (1, 6, 5, 4), (4, 3, 2, 2), 0, WIDE),
    "int16_extreme": extreme_layer((1, 3, 3, 9), (2, 3, 3, 9), 0, "int16", stride=ONE),
    "int8_extreme": extreme_layer((1, 5, 5, 9), (2, 5, 5, 9), 0, stride=ONE, padding=(1, 0, 0, 1)),
}

OP = Op(
    name="conv2d",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={d: Kernel(arguments) for d in WEIGHTS},
    cost=lambda s: conv_cost(
        s, s.outputs[0].elements * s.inputs[1].elements // s.inputs[1].shape[0]
    ),
    cases=CASES,
    extend=extend,
    access="windows",
    followed_by=("requantize", "relu", "max", "min"),
    channel_axis=0,
)
