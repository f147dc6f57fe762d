"""Spectral block: energies by an independent library, their scale and their names."""

import numpy as np
import pytest

from tinsmith.core.errors import UserError
from tinsmith.dsp.block import Signal
from tinsmith.dsp.blocks.spectral import BLOCK
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr
from tinsmith.ir.interp import Interpreter
from tinsmith.ir.types import TensorType


def energies(x: np.ndarray, rate_hz: float = 50.0, **params: Attr) -> np.ndarray:
    """[channels, bands] of the lowered graph."""
    signal = Signal(len(x), tuple(f"c{i}" for i in range(x.shape[1])), rate_hz)
    b = Builder("spectral")
    complete = BLOCK.complete(params)
    out = BLOCK.lower(b, b.input("x", TensorType(x.shape, "float32")), signal, complete)
    result = Interpreter(b.build([out])).run({"x": x.astype(np.float32)})[out]
    return result.reshape(x.shape[1], -1)


@pytest.mark.parametrize(("samples", "length"), [(64, 64), (50, 64), (128, 32)])
@pytest.mark.parametrize("window", ["hann", "rect"])
def test_plain_bins_are_scipys_welch(
    samples: int, length: int, window: str, rng: np.random.Generator
) -> None:
    signal = pytest.importorskip("scipy.signal")
    x = rng.normal(size=(samples, 3))
    x -= x.mean(0)
    got = energies(x, window=window, fft_length=length, bands=length // 2, log=False)
    name = {"hann": "hann", "rect": "boxcar"}[window]
    _, density = signal.welch(
        x, 50.0, name, nperseg=min(samples, length), noverlap=0, nfft=length, detrend=False, axis=0
    )
    want = density[1:].T * 50.0 / length
    assert np.abs(got - want).max() <= 1e-5 * want.max()


def test_overlapping_frames_are_scipys_welch(rng: np.random.Generator) -> None:
    signal = pytest.importorskip("scipy.signal")
    x = rng.normal(size=(170, 3)) + 5.0
    got = energies(x, fft_length=64, bands=32, log=False, overlap=True)
    newest = x[(170 - 64) % 32 :]
    _, density = signal.welch(newest, 50.0, nperseg=64, noverlap=32, detrend="constant", axis=0)
    want = density[1:].T * 50.0 / 64
    assert np.abs(got - want).max() <= 1e-5 * want.max()


def test_energies_add_up_to_the_variance(rng: np.random.Generator) -> None:
    x = rng.normal(size=(64, 2)) * [1.0, 5.0] + [3.0, -7.0]
    got = energies(x, fft_length=64, window="rect", bands=4, log=False).sum(1)
    assert got == pytest.approx(x.var(0), rel=1e-5)


def test_a_tone_lies_in_its_band() -> None:
    t = np.arange(64) / 50.0
    x = np.stack([np.sin(2 * np.pi * 4 * t), np.sin(2 * np.pi * 20 * t)], axis=1)
    signal = Signal(64, ("a", "b"), 50.0)
    names = BLOCK.names(signal, BLOCK.complete({"fft_length": 64}))
    top = energies(x, fft_length=64).argmax(1)
    assert names[top[0]] == "a 3.52-6.64 Hz"
    assert names[8 + top[1]] == "b 19.1-22.3 Hz"


def test_a_constant_signal_gives_the_floor() -> None:
    got = energies(np.full((32, 1), 7.0), floor=0.001)
    assert got == pytest.approx(np.log(0.001), rel=1e-5)


def test_the_newest_samples_count() -> None:
    x = np.zeros((40, 1))
    x[:8] = np.array([1.0, -1.0] * 4)[:, None]  # mean 0, and older than the newest 32
    assert energies(x, fft_length=32, log=False).max() == 0


def test_too_many_bands() -> None:
    with pytest.raises(UserError, match="17 bands of an FFT of length 32"):
        energies(np.zeros((32, 1)), fft_length=32, bands=17)
