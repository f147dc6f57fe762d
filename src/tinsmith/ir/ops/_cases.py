"""Arrays for the operations' test tables: fixed, with the values at which arithmetic goes wrong."""

import numpy as np

from tinsmith.ir.graph import Attr
from tinsmith.ir.op import Case
from tinsmith.ir.types import SIZES, Quant, type_of

TINY = 1e-45
"""Smallest positive float32 (denormal)."""
HUGE = 3.4028235e38
"""Largest finite float32."""
SPECIAL = np.array(
    [0.0, -0.0, TINY, -TINY, 1.1754942e-38, 1.1754944e-38, 1e-20, 0.5, -0.5, 1.0, -1.0, 1.5,
     16777216.0, -16777217.0, 1e20, HUGE, -HUGE, np.inf, -np.inf, np.nan],
    dtype=np.float32,
)  # fmt: skip


def array(dtype: str, values: list) -> np.ndarray:
    """An array of the given values."""
    return np.array(values, dtype)


def normal(*shape: int, seed: int = 0, scale: float = 1.0) -> np.ndarray:
    """Float32 values around zero."""
    rng = np.random.default_rng([seed, *shape])
    return np.asarray(rng.normal(size=shape) * scale).astype(np.float32)


def positive(*shape: int, seed: int = 0) -> np.ndarray:
    """Float32 values over 16 decades."""
    rng = np.random.default_rng([seed, *shape])
    return np.asarray(10 ** rng.uniform(-8, 8, shape)).astype(np.float32)


def whole(dtype: str, *shape: int, seed: int = 0) -> np.ndarray:
    """Integers over the full range of ``dtype``, both ends included."""
    info = np.iinfo(dtype)
    rng = np.random.default_rng([seed, *shape])
    x = np.asarray(rng.integers(info.min, info.max, shape, endpoint=True)).astype(dtype)
    x.flat[0] = info.min
    x.flat[-1] = info.max
    return x


def anything(dtype: str, *shape: int, seed: int = 0) -> np.ndarray:
    """Values of any dtype, from its whole range where it is one of integers."""
    if dtype == "float32":
        return normal(*shape, seed=seed)
    if dtype == "bool":
        return np.asarray(np.random.default_rng([seed, *shape]).integers(2, size=shape) == 1)
    return whole(dtype, *shape, seed=seed)


def every_dtype(
    *shape: int, more: tuple[np.ndarray, ...] = (), seed: int = 0, **attrs: Attr
) -> dict[str, Case]:
    """One row per dtype, named after it: x of that dtype, then ``more`` operands."""
    rows = ((d, (anything(d, *shape, seed=seed), *more)) for d in SIZES)
    return {d: Case(row, tuple(map(type_of, row)), attrs) for d, row in rows}


def case(*arrays: np.ndarray, constant: tuple[int, ...] = (), **attrs: Attr) -> Case:
    """A row whose operands carry no quantisation."""
    return Case(arrays, tuple(type_of(a) for a in arrays), attrs, constant)


def int8_case(
    *arrays: np.ndarray, quants: tuple[Quant | None, ...], out: Quant | None = None, **attrs: Attr
) -> Case:
    """A row with one Quant per operand and the result's."""
    types = tuple(type_of(a, q) for a, q in zip(arrays, quants, strict=True))
    return Case(arrays, types, attrs, (), out)
