"""What blocks on the mel scale share: bands as triangles, which overlap by half.

Source: Davis and Mermelstein, "Comparison of Parametric Representations for Monosyllabic Word
Recognition in Continuously Spoken Sentences", IEEE Trans. ASSP 28(4), 1980; the scale as in Young
et al., "The HTK Book", 5.4: mel = 2595 log10(1 + Hz / 700).
"""

from collections.abc import Mapping

import numpy as np

from tinsmith.core.errors import UserError
from tinsmith.dsp.block import BlockCase, Param, Signal
from tinsmith.dsp.blocks._frames import (
    LENGTHS,
    Frames,
    edges_of,
    energy_scale,
    floor_of,
    frames_of,
    number,
    other_frames,
    power_spectra,
)
from tinsmith.ir.graph import Attr

_MOST = 40
"""Bands where no number is given; half as many as bins where that is less."""
EMPHASIS = 0.97
"""The usual pre-emphasis of speech."""

MEL = (
    Param(
        "bands", 0, "mel bands; 0: half as many as bins, 40 at most, each with a bin", (), 0, 256
    ),
    Param("low_hz", 0.0, "lower end of the lowest band in Hz", low=0, high=1e6),
    Param("high_hz", 0.0, "upper end of the highest band in Hz; 0: half the rate", low=0, high=1e6),
)


def emphasis(default: float) -> Param:
    """The parameter ``pre_emphasis``."""
    doc = "share of the sample before that is taken off each sample of a frame; 0: none"
    return Param("pre_emphasis", default, doc, low=0.0, high=1.0)


def band_count(block: str, signal: Signal, params: Mapping[str, Attr]) -> int:
    """Number of bands; where none is given, no more than have a bin each."""
    given = int(number(params, "bands"))
    if given:
        return given
    low, high = edges_of(block, signal, params)
    step = signal.rate_hz / frames_of(block, signal, params).fft_length
    hz = np.arange(np.ceil(low / step), high / step) * step
    for count in range(min(_MOST, int((high - low) / step) // 2), 1, -1):
        ends = _corners(low, high, count)
        if all(((hz > a) & (hz < b)).any() for a, b in zip(ends, ends[2:], strict=False)):
            return count
    return 1


def corners(block: str, signal: Signal, params: Mapping[str, Attr]) -> np.ndarray:
    """Corners of the triangles in Hz, [bands + 2]: band i lies from corner i to i + 2."""
    return _corners(*edges_of(block, signal, params), band_count(block, signal, params))


def _corners(low_hz: float, high_hz: float, count: int) -> np.ndarray:
    low, high = (2595 * np.log10(1 + f / 700) for f in (low_hz, high_hz))
    return np.asarray(700 * (10 ** (np.linspace(low, high, count + 2) / 2595) - 1))


def mel_bank(
    block: str, signal: Signal, params: Mapping[str, Attr]
) -> tuple[Frames, list[tuple[int, np.ndarray]]]:
    """Frames, and first bin and weights of each band.

    Raises:
        UserError: a band has no bin.
    """
    frames = frames_of(block, signal, params)
    hz = np.arange(frames.bins) * signal.rate_hz / frames.fft_length
    scale = energy_scale(frames, str(params["window"]))
    ends = corners(block, signal, params)
    mel, at = np.log1p(hz / 700), np.log1p(ends / 700)
    width, bank = at[1] - at[0], []
    for band in range(len(ends) - 2):
        height = 1 - np.abs(mel - at[band + 1]) / width
        bins = np.flatnonzero(height > 1e-9)
        if not len(bins):
            raise UserError(
                "dsp.param.value",
                f"Block {block!r}: band {band}, {ends[band]:.6g} to {ends[band + 2]:.6g} Hz, has no"
                f" bin; bins are {hz[1]:.6g} Hz apart.",
                f"Give fewer bands than {len(ends) - 2}, or a longer fft_length or frame.",
            )
        bank.append((int(bins[0]), height[bins] * scale[bins]))
    return frames, bank


def band_names(block: str, signal: Signal, params: Mapping[str, Attr]) -> list[str]:
    """``<from>-<to> Hz``, the feet of the triangle."""
    ends = corners(block, signal, params)
    return [f"{a:.6g}-{b:.6g} Hz" for a, b in zip(ends, ends[2:], strict=False)]


def mel_energies(
    block: str, x: np.ndarray, signal: Signal, params: Mapping[str, Attr]
) -> np.ndarray:
    """For oracles: energies with the floor, [frames, channels, bands], by numpy in float64."""
    frames = frames_of(block, signal, params)
    power = power_spectra(x, frames, str(params["window"]), number(params, "pre_emphasis"))
    hz = np.fft.rfftfreq(frames.fft_length, 1 / signal.rate_hz)
    mel, ends = (np.log10(1 + f / 700) for f in (hz, corners(block, signal, params)))
    bank = [np.interp(mel, ends[i : i + 3], [0, 1, 0]) for i in range(len(ends) - 2)]
    return np.asarray(power @ np.stack(bank, axis=1) + floor_of(params))


def other_mel(
    block: str, signal: Signal, params: Mapping[str, Attr]
) -> tuple[Mapping[str, Attr], ...]:
    """What a faulty device may have: other frames, pre-emphasis or none, a transform of double
    length."""
    emphasised = EMPHASIS if number(params, "pre_emphasis") == 0 else 0.0
    found = [*other_frames(params), {**params, "pre_emphasis": emphasised}]
    double = 2 * frames_of(block, signal, params).fft_length
    if double in LENGTHS:
        bands = band_count(block, signal, params)
        found.append({**params, "fft_length": double, "bands": bands})
    return tuple(found)


def voice(samples: int, channels: int, rate_hz: float, **params: Attr) -> BlockCase:
    """A case: a gliding tone with overtones in noise."""
    rng = np.random.default_rng([samples, channels])
    t = np.arange(samples)[:, None] / rate_hz
    pitch = rate_hz / 60 * (1 + 0.2 * t) * rng.uniform(1, 2, channels)
    tones = sum(np.sin(2 * np.pi * pitch * k * t) / k for k in range(1, 8))
    values = 0.2 * tones + 0.05 * rng.normal(size=(samples, channels)) + 0.1
    signal = Signal(samples, tuple(f"c{i}" for i in range(channels)), rate_hz)
    return BlockCase(signal, values.astype(np.float32), params)


def silence(samples: int, rate_hz: float) -> BlockCase:
    """A case: a constant signal."""
    signal = Signal(samples, ("x",), rate_hz)
    return BlockCase(signal, np.full((samples, 1), 0.125, np.float32))
