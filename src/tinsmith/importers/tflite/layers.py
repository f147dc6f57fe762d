"""Layers with weights: fully connected, convolution, depthwise and transposed convolution; fused
activations of float values.

Integers: `integers.py`; float values with int8 weights: `dynamic.py`. Source: the options tables of
TensorFlow Lite's schema, version 3.
"""

from math import prod
from typing import Any

import numpy as np

from tinsmith.compose import elementwise, movement
from tinsmith.compose import layers as compose
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.tflite.dynamic import dynamic_layer
from tinsmith.importers.tflite.integers import (
    WEIGHTS,
    Product,
    clamp,
    integer_layer,
    limits,
    require_same_shape,
)
from tinsmith.importers.tflite.products import integer_rows
from tinsmith.importers.tflite.schema import Tensor
from tinsmith.importers.tflite.use import Use

__all__ = ["bounded", "clamp", "conv", "ends_with", "fully_connected", "limits", "window"]

_MOST_STEP = 1 << 12
_MOST_PLACES = 1 << 16
"""Places of a window of which most lie outside of the picture: each costs a step all the same."""


def bounded(use: Use, value: str, code: int) -> str:
    """A float value within the limits of an activation; the last node gets the operator's name."""
    low, high = limits(code)
    if low == 0:  # an operation of its own, which quantisation knows too
        value = use.op("relu", value, name=use.name if high is None else f"{use.name}_lower")
        low = None
    return elementwise.clip(use.b, value, low, high, name=use.name)


def ends_with(use: Use, code: int) -> str:
    """Name for the node in front of a float activation, if there is one."""
    return use.name if limits(code) == (None, None) else f"{use.name}_sum"


def _weighted(use: Use, product: Product) -> str:
    """The layer in the arithmetic that its types ask for."""
    dtype, weights = use.type(product.x).dtype, use.given(1)
    if dtype != use.wanted.dtype:
        raise Unsupported(f"it makes {use.wanted.dtype} of {dtype}")
    if dtype in ("int8", "int16"):
        return integer_layer(use, product)
    if dtype != "float32":
        raise Unsupported(f"its input is {use.type(product.x)}")
    if weights.dtype in WEIGHTS:
        y = dynamic_layer(use, product, ends_with(use, product.activation))
    else:
        y = _float_layer(use, product)
    return bounded(use, y, product.activation)


def _float_layer(use: Use, product: Product) -> str:
    w = _floats(use, 1)
    if w.ndim <= product.channels:
        raise Unsupported(f"its weights have shape {list(w.shape)}")
    channels = w.shape[product.channels]
    b = np.zeros(channels, np.float32)
    if use.tensor(product.bias) is not None:
        b = _sized_bias(_floats(use, product.bias), channels)
    operands = use.constant(f"{use.name}_weight", w), use.constant(f"{use.name}_bias", b)
    name = ends_with(use, product.activation)
    return use.op(product.op, product.x, *operands, name=name, **product.attrs)


def _sized_bias(bias: np.ndarray, channels: int) -> np.ndarray:
    """A bias, which must have one number per channel."""
    if bias.size != channels:
        raise Unsupported(f"its bias has {bias.size} numbers for {channels} channels")
    return bias.reshape(-1)


def _floats(use: Use, position: int) -> np.ndarray:
    """Content of a float32 operand that is a constant, or was made of one."""
    tensor = use.given(position)
    if tensor.constant and not tensor.variable and tensor.index not in use.t.values:
        if tensor.dtype != "float32":
            raise Unsupported(f"operand {position} ({tensor}) is not float32")
        return tensor.array()
    if tensor.index not in use.t.values:
        raise Unsupported(f"operand {position} ({tensor}) is no constant")
    value = use.value(position)
    found = use.b.build([value]).constants.get(value)
    if found is None or found.dtype != np.float32:
        raise Unsupported(f"operand {position} ({tensor}) is no constant of float32")
    return found


def fully_connected(use: Use) -> str:
    """Options 0: the activation, 1: how the weights lie, 2: whether the result has all axes of the
    input. Any input with whole rows."""
    weights = use.tensor(1)
    if use.option(1):
        raise Unsupported("its weights are shuffled")
    if weights is None or len(weights.shape) != 2:
        raise Unsupported(f"its weights are {weights}; expected a matrix")
    x, depth = use.value(0), weights.checked().shape[1]
    rows = use.type(x).elements // depth
    shape = (rows, weights.shape[0])
    kept = (*use.type(x).shape[:-1], shape[1])
    wanted = use.declared(kept if use.option(2) else shape)
    if rows * depth != use.type(x).elements or prod(wanted) != prod(shape):
        raise Unsupported(f"its input has {use.type(x)} for weights {list(weights.shape)}")
    x = use.reshape(x, (rows, depth), f"{use.name}_rows")
    layer = _computed if _is_computed(use, weights) else _weighted
    if shape == wanted:
        return layer(use, Product("dense", x, 0, use.option(0), {}, bias_type=4))
    name, use.name = use.name, f"{use.name}_matrix"
    y = layer(use, Product("dense", x, 0, use.option(0), {}, bias_type=4))
    return use.reshape(y, wanted, name)


def _is_computed(use: Use, tensor: Tensor) -> bool:
    """Whether a tensor depends on inputs or states."""
    value = use.t.values.get(tensor.index)
    return value is not None and value not in use.b.build([value]).constants


