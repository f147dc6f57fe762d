"""Power of overlapping frames of a signal in bands of frequency: Fourier transform of each frame
and weighted sums of its bins, in one step, so that neither frames nor spectra are kept.

A frame is ``length`` samples of one channel minus their mean, which is that of their distances from
the first, so that a large offset costs no precision; the next begins ``stride`` samples later.
``emphasis`` p lifts high frequencies: v[t] - p v[t - 1], the first sample its own neighbour.
Then come the window, zeros up to n, and |DFT|^2 of bins 0..n/2, of which each band is a weighted
sum of a run that starts at ``floor``. Not normalised: weights do that.

x is float32, or a sensor's raw int16 whose scales are the last operand, as `dequantize` takes them:
then not even its values in float32 are kept.

Attributes: start (first sample of the first frame), stride, emphasis, floor.
"""

from collections.abc import Sequence

import numpy as np

from tinsmith.ir.op import (
    F32,
    Argument,
    Attrs,
    Case,
    Check,
    Cost,
    Extension,
    In,
    Kernel,
    Op,
    Out,
    Scratch,
    ShapeError,
    Site,
    Types,
)
from tinsmith.ir.ops._cases import SPECIAL, case, normal, whole
from tinsmith.ir.ops._layout import integer, number, of_dtype
from tinsmith.ir.ops.rfft_power import twiddles
from tinsmith.ir.types import TensorType, type_of


