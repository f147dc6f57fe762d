"""sin, cos, erf and atan of float32 arrays in numpy, step for step as `ts_trig.h`, `ts_erf.h` and
`ts_atan.h` have them; there stand the sources."""

import numpy as np

from tinsmith.ir.ops._float import exp32

f32 = np.float32
_TWO_BY_PI = np.array(
    [0, 0xA2F9836E, 0x4E441529, 0xFC2757D1, 0xF534DDC0, 0xDB629599, 0x3C439041, 0xFE5163AB],
    np.uint64,
)
SIN_TERMS = (2.72438115e-6, -1.98400390e-4, 8.33333191e-3, -1.66666672e-1)
COS_TERMS = (-2.72958573e-7, 2.48005599e-5, -1.38888881e-3, 4.16666679e-2, -0.5, 1.0)
ERF_TERMS = (
    7.87587487e-5, -8.01686430e-4, 5.18908724e-3, -2.68542115e-2, 1.12835944e-1, -3.76126260e-1,
    1.28379166e-1,
)  # fmt: skip
ERFC_TERMS = (
    1.32723617e-5, -3.16937017e-4, 3.43235140e-3, -2.26047728e-2, 1.03281118e-1, 6.39141262e-1,
    1.12589359, 7.65897799e-4,
)  # fmt: skip

ATAN_TERMS = (-6.44774139e-2, 1.07424669e-1, -1.42638385e-1, 1.99995369e-1, -3.33333313e-1)


def _horner(terms: tuple[float, ...], z: np.ndarray) -> np.ndarray:
    p = np.full_like(z, f32(terms[0]))
    for term in terms[1:]:
        p = p * z + f32(term)
    return p


def _reduced(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """r and quadrant (modulo 4) with abs(x) = quadrant * pi / 2 + r."""
    bits = x.view(np.uint32) & np.uint32(0x7FFFFFFF)
    usual = (bits < 0x7F800000) & (bits > 0x3F490FDA)
    safe = np.where(usual, bits, np.uint32(0x3F800000)).astype(np.uint64)
    at = (safe >> 23).astype(np.int64) - 120
    word, shift = at // 32, (at % 32).astype(np.uint64)
    a, b, c, d = (_TWO_BY_PI[word + i] for i in range(4))
    high, low = a << 32 | b, c << 32 | d
    some = shift > 0
    back = np.where(some, np.uint64(64) - shift, 0).astype(np.uint64)
    high = np.where(some, high << shift | low >> back, high)
    low = np.where(some, low << shift, low)
    m = (safe & 0x007FFFFF) | 0x00800000
    product = m * high + ((m * (low >> 32)) >> 32)
    nearest = (product + np.uint64(1 << 61)) >> 62
    rest = product - (nearest << 62)
    below = (rest >> 63) != 0
    rest = np.where(below, np.uint64(0) - rest, rest)
    upper = (rest >> 32).astype(f32) * f32(1.46291812e-9)
    r = upper + ((rest & 0xFFFFFFFF) >> 8).astype(f32) * f32(8.71967124e-17)
    small = np.where(bits >= 0x7F800000, f32(np.nan), np.abs(x))
    r = np.where(usual, np.where(below, -r, r), small)
    return r, np.where(usual, nearest, 0).astype(np.uint32)


def _turned(r: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """Sine of r + turn * pi / 2."""
    z = r * r
    sine = (_horner(SIN_TERMS, z) * z) * r + r
    y = np.where(turn & 1, _horner(COS_TERMS, z), sine)
    return np.where(turn & 2, -y, y)


def sin32(x: np.ndarray) -> np.ndarray:
    """Sine of float32 x, any size; error below 2e-7, relative to 1."""
    with np.errstate(all="ignore"):
        y = _turned(*_reduced(x))
        return np.asarray(np.where(np.signbit(x), -y, y), f32)


def cos32(x: np.ndarray) -> np.ndarray:
    """Cosine of float32 x, any size; error below 2e-7, relative to 1."""
    with np.errstate(all="ignore"):
        r, quadrant = _reduced(x)
        return np.asarray(_turned(r, quadrant + np.uint32(1)), f32)


def erf32(x: np.ndarray) -> np.ndarray:
    """The error function of float32 x; relative error below 3e-7."""
    with np.errstate(all="ignore"):
        v = np.abs(x)
        small = _horner(ERF_TERMS, x * x) * x + x
        large = f32(1) - exp32(-_horner(ERFC_TERMS, np.where(v > f32(4), f32(4), v)))
        return np.asarray(np.where(v < f32(1), small, np.where(x < 0, -large, large)), f32)


def atan32(x: np.ndarray) -> np.ndarray:
    """Inverse tangent of float32 x; relative error below 3e-7."""
    with np.errstate(all="ignore"):
        v = np.abs(x)
        large, middle = v > f32(2.41421366), v > f32(0.414213568)
        base = np.where(large, f32(1.57079637), np.where(middle, f32(0.785398185), f32(0)))
        turned = np.where(middle, (v - f32(1)) / (v + f32(1)), v)
        r = np.where(large, f32(-1) / v, turned)
        z = r * r
        y = base + ((_horner(ATAN_TERMS, z) * z) * r + r)
        return np.asarray(np.where(np.signbit(x), -np.abs(y), np.abs(y)), f32)
