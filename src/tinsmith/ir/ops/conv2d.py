"""Convolution over NHWC, in groups of channels if w has fewer than x; int8 sums
in int32, int16 (with int8 weights) in int64.

y[b, i, j, o] = bias[o] + sum over ky, kx, c of x[b, i*sy + ky*dy - top, j*sx + kx*dx - left,
g*C + c] * w[o, ky, kx, c], where w has C channels and g is the group of o; places outside x are
skipped. Weights lie as in TensorFlow Lite (OHWI).
"""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.graph import Attr
from tinsmith.ir.op import (
    Argument,
    Attrs,
    Cost,
    Extension,
    In,
    Kernel,
    Op,
    Out,
    ShapeError,
    Site,
    Types,
)
from tinsmith.ir.ops._conv import (
    WEIGHTS,
    centred,
    check_operands,
    extreme_layer,
    float_layer,
    int8_layer,
    offset_layer,
    random_layer,
    random_window,
    result_type,
    special_layer,
    with_bias,
    zero_arguments,
)
from tinsmith.ir.ops._window import Window, geometry, window_of
from tinsmith.ir.types import TensorType


def _window(inputs: Types, attrs: Attrs) -> Window:
    x, w, _ = inputs
    return window_of("conv2d", x, (w.shape[1], w.shape[2]), attrs)


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """x [batch, height, width, channels], w [out, kernel y, kernel x, channels / groups], b [out]
    -> [batch, rows, columns, out]; int8 x int8 + int32 -> int32, int16 x int8 +
    int64 -> int64. Attributes: see `_window.py`.
    """
    check_operands("conv2d", inputs)
    x, w, b = inputs
    channels, out = x.shape[3], w.shape[0]
    if channels % w.shape[3] or out % (channels // w.shape[3]) or b.shape != (out,):
        raise ShapeError(
            "conv2d", f"x {x.shape}, w {w.shape}, b {b.shape}; expected w [out, ky, kx, c], b [out]"
            " with c a part of x's channels that divides both evenly",
        )  # fmt: skip
    return (result_type(inputs, (x.shape[0], *_window(inputs, attrs).results, out), 0),)


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """Sums start at the bias and run over ky, kx, c in order; float32 products are rounded before
    they are added."""
    if operands[0].dtype != np.float32:
        return (with_bias(_exact(operands, site), operands[2]),)
    x, w, b = operands
    y = np.broadcast_to(b, site.outputs[0].shape).astype(np.float32)
    depth, groups = w.shape[3], x.shape[3] // w.shape[3]
    each = w.shape[0] // groups
    for tap in _window(site.inputs, site.attrs).taps():
        seen, sums = x[:, *tap.read], y[:, *tap.results]
        for c in range(depth):
            terms = np.repeat(seen[..., c::depth], each, axis=-1) * w[:, tap.ky, tap.kx, c]
            sums += terms
    return (y,)


def _exact(operands: Sequence[np.ndarray], site: Site) -> np.ndarray:
    """Products in float64, a matrix product per tap and group."""
    x, w = centred(operands, site)
    y = np.zeros(site.outputs[0].shape)
    depth, groups = w.shape[3], x.shape[3] // w.shape[3]
    each = w.shape[0] // groups
    for tap in _window(site.inputs, site.attrs).taps():
        for g in range(groups):
            part, outs = slice(g * depth, (g + 1) * depth), slice(g * each, (g + 1) * each)
            y[:, *tap.results, outs] += x[:, *tap.read, part] @ w[outs, tap.ky, tap.kx].T
    return y


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """The formula in float64 over x with a border of zeros, one result place at a time."""
    (x, w), b = centred(operands, site), operands[2].astype(np.float64)
    window = _window(site.inputs, site.attrs)
    (top, bottom, left, right), (sy, sx), (dy, dx) = window.padding, window.stride, window.dilation
    x = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
    x = x.reshape(*x.shape[:3], -1, w.shape[3])
    w = w.reshape(x.shape[3], -1, *w.shape[1:])
    y = np.empty(site.outputs[0].shape)
    for i, j in np.ndindex(window.results):
        rows = slice(i * sy, i * sy + window.extent[0], dy)
        columns = slice(j * sx, j * sx + window.extent[1], dx)
        sums = np.einsum("nyxgc,goyxc->ngo", x[:, rows, columns], w)
        y[:, i, j] = sums.reshape(len(x), -1) + b
    return (y,)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, w, b, y, geometry (see `_window.py`), out, groups[, zero points of x and w])"""
    x, w, _ = site.inputs
    return [
        In(0), In(1), In(2), Out(), *geometry(x, _window(site.inputs, site.attrs)),
        w.shape[0], x.shape[3] // w.shape[3], *zero_arguments(site),
    ]  # fmt: skip


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """A random layer behind pictures, in groups where the channels divide."""
    if len(x.shape) != 4 or x.dtype not in WEIGHTS:
        return None
    groups = int(rng.choice([g for g in (1, 1, 2, 3) if x.shape[3] % g == 0]))
    size = tuple(int(v) for v in rng.integers(1, 4, 2))
    shape = (groups * int(rng.integers(1, 3)), *size, x.shape[3] // groups)
    return random_layer(rng, x, shape, 0, random_window(rng))


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
    cost=lambda s: Cost(
        s.outputs[0].elements * s.inputs[1].elements // s.inputs[1].shape[0],
        s.inputs[1].nbytes + s.inputs[2].nbytes,
    ),
    cases=CASES,
    extend=extend,
)
