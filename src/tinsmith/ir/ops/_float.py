"""exp and log of float32 arrays in numpy, step for step as `ts_float.h` has them.

Sources: the series of Abramowitz and Stegun, "Handbook of Mathematical Functions", 4.2.1 (exp) and
4.1.27 (log), after a reduction with ln 2 split in two (Cody and Waite, "Software Manual for the
Elementary Functions", 1980).
"""

import numpy as np

f32 = np.float32
LOG2_E = f32(1.44269504)
LN2_HIGH, LN2_LOW = f32(0.693359375), f32(-2.12194440e-4)
EXP_TERMS = tuple(
    map(f32, (1.38888889e-3, 8.33333333e-3, 4.16666667e-2, 1.66666667e-1, 0.5, 1.0, 1.0))
)

TANH_TERMS = tuple(
    map(f32, (-6.94294181e-3, 2.14706827e-2, -5.39334677e-2, 1.33332253e-1, -3.33333313e-1))
)


def exp32(x: np.ndarray) -> np.ndarray:
    """e^x for float32 x; relative error below 2e-7; 0 below -104, infinity from 88.73 on."""
    with np.errstate(all="ignore"):
        inside = (x >= f32(-104)) & (x <= f32(89))
        v = np.where(inside, x, f32(0))
        n = np.floor(v * LOG2_E + f32(0.5))
        r = v - n * LN2_HIGH
        r = r - n * LN2_LOW
        p = np.full_like(r, f32(1.98412698e-4))
        for term in EXP_TERMS:
            p = p * r + term
        half = np.trunc(n / f32(2))
        y = (p * _power_of_two(half)) * _power_of_two(n - half)
        outside = np.where(x > 0, f32(np.inf), f32(0))
        return np.where(inside, y, np.where(np.isnan(x), x, outside))


def sigmoid32(x: np.ndarray) -> np.ndarray:
    """1 / (1 + e^-x) for float32 x; relative error below 2e-7."""
    with np.errstate(all="ignore"):
        e = exp32(np.where(x < 0, x, -x))
        return np.asarray(np.where(x < 0, e, f32(1)) / (f32(1) + e), f32)


def tanh32(x: np.ndarray) -> np.ndarray:
    """Hyperbolic tangent of float32 x; relative error below 2e-7."""
    with np.errstate(all="ignore"):
        v = np.abs(x)
        z = x * x
        p = np.full_like(z, TANH_TERMS[0])
        for term in TANH_TERMS[1:]:
            p = p * z + term
        small = (p * z) * x + x
        e = exp32(v * f32(-2))
        large = (f32(1) - e) / (f32(1) + e)
        return np.asarray(np.where(v < f32(0.5), small, np.where(x < 0, -large, large)), f32)


def log32(x: np.ndarray) -> np.ndarray:
    """Natural logarithm of float32 x; -infinity of 0, NaN below."""
    with np.errstate(all="ignore"):
        usual = (x > 0) & np.isfinite(x)
        v = np.where(usual, x, f32(1))
        denormal = v < np.finfo(f32).tiny
        v = np.where(denormal, v * f32(2**25), v)
        bits = v.view(np.int32)
        e = (bits >> 23) - 127 - 25 * denormal
        m = ((bits & 0x007FFFFF) | 0x3F800000).view(f32)
        upper = m > f32(1.41421356)
        m = np.where(upper, m * f32(0.5), m)
        y = _log_near_one(m, (e + upper).astype(f32))
        special = np.where(x == 0, f32(-np.inf), np.where(x < 0, f32(np.nan), x))
        return np.where(usual, y, special)


def _log_near_one(m: np.ndarray, e: np.ndarray) -> np.ndarray:
    """e * ln 2 + log(m), m in 0.707..1.415, by s = (m - 1) / (m + 1)."""
    f = m - f32(1)
    s = f / (f32(2) + f)
    z = s * s
    p = np.full_like(z, f32(0.222222222))
    for term in (f32(0.285714286), f32(0.4), f32(0.666666667)):
        p = p * z + term
    p = (p * z) * s + f32(2) * s
    p = p + e * LN2_LOW
    return np.asarray(p + e * LN2_HIGH, f32)


def _power_of_two(n: np.ndarray) -> np.ndarray:
    return np.asarray(((n.astype(np.int32) + 127) << 23).astype(np.int32)).view(f32)
