"""Energy of each channel in frequency bands, by Fourier transform of the window without its mean.

The window of the signal is cut into frames of ``fft_length`` samples (the newest whole frames; a
shorter signal is padded with zeros), each multiplied by a window function; the power spectra are
averaged. With ``overlap`` each frame begins in the middle of the one before and is taken without
its own mean, as Welch does. Scaled so that the energies of all bands add up to about the channel's
variance (Parseval), in unit^2. Source: Bartlett, "Smoothing Periodograms from Time-Series with
Continuous Spectra", Nature 161, 1948; Welch, IEEE Trans. Audio Electroacoust. 15(2), 1967.
"""

from collections.abc import Mapping

import numpy as np

from tinsmith.core.errors import UserError
from tinsmith.dsp.block import Block, BlockCase, Param, Signal
from tinsmith.dsp.blocks._frames import Frames, lower_bands, window
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr
from tinsmith.ir.ops.rfft_power import twiddles

FFT_LENGTHS = (8, 16, 32, 64, 128, 256, 512)


def lower(b: Builder, x: str, signal: Signal, params: Mapping[str, Attr]) -> str:
    """[samples, channels] -> [channels * bands]: all bands of one channel, then the next."""
    if params["overlap"]:
        energy = _overlapping(b, x, signal, params)
    else:
        energy = _bands(b, _average(b, x, signal, params), signal, params)
    if params["log"]:
        energy = b.op("log", energy, name="log_energy")
    count = len(signal.channels) * _band_count(params)
    return b.op("reshape", energy, shape=(count,), name="spectral")


