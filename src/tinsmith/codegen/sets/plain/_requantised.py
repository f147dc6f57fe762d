"""How sums of a layer become int8 in 32 bits (`kernels/plain/ts_plain.h`): for which layers that is
exact, and the numbers that kernels are told."""

from dataclasses import dataclass

import numpy as np

from tinsmith.codegen.kernel_set import Table, Use
from tinsmith.ir.op import Site
from tinsmith.ir.ops._layout import integer
from tinsmith.ir.ops.fused import part_sites

MOST_SUM = 2**28
"""Sums stay below this magnitude: then no partial product leaves 32 bits."""


@dataclass(frozen=True)
class Layer:
    """A layer with weights and its requantisation, operands as arrays, channels of the result in
    front of ``w``."""

    site: Site
    w: np.ndarray
    bias: np.ndarray
    multiplier: np.ndarray
    shift: np.ndarray
    result: Site

    @property
    def zeros(self) -> tuple[int, int]:
        """Zero points of x and w."""
        x, w = self.site.inputs[:2]
        found = tuple(t.quant.zero_point[0] if t.quant else 0 for t in (x, w))
        return found[0], found[1]

    @property
    def centred(self) -> np.ndarray:
        """Weights less their zero point: int64 [out, depth]."""
        rows: np.ndarray = self.w.reshape(len(self.w), -1).astype(np.int64)
        less: np.ndarray = rows - self.zeros[1]
        return less

    def folded(self, offset: int) -> np.ndarray:
        """Bias of sums over x + offset: the zero point of x is in it."""
        sums: np.ndarray = self.centred.sum(axis=1)
        bias: np.ndarray = self.bias.astype(np.int64) - (self.zeros[0] + offset) * sums
        return bias


def layer_of(use: Use, axis: int = 0) -> Layer | None:
    """A fused use whose operands are constants and whose sums and factors are such that the
    arithmetic is exact; None for others. ``axis``: of the result's channels in w."""
    (first, site), (last, result) = part_sites(use.site)
    operands = [use.contents[i] for i in (*first.inputs[1:3], *last.inputs[1:3])]
    moving = use.contents[first.inputs[0]] is None  # kernels read activations in words
    if site.inputs[0].dtype != "int8" or not moving or any(o is None for o in operands):
        return None
    w, bias, multiplier, shift = (np.asarray(o) for o in operands)
    layer = Layer(site, np.moveaxis(w, axis, 0), bias, multiplier, shift, result)
    rounded = result.attrs["rounding"] in ("double", "single") and result.outputs[0].dtype == "int8"
    return layer if rounded and _factors_fit(layer) and _sums_fit(layer) else None


def _factors_fit(layer: Layer) -> bool:
    """Below one half: the second of two roundings takes a bit at least."""
    used = layer.multiplier != 0
    return bool(np.all(layer.multiplier >= 0) and np.all(layer.shift[used] <= -1))


def _sums_fit(layer: Layer) -> bool:
    low, high = sums_of(layer)
    return bool(low.min() > -MOST_SUM and high.max() < MOST_SUM)


def sums_of(layer: Layer) -> tuple[np.ndarray, np.ndarray]:
    """Least and largest sum of each channel, whatever x is; where a window hangs over the border,
    fewer products are in it, but each may be 0 inside as well."""
    w, zero = layer.centred, layer.zeros[0]
    ends = w * (-128 - zero), w * (127 - zero)
    bias = layer.bias.astype(np.int64)
    least = np.minimum(np.minimum(*ends), 0).sum(axis=1)
    most = np.maximum(np.maximum(*ends), 0).sum(axis=1)
    return bias + least, bias + most


def tables_of(layer: Layer, offset: int = 0) -> tuple[Table, Table]:
    """Bias [out] of sums over x + offset, and pairs of multiplier and bits of the last shift less
    one, one for all or one per channel."""
    return (
        Table("b", lambda: layer.folded(offset).astype(np.int32)),
        Table("f", lambda: _factors(layer)),
    )


def _factors(layer: Layer) -> np.ndarray:
    bits = np.where(layer.multiplier != 0, -1 - layer.shift, 0)
    return np.stack([layer.multiplier, bits], axis=1).astype(np.int32)


def result_arguments(layer: Layer) -> tuple[int, ...]:
    """(twice, sign, base, span, high) of a requantisation; twice as the int32 of its bits."""
    site = layer.result
    zero, low, high = (
        integer("requantize", site.attrs, n) for n in ("zero_point", "act_min", "act_max")
    )
    rounds = (-(2**31), -1) if site.attrs["rounding"] == "double" else (0, 0)
    return *rounds, *clamp_arguments(zero, low, high)


def clamp_arguments(zero: int, low: int, high: int) -> tuple[int, int, int]:
    """(base, span, high) of a zero point and of bounds."""
    return 1 + 2 * (zero - low), high - low, high
