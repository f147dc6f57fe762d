"""Weights of few values as codes: a weight is low + spacing * code. What makes a layer narrow is
what its weights are, wherever they come from: a file with int4, or int8 of -127, 0 and 127."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

WIDTHS = (1, 2, 4)
"""Bits of codes."""
MOST_DEPTH = 2**14
"""Products of a sum: twice as many times 127 * 255 stay below 2^30."""


@dataclass(frozen=True)
class Codes:
    """Codes of a layer's weights, [out, depth], 0 to 2^bits - 1."""

    bits: int
    low: int
    spacing: int
    rows: np.ndarray

    def arranged(self, rows: np.ndarray) -> "Codes":
        """The same with depths in another order."""
        return replace(self, rows=rows)


def every_width(rows: np.ndarray) -> Iterator[Codes]:
    """Weights [out, depth] as codes of each width that holds them, the narrowest first."""
    least = int(rows.min())
    steps = np.flatnonzero(np.bincount((rows - least).ravel()))  # few, whatever the layer's size
    spacing = int(np.gcd.reduce(steps)) or 1
    if rows.shape[1] > MOST_DEPTH:
        return
    for bits in WIDTHS:
        if steps[-1] // spacing < 1 << bits:
            low = _low(least, least + int(steps[-1]), spacing, bits)
            yield Codes(bits, low, spacing, (rows - low) // spacing)


def _low(least: int, most: int, spacing: int, bits: int) -> int:
    """What code 0 stands for: half of the codes for weights below 0, where that is possible."""
    centre = -spacing << bits - 1
    fits = (least - centre) % spacing == 0 and centre <= least and most < -centre
    return centre if fits else least


def padded(rows: np.ndarray, count: int, depth: int) -> np.ndarray:
    """Codes [out, depth], filled up with 0 to multiples of so many rows and of so much depth."""
    missing = ((0, -rows.shape[0] % count), (0, -rows.shape[1] % depth))
    return np.pad(rows, missing)


def words(fields: np.ndarray, bits: int) -> np.ndarray:
    """[..., halves, fields of a half] as words of 32 bits, the lowest first; all in one row, as
    int32."""
    shifts = bits * np.arange(fields.shape[-1]) + 16 * np.arange(2)[:, None]
    found: np.ndarray = (fields.astype(np.int64) << shifts).sum((-2, -1))
    return found.ravel().astype(np.uint32).view(np.int32)
