"""Integers that stand for real numbers: how delayed conversions are computed where one is read.

Source: ONNX operators QuantizeLinear and DequantizeLinear (onnx/docs/Operators.md).
"""

from math import prod

import numpy as np

from tinsmith.ir.builder import Builder
from tinsmith.ir.compose.elementwise import binary, cast, clip, unary
from tinsmith.ir.onnx.content import constant
from tinsmith.ir.onnx.refusal import Unsupported
from tinsmith.ir.onnx.values import Real, Scale, Unsigned
from tinsmith.ir.types import Quant

HALF = 128


def unflipped(b: Builder, value: Unsigned) -> str:
    """uint8 from int8 with the top bit flipped."""
    wide = cast(b, value.flipped, "int32")
    return cast(b, binary(b, "add", wide, b.constant("half", np.int32(HALF))), "uint8")


def flipped(b: Builder, value: str) -> str:
    """int8 (less 128) from uint8."""
    wide = cast(b, value, "int32")
    return cast(b, binary(b, "sub", wide, b.constant("half", np.int32(HALF))), "int8")


def meaning(b: Builder, value: str, quant: Quant) -> str:
    """The same int8 values with another meaning; no node where they have it already."""
    type = b.type(value)
    return value if type.quant == quant else b.op("reshape", value, shape=type.shape, quant=quant)


def int8_of(b: Builder, real: Real) -> str | None:
    """The integers of a tensor as int8 with a Quant per tensor; None where they are others."""
    if not real.meaning.per_tensor or real.meaning.zero.dtype not in (np.int8, np.uint8):
        return None
    if isinstance(real.integers, np.ndarray):
        moved = real.integers.astype(np.int16) - (HALF if real.integers.dtype == np.uint8 else 0)
        return b.constant("integers", moved.astype(np.int8), real.meaning.quant())
    held = real.integers
    if isinstance(held, Unsigned):
        held = held.flipped
    elif b.type(held).dtype == "uint8":
        held = flipped(b, held)
    return meaning(b, held, real.meaning.quant())


def dequantised(b: Builder, real: Real) -> str:
    """float32(integer - zero) * scale."""
    if held := int8_of(b, real):
        return b.op("dequantize", held, name="real")
    if isinstance(real.integers, np.ndarray):
        return constant(b, real_array(real), "real")
    value = unflipped(b, real.integers) if isinstance(real.integers, Unsigned) else real.integers
    rank = len(b.type(value).shape)
    centred = cast(b, value, "float32")
    scale, zero = along(real.meaning, rank)
    if zero.any():
        centred = binary(b, "sub", centred, constant(b, zero.astype(np.float32), "zero"))
    return binary(b, "mul", centred, constant(b, scale, "scale"))


def real_array(real: Real) -> np.ndarray:
    """The real numbers of integers that are known."""
    whole = np.asarray(real.integers)
    scale, zero = along(real.meaning, whole.ndim)
    return (whole.astype(np.int64) - zero.astype(np.int64)).astype(np.float32) * scale


def along(meaning: Scale, rank: int) -> tuple[np.ndarray, np.ndarray]:
    """Scale and zero point, shaped so that they broadcast along their axis."""
    if meaning.per_tensor:
        return meaning.scale.reshape(()), meaning.zero.reshape(())
    shape = [1] * rank
    shape[meaning.axis] = meaning.scale.size
    return meaning.scale.reshape(shape), meaning.zero.reshape(shape)


def quantised(b: Builder, x: str, meaning: Scale, name: str) -> str | Unsigned:
    """saturate(round(x / scale) + zero), halves to even."""
    unsigned = meaning.zero.dtype == np.uint8
    info = np.iinfo(meaning.zero.dtype)
    if meaning.per_tensor and info.bits == 8:
        held = b.op("quantize", x, name=name, quant=meaning.quant(), rounding="even")
        return Unsigned(held) if unsigned else held
    if meaning.zero.dtype.name not in ("int8", "uint8", "int16", "int32"):
        raise Unsupported(f"its integers are {meaning.zero.dtype}")
    scale, zero = along(meaning, len(b.type(x).shape))
    whole = unary(b, "round", binary(b, "div", x, constant(b, scale, "scale")))
    moved = binary(b, "add", whole, constant(b, zero.astype(np.float32), "zero"))
    return cast(b, clip(b, moved, float(info.min), float(info.max)), info.dtype.name, name=name)


def depth_of(shape: tuple[int, ...]) -> int:
    """Products in one sum of a weight of shape [out, ...]."""
    return prod(shape[1:])
