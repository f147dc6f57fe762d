"""Convolutions and transposed convolutions over 1, 2 or 3 spatial axes, float32.

A third axis in front is no axis of its own to the operations: what a window sees along it is laid
side by side as channels.
"""

from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from tinsmith.compose import movement
from tinsmith.compose.movement import Layout
from tinsmith.compose.pictures import Pads, channels_last, each, pads_of, restored, spatial
from tinsmith.compose.value import Value, need_float, operand, permuted, reshaped, shape_of
from tinsmith.ir.builder import Builder
from tinsmith.ir.op import ShapeError

_T = TypeVar("_T")


@dataclass(frozen=True)
class ConvSpec:
    """How a kernel slides; numbers per spatial axis, empty: 1 (padding: 0).

    Args:
        stride, dilation: at least 1.
        padding: (before, after), at least 0; of a transposed convolution what is cut off the
            result, where a negative ``after`` adds places instead.
        groups: into how many the channels are parted.
        layout: of x and the result.
        weights: order of w's axes, with O for channels of the result, I for channels of x (per
            group) and * for the spatial ones. Empty: ``OI*`` for channels_first (transposed:
            ``IO*``, with O per group and all of I), ``O*I`` for channels_last.
        output_padding: places added behind the result; transposed convolutions only.
    """

    stride: tuple[int, ...] = ()
    padding: Pads = ()
    dilation: tuple[int, ...] = ()
    groups: int = 1
    layout: Layout = "channels_first"
    weights: str = ""
    output_padding: tuple[int, ...] = ()


@dataclass
class _Layer:
    """A convolution with everything spelled out; the spatial axes of w, in O*I, are those of x."""

    b: Builder
    op: str
    x: str
    """[batch, *lengths, channels]"""
    w: Value
    bias: str
    lengths: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    groups: int
    results: tuple[int, ...] = field(default=())

    def kernel(self) -> tuple[int, ...]:
        """Spatial lengths of w."""
        return shape_of(self.b, self.w)[1:-1]


def conv(b: Builder, x: str, w: Value, bias: Value | None, spec: ConvSpec) -> str:
    """Convolution (cross-correlation) with zeros around x; sums start at the bias.

    Raises:
        ShapeError: shapes do not fit, a dtype is not float32, no window fits.
    """
    layer = _layer("conv", b, x, (w, bias), spec)
    layer.results = tuple(
        (n + sum(p) - (k - 1) * d - 1) // s + 1
        for n, k, s, d, p in zip(
            layer.lengths, layer.kernel(), layer.stride, layer.dilation, layer.padding, strict=True
        )
    )
    if min(layer.results) < 1:
        raise ShapeError("conv", f"x {b.type(x)}, kernel {layer.kernel()}: no window fits")
    results = layer.results
    if len(results) == 3:
        _pad_depth(layer, *layer.padding[0])
        _stack_depth(layer)
    y = _conv2d(layer)
    return restored(b, y, spec.layout, results)


def conv_transpose(b: Builder, x: str, w: Value, bias: Value | None, spec: ConvSpec) -> str:
    """Transposed convolution: (length - 1) * stride + extent of the kernel - padding +
    output_padding places per axis.

    Raises:
        ShapeError: shapes do not fit, a dtype is not float32, nothing would be left.
    """
    layer = _layer("conv_transpose", b, x, (w, bias), spec)
    more = spec.output_padding or (0,) * len(layer.lengths)
    layer.results = tuple(
        (n - 1) * s + (k - 1) * d + 1 - sum(p) + m
        for n, k, s, d, p, m in zip(
            layer.lengths, layer.kernel(), layer.stride, layer.dilation, layer.padding, more,
            strict=True,
        )
    )  # fmt: skip
    if min(layer.results) < 1:
        raise ShapeError("conv_transpose", f"x {b.type(x)}, {spec}: nothing is left")
    results = layer.results
    if len(results) == 3:
        _spread_depth(layer)
        _stack_depth(layer)
    y = _transpose2d(layer)
    return restored(b, y, spec.layout, results)


def _layer(
    op: str, b: Builder, x: str, weights: tuple[Value, Value | None], spec: ConvSpec
) -> _Layer:
    """Operands checked and brought into the order of `ir/ops`; a line becomes a picture."""
    w, bias = weights
    need_float(op, b, x, w)
    batch, lengths, channels = spatial(op, b, x, spec.layout)
    count = len(lengths)
    w = _ordered(op, b, w, spec, channels)
    out, kernel = shape_of(b, w)[0], shape_of(b, w)[1:-1]
    if len(kernel) != count or shape_of(b, w)[-1] * spec.groups != channels or out % spec.groups:
        raise ShapeError(
            op, f"x {b.type(x)}, w {shape_of(b, w)} (as O*I), {spec.groups} groups; they do not fit"
        )
    bias = np.zeros(out, np.float32) if bias is None else bias
    need_float(op, b, bias)
    layer = _Layer(
        b, op, channels_last(b, x, spec.layout, (batch, *lengths, channels)), w,
        operand(b, reshaped(b, bias, (out,)), "bias"), lengths, each(op, spec.stride, count),
        each(op, spec.dilation, count), pads_of(op, spec.padding, count), spec.groups,
    )  # fmt: skip
    return layer


