"""Layers of Keras that slide a window: convolutions, poolings, borders.

Kernels lie as [*spatial, channels of x, channels of the result]; depthwise ones as [*spatial,
channels, multiplier]; transposed ones as [*spatial, channels of the result, channels of x].
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinsmith.compose import convolution, movement, pooling, reduction
from tinsmith.compose.convolution import ConvSpec
from tinsmith.compose.movement import Layout
from tinsmith.compose.pictures import same_padding
from tinsmith.compose.pooling import PoolSpec
from tinsmith.compose.resizing import ResizeSpec, resize
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.keras.activations import activate
from tinsmith.importers.keras.layers import kernel_and_bias
from tinsmith.importers.keras.translate import Use

Pairs = tuple[tuple[int, int], ...]


def layout_of(use: Use) -> Layout:
    """Where the channels are."""
    found = use.config.get("data_format") or "channels_last"
    if found == "channels_last":
        return "channels_last"
    if found == "channels_first":
        return "channels_first"
    raise Unsupported(f"data_format is {found!r}")


def numbers(value: Any, count: int) -> tuple[int, ...]:
    """A number, or one per spatial axis."""
    listed = value if isinstance(value, list) else [value] * count
    if len(listed) != count:
        raise Unsupported(f"{value} for {count} spatial axes")
    return tuple(int(v) for v in listed)


def lengths(use: Use, x: str) -> tuple[int, ...]:
    """Lengths of the spatial axes."""
    shape = use.type(x).shape
    return shape[1:-1] if layout_of(use) == "channels_last" else shape[2:]


def _padding(use: Use, x: str, kernel: Sequence[int], spec: dict[str, Any]) -> Pairs:
    kind = use.config.get("padding", "valid")
    if kind == "valid":
        return ((0, 0),) * len(kernel)
    if kind == "same":
        return same_padding(lengths(use, x), kernel, spec["stride"], spec["dilation"])
    if kind == "causal" and len(kernel) == 1:
        return (((kernel[0] - 1) * spec["dilation"][0], 0),)
    raise Unsupported(f"padding is {kind!r}")


def _spec(use: Use, x: str, kernel: tuple[int, ...], weights: str) -> dict[str, Any]:
    count, config = len(kernel), use.config
    spec: dict[str, Any] = {
        "stride": numbers(config.get("strides", 1), count),
        "dilation": numbers(config.get("dilation_rate", 1), count),
        "layout": layout_of(use),
        "weights": weights,
    }
    return spec | {"padding": _padding(use, x, kernel, spec)}


def conv(use: Use) -> str:
    """Conv1D, Conv2D, Conv3D."""
    x = use.x
    kernel, bias = kernel_and_bias(use)
    spec = _spec(use, x, kernel.shape[:-2], "*IO") | {"groups": int(use.config.get("groups", 1))}
    y = use.b.renamed(convolution.conv(use.b, x, kernel, bias, ConvSpec(**spec)), use.name)
    return activate(use, y, use.config.get("activation"))


def depthwise_conv(use: Use) -> str:
    """DepthwiseConv1D and 2D: each channel by itself, ``depth_multiplier`` results of each."""
    x, biased = use.x, use.config.get("use_bias", True)
    role = "kernel" if use.t.document.version[:1] in ("3", "4") else "depthwise_kernel"
    w = use.weights(role, "bias") if biased else use.weights(role)
    y = _depthwise(use, x, w[role], w.get("bias"))
    return activate(use, y, use.config.get("activation"))


def _depthwise(use: Use, x: str, kernel: np.ndarray, bias: np.ndarray | None) -> str:
    *spatial, channels, multiplier = kernel.shape
    w = kernel.reshape(*spatial, 1, channels * multiplier)
    spec = _spec(use, x, tuple(spatial), "*IO") | {"groups": channels}
    given = np.zeros(channels * multiplier, np.float32) if bias is None else bias
    return use.b.renamed(
        convolution.conv(use.b, x, w, given, ConvSpec(**spec)), f"{use.name}_depthwise"
    )


def separable_conv(use: Use) -> str:
    """SeparableConv1D and 2D: depthwise without bias, then a product per place."""
    biased = use.config.get("use_bias", True)
    names = ["depthwise_kernel", "pointwise_kernel", *(["bias"] if biased else [])]
    w = use.weights(*names)
    x = _depthwise(use, use.x, w["depthwise_kernel"], None)
    pointwise = w["pointwise_kernel"]
    bias = w.get("bias", np.zeros(pointwise.shape[-1], np.float32))
    spec = ConvSpec(layout=layout_of(use), weights="*IO")
    y = use.b.renamed(convolution.conv(use.b, x, pointwise, bias, spec), use.name)
    return activate(use, y, use.config.get("activation"))


def conv_transpose(use: Use) -> str:
    """Conv1DTranspose, Conv2DTranspose, Conv3DTranspose; results as with TensorFlow."""
    x, config = use.x, use.config
    found = use.weights("kernel", "bias") if config.get("use_bias", True) else use.weights("kernel")
    kernel = found["kernel"]
    bias = found.get("bias", np.zeros(kernel.shape[-2], np.float32))
    count = kernel.ndim - 2
    stride = numbers(config.get("strides", 1), count)
    dilation = numbers(config.get("dilation_rate", 1), count)
    use.require("padding", "valid", "same")
    same, cuts = config.get("padding") == "same", []
    added = config.get("output_padding")
    extra = [None] * count if added is None else numbers(added, count)
    for k, s, d, e in zip(kernel.shape, stride, dilation, extra, strict=False):
        extent = (k - 1) * d + 1
        if e is None:
            more = extent - s
            before = max(more, 0) // 2 if same else 0
            cuts.append((before, more - before if same else min(more, 0)))
        else:
            more = 2 * (extent // 2) - e if same else -e
            before = max(more, 0) // 2
            cuts.append((before, more - before))
    spec = ConvSpec(
        stride=stride, dilation=dilation, padding=tuple(cuts), layout=layout_of(use), weights="*OI"
    )
    y = use.b.renamed(convolution.conv_transpose(use.b, x, kernel, bias, spec), use.name)
    return activate(use, y, config.get("activation"))


def pool(kind: str, count: int) -> Callable[[Use], str]:
    """MaxPooling and AveragePooling over ``count`` spatial axes; padding never counts."""

    def rule(use: Use) -> str:
        config = use.config
        size = numbers(config["pool_size"], count)
        stride = size if config.get("strides") is None else numbers(config["strides"], count)
        given: dict[str, Any] = {"stride": stride, "dilation": (1,) * count}
        padding = _padding(use, use.x, size, given)
        spec = PoolSpec(size, padding=padding, layout=layout_of(use), **given)
        return use.b.renamed(pooling.pool(use.b, kind, use.x, spec), use.name)

    return rule


def global_pool(op: str) -> Callable[[Use], str]:
    """Over all spatial axes; the axes stay with length 1 if keepdims."""

    def rule(use: Use) -> str:
        rank = len(use.type(use.x).shape)
        axes = range(1, rank - 1) if layout_of(use) == "channels_last" else range(2, rank)
        keepdims = bool(use.config.get("keepdims", False))
        return reduction.reduce(use.b, op, use.x, tuple(axes), keepdims)

    return rule


def _sides(use: Use, key: str) -> list[tuple[int, int]]:
    """(before, after) per axis of x from a setting: a number, one per spatial axis, or pairs."""
    value, rank = use.config[key], len(use.type(use.x).shape)
    count = rank - 2
    if isinstance(value, int):
        pairs = [(value, value)] * count
    elif count == 1 and not isinstance(value[0], list):
        pairs = [(int(value[0]), int(value[-1]))]
    else:
        pairs = [(v, v) if isinstance(v, int) else (int(v[0]), int(v[1])) for v in value]
    none = (0, 0)
    first = layout_of(use) == "channels_first"
    return [none, none, *pairs] if first else [none, *pairs, none]


def zero_padding(use: Use) -> str:
    """ZeroPadding1D, 2D, 3D."""
    return use.b.renamed(movement.pad(use.b, use.x, _sides(use, "padding"), 0.0), use.name)


def cropping(use: Use) -> str:
    """Cropping1D, 2D, 3D."""
    sides = [(-before, -after) for before, after in _sides(use, "cropping")]
    return use.b.renamed(movement.pad(use.b, use.x, sides, 0.0), use.name)


def up_sampling(use: Use) -> str:
    """UpSampling1D, 2D, 3D: each place repeated, or (2D) interpolated between centres."""
    x, shape = use.x, use.type(use.x).shape
    use.require("interpolation", "nearest", "bilinear")
    first = layout_of(use) == "channels_first"
    axes = range(2, len(shape)) if first else range(1, len(shape) - 1)
    times = numbers(use.config["size"], len(shape) - 2)
    sizes = [shape[a] * n for a, n in zip(axes, times, strict=True)]
    linear = use.config.get("interpolation") == "bilinear"
    how = ResizeSpec("linear" if linear else "nearest", "half_pixel")
    return use.b.renamed(resize(use.b, x, tuple(axes), sizes, how), use.name)
