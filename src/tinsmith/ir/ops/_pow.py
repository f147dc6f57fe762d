"""x to the power y of float32 arrays in numpy, step for step as `ts_pow.h` has it, in integers;
there stand the sources."""

import numpy as np

f32, u64, i64 = np.float32, np.uint64, np.int64
_POWERS = (
    0xDB, 0xB16, 0x7FF3, 0x50C24, 0x2BB100, 0x13B2AB7, 0x71AC236, 0x1EBFBE00, 0x58B90BFC,
    0x80000000,
)  # fmt: skip
"""(ln 2)^k / k! with 31 bits behind the point, k = 9, 8, ..."""
_ONE, _INFINITY = np.uint32(0x3F800000), np.uint32(0x7F800000)


def pow32(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """x to the power y, both float32 of one shape; special cases as C99, F.9.4.4."""
    x, y = (np.asarray(v, f32) for v in np.broadcast_arrays(x, y))
    a, b = (v.view(np.uint32) & np.uint32(0x7FFFFFFF) for v in (x, y))
    usual = (a > 0) & (a < _INFINITY) & (a != _ONE) & (b > 0) & (b < _INFINITY)
    size = _exp2(_exponent(np.where(usual, a, np.uint32(0x40000000)), np.where(usual, y, f32(1))))
    whole, above = _wholeness(b), y > 0
    size = np.where(a == _ONE, f32(1), size)
    ends = np.where((a == 0) == above, f32(0), f32(np.inf))
    size = np.where((a == 0) | (a == _INFINITY), ends, size)
    size = np.where(np.signbit(x) & (whole == 1), -size, size)
    lost = np.signbit(x) & (a > 0) & (a < _INFINITY) & (whole == 0)
    size = np.where(lost, f32(np.nan), size)
    grows = np.where((a > _ONE) == above, f32(np.inf), f32(0))
    size = np.where(b == _INFINITY, np.where(a == _ONE, f32(1), grows), size)
    size = np.where((a > _INFINITY) | (b > _INFINITY), f32(np.nan), size)
    return np.asarray(np.where((b == 0) | (x == 1), f32(1), size), f32)


def _normalised(bits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """m in 2^23..2^24 (uint64) and e with magnitude m * 2^(e - 150)."""
    tiny = bits < 0x00800000
    size = bits.view(f32)
    wide = np.where(tiny, np.where(tiny, size, f32(0)) * f32(2**24), size).view(np.uint32)
    e = (wide >> 23).astype(i64) - np.where(tiny, 24, 0)
    return ((wide & np.uint32(0x007FFFFF)) | np.uint32(0x00800000)).astype(u64), e


def _mul_high(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    mask = u64(0xFFFFFFFF)
    a0, a1, b0, b1 = a & mask, a >> 32, b & mask, b >> 32
    middle = a1 * b0 + ((a0 * b0) >> 32)
    other = a0 * b1 + (middle & mask)
    return np.asarray(a1 * b1 + (middle >> 32) + (other >> 32), u64)


def _log2(bits: np.ndarray) -> np.ndarray:
    """log2, 55 bits behind the point."""
    m, e = _normalised(bits)
    m = m << 40
    fraction = np.zeros_like(m)
    for _ in range(55):
        m = _mul_high(m, m)
        set_ = m >= u64(1 << 63)
        fraction = (fraction << 1) | set_
        m = np.where(set_, m, m << 1)
    return np.asarray((e - 127) * (1 << 55) + fraction.astype(i64), i64)


def _exponent(bits: np.ndarray, y: np.ndarray) -> np.ndarray:
    """y * log2(x), 40 bits behind the point, at most 200 in size."""
    logarithm = _log2(bits)
    m, e = _normalised(y.view(np.uint32) & np.uint32(0x7FFFFFFF))
    product = _mul_high(m << 40, np.abs(logarithm).astype(u64))
    limit, shift = u64(200 << 40), e - 141
    left = np.clip(shift, 0, 47).astype(u64)
    right = np.clip(-shift, 0, 63).astype(u64)
    shrunk = np.where(shift > -64, product >> right, u64(0))
    grown = np.where((shift > 47) | (product > limit >> left), limit, product << left)
    size = np.where(shift < 0, shrunk, grown).astype(i64)
    return np.where((logarithm < 0) != (y < 0), -size, size)


def _exp2(t: np.ndarray) -> np.ndarray:
    """2^t to nearest, t with 40 bits behind the point."""
    whole = t >> 40
    f = (t >> 8).astype(u64) & u64(0xFFFFFFFF)
    p = np.full_like(f, _POWERS[0])
    for term in _POWERS[1:]:
        p = ((p * f) >> 32) + u64(term)
    e = np.clip(whole, -150, 127) + 127
    drop = np.where(e > 0, 8, 9 - e).astype(u64)
    mantissa = (p + (u64(1) << (drop - u64(1)))) >> drop
    bits = (np.where(e > 0, e - 1, 0).astype(u64) << 23) + mantissa
    y = bits.astype(np.uint32).view(f32)
    return np.where(whole >= 128, f32(np.inf), np.where(whole < -150, f32(0), y))


def _wholeness(bits: np.ndarray) -> np.ndarray:
    """0 no whole number, 1 odd, 2 even."""
    e = (bits >> 23).astype(np.int64)
    m = (bits & np.uint32(0x007FFFFF)).astype(i64) | 0x00800000
    unit = i64(1) << np.clip(150 - e, 0, 23)
    inside = np.where(m & (unit - 1), 0, np.where(m & unit, 1, 2))
    return np.where(e < 127, 0, np.where(e > 150, 2, inside))