def _ordered(op: str, b: Builder, w: Value, spec: ConvSpec, channels: int) -> Value:
    """w as O*I with I per group."""
    turned = op == "conv_transpose"
    order = spec.weights or {"channels_last": "O*I"}.get(spec.layout, "IO*" if turned else "OI*")
    rank = len(shape_of(b, w))
    if sorted(order) != ["*", "I", "O"] or not 3 <= rank <= 5:
        raise ShapeError(op, f"weights {shape_of(b, w)} in order {order!r}; expected *, I and O")
    spaces = "".join(str(i) for i in range(rank - 2))
    axes = order.replace("*", spaces)
    w = permuted(b, w, [axes.index(a) for a in f"O{spaces}I"])
    shape, groups = shape_of(b, w), spec.groups
    if not turned or groups == 1 or shape[-1] != channels or channels % groups:
        return w
    w = reshaped(b, w, (*shape[:-1], groups, channels // groups))
    w = permuted(b, w, [rank - 1, *range(rank - 1), rank])
    return reshaped(b, w, (groups * shape[0], *shape[1:-1], channels // groups))


def _conv2d(layer: _Layer) -> str:
    """One node over the last two spatial axes."""
    b, x, w = layer.b, _as_picture(layer), _kernel2d(layer)
    (top, bottom), (left, right) = _last_two(layer.padding, (0, 0))
    attrs: dict[str, Any] = {
        "stride": _last_two(layer.stride, 1),
        "dilation": _last_two(layer.dilation, 1),
        "padding": (top, bottom, left, right),
    }
    channels = b.type(x).shape[3]
    if layer.groups == channels > 1:
        kernel = operand(b, permuted(b, w, (3, 1, 2, 0)), "weight")
        attrs["multiplier"] = shape_of(b, w)[0] // channels
        return b.op("depthwise_conv2d", x, kernel, layer.bias, **attrs)
    return b.op("conv2d", x, operand(b, w, "weight"), layer.bias, **attrs)


def _transpose2d(layer: _Layer) -> str:
    """One node over the last two spatial axes."""
    b = layer.b
    (top, _), (left, _) = _last_two(layer.padding, (0, 0))
    return b.op(
        "conv_transpose2d", _as_picture(layer), operand(b, _kernel2d(layer), "weight"), layer.bias,
        size=_last_two(layer.results, 1), stride=_last_two(layer.stride, 1),
        dilation=_last_two(layer.dilation, 1), padding=(top, left),
    )  # fmt: skip


def _as_picture(layer: _Layer) -> str:
    batch, *_, channels = layer.b.type(layer.x).shape
    return movement.reshape(layer.b, layer.x, (batch, *_last_two(layer.lengths, 1), channels))


def _kernel2d(layer: _Layer) -> Value:
    out, *_, depth = shape_of(layer.b, layer.w)
    return reshaped(layer.b, layer.w, (out, *_last_two(layer.kernel(), 1), depth))


def _last_two(values: tuple[_T, ...], alone: _T) -> tuple[_T, _T]:
    """The last two of one or more values; in front of a single one ``alone``."""
    return (alone, values[0]) if len(values) == 1 else (values[-2], values[-1])


def _pad_depth(layer: _Layer, before: int, after: int) -> None:
    """Zeros in front of and behind x along its first spatial axis."""
    sides = [(0, 0), (before, after), (0, 0), (0, 0), (0, 0)]
    layer.x = movement.pad(layer.b, layer.x, sides)


def _stack_depth(layer: _Layer) -> None:
    """Makes the first of three spatial axes part of the batch: what the kernel sees along it
    becomes channels, group by group."""
    b, steps, step = layer.b, layer.results[0], layer.stride[0]
    batch, _, height, width, channels = b.type(layer.x).shape
    each_group = channels // layer.groups
    parts = []
    for k in range(layer.kernel()[0]):
        first = k * layer.dilation[0]
        stops = (None, first + (steps - 1) * step + 1, None, None, None)
        seen = movement.slices(
            b, layer.x, (None, first, None, None, None), stops, (None, step, None, None, None)
        )
        parts.append(movement.reshape(b, seen, (-1, each_group)))
    stacked = movement.concat(b, parts, 1)
    shape = (batch * steps, height, width, channels * len(parts))
    layer.x = movement.reshape(b, stacked, shape)
    out, deep, tall, wide, depth = shape_of(b, layer.w)
    w = permuted(b, layer.w, (0, 2, 3, 1, 4))
    layer.w = reshaped(b, w, (out, tall, wide, deep * depth))
    layer.lengths, layer.results = (height, width), layer.results[1:]
    layer.stride, layer.dilation = layer.stride[1:], layer.dilation[1:]
    layer.padding = layer.padding[1:]


def _spread_depth(layer: _Layer) -> None:
    """Turns a transposed convolution into a plain one along the first spatial axis: x with zeros
    between and around, the kernel backwards."""
    b, step, size = layer.b, layer.stride[0], layer.results[0]
    batch, length, height, width, channels = b.type(layer.x).shape
    extent = (layer.kernel()[0] - 1) * layer.dilation[0] + 1
    x = movement.reshape(b, layer.x, (batch, length, 1, height, width * channels))
    x = movement.pad(b, x, [(0, 0), (0, 0), (0, step - 1), (0, 0), (0, 0)])
    layer.x = movement.reshape(b, x, (batch, length * step, height, width, channels))
    before = extent - 1 - layer.padding[0][0]
    _pad_depth(layer, before, size + extent - 1 - before - length * step)
    w = layer.w
    if isinstance(w, str):
        layer.w = movement.flip(b, w, (1,))
    else:
        layer.w = np.ascontiguousarray(w[:, ::-1])
    layer.stride = (1, *layer.stride[1:])
