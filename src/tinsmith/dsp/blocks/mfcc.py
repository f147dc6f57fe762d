"""Cepstrum of each channel in mel bands over time (MFCC), from overlapping frames: for speech.

The logarithms of the energies that `mfe` computes, as weights of cosines over the bands: an
orthonormal DCT-II, of which the first coefficients are kept; coefficient 0 is the level. If wanted,
each coefficient is taken without its mean over the window, which leaves out what a microphone or a
room does to all frames (Atal, "Effectiveness of Linear Prediction Characteristics of the Speech
Wave for Automatic Speaker Identification and Verification", J. Acoust. Soc. Am. 55(6), 1974).
Source: Davis and Mermelstein, see `_mel.py`.
"""

from collections.abc import Mapping

import numpy as np

from tinsmith.core.errors import UserError
from tinsmith.dsp.block import Block, Param, Signal
from tinsmith.dsp.blocks._frames import FRAMES, LOG, frame_names, frames_of, lower_bands
from tinsmith.dsp.blocks._mel import (
    EMPHASIS,
    MEL,
    band_count,
    emphasis,
    mel_bank,
    mel_energies,
    other_mel,
    silence,
    voice,
)
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr

_USUAL = 13
"""Coefficients where no number is given: the shape of the vocal tract without the pitch."""


def lower(b: Builder, x: str, signal: Signal, params: Mapping[str, Attr]) -> str:
    """[samples, channels] -> [frames * channels * coefficients]."""
    frames, bank = mel_bank("mfcc", signal, params)
    count, channels = _coefficients(signal, params), len(signal.channels)
    energy = lower_bands(b, x, frames, bank, _logarithmic(params))
    rows = b.op("reshape", energy, shape=(frames.count * channels, len(bank)), name="rows")
    cosines = b.constant("cosines", _cosines(count, len(bank)).astype(np.float32))
    none = b.constant("none", np.zeros(count, np.float32))
    cepstrum = b.op("dense", rows, cosines, none, name="cepstrum")
    if params["mean_normalisation"]:
        shape = (frames.count, channels * count)
        cepstrum = b.op("reshape", cepstrum, shape=shape, name="over_time")
        mean = b.op("reduce_mean", cepstrum, axis=0, name="mean")
        cepstrum = b.op("sub", cepstrum, mean, name="centred")
    return b.op("reshape", cepstrum, shape=(frames.count * channels * count,), name="mfcc")


def _cosines(count: int, bands: int) -> np.ndarray:
    """Orthonormal DCT-II, [count, bands] float64: row k is sqrt(2 / bands) cos(pi k (i + 1/2) /
    bands), and row 0 divided by sqrt 2."""
    k, i = np.arange(count)[:, None], np.arange(bands)
    matrix = np.sqrt(2 / bands) * np.cos(np.pi * k * (i + 0.5) / bands)
    matrix[0] /= np.sqrt(2)
    return np.asarray(matrix)


def _logarithmic(params: Mapping[str, Attr]) -> dict[str, Attr]:
    return {**params, "log": True}


def _coefficients(signal: Signal, params: Mapping[str, Attr]) -> int:
    bands = band_count("mfcc", signal, params)
    count = int(params["coefficients"]) or min(_USUAL, bands)  # type: ignore[arg-type]
    if count > bands:
        raise UserError(
            "dsp.param.value",
            f"Block 'mfcc': {count} coefficients of {bands} bands.",
            f"At most as many coefficients as bands, {bands}.",
        )
    return count


def names(signal: Signal, params: Mapping[str, Attr]) -> tuple[str, ...]:
    """``<channel> cepstrum <coefficient> @<begin of the frame> s``."""
    frames = frames_of("mfcc", signal, params)
    parts = [f"cepstrum {k}" for k in range(_coefficients(signal, params))]
    return frame_names(signal, frames, parts)


def shape(signal: Signal, params: Mapping[str, Attr]) -> tuple[int, int]:
    """(frames, channels * coefficients)."""
    count = len(signal.channels) * _coefficients(signal, params)
    return frames_of("mfcc", signal, params).count, count


def oracle(x: np.ndarray, signal: Signal, params: Mapping[str, Attr]) -> np.ndarray:
    """The same by scipy's DCT in float64."""
    from scipy.fft import dct

    logs = np.log(mel_energies("mfcc", x, signal, _logarithmic(params)))
    cepstrum = dct(logs, norm="ortho", axis=2)[..., : _coefficients(signal, params)]
    if params["mean_normalisation"]:
        cepstrum = cepstrum - cepstrum.mean(0)
    return np.asarray(cepstrum.ravel())


def alternatives(signal: Signal, params: Mapping[str, Attr]) -> tuple[Mapping[str, Attr], ...]:
    """The other window function, another floor, pre-emphasis or none, a transform of double length,
    means taken off or not."""
    found = other_mel("mfcc", signal, _logarithmic(params))
    given = [{k: v for k, v in other.items() if k != "log"} for other in found]
    flipped = {**params, "mean_normalisation": not params["mean_normalisation"]}
    return (*(other for other in given if other != params), flipped)


CASES = {
    "defaults": voice(2000, 1, 8000.0),
    "two_channels": voice(1500, 2, 4000.0, coefficients=8),
    "speech": voice(
        3000, 1, 16000.0, frame_ms=25, stride_ms=10, bands=32, low_hz=60.0, high_hz=7000.0
    ),
    "normalised": voice(3000, 2, 8000.0, mean_normalisation=True, bands=20),
    "all_coefficients": voice(1200, 1, 8000.0, bands=20, coefficients=20),
    "level_only": voice(600, 1, 8000.0, bands=10, coefficients=1, pre_emphasis=0),
    "slow": voice(120, 3, 50.0, coefficients=4),
    "silence": silence(600, 8000.0),
}

BLOCK = Block(
    name="mfcc",
    params=(
        *FRAMES,
        *MEL,
        emphasis(EMPHASIS),
        Param(
            "coefficients",
            0,
            "cepstral coefficients that are kept, from the level on; 0: 13, or one per band",
            (),
            0,
            256,
        ),
        Param("mean_normalisation", False, "each coefficient without its mean over the window"),
        LOG[1],
    ),
    lower=lower,
    names=names,
    oracle=oracle,
    shape=shape,
    cases=CASES,
    alternatives=alternatives,
)
