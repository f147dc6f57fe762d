"""How sums of a layer become int8 in 32 bits (`kernels/plain/ts_plain.h`): for which layers that is
exact, and the numbers that kernels are told."""

import numpy as np

from tinsmith.codegen.kernel_set import Table, Use
from tinsmith.codegen.sets._operands import Operands, operands_of
from tinsmith.ir.op import Site
from tinsmith.ir.ops._layout import integer

MOST_SUM = 2**28
"""Sums stay below this magnitude: then no partial product leaves 32 bits."""


def layer_of(use: Use, op: str) -> Operands | None:
    """A layer ``op`` whose sums and factors are such that the arithmetic is exact; None for any
    other use."""
    layer = operands_of(use, op)
    if layer is None or layer.result.outputs[0].dtype != "int8":
        return None
    rounded = layer.result.attrs["rounding"] in ("double", "single")
    return layer if rounded and _factors_fit(layer) and _sums_fit(layer) else None


def _factors_fit(layer: Operands) -> bool:
    """Below one half: the second of two roundings takes a bit at least."""
    used = layer.multiplier != 0
    return bool(np.all(layer.multiplier >= 0) and np.all(layer.shift[used] <= -1))


def _sums_fit(layer: Operands) -> bool:
    low, high = layer.sums()
    return bool(low.min() > -MOST_SUM and high.max() < MOST_SUM)


def tables_of(layer: Operands, offset: int = 0) -> tuple[Table, Table]:
    """Bias [out] of sums over x + offset, and pairs of multiplier and bits of the last shift less
    one, one for all or one per channel."""
    return (
        Table("b", lambda: layer.folded(offset).astype(np.int32)),
        Table("f", lambda: _factors(layer)),
    )


def _factors(layer: Operands) -> np.ndarray:
    bits = np.where(layer.multiplier != 0, -1 - layer.shift, 0)
    return np.stack([layer.multiplier, bits], axis=1).astype(np.int32)


def result_arguments(site: Site) -> tuple[int, ...]:
    """(twice, sign, base, span, high) of a requantisation; twice as the int32 of its bits."""
    rounds = (-(2**31), -1) if site.attrs["rounding"] == "double" else (0, 0)
    return *rounds, *clamp_arguments(*ends_of(site))


def ends_of(site: Site) -> tuple[int, int, int]:
    """(zero point, least, largest) of a requantisation's result."""
    zero, low, high = (
        integer("requantize", site.attrs, n) for n in ("zero_point", "act_min", "act_max")
    )
    return zero, low, high


def clamp_arguments(zero: int, low: int, high: int) -> tuple[int, int, int]:
    """(base, span, high) of a zero point and of bounds."""
    return 1 + 2 * (zero - low), high - low, high
