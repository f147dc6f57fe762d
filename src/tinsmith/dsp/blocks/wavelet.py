"""Statistics of each channel's wavelet coefficients, octave by octave: for short events.

A window is split into its fine and its coarse half again and again by Daubechies' orthonormal
wavelets; only coefficients whose samples all lie in the window are taken, the newest ones first.
Source: Daubechies, "Orthonormal Bases of Compactly Supported Wavelets", Comm. Pure Appl. Math.
41(7), 1988; Mallat, IEEE Trans. PAMI 11(7), 1989.
"""

from collections.abc import Mapping
from math import comb

import numpy as np

from tinsmith.core.errors import UserError
from tinsmith.dsp.block import Block, BlockCase, Param, Signal
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr

_MOST = 6
"""Levels where no number is given, if the window is long enough."""
_FEWEST = 4
"""Coefficients of a level at least: what statistics are made of."""
DETAIL = ("mean size", "rms", "peak")
COARSE = ("mean", "std")


def daubechies(moments: int) -> np.ndarray:
    """Scaling filter with so many vanishing moments, [2 * moments] float64; sum sqrt 2.

    The roots of sum C(N-1+k, k) y^k, y = (2 - z - 1/z) / 4, that lie inside the unit circle
    (Daubechies, 1988, section 4).
    """
    terms = [comb(moments - 1 + k, k) for k in range(moments)]
    middle = 1 - 2 * np.roots(terms[::-1])
    root = np.sqrt(middle.astype(complex) ** 2 - 1)
    inside = np.where(np.abs(middle + root) < 1, middle + root, middle - root)
    taps = np.real(np.poly(np.concatenate([inside, -np.ones(moments)])))
    return np.asarray(taps * np.sqrt(2) / taps.sum())


def _filters(params: Mapping[str, Attr]) -> tuple[np.ndarray, np.ndarray]:
    """(coarse, fine), each [taps]: the latter is the former backwards with alternating signs."""
    coarse = daubechies(int(str(params["wavelet"])[2:]))
    return coarse, coarse[::-1] * (-1.0) ** np.arange(len(coarse))


def lower(b: Builder, x: str, signal: Signal, params: Mapping[str, Attr]) -> str:
    """[samples, channels] -> [statistics * channels]: all channels of one statistic, then the next;
    levels from fine to coarse, what is left last."""
    coarse, fine = (f.astype(np.float32) for f in _filters(params))
    parts = []
    for count in _counts(signal, params):
        detail = _half(b, x, fine, count)
        size = b.op("abs", detail, name="size")
        parts.append(b.op("reduce_mean", size, axis=0, name="mean_size"))
        parts.append(_rms(b, detail))
        parts.append(b.op("reduce_max", size, axis=0, name="peak"))
        x = _half(b, x, coarse, count)
    mean = b.op("reduce_mean", x, axis=0, name="mean")
    parts += [mean, _rms(b, b.op("sub", x, mean, name="centred"))]
    first, *rest = parts
    for part in rest:
        first = b.op("concat", first, part, axis=0, name="wavelet")
    return first


def _half(b: Builder, x: str, taps: np.ndarray, count: int) -> str:
    """Every second place of x filtered, the newest ``count``: [samples, c] -> [count, c]."""
    samples, channels = b.type(x).shape
    size = 2 * count + len(taps) - 2
    if size < samples:
        x = b.op("slice", x, axis=0, start=samples - size, size=size, name="newest")
    picture = b.op("reshape", x, shape=(1, 1, size, channels), name="row")
    weights = b.constant("taps", np.repeat(taps, channels).reshape(1, 1, len(taps), channels))
    none = b.constant("none", np.zeros(channels, np.float32))
    y = b.op(
        "depthwise_conv2d", picture, weights, none, multiplier=1, stride=(1, 2), name="filtered"
    )
    return b.op("reshape", y, shape=(count, channels), name="coefficients")


def _rms(b: Builder, x: str) -> str:
    power = b.op("reduce_mean", b.op("mul", x, x, name="square"), axis=0, name="power")
    return b.op("sqrt", power, name="rms")


