"""Integers that stand for real numbers: how delayed conversions are computed where one is read.

Source: ONNX operators QuantizeLinear and DequantizeLinear (onnx/docs/Operators.md).
"""

from collections.abc import Callable

import numpy as np

from tinsmith.compose.elementwise import binary, cast, clip, unary
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.onnx.content import constant
from tinsmith.importers.onnx.values import Real, Scale, Unsigned, Value
from tinsmith.ir.builder import Builder
from tinsmith.ir.types import Quant

HALF = 128


def unflipped(b: Builder, value: Unsigned) -> str:
    """uint8 from int8 with the top bit flipped."""
    return b.op("recentre", value.flipped)


def meaning(b: Builder, value: str, quant: Quant) -> str:
    """The same int8 values with another meaning; no node where they have it already."""
    type = b.type(value)
    return value if type.quant == quant else b.op("reshape", value, shape=type.shape, quant=quant)


def real_of(b: Builder, integers: str | np.ndarray | Unsigned, scale: Scale) -> Real:
    """Integers with their meaning; 8 bits with one scale are held as int8 with a Quant."""
    if isinstance(integers, np.ndarray) or not scale.eight_bits:
        return Real(integers, scale)
    quant = scale.quant()
    if isinstance(integers, Unsigned):
        return Real(Unsigned(meaning(b, integers.flipped, quant)), scale)
    if b.type(integers).dtype == "uint8":
        return Real(Unsigned(b.op("recentre", integers, quant=quant)), scale)
    return Real(meaning(b, integers, quant), scale)


def held(b: Builder, real: Real) -> str | None:
    """The integers of a tensor as int8 with a Quant per tensor; None where they are others."""
    if not real.meaning.eight_bits:
        return None
    if isinstance(real.integers, np.ndarray):
        moved = real.integers.astype(np.int16) - (HALF if real.integers.dtype == np.uint8 else 0)
        return b.constant("integers", moved.astype(np.int8), real.meaning.quant())
    return real.integers.flipped if isinstance(real.integers, Unsigned) else real.integers


def like(real: Real, value: str, scale: Scale | None = None) -> Real:
    """int8 values with their meaning, in the form that ``real`` has."""
    meant = scale or real.meaning
    return Real(Unsigned(value) if meant.zero.dtype == np.uint8 else value, meant)


def lifted(b: Builder, value: Value, apply: Callable[[str], str]) -> Real | Unsigned | None:
    """What moves or compares elements, done on the integers of a quantised tensor; None where the
    value is no such tensor."""
    if isinstance(value, Unsigned):
        return Unsigned(apply(value.flipped))
    if not isinstance(value, Real) or isinstance(value.integers, np.ndarray):
        return None
    integers = held(b, value)
    return None if integers is None else like(value, apply(integers))


def dequantised(b: Builder, real: Real) -> str:
    """float32(integer - zero) * scale."""
    if isinstance(real.integers, np.ndarray):
        return constant(b, real_array(real), "real")
    if integers := held(b, real):
        return b.op("dequantize", integers, name="real")
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
    return np.asarray((whole.astype(np.int64) - zero.astype(np.int64)).astype(np.float32) * scale)


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
    if meaning.eight_bits:
        made = b.op("quantize", x, name=name, quant=meaning.quant(), rounding="even")
        return Unsigned(made) if unsigned else made
    if meaning.zero.dtype.name not in ("int8", "uint8", "int16", "int32"):
        raise Unsupported(f"its integers are {meaning.zero.dtype}")
    scale, zero = along(meaning, len(b.type(x).shape))
    whole = unary(b, "round", binary(b, "div", x, constant(b, scale, "scale")))
    moved = binary(b, "add", whole, constant(b, zero.astype(np.float32), "zero"))
    return cast(b, clip(b, moved, float(info.min), float(info.max)), info.dtype.name, name=name)
