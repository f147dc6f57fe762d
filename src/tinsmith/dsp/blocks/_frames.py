"""What blocks over frames of a signal share: frames and their transform chosen from parameters and
rate, banks of bands, and how they lower to one op.

Energies are scaled so that those of all bins add up to about the channel's variance (Parseval), in
unit^2, as in `spectral`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tinsmith.core.errors import UserError
from tinsmith.dsp.block import Param, Signal
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr
from tinsmith.ir.ops.rfft_power import twiddles

LENGTHS = (8, 16, 32, 64, 128, 256, 512, 1024, 2048)
_SHORTEST = 0.025
"""Seconds that a frame lasts at least where none is asked for: some periods of a low voice."""
_LEAST = 4
"""Samples of a frame: fewer have no spectrum to speak of."""
_FEWEST = 32
"""Samples that it has at least, so that a slow sensor's frame has bands at all."""

_ROUNDING = -100.0
"""dB: about the power that rounding to 16 bits adds to a signal within +-1."""

FRAMES = (
    Param(
        "frame_ms",
        0.0,
        "duration of a frame in ms; 0: the power of two of samples from 25 ms and 32 samples on",
        low=0,
        high=1e6,
    ),
    Param("stride_ms", 0.0, "from frame to frame in ms; 0: half a frame", low=0, high=1e6),
    Param(
        "fft_length",
        0,
        "samples per transform; 0: the power of two from the frame on",
        choices=(0, *LENGTHS),
    ),
    Param("window", "hann", "window function", choices=("hann", "rect")),
)
LOG = (
    Param("log", True, "natural logarithm of the energies"),
    Param(
        "floor_db",
        _ROUNDING,
        "noise floor, added before the logarithm, in dB of unit^2",
        low=-200,
        high=200,
    ),
)


@dataclass(frozen=True)
class Frames:
    """Frames of a signal, in samples; the newest ends where the signal ends.

    Args:
        length: samples of a frame, behind which zeros fill the transform.
        stride: from the beginning of one frame to that of the next.
        fft_length: samples of a transform, a power of two.
        count: whole frames of the signal.
        start: first sample of the first frame.
    """

    length: int
    stride: int
    fft_length: int
    count: int
    start: int

    @property
    def bins(self) -> int:
        """Bins of a spectrum, both ends included."""
        return self.fft_length // 2 + 1


def number(params: Mapping[str, Attr], name: str) -> float:
    """A parameter that is a number."""
    return float(params[name])  # type: ignore[arg-type]


def frames_of(block: str, signal: Signal, params: Mapping[str, Attr]) -> Frames:
    """The frames that the parameters ask for.

    Raises:
        UserError: they are longer than the signal or than the transform, or it has no samples
            between them.
    """
    length = _samples(signal, number(params, "frame_ms")) or _usual(block, signal)
    stride = _samples(signal, number(params, "stride_ms")) or max(1, length // 2)
    fft_length = int(number(params, "fft_length")) or _power_of_two(length)
    if not _LEAST <= length <= signal.samples:
        least, most = (n / signal.rate_hz * 1e3 for n in (_LEAST, signal.samples))
        raise UserError(
            "dsp.param.value",
            f"Block {block!r}: frames of {length} samples, the signal has {signal.samples}.",
            f"Give frame_ms from {least:.6g} to {most:.6g}: {_LEAST} samples to all of them.",
        )
    if length > fft_length or fft_length not in LENGTHS:
        raise UserError(
            "dsp.param.value",
            f"Block {block!r}: frames of {length} samples for transforms of "
            f"{min(fft_length, LENGTHS[-1])}.",
            f"fft_length is at least that of a frame and at most {LENGTHS[-1]}.",
        )
    count = 1 + (signal.samples - length) // stride
    return Frames(length, stride, fft_length, count, (signal.samples - length) % stride)


def _samples(signal: Signal, duration_ms: float) -> int:
    """Whole samples of a duration, one at least; 0 for 0."""
    return max(1, round(duration_ms * signal.rate_hz / 1e3)) if duration_ms else 0


def _power_of_two(least: int) -> int:
    return max(LENGTHS[0], 1 << (least - 1).bit_length())


def _usual(block: str, signal: Signal) -> int:
    wanted = _power_of_two(max(_FEWEST, int(np.ceil(_SHORTEST * signal.rate_hz))))
    possible = [n for n in LENGTHS if n <= min(wanted, signal.samples)]
    if not possible:
        raise UserError(
            "dsp.param.value",
            f"Block {block!r}: a signal of {signal.samples} samples.",
            f"Frames have {LENGTHS[0]} samples at least: take longer windows or another block.",
        )
    return possible[-1]


def edges_of(block: str, signal: Signal, params: Mapping[str, Attr]) -> tuple[float, float]:
    """(low_hz, high_hz), the latter half the rate where it is 0.

    Raises:
        UserError: they are no range below half the rate.
    """
    half = signal.rate_hz / 2
    low, high = number(params, "low_hz"), number(params, "high_hz") or half
    if not low < high <= half:
        raise UserError(
            "dsp.param.value",
            f"Block {block!r}: from {low:g} to {high:g} Hz.",
            f"Give low_hz below high_hz, and high_hz of at most half the rate, {half:g} Hz.",
        )
    return low, high


def window(name: str, length: int) -> np.ndarray:
    """Window function, [length] float64: ``rect``, or the periodic ``hann`` 0.5 - 0.5 cos(2 pi n /
    length) (Harris, "On the Use of Windows for Harmonic Analysis", Proc. IEEE 66, 1978)."""
    if name == "rect":
        return np.ones(length)
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)


