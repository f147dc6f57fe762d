"""Layers with weights: fully connected, convolution, depthwise convolution; fused activations.

Sources: TensorFlow Lite 8-bit quantization specification; Jacob et al., "Quantization and Training
of Neural Networks for Efficient Integer-Arithmetic-Only Inference", CVPR 2018; the options tables
of TensorFlow Lite's schema, version 3.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from tinsmith.ir.ops.requantize import multipliers
from tinsmith.ir.tflite.translate import Unsupported, Use
from tinsmith.ir.types import Quant

_LIMITS: Mapping[int, tuple[float | None, float | None]] = {
    0: (None, None), 1: (0.0, None), 2: (-1.0, 1.0), 3: (0.0, 6.0),
}  # fmt: skip
"""Fused activation (none, relu, relu_n1_to_1, relu6) -> lower and upper limit of real values."""
_MOST_STEP = 1 << 12


def limits(code: int) -> tuple[float | None, float | None]:
    """Lower and upper limit that a fused activation of the schema sets to real values."""
    if code not in _LIMITS:
        raise Unsupported(f"its fused activation {code} is not one of none, relu, relu6, -1 to 1")
    return _LIMITS[code]


def clamp(code: int, quant: Quant) -> tuple[int, int]:
    """Limits of the int8 result: real limits / scale in float32, rounded half away from zero."""
    ends = []
    for limit, widest in zip(limits(code), (-128, 127), strict=True):
        step = np.float32(0 if limit is None else limit) / np.float32(quant.scale[0])
        place = float(np.sign(step) * np.floor(np.abs(np.float64(step)) + 0.5))
        q = widest if limit is None else quant.zero_point[0] + place
        ends.append(int(min(127, max(-128, q))))
    return ends[0], ends[1]


def bounded(use: Use, value: str, code: int) -> str:
    """A float value within the limits of an activation; the last node gets the operator's name."""
    low, high = limits(code)
    if low == 0:
        value = use.op("relu", value, name=use.name if high is None else f"{use.name}_lower")
    elif low is not None:
        value = _against(use, "reduce_max", value, low)
    return value if high is None else _against(use, "reduce_min", value, high)


def _against(use: Use, op: str, value: str, limit: float) -> str:
    """The smaller or larger of each element and a number: a reduction over pairs."""
    shape, n = use.type(value).shape, use.type(value).elements
    column = use.reshape(value, (n, 1), f"{use.name}_column")
    bound = use.constant(f"{use.name}_limit", np.full((n, 1), limit, np.float32))
    pairs = use.op("concat", column, bound, name=f"{use.name}_pairs", axis=1)
    return use.reshape(use.op(op, pairs, name=f"{use.name}_limited", axis=1), shape)


def ends_with(use: Use, code: int) -> str:
    """Name for the node in front of a float activation, if there is one."""
    return use.name if limits(code) == (None, None) else f"{use.name}_sum"


@dataclass(frozen=True)
class _Product:
    """A layer with weights: its op, value and attributes; ``channels`` is the axis of the weights
    that counts the results; ``activation`` the fused one."""

    op: str
    x: str
    channels: int
    activation: int
    attrs: Mapping[str, Any]


def _weighted(use: Use, product: _Product) -> str:
    dtype = use.type(product.x).dtype
    if dtype != use.result.dtype:
        raise Unsupported(f"it makes {use.result.dtype} of {dtype}")
    weights = use.tensor(1)
    if weights is not None and (dtype, weights.dtype) == ("float32", "int8"):
        raise Unsupported(f"float32 with int8 weights ({weights}): dynamic-range quantisation")
    w = use.weights(1, dtype)
    if w.ndim <= product.channels:
        raise Unsupported(f"its weights have shape {list(w.shape)}")
    channels = w.shape[product.channels]
    b_dtype = "int32" if dtype == "int8" else "float32"
    b = use.weights(2, b_dtype) if use.tensor(2) else np.zeros(channels, b_dtype)
    if b.size != channels:
        raise Unsupported(f"its bias has {b.size} numbers for {channels} channels")
    names = f"{use.name}_weight", f"{use.name}_bias"
    if dtype == "int8":
        return _integer(use, product, w, b.reshape(-1))
    operands = [use.constant(names[0], w), use.constant(names[1], b.reshape(-1))]
    name = ends_with(use, product.activation)
    y = use.op(product.op, product.x, *operands, name=name, **product.attrs)
    return bounded(use, y, product.activation)


