"""Transposed convolution over NHWC, in groups of channels if w has fewer than x; int8 sums in
int32, int16 (with int8 weights) in int64.

y[b, i, j, o] = bias[o] + sum over ky, kx, c with i = p*sy + ky*dy - top and j = q*sx + kx*dx - left
of x[b, p, q, g*C + c] * w[o, ky, kx, c], where w has C channels and g is the group of o.

Attributes: size (rows and columns of y), stride (y, x), dilation (y, x; (1, 1) if absent), padding
(top, left; zeros if absent). Weights lie as in TensorFlow Lite (OHWI). Source: Dumoulin and Visin,
"A guide to convolution arithmetic for deep learning", 2016, chapter 4.
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
    extreme_layer,
    float_layer,
    offset_layer,
    pictures,
    random_groups,
    random_layer,
    result_type,
    special_layer,
    with_bias,
)
from tinsmith.ir.ops._window import numbers
from tinsmith.ir.types import TensorType

Pair = tuple[int, int]


def _pairs(attrs: Attrs) -> tuple[Pair, Pair, Pair, Pair]:
    """(size, stride, dilation, padding), (y, x) each."""
    given: Attrs = {"dilation": (1, 1), "padding": (0, 0), **attrs}
    names = {"size": 1, "stride": 1, "dilation": 1, "padding": 0}
    found = [numbers("conv_transpose2d", given, n, 2, least) for n, least in names.items()]
    size, stride, dilation, padding = ((y, x) for y, x in found)
    return size, stride, dilation, padding


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """x [batch, height, width, channels], w [out, kernel y, kernel x, channels / groups], b [out]
    -> [batch, *size, out]; int8 x int8 + int32 -> int32, int16 x int8 + int64 -> int64."""
    check_groups("conv_transpose2d", inputs)
    x, w, _ = inputs
    return (result_type(inputs, (x.shape[0], *_pairs(attrs)[0], w.shape[0]), 0),)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """Sums start at the bias and run over ky, kx, c in order; products are rounded before they are
    added. Integers: exact."""
    x, w, b = operands
    if x.dtype != np.float32:
        sums = _summed(*centred(operands, site), np.zeros(b.shape), site)
        return (with_bias(sums, b),)
    return (_summed(x, w, b, site),)


def _summed(x: np.ndarray, w: np.ndarray, b: np.ndarray, site: Site) -> np.ndarray:
    """In the dtype of the operands."""
    y = np.broadcast_to(b, site.outputs[0].shape).copy()
    depth, groups = w.shape[3], x.shape[3] // w.shape[3]
    with np.errstate(all="ignore"):
        for ky, kx in np.ndindex(w.shape[1:3]):
            (rows, p), (columns, q) = (_meeting(site, axis, (ky, kx)[axis]) for axis in (0, 1))
            seen = x[:, p][:, :, q]
            for c in range(depth):
                terms = np.repeat(seen[..., c::depth], w.shape[0] // groups, axis=-1)
                y[:, rows[:, None], columns] += terms * w[:, ky, kx, c]
    return y


def _meeting(site: Site, axis: int, tap: int) -> tuple[np.ndarray, np.ndarray]:
    """Places of y that x reaches through a tap of the kernel, and where in x."""
    size, stride, dilation, padding = (pair[axis] for pair in _pairs(site.attrs))
    p = np.arange(site.inputs[0].shape[1 + axis])
    i = p * stride + tap * dilation - padding
    inside = (i >= 0) & (i < size)
    return i[inside], p[inside]


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """Each place of x adds its weighted kernel to the result, in float64."""
    (x, w), b = centred(operands, site), operands[2].astype(np.float64)
    size, stride, dilation, padding = _pairs(site.attrs)
    y = np.broadcast_to(b, site.outputs[0].shape).copy()
    x = x.reshape(*x.shape[:3], -1, w.shape[3])
    w = w.reshape(x.shape[3], -1, *w.shape[1:])
    for p, q, ky, kx in np.ndindex(*x.shape[1:3], *w.shape[2:4]):
        i = p * stride[0] + ky * dilation[0] - padding[0]
        j = q * stride[1] + kx * dilation[1] - padding[1]
        if 0 <= i < size[0] and 0 <= j < size[1]:
            sums = np.einsum("ngc,goc->ngo", x[:, p, q], w[:, :, ky, kx])
            y[:, i, j] += sums.reshape(len(x), -1)
    return (y,)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, w, b, y, batch, height, width, channels, rows, columns, kernel y, x, stride y, x,
    dilation y, x, top, left, out, groups[, zero points of x and w])"""
    x, w, _ = site.inputs
    size, stride, dilation, padding = _pairs(site.attrs)
    places = (*x.shape, *size, *w.shape[1:3], *stride, *dilation, *padding)
    return conv_arguments(site, places, w.shape[0], x.shape[3] // w.shape[3])


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """A random layer behind pictures, in groups where the channels divide."""
    if not pictures(x):
        return None
    shape = random_groups(rng, x)
    attrs: dict[str, Attr] = {
        "size": tuple(int(v) for v in rng.integers(1, 6, 2)),
        "stride": tuple(int(v) for v in rng.integers(1, 3, 2)),
        "dilation": tuple(int(v) for v in rng.integers(1, 3, 2)),
        "padding": tuple(int(v) for v in rng.integers(0, 3, 2)),
    }
    return random_layer(rng, x, shape, 0, attrs)


ONE = (1, 1)
CASES = {
    "one_element": float_layer((1, 1, 1, 1), (1, 1, 1, 1), 0, size=ONE, stride=ONE),
    "few": float_layer((1, 2, 3, 1), (2, 2, 2, 1), 0, size=(3, 4), stride=ONE),
    "doubled": float_layer((2, 3, 2, 3), (2, 3, 3, 3), 0, size=(6, 4), stride=(2, 2), padding=ONE),
    "spread": float_layer(
        (1, 3, 4, 2), (3, 2, 3, 2), 0,
        size=(9, 8), stride=(3, 1), dilation=(2, 3), padding=(1, 2),
    ),
    "groups": float_layer((1, 3, 3, 4), (6, 2, 3, 2), 0, size=(5, 8), stride=(2, 3)),
    "int8": offset_layer(
        "int8", (1, 3, 2, 2), (3, 2, 3, 2), 0, {"size": (6, 4), "stride": (2, 1), "padding": ONE}
    ),
    "int8_groups": offset_layer(
        "int8", (1, 3, 3, 4), (6, 2, 3, 2), 0, {"size": (5, 8), "stride": (2, 3)}
    ),
    "int8_few": offset_layer("int8", (1, 2, 2, 3), (3, 1, 2, 3), 0, {"size": ONE, "stride": ONE}),
    "int16": offset_layer(
        "int16", (1, 2, 2, 2), (2, 2, 2, 2), 0, {"size": (4, 3), "stride": (2, 1)}
    ),
    "int16_spread": offset_layer(
        "int16", (1, 3, 4, 4), (4, 2, 3, 2), 0,
        {"size": (9, 8), "stride": (3, 1), "dilation": (2, 3), "padding": (1, 2)},
    ),
    "int16_extreme": extreme_layer(
        (1, 2, 2, 9), (2, 2, 2, 9), 0, "int16", size=(3, 3), stride=ONE
    ),
    "special": special_layer((2, 2, 2, 1), 0, size=(7, 11), stride=(2, 2), padding=ONE),
}  # fmt: skip

OP = Op(
    name="conv_transpose2d",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={d: Kernel(arguments) for d in WEIGHTS},
    cost=lambda s: conv_cost(
        s, s.inputs[0].elements * s.inputs[1].elements // s.inputs[0].shape[3]
    ),
    cases=CASES,
    extend=extend,
    channel_axis=0,
)
