"""Random uses of requantisation on its own: sums to int8 or less, values of eight bits to int32,
there summed along an axis, or multiplied and brought back."""

import numpy as np

from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr
from tinsmith.ir.ops.requantize import multipliers
from tinsmith.ir.types import DType, Quant, TensorType

WHOLE: dict[str, Attr] = {
    "zero_point": 0, "act_min": -(2**31), "act_max": 2**31 - 1, "dtype": "int32",
}  # fmt: skip
ENDS = ((-3, -128, 127), (-128, -128, 127), (11, 11, 90), (127, -100, 127))
"""(Zero point, least, largest)."""


def _shape(rng: np.random.Generator) -> tuple[int, ...]:
    return tuple(int(n) for n in rng.integers(1, 8, int(rng.integers(1, 4))))


def _rounding(rng: np.random.Generator) -> str:
    return str(rng.choice(np.array(["double", "single"])))


def _factor(b: Builder, name: str, factors: list[float]) -> tuple[str, str]:
    m, s = multipliers(factors)
    return b.constant(f"{name}_m", m), b.constant(f"{name}_s", s)


def _brought(b: Builder, rng: np.random.Generator, name: str, x: str, factors: list[float]) -> str:
    """To int8."""
    zero, low, high = ENDS[rng.integers(len(ENDS))]
    return b.op(
        "requantize", x, *_factor(b, name, factors), name=name, quant=Quant((0.1,), (zero,)),
        rounding=_rounding(rng), zero_point=zero, act_min=low, act_max=high,
    )  # fmt: skip


def sums(b: Builder, rng: np.random.Generator, name: str) -> str:
    """Of int32, by one factor or one for each channel, to int8; or by one to int32."""
    shape = _shape(rng)
    x = b.input(f"{name}_x", TensorType(shape, "int32"))
    if rng.integers(2):
        factors = 2.0 ** -rng.uniform(2, 30, shape[-1] if rng.integers(2) else 1)
        return _brought(b, rng, name, x, [float(f) for f in factors])
    m = 2**30 + int(rng.choice([0, 2**30 - 1, int(rng.integers(2**30))]))
    bits = int(rng.choice([0, 1, 7, 30]))
    operands = b.constant(f"{name}_m", np.int32([m])), b.constant(f"{name}_s", np.int32([-bits]))
    return b.op("requantize", x, *operands, name=name, rounding=_rounding(rng), **WHOLE)


def _widened(b: Builder, rng: np.random.Generator, name: str, type: TensorType, bits: int) -> str:
    """A value of eight bits of its own, times a power of two."""
    x = b.input(f"{name}_x", type)
    count = type.shape[-1] if rng.integers(2) else 1
    operands = _factor(b, name, [2.0**bits] * count)
    return b.op("requantize", x, *operands, name=f"{name}_w", rounding="double", **WHOLE)


def _narrow(
    rng: np.random.Generator, shape: tuple[int, ...], dtypes: tuple[DType, ...]
) -> TensorType:
    dtype = dtypes[rng.integers(len(dtypes))]
    info = np.iinfo(dtype)
    zero = int(rng.choice([info.min, info.max, int(rng.integers(info.min, info.max + 1))]))
    return TensorType(shape, dtype, Quant((0.1,), (zero,)))


def widened(b: Builder, rng: np.random.Generator, name: str) -> str:
    """To int32, in one of two summed along an axis, in another shape maybe."""
    shape, bits = _shape(rng), int(rng.choice([0, 3, 20, 22]))
    wide = _widened(b, rng, name, _narrow(rng, shape, ("int8", "uint8")), bits)
    if rng.integers(2):
        return wide
    if len(shape) == 3 and rng.integers(2):
        shape = (shape[0] * shape[1], shape[2])
        wide = b.op("reshape", wide, shape=shape, name=f"{name}_r")
    return b.op("reduce_sum", wide, axis=int(rng.integers(len(shape))), name=name)


def product(b: Builder, rng: np.random.Generator, name: str) -> str:
    """Of two values of int8 or of one and a constant, repeated along axes, brought to int8."""
    shape = _shape(rng)
    ones = int(rng.integers(len(shape) + 1))
    rest = len(shape) - ones
    other = (1,) * ones + shape[ones:] if rng.integers(2) else shape[:rest] + (1,) * ones
    one = _widened(b, rng, f"{name}_a", _narrow(rng, shape, ("int8",)), 0)
    if rng.integers(2):
        two = _widened(b, rng, f"{name}_b", _narrow(rng, other, ("int8",)), 0)
    else:
        first = int(rng.integers(-255, 1))
        two = b.constant(f"{name}_c", rng.integers(first, first + 256, other).astype(np.int32))
    made = b.op("mul", one, two, name=f"{name}_p")
    return _brought(b, rng, name, made, [float(2.0 ** -rng.uniform(1.1, 9))])