def _integer(use: Use, product: _Product, w: np.ndarray, b: np.ndarray) -> str:
    """int8 x int8 + int32 -> int32, then requantize with the activation as its clamp."""
    tensor, out = use.tensor(1), use.result.quant()
    wq, xq = tensor.quant() if tensor else out, use.type(product.x).quant
    if xq is None or xq.axis is not None or out.axis is not None or any(wq.zero_point):
        raise Unsupported("activations need one scale, weights zero points of 0")
    if wq.axis not in (None, product.channels):
        raise Unsupported(f"its weights have scales along axis {wq.axis}")
    _require_room(product, w, b, xq.zero_point[0])
    names = f"{use.name}_weight", f"{use.name}_bias"
    operands = [use.constant(names[0], w, wq), use.constant(names[1], b)]
    total = use.op(product.op, product.x, *operands, name=f"{use.name}_sum", **product.attrs)
    low, high = clamp(product.activation, out)
    try:
        multiplier, shift = multipliers(_factors(use, xq.scale[0], wq, out.scale[0]))
    except ValueError as e:
        raise Unsupported(f"its scales do not fit: {e}") from e
    scales = (
        use.constant(f"{use.name}_multiplier", multiplier),
        use.constant(f"{use.name}_shift", shift),
    )
    return use.op(
        "requantize", total, *scales, quant=out, rounding=use.rounding,
        zero_point=out.zero_point[0], act_min=low, act_max=high,
    )  # fmt: skip


def _factors(use: Use, x: float, w: Quant, y: float) -> list[float]:
    """Scale of x times scale of w over scale of the result, in float64; see `rounding.py`."""
    if use.float32_product and len(w.scale) == 1:
        with np.errstate(over="ignore", under="ignore"):
            return [float(np.float32(x) * np.float32(w.scale[0])) / y]
    return [x * s / y for s in w.scale]


def _require_room(product: _Product, w: np.ndarray, b: np.ndarray, zero: int) -> None:
    """No sum may leave int32, whatever the input is."""
    others = tuple(a for a in range(w.ndim) if a != product.channels)
    widest = max(127 - zero, 128 + zero)
    most = np.abs(w.astype(np.int64)).sum(others) * widest + np.abs(b.astype(np.int64))
    if int(most.max()) >= 2**31:
        raise Unsupported(f"its sums may reach {int(most.max())}, beyond int32")


def fully_connected(use: Use) -> str:
    """Options 0: the activation, 1: how the weights lie. Any input with whole rows."""
    weights = use.tensor(1)
    if use.option(1):
        raise Unsupported("its weights are shuffled")
    if weights is None or len(weights.shape) != 2:
        raise Unsupported(f"its weights are {weights}; expected a matrix")
    x, depth = use.value(0), weights.checked().shape[1]
    rows = use.type(x).elements // depth
    shape, wanted = (rows, weights.shape[0]), use.result.checked().shape
    if rows * depth != use.type(x).elements or prod(wanted) != prod(shape):
        raise Unsupported(f"its input has {use.type(x)} for weights {list(weights.shape)}")
    x = use.reshape(x, (rows, depth), f"{use.name}_rows")
    if shape == wanted:
        return _weighted(use, _Product("dense", x, 0, use.option(0), {}))
    name, use.name = use.name, f"{use.name}_matrix"
    y = _weighted(use, _Product("dense", x, 0, use.option(0), {}))
    return use.reshape(y, wanted, name)


def window(use: Use, x: str, kernel: tuple[int, int], dilation: tuple[int, int]) -> dict[str, Any]:
    """Attributes stride and padding (top, bottom, left, right) from options 0 (same, valid), 1
    (stride x) and 2 (stride y). Same: as many results as strides fit into x, the odd one behind."""
    size, stride = use.type(x).shape[1:3], (use.option(2, "<i"), use.option(1, "<i"))
    steps = (*stride, *dilation)
    if len(use.type(x).shape) != 4 or not all(1 <= s <= _MOST_STEP for s in steps):
        raise Unsupported(f"input {use.type(x)}, stride {stride} and dilation {dilation}")
    if use.option(0) not in (0, 1) or any(k > 2 * n for k, n in zip(kernel, size, strict=True)):
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
    return _weighted(use, _Product(op, x, channels, use.option(3 + shift), attrs))