def infer(inputs: Types, attrs: Attrs) -> tuple[TensorType, ...]:
    """x float32 or int16 [samples, channels]; window [length], twiddles [n/2, 2] and weights [any],
    float32; spans int32 [bands, 2], the first bin and the number of bins of each band; for int16
    scale float32 [1] or [channels] -> [frames, channels, bands]; n a power of two >= 8; as many
    frames as there are whole ones."""
    of_dtype("stft_bands", inputs, 5 + (inputs[0].dtype == "int16"), "float32", "int16")
    x, window, table, weights, spans, *scale = inputs
    if (len(x.shape), len(window.shape), len(weights.shape)) != (2, 1, 1):
        raise ShapeError(
            "stft_bands",
            f"x {x.shape}, window {window.shape}, weights {weights.shape}; "
            "expected [samples, channels], [length], [weights]",
        )
    n = 2 * table.shape[0] if table.shape else 0
    if n < 8 or n & (n - 1) or table.shape != (n // 2, 2) or window.shape[0] > n:
        raise ShapeError(
            "stft_bands",
            f"window {window.shape}, twiddles {table.shape}; expected [length], [n / 2, 2], n "
            "8, 16, 32, ... and not below the length",
        )
    if spans.dtype != "int32" or len(spans.shape) != 2 or spans.shape[1] != 2:
        raise ShapeError("stft_bands", f"spans {spans}; expected int32 [bands, 2]")
    for type in (window, table, weights, *scale):
        of_dtype("stft_bands", [type], 1, "float32")
    _check_scale(x, scale)
    return (TensorType((_frames(x, window, attrs), x.shape[1], spans.shape[0]), "float32"),)


def _check_scale(x: TensorType, scale: Types) -> None:
    zeros = set(x.quant.zero_point) if x.quant else set()
    if zeros - {0} or any(s.shape not in ((1,), x.shape[1:]) for s in scale):
        raise ShapeError(
            "stft_bands",
            f"x {x}, scale {[s.shape for s in scale]}; expected zero points of 0, and a scale for "
            "all or one per channel",
        )


def _frames(x: TensorType, window: TensorType, attrs: Attrs) -> int:
    start, stride = (integer("stft_bands", attrs, name) for name in ("start", "stride"))
    number("stft_bands", attrs, "emphasis"), number("stft_bands", attrs, "floor")
    rest = x.shape[0] - start - window.shape[0]
    if start < 0 or stride < 1 or rest < 0:
        raise ShapeError(
            "stft_bands",
            f"x {x.shape}, window {window.shape}, start {start}, stride {stride}: no whole frame",
        )
    return 1 + rest // stride


def reference(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """Radix 2 on even samples as real and odd ones as imaginary parts, decimation in time, then
    both halves are told apart; factors that are 1 or -i are left out, each other product is rounded
    before it is added; sums run in order of index.

    Source: Cooley and Tukey, "An Algorithm for the Machine Calculation of Complex Fourier Series",
    1965; Cooley, Lewis and Welch, "The Fast Fourier Transform Algorithm: Programming
    Considerations in the Calculation of Sine, Cosine and Laplace Transforms", 1970.
    """
    x, window, table, weights, spans, *scale = operands
    with np.errstate(all="ignore"):
        x = x.astype(np.float32) * scale[0] if scale else x
        power = _powers(_windowed(x, window, site), table)
        floor = np.float32(number("stft_bands", site.attrs, "floor"))
        y = _sums(power, weights, spans, floor)
    return (y.reshape(site.outputs[0].shape),)


def _rows(x: np.ndarray, site: Site) -> np.ndarray:
    """Frames of each channel: [frames * channels, length]."""
    start, stride = (integer("stft_bands", site.attrs, name) for name in ("start", "stride"))
    first = start + stride * np.arange(site.outputs[0].shape[0])
    length = site.inputs[1].shape[0]
    frames: np.ndarray = x[first[:, None] + np.arange(length)]
    return np.moveaxis(frames, 2, 1).reshape(-1, length)


def _windowed(x: np.ndarray, window: np.ndarray, site: Site) -> np.ndarray:
    v = _rows(x, site)
    total = np.add.accumulate(v - v[:, :1], axis=1, dtype=np.float32)[:, -1]
    mean = v[:, 0] + total / np.float32(v.shape[1])
    v = v - mean[:, None]
    emphasis = np.float32(number("stft_bands", site.attrs, "emphasis"))
    if emphasis != 0:
        v = v - emphasis * np.concatenate([v[:, :1], v[:, :-1]], axis=1)
    return np.asarray(v * window, np.float32)


def _powers(v: np.ndarray, table: np.ndarray) -> np.ndarray:
    """[rows, length] -> |DFT|^2 of bins 0..n/2, n twice the rows of the table."""
    half = len(table)
    padded = np.zeros((len(v), 2 * half), np.float32)
    padded[:, : v.shape[1]] = v
    bits = half.bit_length() - 1
    order = [int(f"{t:0{bits}b}"[::-1], 2) for t in range(half)]
    re, im = padded[:, 0::2][:, order], padded[:, 1::2][:, order]
    span = 1
    while span < half:
        re, im = _butterflies(re, im, table[:: half // span], span)
        span *= 2
    return _told_apart(re, im, table)


def _butterflies(
    re: np.ndarray, im: np.ndarray, w: np.ndarray, span: int
) -> tuple[np.ndarray, np.ndarray]:
    """One stage over [rows, half]: pairs (i, i + span) become (a + w b, a - w b)."""
    rows, half = re.shape
    (ar, br), (ai, bi) = (np.moveaxis(v.reshape(rows, -1, 2, span), 2, 0) for v in (re, im))
    tr = w[:, 0] * br - w[:, 1] * bi
    ti = w[:, 0] * bi + w[:, 1] * br
    tr[..., 0], ti[..., 0] = br[..., 0], bi[..., 0]
    if span > 1:
        tr[..., span // 2], ti[..., span // 2] = bi[..., span // 2], -br[..., span // 2]
    pairs = ((ar + tr, ar - tr), (ai + ti, ai - ti))
    re, im = (np.stack(p, axis=2).reshape(rows, half) for p in pairs)
    return re, im


def _told_apart(re: np.ndarray, im: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Powers of the real signal from the transform Z of its even samples + i odd ones:
    2 X[k] = (Z[k] + conj Z[-k]) - i w^k (Z[k] - conj Z[-k])."""
    half = re.shape[1]
    power = np.empty((len(re), half + 1), np.float32)
    first, last = re[:, 0] + im[:, 0], re[:, 0] - im[:, 0]
    power[:, 0], power[:, half] = first * first, last * last
    middle = half // 2
    power[:, middle] = re[:, middle] * re[:, middle] + im[:, middle] * im[:, middle]
    k = np.arange(1, middle)
    ar, ai, br, bi = re[:, k], im[:, k], re[:, half - k], im[:, half - k]
    even_re, even_im, odd_re, odd_im = ar + br, ai - bi, ai + bi, br - ar
    tr = w[k, 0] * odd_re - w[k, 1] * odd_im
    ti = w[k, 0] * odd_im + w[k, 1] * odd_re
    for bins, (r, i) in (
        (k, (even_re + tr, even_im + ti)),
        (half - k, (even_re - tr, even_im - ti)),
    ):
        power[:, bins] = np.float32(0.25) * (r * r + i * i)
    return power


def _sums(
    power: np.ndarray, weights: np.ndarray, spans: np.ndarray, floor: np.float32
) -> np.ndarray:
    """[rows, bins] -> [rows, bands]: from the floor on in order of bins."""
    first, count = spans[:, 0], spans[:, 1]
    at = np.cumsum(count) - count
    y = np.full((len(power), len(spans)), floor, np.float32)
    for j in range(int(count.max())):
        on = np.flatnonzero(count > j)
        y[:, on] = y[:, on] + weights[at[on] + j] * power[:, first[on] + j]
    return y


def oracle(operands: Sequence[np.ndarray], site: Site) -> tuple[np.ndarray, ...]:
    """numpy's FFT in float64, bands as a matrix."""
    x, window, table, weights, spans, *scale = operands
    x = x.astype(np.float64) * (scale[0] if scale else 1.0)
    v = _rows(x, site)
    v = v - v.mean(1, keepdims=True)
    emphasis = number("stft_bands", site.attrs, "emphasis")
    v = v - emphasis * np.c_[v[:, :1], v[:, :-1]]
    power = np.abs(np.fft.rfft(v * window.astype(np.float64), 2 * len(table))) ** 2
    matrix, at = np.zeros((len(spans), len(table) + 1)), 0
    for band, (first, count) in enumerate(spans):
        matrix[band, first : first + count] = weights[at : at + count]
        at += count
    y = power @ matrix.T + number("stft_bands", site.attrs, "floor")
    return (y.reshape(site.outputs[0].shape),)


def arguments(site: Site) -> Sequence[Argument]:
    """(x, window, twiddles, weights, spans[, scale], y, work of n floats, frames, channels, start,
    stride, length, n, bands, emphasis, floor[, number of scales])"""
    n = 2 * site.inputs[2].shape[0]
    frames, channels, bands = site.outputs[0].shape
    start, stride = (integer("stft_bands", site.attrs, name) for name in ("start", "stride"))
    numbers = (number("stft_bands", site.attrs, name) for name in ("emphasis", "floor"))
    return [
        *(In(i) for i in range(len(site.inputs))), Out(), Scratch(4 * n), frames, channels, start,
        stride, site.inputs[1].shape[0], n, bands, *(F32(float(np.float32(v))) for v in numbers),
        *(t.elements for t in site.inputs[5:]),
    ]  # fmt: skip


def cost(site: Site) -> Cost:
    """Four products per butterfly of half the length, eight per pair of bins, one per weight."""
    half = site.inputs[2].shape[0]
    frames, channels, _ = site.outputs[0].shape
    each = site.inputs[1].elements + 2 * half * half.bit_length() + 4 * half
    constants = sum(t.nbytes for t in site.inputs[1:])
    return Cost(frames * channels * (each + site.inputs[3].elements), constants)


def _within(site: Site, contents: Sequence[np.ndarray | None]) -> bool:
    spans = contents[4]
    if spans is None:
        return False
    first, count = spans[:, 0].astype(np.int64), spans[:, 1].astype(np.int64)
    inside = first.min() >= 0 and count.min() >= 1
    inside = inside and (first + count).max() <= site.inputs[2].shape[0] + 1
    return bool(inside) and int(count.sum()) == site.inputs[3].elements


def extend(rng: np.random.Generator, x: TensorType) -> Extension | None:
    """Frames of 8 samples or fewer, as long as the signal allows, in three bands."""
    if x.dtype not in ("float32", "int16") or len(x.shape) != 2:
        return None
    if x.quant and any(x.quant.zero_point):
        return None
    length = int(rng.integers(1, min(8, x.shape[0]) + 1))
    constants = _constants(length, 8, ((0, 1), (1, 3), (2, 3)))
    if x.dtype == "int16":
        scales = int(rng.choice([1, x.shape[1]]))
        constants += (rng.uniform(1e-4, 1e-3, scales).astype(np.float32),)
    attrs = {"start": 0, "stride": int(rng.integers(1, 9)), "emphasis": 0.5, "floor": 0.0}
    return Extension((0, *((c, type_of(c)) for c in constants)), attrs)


def _constants(length: int, n: int, spans: Sequence[tuple[int, int]]) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng([length, n])
    window = rng.uniform(0.2, 1.0, length).astype(np.float32)
    weights = rng.uniform(0.1, 2.0, sum(count for _, count in spans)).astype(np.float32)
    return window, twiddles(n), weights, np.array(spans, np.int32)


def _case(
    x: np.ndarray, window: tuple[int, int], spans: Sequence[tuple[int, int]], **attrs: int | float
) -> Case:
    """``window``: length of the frames and of the transform."""
    given = {"start": 0, "stride": 1, "emphasis": 0.0, "floor": 0.0, **attrs}
    return case(x, *_constants(*window, spans), constant=(1, 2, 3, 4), **given)


def _raw_case(x: np.ndarray, *scale: float) -> Case:
    constants = (*_constants(12, 16, _FEW), np.array(scale, np.float32))
    return case(
        x, *constants, constant=(1, 2, 3, 4, 5), start=2, stride=5, emphasis=0.9, floor=1e-3
    )


_EVERY = tuple((k, 1) for k in range(9))
_FEW = ((0, 2), (1, 4), (4, 5))
_IMPULSE = np.eye(1, 16, 5, dtype=np.float32).T
_STEEP = np.array([[1e30], [-1e30], [3e38], [-3e38], [1.0], [2.0], [3.0], [4.0]], np.float32)
CASES = {
    "shortest": _case(normal(8, 1), (8, 8), ((0, 1), (1, 1), (2, 1), (3, 1), (4, 1))),
    "every_bin": _case(normal(16, 1), (16, 16), _EVERY),
    "bands": _case(normal(16, 1), (16, 16), _FEW, floor=0.5),
    "overlapping": _case(normal(40, 1), (16, 16), _FEW, stride=5),
    "apart": _case(normal(40, 1), (8, 16), _EVERY, stride=11, start=3),
    "channels": _case(normal(29, 3), (12, 16), _FEW, stride=6, start=1),
    "emphasis": _case(normal(30, 2), (13, 16), _FEW, stride=7, emphasis=0.97, floor=1e-3),
    "large_offset": _case(normal(32, 1) + np.float32(100), (32, 32), ((1, 16),), emphasis=0.0),
    "long": _case(normal(300, 1), (200, 256), ((1, 9), (5, 30), (30, 99)), stride=50),
    "impulse": _case(_IMPULSE, (16, 16), _EVERY),
    "one_sample": _case(normal(5, 2), (1, 8), ((0, 5),), stride=2),
    "zeros": _case(np.zeros((16, 1), np.float32), (16, 16), _FEW, floor=1e-6),
    "denormal": _case(normal(16, 1, scale=1e-22), (16, 16), _EVERY),
    "special": _case(
        np.stack([SPECIAL, SPECIAL[::-1]], axis=1), (8, 8), ((0, 5), (2, 1)), stride=3
    ),
    "raw": _raw_case(whole("int16", 24, 1), 1e-4),
    "raw_channels": _raw_case(whole("int16", 27, 3), 1e-4, 3e-5, 1e-3),
    "raw_one_scale": _raw_case(whole("int16", 27, 2), 1e-4),
    "overflowing": _case(_STEEP, (8, 8), ((0, 5), (1, 2)), emphasis=0.5),
}

OP = Op(
    name="stft_bands",
    infer=infer,
    reference=reference,
    oracle=oracle,
    kernels={d: Kernel(arguments) for d in ("float32", "int16")},
    cost=cost,
    cases=CASES,
    extend=extend,
    checks=(
        Check(
            "spans",
            _within,
            "the bands' runs of bins are constants, lie within the bins and use up the weights",
        ),
    ),
)
