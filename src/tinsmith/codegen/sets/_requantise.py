"""Requantisation in few instructions, equal to its definition (`ir/ops/_fixed.py`) for all sums.

With a multiplier m in [2^30, 2^31) and a right shift n >= 2, s a sum of int32:

    high = (s * 2m [+ 2^31]) >> 32     = ((s << 32) + s * (2m - 2^32) [+ 2^31]) >> 32
    y    = zero + ((high [+ (high >> 31)]) * 2^(32 - n) + 2^31 >> 32)

The first is one instruction of the DSP extension (SMMLA, rounding: SMMLAR) with `Requantise.rows`'
first column as factor, the second another one with the second column. ``double`` rounds the first
and subtracts 1 where high is negative, so that halves go away from zero; where the result is
clamped at its zero point or above (``positive``), negative sums do not matter and that is left out.
``single`` does neither. m = 0 has the second factor 0. ``onnx`` is a float32 product, brought to
the nearest whole number; its first column has the factor's bits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tinsmith.ir.op import Site
from tinsmith.ir.ops._layout import integer

LEAST_RIGHT = 2
"""Smallest right shift: 2^(32 - n) has to be an int32."""

Kind = Literal["double", "positive", "single", "onnx"]
ROUNDINGS = ("double", "single")
"""What is done in whole numbers."""


@dataclass(frozen=True)
class Requantise:
    """How sums become int8: one row of factors for all channels, or one for each.

    Args:
        multiplier: 0, or from 2^30 to below 2^31 (``onnx``: any).
        right: shift to the right; any number where the multiplier is 0.
    """

    rounding: Kind
    multiplier: np.ndarray
    right: np.ndarray
    zero: int
    low: int
    high: int

    @property
    def one(self) -> bool:
        """Whether all channels have the same factor."""
        return len(self.multiplier) == 1

    def rows(self, channels: int) -> np.ndarray:
        """(2m - 2^32, 2^(32 - n)) of each channel, or (float32 factor's bits, 0);
        int32[channels, 2]."""
        if self.rounding == "onnx":
            factor = np.ldexp(self.multiplier.astype(np.float32), (-31 - self.right).astype(int))
            bits = factor.astype(np.float32).view(np.int32)
            return np.broadcast_to(np.stack([bits, 0 * bits], 1), (channels, 2))
        live = self.multiplier != 0
        first = np.where(live, 2 * self.multiplier - 2**32, -(2**31))
        second = np.where(live, 2 ** (32 - np.where(live, self.right, 2)), 0)
        rows = np.stack([first, second], 1).astype(np.int32)
        return np.broadcast_to(rows, (channels, 2))

    @property
    def clamp(self) -> tuple[int, int, int]:
        """Clamping of four bytes at once, after y - low was saturated to 0..255: (what is added in
        place of ``zero``, what a saturating addition adds to each byte, what is then added to each
        byte modulo 256), the last two as words."""
        room = 255 - (self.high - self.low)
        return self.zero - self.low, _bytes(room), _bytes(self.low - room)


def requantise(
    site: Site,
    factors: Sequence[np.ndarray],
    least: np.ndarray,
    most: np.ndarray,
    roundings: Sequence[str] = ROUNDINGS,
) -> Requantise | None:
    """How a ``requantize`` with such factors is done, None where this file cannot.

    Args:
        factors: multipliers and shifts.
        least: smallest sum of each channel; most: the largest one.
        roundings: what the caller's kernels know.
    """
    multiplier, shift = (f.astype(np.int64) for f in factors)
    rounding = site.attrs["rounding"]
    if rounding not in roundings or site.attrs.get("dtype", "int8") != "int8":
        return None
    live = multiplier != 0
    if rounding != "onnx" and np.any(live & ((multiplier < 2**30) | (-shift < LEAST_RIGHT))):
        return None
    if min(least.min(), -1) <= -(2**31) or most.max() >= 2**31:
        return None
    zero, low, high = (
        integer("requantize", site.attrs, n) for n in ("zero_point", "act_min", "act_max")
    )
    kinds: dict[object, Kind] = {"single": "single", "onnx": "onnx"}
    kind = kinds.get(rounding, "positive" if low >= zero else "double")
    return Requantise(kind, multiplier, -shift, zero, low, high)


def _bytes(value: int) -> int:
    """A byte four times, as an int32."""
    word = (value & 255) * 0x01010101
    return word - (word >> 31 << 32)