def _computed(use: Use, product: Product) -> str:
    """A fully connected layer whose weights are no constant: float32 or int8, bias known."""
    b, x, channels = use.b, product.x, use.given(1).shape[0]
    if not use.type(x).dtype == use.given(1).dtype == use.wanted.dtype in ("float32", "int8"):
        raise Unsupported(f"it makes {use.wanted} of {use.type(x)} and computed {use.given(1)}")
    if use.type(x).dtype == "int8":
        return integer_rows(use, product, channels)
    y = compose.matmul(b, x, movement.transpose(b, use.value(1), (1, 0)))
    if use.tensor(product.bias) is not None:
        bias = _sized_bias(_floats(use, product.bias), channels)
        y = elementwise.binary(b, "add", y, use.constant(f"{use.name}_bias", bias))
    y = b.renamed(y, ends_with(use, product.activation))
    return bounded(use, y, product.activation)


def window(use: Use, x: str, kernel: tuple[int, int], dilation: tuple[int, int]) -> dict[str, Any]:
    """Attributes stride and padding (top, bottom, left, right) from options 0 (same, valid), 1
    (stride x) and 2 (stride y). Same: as many results as strides fit into x, the odd one behind."""
    size, stride = use.type(x).shape[1:3], (use.option(2, "<i"), use.option(1, "<i"))
    steps = (*stride, *dilation)
    if len(use.type(x).shape) != 4 or not all(1 <= s <= _MOST_STEP for s in steps):
        raise Unsupported(f"input {use.type(x)}, stride {stride} and dilation {dilation}")
    beyond = any(k > 2 * n for k, n in zip(kernel, size, strict=True))
    if use.option(0) not in (0, 1) or (beyond and prod(kernel) > _MOST_PLACES):
        raise Unsupported(f"padding {use.option(0)} and a window {kernel} over {use.type(x)}")
    padding: list[int] = []
    for n, k, s, d in zip(size, kernel, stride, dilation, strict=True):
        whole = max(0, (-(-n // s) - 1) * s + (k - 1) * d + 1 - n) if use.option(0) == 0 else 0
        padding += [whole // 2, whole - whole // 2]
    return {"stride": stride, "padding": tuple(padding)}


def conv(use: Use, depthwise: bool) -> str:
    """Options 3: the activation (depthwise: the multiplier, then the activation), then dilations
    along x and y."""
    shift, w, x = int(depthwise), use.tensor(1), use.value(0)
    if w is None or len(w.shape) != 4:
        raise Unsupported(f"its weights are {w}; expected four dimensions")
    dilation = (use.option(5 + shift, "<i", 1), use.option(4 + shift, "<i", 1))
    attrs = window(use, x, (w.shape[1], w.shape[2]), dilation)
    attrs["dilation"] = dilation
    if depthwise:
        attrs["multiplier"] = w.shape[3] // use.type(x).shape[3]
    op, channels = ("depthwise_conv2d", 3) if depthwise else ("conv2d", 0)
    activation, bias_type = use.option(3 + shift), -1 if depthwise else 6
    return _weighted(use, Product(op, x, channels, activation, attrs, bias_type=bias_type))


def conv3d(use: Use) -> str:
    """float32 [batch, depth, height, width, channels], weights [depth, height, width, channels,
    results]. Options 0: padding, 1 to 3: strides along depth, width, height, 4: the activation,
    5 to 7: dilations likewise."""
    x, w = use.value(0), use.weights(1, "float32")
    stride, dilation = (
        tuple(use.option(first + i, "<i", 1) for i in (0, 2, 1)) for first in (1, 5)
    )
    steps = (*stride, *dilation)
    if not len(use.type(x).shape) == w.ndim == 5 or not all(1 <= s <= _MOST_STEP for s in steps):
        raise Unsupported(f"{use.type(x)}, {use.given(1)}, stride {stride}, dilation {dilation}")
    padding: tuple[tuple[int, int], ...] = ()
    if use.option(0) == 0:
        lengths = use.type(x).shape[1:4]
        padding = compose.same_padding(lengths, w.shape[:3], stride, dilation)
    spec = compose.ConvSpec(stride, padding, dilation, 1, "channels_last", "*IO")
    bias = None
    if use.tensor(2) is not None:
        bias = _sized_bias(_floats(use, 2), w.shape[4])
    y = compose.conv(use.b, x, w, bias, spec)
    return bounded(use, use.b.renamed(y, ends_with(use, use.option(4))), use.option(4))


def transpose_conv(use: Use) -> str:
    """Operands: shape of the result, weights, x, bias. Options 0: padding, 1 and 2: strides along x
    and y, 3: the activation. The result is what a convolution with this padding and stride would
    make x of. A shape that comes in at run time is taken to be the declared one: shapes are fixed.
    """
    x, w = use.value(2), use.tensor(1)
    size = use.integers(0) if use.t.model.free else use.wanted.shape
    if w is None or len(w.shape) != 4 or len(size) != 4 or len(use.type(x).shape) != 4:
        raise Unsupported(f"its input is {use.type(x)}, its weights are {w}")
    if use.given(0).constant:
        require_same_shape(use.integers(0), size)
    stride = (use.option(2, "<i"), use.option(1, "<i"))
    if use.option(0) not in (0, 1) or not all(1 <= s <= _MOST_STEP for s in stride):
        raise Unsupported(f"padding {use.option(0)} and stride {stride}")
    padding = tuple(
        max(0, (n - 1) * s + k - m) // 2
        for n, s, k, m in zip(use.type(x).shape[1:3], stride, w.shape[1:3], size[1:3], strict=True)
    )
    attrs = {"size": size[1:3], "stride": stride, "padding": padding}
    product = Product("conv_transpose2d", x, 0, use.option(3), attrs, bias=3, bias_type=4)
    return _weighted(use, product)
