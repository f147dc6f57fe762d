"""Dynamic range: float values, integer weights. Each row of values is quantised when it is known.

Sums are exact integers of our own: rows are brought to 8 bits with a scale of their own, multiplied
with the weights as they are, and the sums are brought back to float32. Rows are samples of a batch.
Convolutions and layers with option asymmetric_quantize_inputs give a row a zero point too where
LiteRT's kernels do (lite/kernels/{fully_connected,conv,depthwise_conv}.cc, EvalHybrid).
"""

import numpy as np

from tinsmith.importers._frame import Unsupported
from tinsmith.importers.tflite.integers import Product, integer_weights, sized
from tinsmith.importers.tflite.schema import Tensor
from tinsmith.importers.tflite.use import Use
from tinsmith.ir.types import Quant

MOST_DYNAMIC_SUM = 2**31


def dynamic_layer(use: Use, product: Product, name: str) -> str:
    """float32 x with integer weights; the result without its activation, called ``name``."""
    if use.operator.kind == "TRANSPOSE_CONV":
        raise Unsupported("float32 with integer weights: dynamic-range quantisation")
    w, wq = integer_weights(use, product.channels)
    if use.operator.kind == "DEPTHWISE_CONV_2D" and len(wq.scale) != w.shape[product.channels]:
        raise Unsupported(
            "its weights have one scale, LiteRT's dynamic range takes one per channel"
        )
    return dynamic_rows(use, product, (w, wq), name, _asymmetric(use, wq))


def dynamic_rows(
    use: Use, product: Product, weights: tuple[np.ndarray, Quant], name: str, asymmetric: bool
) -> str:
    """The layer ``product`` with known integer weights, each sample of its x in 8 bits."""
    x, (w, wq) = use.type(product.x), weights
    _require_room(product, w, wq)
    rows = x.shape[0]
    flat = use.reshape(product.x, (rows, x.elements // rows), f"{use.name}_samples")
    scales = use.op("row_scales", flat, name=f"{use.name}_scales", asymmetric=asymmetric)
    steps = use.op("quantize_rows", flat, scales, name=f"{use.name}_steps", asymmetric=asymmetric)
    sums = _sums(use, product, use.reshape(steps, x.shape, f"{use.name}_picture"), (w, wq))
    return _brought_back(use, product, (sums, scales, name), wq)


def _asymmetric(use: Use, weights: Quant) -> bool:
    """Whether rows get a zero point: convolutions with a scale per channel always, fully connected
    layers by their option 3."""
    if use.operator.kind == "FULLY_CONNECTED":
        return bool(use.option(3))
    return weights.axis is not None or use.operator.kind == "DEPTHWISE_CONV_2D"


def _require_room(product: Product, w: np.ndarray, quant: Quant) -> None:
    others = tuple(a for a in range(w.ndim) if a != product.channels)
    most = int(np.abs(w.astype(np.int64) - quant.zero_point[0]).sum(others).max()) * 255
    if most >= MOST_DYNAMIC_SUM:
        raise Unsupported(f"its sums may reach {most}, beyond int32")


def _sums(use: Use, product: Product, steps: str, weights: tuple[np.ndarray, Quant]) -> str:
    w, quant = weights
    none = np.zeros(w.shape[product.channels], np.int64)
    operands = (
        use.constant(f"{use.name}_weight", w, quant),
        use.constant(f"{use.name}_none", none),
    )
    return use.op(product.op, steps, *operands, name=f"{use.name}_sums", **product.attrs)


def _brought_back(use: Use, product: Product, values: tuple[str, str, str], weights: Quant) -> str:
    sums, scales, name = values
    shape, rows = use.type(sums).shape, use.type(scales).shape[0]
    flat = use.reshape(sums, (rows, use.type(sums).elements // rows), f"{use.name}_rows")
    tensor, channels = use.tensor(product.bias), shape[-1]
    bias = np.zeros(channels, np.float32) if tensor is None else _bias(tensor, channels)
    factors = np.array(weights.scale, np.float32)
    operands = (
        use.constant(f"{use.name}_factor", factors),
        use.constant(f"{use.name}_bias", bias),
    )
    whole = use.type(flat).shape == shape
    y = use.op("scale_rows", flat, scales, *operands, name=name if whole else f"{name}_flat")
    return use.reshape(y, shape, name)


def _bias(tensor: Tensor, channels: int) -> np.ndarray:
    if not tensor.constant or tensor.variable or tensor.dtype != "float32":
        raise Unsupported(f"its bias ({tensor}) is no constant of float32")
    return sized(tensor, channels)


def dequantize(use: Use) -> str:
    """Values as real numbers; of a constant (float16 too) a constant."""
    tensor = use.given(0)
    if tensor.constant and not tensor.variable and tensor.index not in use.t.values:
        return use.constant(use.name, _real(tensor))
    x = use.value(0)
    if use.type(x).dtype != "int16":
        return use.op("dequantize", x)
    quant = use.type(x).quant
    if quant is None or quant.axis is not None:
        raise Unsupported(f"{use.type(x)} needs one scale and one zero point")
    scale = use.constant(f"{use.name}_scale", np.array(quant.scale, np.float32))
    return use.op("dequantize", x, scale)


def _real(tensor: Tensor) -> np.ndarray:
    array = tensor.array()
    if array.dtype.kind == "f":
        return array.astype(np.float32)
    quant = tensor.quant()
    along = [1] * array.ndim
    if quant.axis is not None:
        along[quant.axis] = -1
    scale = np.array(quant.scale, np.float32).reshape(along)
    zero = np.array(quant.zero_point, np.int32).reshape(along)
    return ((array.astype(np.int32) - zero).astype(np.float32) * scale).astype(np.float32)
