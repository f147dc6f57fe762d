"""Layers with integer weights: sums, then a requantisation with the activation as its clamp.

Sources: TensorFlow Lite 8-bit quantization specification; Jacob et al., "Quantization and Training
of Neural Networks for Efficient Integer-Arithmetic-Only Inference", CVPR 2018.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinsmith.importers._frame import Unsupported
from tinsmith.importers.tflite.flatbuffer import broken
from tinsmith.importers.tflite.rounding import rounding_of
from tinsmith.importers.tflite.schema import Tensor
from tinsmith.importers.tflite.use import Use
from tinsmith.importers.tflite.values import content_of, is_shifted, shifted
from tinsmith.ir.ops._fixed import MOST_SHIFT_WIDE
from tinsmith.ir.ops.dense import MOST_BIAS
from tinsmith.ir.ops.requantize import multipliers
from tinsmith.ir.types import DType, Quant

_LIMITS: Mapping[int, tuple[float | None, float | None]] = {
    0: (None, None), 1: (0.0, None), 2: (-1.0, 1.0), 3: (0.0, 6.0),
}  # fmt: skip
"""Fused activation (none, relu, relu_n1_to_1, relu6) -> lower and upper limit of real values."""
WEIGHTS = ("int8", "int4", "int2", "uint8")
"""Types of weights of integer layers; those with fewer bits become int8."""
MOST_SUM = {"int32": 2**31, "int64": 2**47}
"""What sums of a type stay below: 64 bits as far as they are scaled exactly."""
BIASES: Mapping[int, DType] = {0: "int64", 2: "int32", 4: "int64"}
"""Option quantized_bias_type (none, int32, int64) -> sums of int16 layers that have no bias."""


@dataclass(frozen=True)
class Product:
    """A layer with weights.

    Args:
        op: the operation that makes the sums.
        x: value.
        channels: axis of the weights that counts the results.
        activation: code of the fused one.
        attrs: attributes of the operation.
        bias: position of the bias among the operands.
        bias_type: id of the option that names the type of an int16 layer's bias; -1: none.
    """

    op: str
    x: str
    channels: int
    activation: int
    attrs: Mapping[str, Any]
    bias: int = 2
    bias_type: int = -1


def limits(code: int) -> tuple[float | None, float | None]:
    """Lower and upper limit that a fused activation of the schema sets to real values."""
    if code not in _LIMITS:
        raise Unsupported(f"its fused activation {code} is not one of none, relu, relu6, -1 to 1")
    return _LIMITS[code]


def clamp(code: int, quant: Quant, dtype: str = "int8") -> tuple[int, int]:
    """Limits of an integer result: real limits / scale in float32, rounded half away from zero. In
    float32, as the reference has it: 6 / scale in float64 lies on the other side of a half for some
    scales, and every result at the limit would be one off."""
    info, ends = np.iinfo(dtype), []
    for limit, widest in zip(limits(code), (info.min, info.max), strict=True):
        step = np.float32(0 if limit is None else limit) / np.float32(quant.scale[0])
        place = float(np.sign(step) * np.floor(np.abs(np.float64(step)) + 0.5))
        q = widest if limit is None else quant.zero_point[0] + place
        ends.append(int(min(info.max, max(info.min, q))))
    return ends[0], ends[1]


def one_quant(quant: Quant | None, what: str) -> Quant:
    """A Quant with one scale and one zero point."""
    if quant is None or quant.axis is not None:
        raise Unsupported(f"{what} needs one scale and one zero point")
    return quant


def integer_weights(use: Use, channels: int) -> tuple[np.ndarray, Quant]:
    """Content of operand 1 in int8 and its Quant: int8, int4 and int2 (one byte each) or uint8 (its
    top bit flipped). Zero points other than 0 are for uint8, and for fully connected layers with
    one scale: LiteRT's reference refuses or ignores them elsewhere."""
    tensor = use.given(1)
    if not tensor.constant or tensor.variable or tensor.dtype not in WEIGHTS:
        raise Unsupported(f"operand 1 ({tensor}) is no constant of int8, int4, int2 or uint8")
    if tensor.dtype == "uint8" and not is_shifted(tensor):
        raise Unsupported(f"operand 1 ({tensor}) has no scale")
    if tensor.dtype == "int2" and use.operator.kind != "FULLY_CONNECTED":
        raise Unsupported(f"operand 1 ({tensor}): fully connected layers alone take int2")
    w, quant = content_of(tensor), tensor.quant()
    quant = shifted(quant, -128) if is_shifted(tensor) else quant
    fits = use.operator.kind == "FULLY_CONNECTED" and quant.axis is None
    if tensor.dtype == "uint8" and quant.axis is not None:
        raise Unsupported("its uint8 weights have several scales")
    if any(quant.zero_point) and not (fits or tensor.dtype == "uint8"):
        raise Unsupported(f"its {tensor.dtype} weights need zero points of 0")
    if quant.axis not in (None, channels):
        raise Unsupported(f"its weights have scales along axis {quant.axis}")
    if w.ndim <= channels:
        raise Unsupported(f"its weights have shape {list(w.shape)}")
    return w, quant