def energy_scale(frames: Frames, name: str) -> np.ndarray:
    """Of each bin, float64: counts it twice for its mirror image, but for both ends; Parseval:
    sum |x w|^2 = sum |X|^2 / fft_length."""
    scale = np.full(frames.bins, 2.0)
    scale[[0, -1]] = 1.0
    share = float(np.square(window(name, frames.length)).sum())
    return np.asarray(scale / (frames.fft_length * share))


def lower_bands(
    b: Builder, x: str, frames: Frames, bank: Sequence[tuple[int, np.ndarray]],
    params: Mapping[str, Attr],
) -> str:  # fmt: skip
    """[samples, channels] -> [frames, channels, bands], in logarithms where asked for. ``bank``:
    first bin and weights of each band; ``params`` may name ``pre_emphasis``."""
    shape = window(str(params["window"]), frames.length).astype(np.float32)
    weights = np.concatenate([w for _, w in bank]).astype(np.float32)
    spans = np.array([(first, len(w)) for first, w in bank], np.int32)
    tables = (
        b.constant("window", shape),
        b.constant("twiddles", twiddles(frames.fft_length)),
        b.constant("weights", weights),
        b.constant("spans", spans),
    )
    energy = b.op(
        "stft_bands", x, *tables, name="energy", start=frames.start, stride=frames.stride,
        emphasis=number(params, "pre_emphasis") if "pre_emphasis" in params else 0.0,
        floor=floor_of(params),
    )  # fmt: skip
    return b.op("log", energy, name="log_energy") if params["log"] else energy


def floor_of(params: Mapping[str, Attr]) -> float:
    """The noise floor in unit^2; 0 where no logarithm is taken."""
    return float(10 ** (number(params, "floor_db") / 10)) if params["log"] else 0.0


def frame_names(signal: Signal, frames: Frames, parts: Sequence[str]) -> tuple[str, ...]:
    """``<channel> <part> @<seconds> s`` in order [frames, channels, parts]."""
    starts = [(frames.start + f * frames.stride) / signal.rate_hz for f in range(frames.count)]
    return tuple(f"{c} {p} @{t:.6g} s" for t in starts for c in signal.channels for p in parts)


def power_spectra(x: np.ndarray, frames: Frames, name: str, emphasis: float = 0.0) -> np.ndarray:
    """For oracles: energies of all bins, [frames, channels, bins], by numpy's FFT in float64."""
    found = []
    for start in range(frames.start, len(x) - frames.length + 1, frames.stride):
        frame = x[start : start + frames.length].astype(np.float64)
        frame = frame - frame.mean(0)
        frame = frame - emphasis * np.vstack([frame[:1], frame[:-1]])
        shape = np.ones(len(frame)) if name == "rect" else np.hanning(len(frame) + 1)[:-1]
        bins = np.abs(np.fft.rfft(frame * shape[:, None], frames.fft_length, axis=0)) ** 2
        bins[1:-1] *= 2
        found.append(bins.T / (frames.fft_length * (shape**2).sum()))
    return np.stack(found)


def other_frames(params: Mapping[str, Attr]) -> list[Mapping[str, Attr]]:
    """What a faulty device may have: the other window function, no logarithm or another floor."""
    found: list[Mapping[str, Attr]] = [
        {**params, "window": "rect" if params["window"] == "hann" else "hann"},
        {**params, "log": not params["log"]},
    ]
    if params["log"]:
        floors = (number(params, "floor_db") + d for d in (10.0, -10.0))
        found += [{**params, "floor_db": f} for f in floors if abs(f) <= 200]
    return found
