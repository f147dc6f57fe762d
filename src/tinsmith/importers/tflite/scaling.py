"""Quantised arithmetic put together from whole steps in int32.

An operand loses its zero point, is brought to another scale by fixed-point products that are
rounded twice (gemmlowp; lite/kernels/internal/common.cc, MultiplyByQuantizedMultiplier), and the
result gets its zero point and limits. Factors of scales are given as each kernel computes them.
"""

from tinsmith.compose import elementwise
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.tflite.integers import clamp
from tinsmith.importers.tflite.schema import Tensor
from tinsmith.importers.tflite.use import Use
from tinsmith.ir.ops._fixed import INT32_MAX, INT32_MIN
from tinsmith.ir.ops.requantize import multipliers
from tinsmith.ir.types import Quant

INTEGERS = ("int8", "uint8", "int16")


def quant_of(use: Use, value: str) -> Quant:
    """Scale and zero point of a value that has one each."""
    quant = use.type(value).quant
    if quant is None or quant.axis is not None:
        raise Unsupported(f"{use.type(value)} needs one scale and one zero point")
    return quant


def result_quant(use: Use) -> Quant:
    """Scale and zero point of the result, one each."""
    quant = use.wanted.quant
    if quant is None or quant.axis is not None:
        raise Unsupported(f"its result {use.wanted} needs one scale and one zero point")
    return quant


def symmetric(tensor: Tensor) -> Quant:
    """The one scale of a tensor whose zero point is 0."""
    quant = tensor.quant()
    if quant.axis is not None or any(quant.zero_point):
        raise Unsupported(f"{tensor} needs one scale and zero point 0")
    return quant


def centred(use: Use, value: str, left: int = 0) -> str:
    """A quantised value less its zero point, times 2^left, as int32."""
    quant_of(use, value)
    return scaled(use, value, 2.0**left)


def scaled(use: Use, value: str, factor: float, name: str = "") -> str:
    """int32 of an int32 value, or of a quantised one less its zero point, times a factor."""
    return use.op(
        "requantize", value, *_operands(use, factor), name=name or f"{use.name}_scaled",
        dtype="int32", rounding="double", zero_point=0, act_min=INT32_MIN, act_max=INT32_MAX,
    )  # fmt: skip


def finished(use: Use, value: str, factor: float, activation: int = 0) -> str:
    """The result of an int32 value times a factor, plus the zero point, within an activation."""
    quant, (low, high) = result_quant(use), ends(use, activation)
    return use.op(
        "requantize", value, *_operands(use, factor), quant=quant, dtype=use.wanted.dtype,
        rounding="double", zero_point=quant.zero_point[0], act_min=low, act_max=high,
    )  # fmt: skip


def nearest(use: Use, value: str) -> str:
    """int32 nearest to float32, halves away from zero; the value lies within +-2^23."""
    b = use.b
    size = elementwise.unary(b, "abs", value)
    whole = elementwise.unary(b, "floor", size)
    rest = elementwise.binary(b, "sub", size, whole)
    up = elementwise.compare(b, "greater_equal", rest, elementwise.scalar(b, value, 0.5))
    size = elementwise.binary(b, "add", whole, elementwise.cast(b, up, "float32"))
    signed = elementwise.binary(b, "mul", size, elementwise.unary(b, "sign", value))
    return elementwise.cast(b, signed, "int32")


def ends(use: Use, activation: int = 0) -> tuple[int, int]:
    """Limits of the result: those of its type and of a fused activation."""
    return clamp(activation, result_quant(use), use.wanted.dtype)


def _operands(use: Use, factor: float) -> tuple[str, str]:
    try:
        multiplier, shift = multipliers([factor])
    except ValueError as e:
        raise Unsupported(f"its scales do not fit: {e}") from e
    return (
        use.constant(f"{use.name}_multiplier", multiplier),
        use.constant(f"{use.name}_shift", shift),
    )