def integer_bias(use: Use, product: Product, channels: int) -> np.ndarray:
    """The bias in the type in which it lies, zeros where it is left out: int32, int64 for int16."""
    tensor = use.tensor(product.bias)
    if tensor is None:
        return np.zeros(channels, _missing(use, product))
    allowed = ("int32", "int64") if use.type(product.x).dtype == "int16" else ("int32",)
    if not tensor.constant or tensor.variable or tensor.dtype not in allowed:
        raise Unsupported(f"operand {product.bias} ({tensor}) is no constant {allowed[0]}")
    return sized(tensor, channels)


def _missing(use: Use, product: Product) -> DType:
    if use.type(product.x).dtype != "int16" or product.bias_type < 0:
        return "int64" if use.type(product.x).dtype == "int16" else "int32"
    code = use.option(product.bias_type)
    if code not in BIASES:
        raise Unsupported(f"its option quantized_bias_type is {code}")
    return BIASES[code]


def sized(tensor: Tensor, channels: int) -> np.ndarray:
    """A bias, which must have one number per channel."""
    b = tensor.array().reshape(-1)
    if b.size != channels:
        raise Unsupported(f"its bias has {b.size} numbers for {channels} channels")
    return b


def integer_layer(use: Use, product: Product) -> str:
    """int8 x int8 + int32 -> int32 or int16 x int8 + int64 -> int64, then requantize."""
    x = use.type(product.x)
    out = one_quant(use.wanted.quant, "its result")
    xq = one_quant(x.quant, "its input")
    w, wq = integer_weights(use, product.channels)
    b = integer_bias(use, product, w.shape[product.channels])
    rounding = rounding_of(use.t.semantics, use.operator.kind, x.dtype, b.dtype.name)
    if rounding is None:
        raise Unsupported(f"{use.t.semantics} has no {x.dtype} kernel with {b.dtype} bias")
    sums: DType = "int64" if x.dtype == "int16" else "int32"
    _require_room(product, (w.astype(np.int64) - wq.zero_point[0], b), sums, xq.zero_point[0])
    operands = [
        use.constant(f"{use.name}_weight", w, wq),
        use.constant(f"{use.name}_bias", b.astype(sums)),
    ]
    total = use.op(product.op, product.x, *operands, name=f"{use.name}_sum", **product.attrs)
    factors = [xq.scale[0] * s / out.scale[0] for s in wq.scale]
    return requantized(use, total, factors, clamp(product.activation, out, x.dtype), rounding)


def requantized(
    use: Use, value: str, factors: list[float], ends: tuple[int, int], rounding: str
) -> str:
    """The result: a value times factors, plus the result's zero point, within ends."""
    out = one_quant(use.wanted.quant, "its result")
    try:
        multiplier, shift = multipliers(factors)
    except ValueError as e:
        raise Unsupported(f"its scales do not fit: {e}") from e
    if rounding == "wide16" and shift.max() > MOST_SHIFT_WIDE:
        raise Unsupported(f"its scales do not fit: a factor of {max(factors)}")
    scales = (
        use.constant(f"{use.name}_multiplier", multiplier),
        use.constant(f"{use.name}_shift", shift),
    )
    dtype = {} if use.wanted.dtype == "int8" else {"dtype": use.wanted.dtype}
    return use.op(
        "requantize", value, *scales, quant=out, rounding=rounding, zero_point=out.zero_point[0],
        act_min=ends[0], act_max=ends[1], **dtype,
    )  # fmt: skip


def _require_room(
    product: Product, parts: tuple[np.ndarray, np.ndarray], sums: str, zero: int
) -> None:
    """No sum may leave its type, whatever the input is."""
    (w, b), info = parts, np.iinfo("int8" if sums == "int32" else "int16")
    others = tuple(a for a in range(w.ndim) if a != product.channels)
    widest = max(info.max - zero, zero - info.min)
    if np.abs(b // 2).max(initial=0) >= MOST_SUM[sums] // 2:
        raise Unsupported(f"its bias reaches beyond {sums}")
    narrow = product.op == "dense" and sums == "int32"
    if narrow and np.abs(b // 2).max(initial=0) >= MOST_BIAS // 2:
        raise Unsupported(f"its bias reaches beyond {MOST_BIAS}")
    most = int((np.abs(w).sum(others) * widest + np.abs(b.astype(np.int64))).max())
    if most >= MOST_SUM[sums]:
        raise Unsupported(f"its sums may reach {most}, beyond {sums}")


def require_same_shape(found: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    """A known shape that an operand names is the one that the file declares."""
    if found != wanted:
        broken(f"a result of shape {list(found)} is declared as {list(wanted)}")
