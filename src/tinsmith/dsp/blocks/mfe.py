"""Energies of each channel in mel bands over time, from overlapping frames: for sounds.

A frame is taken without its mean, emphasised if wanted, multiplied by a window function, padded
with zeros and transformed; its energies are summed in triangles that are equally wide on the mel
scale. Scaled so that a frame's energies add up to about the channel's variance between both ends
of the bands, in unit^2. Sources: see `_mel.py`.
"""

from collections.abc import Mapping

import numpy as np

from tinsmith.dsp.block import Block, Signal
from tinsmith.dsp.blocks._frames import FRAMES, LOG, frame_names, frames_of, lower_bands
from tinsmith.dsp.blocks._mel import (
    MEL,
    band_count,
    band_names,
    emphasis,
    mel_bank,
    mel_energies,
    other_mel,
    silence,
    voice,
)
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr


def lower(b: Builder, x: str, signal: Signal, params: Mapping[str, Attr]) -> str:
    """[samples, channels] -> [frames * channels * bands]."""
    frames, bank = mel_bank("mfe", signal, params)
    energy = lower_bands(b, x, frames, bank, params)
    return b.op("reshape", energy, shape=(b.type(energy).elements,), name="mfe")


def names(signal: Signal, params: Mapping[str, Attr]) -> tuple[str, ...]:
    """``<channel> <from>-<to> Hz @<begin of the frame> s``, the feet of the triangle."""
    frames = frames_of("mfe", signal, params)
    return frame_names(signal, frames, band_names("mfe", signal, params))


def shape(signal: Signal, params: Mapping[str, Attr]) -> tuple[int, int]:
    """(frames, channels * bands)."""
    bands = band_count("mfe", signal, params)
    return frames_of("mfe", signal, params).count, len(signal.channels) * bands


def oracle(x: np.ndarray, signal: Signal, params: Mapping[str, Attr]) -> np.ndarray:
    """The same by numpy's FFT in float64."""
    energy = mel_energies("mfe", x, signal, params).ravel()
    return np.log(energy) if params["log"] else energy


def alternatives(signal: Signal, params: Mapping[str, Attr]) -> tuple[Mapping[str, Attr], ...]:
    """The other window function, log or not, another floor, pre-emphasis or none, a transform of
    double length."""
    return other_mel("mfe", signal, params)


CASES = {
    "defaults": voice(2000, 1, 8000.0),
    "two_channels": voice(1500, 2, 4000.0),
    "speech": voice(3000, 1, 16000.0, frame_ms=25, stride_ms=10, low_hz=60.0, high_hz=7000.0),
    "emphasis": voice(1200, 1, 8000.0, pre_emphasis=0.97, bands=20),
    "linear": voice(1200, 1, 8000.0, log=False, window="rect"),
    "one_band": voice(600, 1, 8000.0, bands=1),
    "apart": voice(3000, 1, 8000.0, frame_ms=16, stride_ms=50),
    "slow": voice(120, 3, 50.0),
    "long_transform": voice(5000, 1, 44100.0, bands=64, fft_length=2048),
    "silence": silence(600, 8000.0),
}

BLOCK = Block(
    name="mfe",
    params=(*FRAMES, *MEL, emphasis(0.0), *LOG),
    lower=lower,
    names=names,
    oracle=oracle,
    shape=shape,
    cases=CASES,
    alternatives=alternatives,
)
