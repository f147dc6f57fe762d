"""Columns of plain decimals, all cells at once: ``-12.345`` with equally many digits behind the
point in each cell, as loggers print them.

Eight characters are one 64-bit word, whose digits three multiplications add up (D. Lemire,
"Quickly parsing eight digits", 2018). A number of at most 15 digits is a whole number that a double
holds, over a power of ten that it holds too: the division rounds once, to the nearest double.
"""

import numpy as np

PAD = 16
"""Bytes that must stand before the first cell."""
_WORD = 8
_ZEROS = np.uint64(0x3030303030303030)
_HIGH = np.uint64(0x8080808080808080)
_OVER = np.uint64(0x7676767676767676)
_STEPS = (
    (np.uint64(2561), np.uint64(8), np.uint64(0x00FF00FF00FF00FF)),
    (np.uint64(6553601), np.uint64(16), np.uint64(0x0000FFFF0000FFFF)),
    (np.uint64(42949672960001), np.uint64(32), np.uint64(0x00000000FFFFFFFF)),
)
_KEEP = np.array([(2**64 - 1) ^ (2 ** (8 * (8 - n)) - 1) for n in range(9)], np.uint64)
"""The last n bytes of a word."""
_MOST = 15


def decimals(data: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray | None:
    """Values [lines] float64 of cells ``data[starts:ends]`` of bytes; None where they are not all
    plain decimals of one form. ``data`` has `PAD` bytes before the first cell."""
    point = _digits_behind_point(data[int(starts[0]) : int(ends[0])].tobytes())
    if point > _WORD - 1:
        return None
    minus = data[starts] == 45
    lengths = ends - starts - minus
    least, most = int(lengths.min()), int(lengths.max())
    if least < max(1, point + 2) or most > _MOST + (point >= 0):
        return None
    if point >= 0 and (data[ends - 1 - point] != 46).any():
        return None
    words = np.ndarray((len(data) - _WORD + 1,), np.uint64, data, strides=(1,))
    low = _number(words[ends - _WORD], np.minimum(lengths, _WORD), point)
    if low is None:
        return None
    if most > _WORD:
        high = _number(words[ends - 2 * _WORD], np.maximum(lengths - _WORD, 0), -1)
        if high is None:
            return None
        low = low + high * np.uint64(10 ** (_WORD - (point >= 0)))
    values = low.astype(np.float64)
    if point > 0:
        values /= 10.0**point
    np.negative(values, out=values, where=minus)
    return values


def _digits_behind_point(cell: bytes) -> int:
    """-1 without a point."""
    _, point, rest = cell.partition(b".")
    return len(rest) if point else -1


def _number(words: np.ndarray, lengths: np.ndarray, point: int) -> np.ndarray | None:
    """The digits in the last ``lengths`` bytes of each word as one number, without the point before
    the last ``point`` of them; None where one is no digit."""
    keep = _KEEP[lengths]
    words = (words & keep) | (_ZEROS & ~keep)
    if point >= 0:
        behind = _KEEP[point]
        moved = (words << np.uint64(8)) & ~behind
        words = (words & behind) | moved | np.uint64(0x30)
    words ^= _ZEROS
    if ((words | (words + _OVER)) & _HIGH).any():
        return None
    for factor, shift, mask in _STEPS:
        words = ((words * factor) >> shift) & mask
    return words
