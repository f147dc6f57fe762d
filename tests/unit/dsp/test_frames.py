"""Blocks over frames: energies by independent libraries, frames chosen from the rate, refusals."""

import numpy as np
import pytest

from tinsmith.core.errors import UserError
from tinsmith.dsp.block import BLOCKS, Signal
from tinsmith.dsp.blocks._frames import frames_of
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr
from tinsmith.ir.interp import Interpreter
from tinsmith.ir.types import TensorType


def features(name: str, x: np.ndarray, rate_hz: float, **params: Attr) -> np.ndarray:
    """The lowered graph's result in the block's shape."""
    block = BLOCKS.get(name)
    signal = Signal(len(x), tuple(f"c{i}" for i in range(x.shape[1])), rate_hz)
    b, complete = Builder(name), block.complete(params)
    out = block.lower(b, b.input("x", TensorType(x.shape, "float32")), signal, complete)
    result = Interpreter(b.build([out])).run({"x": x.astype(np.float32)})[out]
    return result.reshape(block.shape(signal, complete)) if block.shape else result


def test_spectrogram_is_scipys(rng: np.random.Generator) -> None:
    scipy = pytest.importorskip("scipy.signal")
    x = rng.normal(size=(500, 1))
    got = features("spectrogram", x, 100.0, frame_ms=640, stride_ms=320, log=False)
    _, _, density = scipy.spectrogram(
        x[(500 - 64) % 32 :, 0], 100.0, "hann", nperseg=64, noverlap=32, detrend="constant"
    )
    want = density[1:].T * 100.0 / 64
    assert got.shape == want.shape
    assert np.abs(got - want).max() <= 1e-5 * want.max()


def test_energies_of_a_frame_add_up_to_its_variance(rng: np.random.Generator) -> None:
    x = rng.normal(size=(256, 2)) * [1.0, 5.0] + [3.0, -7.0]
    got = features("spectrogram", x, 100.0, frame_ms=640, stride_ms=640, window="rect", log=False)
    want = x.reshape(4, 64, 2).var(1)
    assert got.reshape(4, 2, 32).sum(2) == pytest.approx(want, rel=1e-5)


def test_a_tone_lies_in_its_band_in_every_frame() -> None:
    x = np.sin(2 * np.pi * 1000 * np.arange(4000) / 8000)[:, None]
    signal, block = Signal(4000, ("m",), 8000.0), BLOCKS.get("mfe")
    names = block.names(signal, block.complete({}))
    top = features("mfe", x, 8000.0).argmax(1)
    low, high = names[top[0]].removeprefix("m ").split(" Hz")[0].split("-")
    assert len(set(top)) == 1
    assert float(low) < 1000 < float(high)


def test_bands_share_what_lies_between_them(rng: np.random.Generator) -> None:
    """Triangles that overlap by half add up to one but for both ends."""
    x = np.sin(2 * np.pi * 1500 * np.arange(4000) / 8000)[:, None] * 3
    got = features("mfe", x, 8000.0, log=False)
    assert got.sum(1) == pytest.approx(4.5, rel=1e-3)


def test_cepstra_without_their_mean_do_not_know_the_level(rng: np.random.Generator) -> None:
    x = rng.normal(size=(4000, 1))
    quiet, loud = (
        features("mfcc", x * k, 8000.0, mean_normalisation=True, floor_db=-200.0) for k in (0.1, 10)
    )
    assert np.abs(quiet - loud).max() < 1e-3
    levels = [features("mfcc", x * k, 8000.0, floor_db=-200.0)[:, 0] for k in (0.1, 10)]
    assert levels[1] - levels[0] == pytest.approx(np.sqrt(40) * np.log(1e4), rel=1e-5)


def test_pre_emphasis_lifts_high_bands(rng: np.random.Generator) -> None:
    x = rng.normal(size=(4000, 1))
    change = (features("mfe", x, 8000.0, pre_emphasis=0.97) - features("mfe", x, 8000.0)).mean(0)
    assert change[0] < -1 and change[-1] > 1


def test_peaks_of_two_tones() -> None:
    t = np.arange(1000) / 1000.0
    x = 3 * np.sin(2 * np.pi * 125 * t) + np.sin(2 * np.pi * 250 * t) + 7
    block, signal = BLOCKS.get("peaks"), Signal(1000, ("m",), 1000.0)
    b, params = Builder("peaks"), block.complete({"log": False, "frame_ms": 64.0})
    out = block.lower(b, b.input("x", TensorType((1000, 1), "float32")), signal, params)
    values = Interpreter(b.build([out])).run({"x": x[:, None].astype(np.float32)})[out]
    found = dict(zip(block.names(signal, params), values.tolist(), strict=True))
    assert [found[f"m peak {i} Hz"] for i in (1, 2, 3)] == [125, 250, 0]
    shares = [found[f"m peak {i} energy"] for i in (1, 2, 3)]
    assert shares == pytest.approx([4.5 * 2 / 3, 0.5 * 2 / 3, 0], rel=1e-3)  # Hann's middle bin


@pytest.mark.parametrize(
    ("samples", "rate_hz", "length", "stride"),
    [
        (8000, 8000.0, 256, 128), (16000, 16000.0, 512, 256), (44100, 44100.0, 2048, 1024),
        (100, 50.0, 32, 16), (20, 50.0, 16, 8),
    ],
)  # fmt: skip
def test_frames_follow_the_rate(samples: int, rate_hz: float, length: int, stride: int) -> None:
    signal = Signal(samples, ("x",), rate_hz)
    found = frames_of("mfe", signal, BLOCKS.get("mfe").complete({}))
    assert (found.length, found.fft_length, found.stride) == (length, length, stride)
    assert found.start + (found.count - 1) * stride + length == samples  # the newest frame


@pytest.mark.parametrize(
    ("name", "samples", "params", "said"),
    [
        ("mfe", 400, {"frame_ms": 60.0}, "frames of 480 samples, the signal has 400"),
        ("mfe", 400, {"frame_ms": 0.1}, "frames of 1 samples"),
        ("mfe", 4, {}, "a signal of 4 samples"),
        ("mfe", 400, {"frame_ms": 32.0, "fft_length": 128}, "frames of 256 samples for transf"),
        ("mfe", 9000, {"frame_ms": 1000.0}, "frames of 8000 samples for transforms of 2048"),
        ("mfe", 400, {"high_hz": 5000.0}, "from 0 to 5000 Hz"),
        ("mfe", 400, {"low_hz": 300.0, "high_hz": 200.0}, "from 300 to 200 Hz"),
        ("peaks", 400, {"fft_length": 8, "frame_ms": 1.0, "count": 3}, "3 peaks among 3 bins"),
        ("mfe", 400, {"bands": 200}, "band 0, .* has no bin"),
        ("mfcc", 400, {"bands": 10, "coefficients": 11}, "11 coefficients of 10 bands"),
        ("spectrogram", 400, {"low_hz": 10.0, "high_hz": 11.0}, "no bin lies from 10 to 11 Hz"),
    ],
)
def test_what_cannot_be_is_refused(
    name: str, samples: int, params: dict[str, Attr], said: str
) -> None:
    with pytest.raises(UserError, match=said) as e:
        features(name, np.zeros((samples, 1)), 8000.0, **params)
    assert f"Block {name!r}" in e.value.message
