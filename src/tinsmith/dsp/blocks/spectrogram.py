"""Spectrum of each channel over time: energies of the bins of overlapping frames.

A frame is taken without its mean, multiplied by a window function, padded with zeros and
transformed; bin 0 is left out. Scaled so that the energies of a frame add up to about the
channel's variance (Parseval), in unit^2. Source: Harris, "On the Use of Windows for Harmonic
Analysis with the Discrete Fourier Transform", Proc. IEEE 66, 1978.
"""

from collections.abc import Mapping

import numpy as np

from tinsmith.core.errors import UserError
from tinsmith.dsp.block import Block, BlockCase, Param, Signal
from tinsmith.dsp.blocks._frames import (
    FRAMES,
    LOG,
    Frames,
    edges_of,
    energy_scale,
    floor_of,
    frame_names,
    frames_of,
    lower_bands,
    other_frames,
    power_spectra,
)
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr


def lower(b: Builder, x: str, signal: Signal, params: Mapping[str, Attr]) -> str:
    """[samples, channels] -> [frames * channels * bins]."""
    frames = _frames(signal, params)
    scale = energy_scale(frames, str(params["window"]))
    bank = [(int(k), scale[k : k + 1]) for k in _bins(signal, params)]
    energy = lower_bands(b, x, frames, bank, params)
    return b.op("reshape", energy, shape=(b.type(energy).elements,), name="spectrogram")


def _frames(signal: Signal, params: Mapping[str, Attr]) -> Frames:
    return frames_of("spectrogram", signal, params)


def _bins(signal: Signal, params: Mapping[str, Attr]) -> np.ndarray:
    """Numbers of the bins that are kept."""
    low, high = edges_of("spectrogram", signal, params)
    frames = _frames(signal, params)
    hz = np.arange(frames.bins) * signal.rate_hz / frames.fft_length
    bins = np.flatnonzero((hz >= low) & (hz <= high) & (hz > 0))
    if not len(bins):
        raise UserError(
            "dsp.param.value",
            f"Block 'spectrogram': no bin lies from {low:g} to {high:g} Hz.",
            f"Bins are {hz[1]:.6g} Hz apart: take a wider range or a longer fft_length.",
        )
    return bins


def names(signal: Signal, params: Mapping[str, Attr]) -> tuple[str, ...]:
    """``<channel> <frequency> Hz @<begin of the frame> s``."""
    frames = _frames(signal, params)
    step = signal.rate_hz / frames.fft_length
    return frame_names(signal, frames, [f"{k * step:.6g} Hz" for k in _bins(signal, params)])


def shape(signal: Signal, params: Mapping[str, Attr]) -> tuple[int, int]:
    """(frames, channels * bins)."""
    return _frames(signal, params).count, len(signal.channels) * len(_bins(signal, params))


def oracle(x: np.ndarray, signal: Signal, params: Mapping[str, Attr]) -> np.ndarray:
    """The same by numpy's FFT in float64."""
    energy = power_spectra(x, _frames(signal, params), str(params["window"]))
    energy = energy[..., _bins(signal, params)]
    return np.log(energy + floor_of(params)).ravel() if params["log"] else energy.ravel()


def alternatives(signal: Signal, params: Mapping[str, Attr]) -> tuple[Mapping[str, Attr], ...]:
    """The other window function, log or not, another floor."""
    return tuple(other_frames(params))


def _case(samples: int, channels: int, rate_hz: float = 100.0, **params: Attr) -> BlockCase:
    rng = np.random.default_rng([samples, channels])
    t = np.arange(samples)[:, None] / rate_hz
    tones = np.sin(2 * np.pi * rng.uniform(0.05, 0.4, channels) * rate_hz * t) * 3
    values = tones + rng.normal(size=(samples, channels)) + 2.0
    signal = Signal(samples, tuple(f"c{i}" for i in range(channels)), rate_hz)
    return BlockCase(signal, values.astype(np.float32), params)


CASES = {
    "defaults": _case(100, 3),
    "audio": _case(2000, 1, 8000.0),
    "padded": _case(200, 1, frame_ms=250, fft_length=64),
    "overlapping": _case(90, 2, frame_ms=160.0, stride_ms=50.0, fft_length=16),
    "apart": _case(90, 1, frame_ms=80.0, stride_ms=300.0),
    "linear": _case(64, 2, log=False),
    "rectangular": _case(64, 1, window="rect"),
    "range": _case(128, 1, low_hz=10.0, high_hz=30.0),
    # A floor at the noise: float32 does not know a bin that happens to be far below the tone.
    "long_transform": _case(3000, 1, 48000.0, frame_ms=40, fft_length=2048, floor_db=-30),
    "shortest": _case(8, 1),
    "silence": BlockCase(Signal(64, ("x",), 100.0), np.full((64, 1), 1.5, np.float32)),
}

BLOCK = Block(
    name="spectrogram",
    params=(
        *FRAMES,
        Param("low_hz", 0.0, "lowest frequency that is kept, in Hz", low=0, high=1e6),
        Param("high_hz", 0.0, "highest frequency in Hz; 0: half the rate", low=0, high=1e6),
        *LOG,
    ),
    lower=lower,
    names=names,
    oracle=oracle,
    shape=shape,
    cases=CASES,
    alternatives=alternatives,
)