def _average(b: Builder, x: str, signal: Signal, params: Mapping[str, Attr]) -> str:
    """[samples, channels] -> power spectra [channels, fft_length / 2 + 1]."""
    length, channels = _length(params), len(signal.channels)
    mean = b.op("reduce_mean", x, axis=0, name="mean")
    centred = b.op("sub", x, mean, name="centred")
    rows = b.op("transpose", centred, name="rows")
    frames = _frames(b, rows, signal, params)
    power = b.op("rfft_power", frames, b.constant("twiddles", twiddles(length)), name="power")
    if _frame_count(signal, params) > 1:
        return b.op("reduce_mean", power, axis=1, name="average")
    return b.op("reshape", power, shape=(channels, length // 2 + 1), name="spectrum")


def _overlapping(b: Builder, x: str, signal: Signal, params: Mapping[str, Attr]) -> str:
    """[samples, channels] -> energies [channels, bands], the logarithm's floor added."""
    matrix = _matrix(signal, params)
    bank = [(int(bins[0]), matrix[k, bins]) for k, bins in enumerate(_bins(params))]
    energy = lower_bands(b, x, _half_frames(signal, params), bank, {**params, "log": False})
    energy = b.op("reduce_mean", energy, axis=0, name="average")
    if not params["log"]:
        return energy
    floor = b.constant("floor", np.array([params["floor"]], np.float32))
    return b.op("add", energy, floor, name="floored")


def _half_frames(signal: Signal, params: Mapping[str, Attr]) -> Frames:
    """Frames that overlap by half, the newest last."""
    used = _used(signal, params)
    stride = max(1, used // 2)
    rest = signal.samples - used
    return Frames(used, stride, _length(params), 1 + rest // stride, rest % stride)


def _frames(b: Builder, rows: str, signal: Signal, params: Mapping[str, Attr]) -> str:
    """[channels, samples] -> [channels, frames, fft_length], windowed and padded."""
    length, count, used = _length(params), _frame_count(signal, params), _used(signal, params)
    channels = len(signal.channels)
    if signal.samples > count * used:
        newest = signal.samples - count * used
        rows = b.op("slice", rows, axis=1, start=newest, size=count * used, name="newest")
    frames = b.op("reshape", rows, shape=(channels, count, used), name="frames")
    if params["window"] != "rect":
        shape = b.constant("window", window(str(params["window"]), used).astype(np.float32))
        frames = b.op("mul", frames, shape, name="windowed")
    if used < length:
        zeros = b.constant("zeros", np.zeros((channels, count, length - used), np.float32))
        frames = b.op("concat", frames, zeros, axis=2, name="padded")
    return frames


def _bands(b: Builder, power: str, signal: Signal, params: Mapping[str, Attr]) -> str:
    """[channels, fft_length / 2 + 1] -> energies [channels, bands], the logarithm's floor added."""
    matrix, bands = _matrix(signal, params), _band_count(params)
    floor = float(params["floor"]) if params["log"] else 0.0  # type: ignore[arg-type]
    if bands < _length(params) // 2:
        weights = b.constant("bands", matrix.astype(np.float32))
        # The sum starts at its bias, which is the floor of the logarithm: log(energy + floor).
        bias = b.constant("floor", np.full(bands, floor, np.float32))
        return b.op("dense", power, weights, bias, name="energy")
    # One band per bin: no sums.
    bins = b.op("slice", power, axis=1, start=1, size=bands, name="bins")
    scale = b.constant("scale", matrix.max(axis=1).astype(np.float32))
    energy = b.op("mul", bins, scale, name="energy")
    if floor:
        energy = b.op(
            "add", energy, b.constant("floor", np.array([floor], np.float32)), name="floored"
        )
    return energy


def _matrix(signal: Signal, params: Mapping[str, Attr]) -> np.ndarray:
    """Sums of bins into bands with their scale, [bands, fft_length / 2 + 1] float64.

    Bin 0 belongs to no band. Each other bin counts twice for its mirror image, but for the Nyquist
    bin; Parseval: sum |x w|^2 = sum |X|^2 / fft_length.
    """
    length = _length(params)
    weight = np.full(length // 2 + 1, 2.0)
    weight[-1] = 1.0
    weight /= length * np.square(window(str(params["window"]), _used(signal, params))).sum()
    matrix = np.zeros((_band_count(params), length // 2 + 1))
    for band, bins in enumerate(_bins(params)):
        matrix[band, bins] = weight[bins]
    return matrix


def _bins(params: Mapping[str, Attr]) -> list[np.ndarray]:
    """Bins of each band: 1 .. fft_length / 2, as evenly as whole bins allow."""
    return np.array_split(np.arange(1, _length(params) // 2 + 1), _band_count(params))


def _length(params: Mapping[str, Attr]) -> int:
    return int(params["fft_length"])  # type: ignore[arg-type]


def _band_count(params: Mapping[str, Attr]) -> int:
    bands = int(params["bands"])  # type: ignore[arg-type]
    if bands > _length(params) // 2:
        raise UserError(
            "dsp.param.value",
            f"Block 'spectral': {bands} bands of an FFT of length {_length(params)}.",
            f"At most fft_length / 2 = {_length(params) // 2} bands.",
        )
    return bands


def _used(signal: Signal, params: Mapping[str, Attr]) -> int:
    """Samples of the signal in one frame."""
    return min(signal.samples, _length(params))


def _frame_count(signal: Signal, params: Mapping[str, Attr]) -> int:
    return max(1, signal.samples // _length(params))


def names(signal: Signal, params: Mapping[str, Attr]) -> tuple[str, ...]:
    """``<channel> <from>-<to> Hz``, the edges half a bin around the band's bins."""
    step = signal.rate_hz / _length(params)
    edges = [f"{(b[0] - 0.5) * step:.3g}-{(b[-1] + 0.5) * step:.3g} Hz" for b in _bins(params)]
    return tuple(f"{c} {edge}" for c in signal.channels for edge in edges)


def oracle(x: np.ndarray, signal: Signal, params: Mapping[str, Attr]) -> np.ndarray:
    """The same by numpy's FFT in float64."""
    length, count, used = _length(params), _frame_count(signal, params), _used(signal, params)
    x = x.astype(np.float64)
    frames = (x - x.mean(0))[signal.samples - count * used :].reshape(count, used, -1)
    if params["overlap"]:
        ends = range(signal.samples, used - 1, -max(1, used // 2))
        frames = np.stack([x[end - used : end] - x[end - used : end].mean(0) for end in ends])
    shape = window(str(params["window"]), used)
    power = np.zeros((len(signal.channels), length // 2 + 1))
    for frame in frames:
        power += np.abs(np.fft.rfft(frame.T * shape, length)) ** 2 / len(frames)
    two_sided = np.where(np.arange(length // 2 + 1) == length // 2, 1.0, 2.0)
    energy = power * two_sided / (length * (shape**2).sum())
    bands = np.stack([energy[:, b].sum(1) for b in _bins(params)], axis=1)
    return np.log(bands + params["floor"]).ravel() if params["log"] else bands.ravel()


def alternatives(signal: Signal, params: Mapping[str, Attr]) -> tuple[Mapping[str, Attr], ...]:
    """The other window function, log or not, frames that overlap or not, transforms of half and of
    double length (where the number of bands allows), ten times the floor."""
    found: list[Mapping[str, Attr]] = [
        {**params, "window": "rect" if params["window"] == "hann" else "hann"},
        {**params, "log": not params["log"]},
    ]
    if _half_frames(signal, params).count > 1:
        found.append({**params, "overlap": not params["overlap"]})
    for length in (_length(params) // 2, _length(params) * 2):
        if length in FFT_LENGTHS and length // 2 >= _band_count(params):
            found.append({**params, "fft_length": length})
    if params["log"]:
        floor = float(params["floor"])  # type: ignore[arg-type]
        found += [{**params, "floor": f} for f in (floor * 10, floor / 10) if 1e-12 <= f <= 1.0]
    return tuple(found)


def _case(samples: int, channels: int, **params: Attr) -> BlockCase:
    rng = np.random.default_rng([samples, channels])
    t = np.arange(samples)[:, None] / 50.0
    tones = np.sin(2 * np.pi * rng.uniform(1, 20, channels) * t) * 3
    values = tones + rng.normal(size=(samples, channels)) + 2.0
    signal = Signal(samples, tuple(f"c{i}" for i in range(channels)), 50.0)
    return BlockCase(signal, values.astype(np.float32), params)


CASES = {
    "exact_length": _case(64, 2, fft_length=64),
    "padded": _case(50, 6, fft_length=64),
    "one_frame_of_many_samples": _case(100, 3, fft_length=64),
    "averaged_frames": _case(100, 3, fft_length=32),
    "overlapping": _case(100, 3, fft_length=32, overlap=True),
    "overlapping_padded": _case(50, 2, fft_length=64, overlap=True, bands=5, window="rect"),
    "overlapping_bins": _case(90, 2, fft_length=32, overlap=True, bands=16, log=False),
    "rectangular": _case(64, 1, fft_length=64, window="rect"),
    "linear": _case(50, 2, fft_length=64, log=False),
    "uneven_bands": _case(32, 2, fft_length=32, bands=5),
    "one_band": _case(32, 2, fft_length=32, bands=1),
    "plain_bins": _case(32, 2, fft_length=32, bands=16),
    "plain_bins_linear": _case(20, 2, fft_length=16, bands=8, log=False),
    "shortest": _case(8, 1, fft_length=8, bands=2),
    "silence": BlockCase(Signal(32, ("x",), 50.0), np.full((32, 1), 1.5, np.float32)),
}

BLOCK = Block(
    name="spectral",
    params=(
        Param("fft_length", 32, "samples per transform", choices=FFT_LENGTHS),
        Param(
            "bands",
            8,
            "bands between 0 Hz and half the rate; fft_length / 2: every bin",
            (),
            1,
            256,
        ),
        Param("window", "hann", "window function", choices=("hann", "rect")),
        Param("overlap", False, "each frame begins in the middle of the one before"),
        Param("log", True, "natural logarithm of the energies"),
        Param("floor", 1e-6, "added before the logarithm, in unit^2", low=1e-12, high=1.0),
    ),
    lower=lower,
    names=names,
    oracle=oracle,
    cases=CASES,
    alternatives=alternatives,
)