def _counts(signal: Signal, params: Mapping[str, Attr]) -> list[int]:
    """Coefficients of each level.

    Raises:
        UserError: the window is too short for the levels.
    """
    taps, wanted = 2 * int(str(params["wavelet"])[2:]), int(params["levels"])  # type: ignore[arg-type]
    counts: list[int] = []
    left = signal.samples
    while len(counts) < (wanted or _MOST):
        left = (left - taps) // 2 + 1
        if left < _FEWEST:
            break
        counts.append(left)
    if len(counts) < max(1, wanted):
        raise UserError(
            "dsp.param.value",
            f"Block 'wavelet': {max(1, wanted)} levels of {params['wavelet']} in a window of "
            f"{signal.samples} samples.",
            f"At most {len(counts)} levels have {_FEWEST} coefficients: take fewer, a shorter "
            "wavelet or longer windows.",
        )
    return counts


def names(signal: Signal, params: Mapping[str, Attr]) -> tuple[str, ...]:
    """``<channel> <from>-<to> Hz <statistic>``; the octave that the level is about."""
    half, found = signal.rate_hz / 2, []
    for level in range(len(_counts(signal, params))):
        band = f"{half / 2 ** (level + 1):.6g}-{half / 2**level:.6g} Hz"
        found += [f"{c} {band} {s}" for s in DETAIL for c in signal.channels]
    rest = f"0-{half / 2 ** len(_counts(signal, params)):.6g} Hz"
    return tuple(found + [f"{c} {rest} {s}" for s in COARSE for c in signal.channels])


def oracle(x: np.ndarray, signal: Signal, params: Mapping[str, Attr]) -> np.ndarray:
    """The same by numpy's convolution in float64."""
    coarse, fine = _filters(params)
    rest, found = x.astype(np.float64), []
    for _ in _counts(signal, params):
        halves = [
            np.stack([np.convolve(c, f[::-1], "valid") for c in rest.T], axis=1)[::-2][::-1]
            for f in (fine, coarse)
        ]
        size, rest = np.abs(halves[0]), halves[1]
        found += [size.mean(0), np.sqrt((size**2).mean(0)), size.max(0)]
    return np.concatenate([*found, rest.mean(0), rest.std(0)])


def alternatives(signal: Signal, params: Mapping[str, Attr]) -> tuple[Mapping[str, Attr], ...]:
    """The wavelets beside, with as many levels."""
    levels = len(_counts(signal, params))
    found = []
    for name in WAVELETS:
        other = {**params, "wavelet": name, "levels": levels}
        if name != params["wavelet"] and _fits(signal, other):
            found.append(other)
    return tuple(found)


def _fits(signal: Signal, params: Mapping[str, Attr]) -> bool:
    try:
        return bool(_counts(signal, params))
    except UserError:
        return False


WAVELETS = ("db1", "db2", "db3", "db4", "db6", "db8")


def _case(samples: int, channels: int, **params: Attr) -> BlockCase:
    rng = np.random.default_rng([samples, channels])
    signal = Signal(samples, tuple(f"c{i}" for i in range(channels)), 100.0)
    values = np.cumsum(rng.normal(size=(samples, channels)), axis=0) * 0.2
    values[samples // 3] += 4.0
    return BlockCase(signal, values.astype(np.float32), params)


CASES = {
    "defaults": _case(100, 3),
    "long": _case(513, 1),
    "haar": _case(50, 2, wavelet="db1", levels=2),
    "two_levels": _case(64, 1, wavelet="db2", levels=2),
    "long_filter": _case(200, 2, wavelet="db8"),
    "shortest": _case(14, 1),
}

BLOCK = Block(
    name="wavelet",
    params=(
        Param(
            "wavelet",
            "db4",
            "Daubechies' wavelet with so many vanishing moments; db1 is Haar's",
            choices=WAVELETS,
        ),
        Param(
            "levels", 0, "octaves from half the rate down; 0: as many as fit, 6 at most", (), 0, 12
        ),
    ),
    lower=lower,
    names=names,
    oracle=oracle,
    cases=CASES,
    alternatives=alternatives,
)
