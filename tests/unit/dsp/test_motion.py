"""Blocks imu, wavelet and envelope: what they are for, by hand and by closed forms."""

import numpy as np
import pytest

from tinsmith.core.errors import UserError
from tinsmith.dsp.block import BLOCKS, Signal
from tinsmith.dsp.blocks.wavelet import WAVELETS, daubechies
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr
from tinsmith.ir.interp import Interpreter
from tinsmith.ir.types import TensorType

SIX = ("ax", "ay", "az", "gx", "gy", "gz")


def features(
    name: str, x: np.ndarray, channels: tuple[str, ...], **params: Attr
) -> dict[str, float]:
    block, signal = BLOCKS.get(name), Signal(len(x), channels, 100.0)
    b, complete = Builder(name), block.complete(params)
    out = block.lower(b, b.input("x", TensorType(x.shape, "float32")), signal, complete)
    values = Interpreter(b.build([out])).run({"x": x.astype(np.float32)})[out]
    return dict(zip(block.names(signal, complete), values.tolist(), strict=True))


def test_imu_features_stay_when_the_device_is_turned(rng: np.random.Generator) -> None:
    x = rng.normal(size=(50, 6)) + np.array([0, 0, 9.81, 1, 2, 3])
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    before = features("imu", x, SIX)
    after = features("imu", np.hstack([x[:, :3] @ turn, x[:, 3:] @ turn]), SIX)
    assert after == pytest.approx(before, rel=1e-4)
    assert len(before) == 22 and "a length mean" in before and "g turn" in before


def test_imu_features_by_hand() -> None:
    x = np.array([[3.0, 4, 0], [3, -4, 0], [3, 4, 0], [3, -4, 0]])
    found = features("imu", x, ("x", "y", "z"))
    assert found == pytest.approx(
        {
            "x y z length mean": 5, "x y z length std": 0, "x y z length min": 5,
            "x y z length max": 5, "x y z mean length": 3, "x y z motion rms": 4,
            "x y z motion peak": 4, "x y z motion spread": 0, "x y z change mean": 800,
            "x y z change peak": 800, "x y z turn": 0,
        },
        abs=1e-5,
    )  # fmt: skip


@pytest.mark.parametrize("channels", [("ax", "ay"), ("ax", "ay", "az", "gx")])
def test_imu_takes_threes(channels: tuple[str, ...]) -> None:
    with pytest.raises(UserError, match=r"Block 'imu': . channels"):
        features("imu", np.zeros((9, len(channels))), channels)


@pytest.mark.parametrize("name", WAVELETS)
def test_wavelets_are_orthonormal_with_vanishing_moments(name: str) -> None:
    moments = int(name[2:])
    taps = daubechies(moments)
    for shift in range(moments):
        product = taps[2 * shift :] @ taps[: len(taps) - 2 * shift]
        assert product == pytest.approx(float(shift == 0), abs=1e-8)
    fine = taps[::-1] * (-1.0) ** np.arange(2 * moments)
    at = np.linspace(-1, 1, 2 * moments)
    assert [fine @ at**k for k in range(moments)] == pytest.approx([0] * moments, abs=1e-7)


def test_wavelet_of_two_moments_is_the_published_one() -> None:
    """Daubechies, 1988, table 1."""
    want = np.array([1 + 3**0.5, 3 + 3**0.5, 3 - 3**0.5, 1 - 3**0.5]) / (4 * 2**0.5)
    assert sorted(daubechies(2)) == pytest.approx(sorted(want))


def test_a_click_shows_in_the_finest_octave() -> None:
    x = np.sin(2 * np.pi * 0.5 * np.arange(200) / 100)[:, None]
    x[120] += 1.0
    found = features("wavelet", x, ("x",))
    assert found["x 25-50 Hz peak"] > 0.4
    assert found["x 25-50 Hz mean size"] < 0.05


def test_wavelet_levels_that_do_not_fit_are_refused() -> None:
    with pytest.raises(UserError, match=r"5 levels of db4 in a window of 50 samples") as e:
        features("wavelet", np.zeros((50, 1)), ("x",), levels=5)
    assert "At most 2 levels" in (e.value.hint or "")
    with pytest.raises(UserError, match="1 levels of db8"):
        features("wavelet", np.zeros((20, 1)), ("x",), wavelet="db8")


def test_envelope_of_a_burst() -> None:
    x = np.full((100, 1), 5.0)
    x[40:60, 0] += np.tile([2.0, -2.0], 10)
    found = features("envelope", x, ("x",), interval_ms=200.0)
    assert list(found) == [f"x rms @{t} s" for t in ("0", "0.2", "0.4", "0.6", "0.8")]
    assert list(found.values()) == pytest.approx([0, 0, 2, 0, 0], abs=1e-5)
    assert features("envelope", x, ("x",), interval_ms=200.0, kind="peak")["x peak @0.4 s"] == 2


def test_envelope_intervals_longer_than_the_window_are_refused() -> None:
    with pytest.raises(UserError, match="intervals of 200 samples, the signal has 100"):
        features("envelope", np.zeros((100, 1)), ("x",), interval_ms=2000.0)
