"""Convolution of each channel by itself over NHWC, ``multiplier`` results per channel; int8 sums in
int32, int16 (with int8 weights) in int64.

y[b, i, j, c*multiplier + m] = bias[c*multiplier + m] + sum over ky, kx of x[b, i*sy + ky*dy - top,
j*sx + kx*dx - left, c] * w[0, ky, kx, c*multiplier + m]; places outside x are skipped. Weights lie
as in TensorFlow Lite.
"""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.graph import Attr
from tinsmith.ir.op import Argument, Attrs, Extension, Kernel, Op, ShapeError, Site, Types
from tinsmith.ir.ops._conv import (
    WEIGHTS,
    centred,
    check_operands,
    conv_arguments,
    conv_cost,
    convolution,
    extreme_layer,
    float_layer,
    int8_layer,
    kernel_window,
    offset_layer,
    pictures,
    random_layer,
    random_window,
    result_type,
    seen_by_windows,
    special_layer,
)
from tinsmith.ir.ops._layout import integer
from tinsmith.ir.ops._window import Window, geometry
from tinsmith.ir.types import TensorType


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """x [batch, height, width, channels], w [1, kernel y, kernel x, channels * multiplier], b
    [channels * multiplier] -> [batch, rows, columns, channels * multiplier]; int8 x int8 + int32
    -> int32, int16 x int8 + int64 -> int64. Attributes: multiplier (from 1 on) and those of
    `_window.py`.
    """
    check_operands("depthwise_conv2d", inputs)
    x, w, b = inputs
    multiplier = integer("depthwise_conv2d", attrs, "multiplier")
    out = x.shape[3] * multiplier
    if w.shape[0] != 1 or w.shape[3] != out or b.shape != (out,):
        raise ShapeError(
            "depthwise_conv2d", f"x {x.shape}, w {w.shape}, b {b.shape}, multiplier {multiplier};"
            " expected w [1, ky, kx, n], b [n] with n = channels * multiplier",
        )  # fmt: skip
    results = kernel_window("depthwise_conv2d", inputs, attrs).results
    return (result_type(inputs, (x.shape[0], *results, out), 3),)


def _window(site: Site) -> Window:
    return kernel_window("depthwise_conv2d", site.inputs, site.attrs)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """Sums start at the bias and run over ky, kx in order; float32 products are rounded before they
    are added. Integers: exact."""
    x, w, b = operands
    each_channel = np.swapaxes(w, 0, 3)  # a group of its own: [out, kernel y, kernel x, 1]
    return (convolution((x, each_channel, b), site, _window(site)),)


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """The formula in float64 over x with a border of zeros, one result place at a time."""
    (x, w), b = centred(operands, site), operands[2].astype(np.float64)
    w = w[0].reshape(*w.shape[1:3], x.shape[3], -1)
    y = np.empty(site.outputs[0].shape)
    for i, j, seen in seen_by_windows(x, _window(site)):
        y[:, i, j] = np.einsum("nyxc,yxcm->ncm", seen, w).reshape(len(x), -1) + b
    return (y,)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, w, b, y, geometry (see `_window.py`), multiplier[, zero points of x and w])"""
    multiplier = integer("depthwise_conv2d", site.attrs, "multiplier")
    return conv_arguments(site, geometry(site.inputs[0], _window(site)), multiplier)


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """A random layer behind pictures."""
    if not pictures(x):
        return None
    multiplier = int(rng.choice([1, 1, 2, 3]))
    size = tuple(int(v) for v in rng.integers(1, 4, 2))
    attrs = random_window(rng) | {"multiplier": multiplier}
    return random_layer(rng, x, (1, *size, x.shape[3] * multiplier), 3, attrs)


ONE: dict[str, Attr] = {"stride": (1, 1), "multiplier": 1}
WIDE: dict[str, Attr] = {"stride": (2, 1), "dilation": (1, 2), "padding": (1, 2, 0, 3)}
SAME = (1, 1, 1, 1)
CASES = {
    "one_element": float_layer((1, 1, 1, 1), (1, 1, 1, 1), 3, **ONE),
    "same": float_layer((1, 5, 4, 3), (1, 3, 3, 3), 3, **ONE, padding=SAME),
    "wide": float_layer((2, 6, 7, 3), (1, 3, 2, 6), 3, **WIDE, multiplier=2),
    "from_one_channel": float_layer((1, 6, 5, 1), (1, 4, 3, 8), 3, stride=(2, 2), multiplier=8),
    "only_border": float_layer((1, 2, 2, 1), (1, 2, 2, 1), 3, **ONE, padding=(3, 3, 3, 3)),
    "special": special_layer((1, 2, 2, 2), 3, stride=(1, 1), multiplier=2, padding=(1, 0, 0, 1)),
    "int8": int8_layer((1, 4, 5, 3), (1, 3, 3, 3), 3, 0, ONE),
    "int8_wide": int8_layer((2, 6, 7, 3), (1, 3, 2, 6), 3, -128, {**WIDE, "multiplier": 2}),
    "int8_same": int8_layer((1, 5, 5, 4), (1, 3, 3, 4), 3, 83, {**ONE, "padding": SAME}),
    "int8_offset": offset_layer("int8", (1, 4, 3, 2), (1, 2, 3, 4), 3, {**ONE, "multiplier": 2}),
    "int16": offset_layer("int16", (1, 3, 4, 2), (1, 2, 2, 2), 3, ONE),
    "int16_wide": offset_layer("int16", (1, 6, 5, 3), (1, 3, 2, 6), 3, {**WIDE, "multiplier": 2}),
    "int16_extreme": extreme_layer(
        (1, 3, 3, 2), (1, 3, 3, 2), 3, "int16", stride=(1, 1), multiplier=1
    ),
    "int8_extreme": extreme_layer(
        (1, 9, 9, 2), (1, 9, 9, 2), 3, stride=(1, 1), multiplier=1, padding=(1, 0, 0, 1)
    ),
}

OP = Op(
    name="depthwise_conv2d",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={d: Kernel(arguments) for d in WEIGHTS},
    cost=lambda s: conv_cost(
        s, s.outputs[0].elements * s.inputs[1].shape[1] * s.inputs[1].shape[2]
    ),
    cases=CASES,
    extend=extend,
    access="windows",
    followed_by=("requantize", "relu", "max", "min"),
    channel_axis=3,
)
