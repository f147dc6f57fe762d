"""Filter block: what passes, how windows begin, precision far below the rate, refusals."""

import numpy as np
import pytest

from tinsmith.core.errors import UserError
from tinsmith.dsp.block import Signal
from tinsmith.dsp.blocks.filter import BLOCK, sections_of
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr
from tinsmith.ir.interp import Interpreter
from tinsmith.ir.types import TensorType


def filtered(x: np.ndarray, rate_hz: float = 100.0, **params: Attr) -> np.ndarray:
    signal = Signal(len(x), tuple(f"c{i}" for i in range(x.shape[1])), rate_hz)
    b, complete = Builder("filter"), BLOCK.complete(params)
    out = BLOCK.lower(b, b.input("x", TensorType(x.shape, "float32")), signal, complete)
    result = Interpreter(b.build([out])).run({"x": x.astype(np.float32)})[out]
    return result.reshape(x.shape)


def tone(hz: float, samples: int = 1000) -> np.ndarray:
    return np.sin(2 * np.pi * hz * np.arange(samples) / 100.0)[:, None]


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("kind", ["low", "high"])
def test_the_edge_passes_at_minus_3_db(order: int, kind: str) -> None:
    edge = {"low": "high_hz", "high": "low_hz"}[kind]
    y = filtered(tone(10.0), kind=kind, order=order, **{edge: 10.0})
    assert np.sqrt(2 * (y[500:] ** 2).mean()) == pytest.approx(2**-0.5, rel=1e-3)


def test_a_band_passes_between_its_edges() -> None:
    hz = (1.0, 5.0, 10.0, 20.0, 45.0)
    y = filtered(np.hstack([tone(f) for f in hz]), kind="band", low_hz=5.0, high_hz=20.0, order=3)
    rms = np.sqrt(2 * (y[500:] ** 2).mean(0))
    assert rms == pytest.approx([0, 2**-0.5, 1, 2**-0.5, 0], abs=0.02)


def test_a_window_that_begins_with_its_first_sample_has_no_step() -> None:
    still = np.full((50, 2), [9.81, -3.0])
    assert np.array_equal(filtered(still), still.astype(np.float32))
    assert not filtered(still, kind="high").any()
    begun = filtered(still, start="zero")
    assert 0 < begun[0, 0] < 5 and begun[-1, 0] == pytest.approx(9.81, rel=1e-4)


def test_precision_far_below_the_rate(rng: np.random.Generator) -> None:
    """The direct forms lose three decimals here in float32."""
    scipy = pytest.importorskip("scipy.signal")
    x = rng.normal(size=(3000, 1)) + 1.0
    got = filtered(x, 16000.0, high_hz=8.0, order=4, start="zero")
    sos = scipy.butter(4, 8.0, fs=16000.0, output="sos")
    want = scipy.sosfilt(sos, x.astype(np.float32).astype(float), axis=0)
    assert np.abs(got - want).max() <= 1e-5 * np.abs(want).max()
    direct = scipy.sosfilt(sos.astype(np.float32), x.astype(np.float32), axis=0)
    assert np.abs(direct - want).max() > 1e-4 * np.abs(want).max()


@pytest.mark.parametrize("kind", ["low", "high", "band"])
def test_any_filter_is_scipys(kind: str, rng: np.random.Generator) -> None:
    """Orders up to 8 (a band's 16 poles), edges from a 5000th of the rate, one close to the other
    or far from it."""
    for _ in range(12):
        edges = 100 * 10 ** np.sort(rng.uniform(-3.7, -0.32, 2)) * [1, 1.05]
        params: dict[str, Attr] = {"kind": kind, "order": int(rng.integers(1, 9))}
        low, high = float(edges[0]), float(min(edges[1], 49.0))
        complete = BLOCK.complete({**params, "low_hz": low, "high_hz": high, "start": "zero"})
        x = (rng.normal(size=(300, 1)) + 1).astype(np.float32)
        want = BLOCK.oracle(x, Signal(300, ("c0",), 100.0), complete)
        got = filtered(x, **complete)[:, 0]
        assert np.abs(got - want).max() <= 1e-5 * np.abs(want).max(), complete


def test_sections_are_as_many_as_poles_need() -> None:
    assert [len(sections_of("low", n, (0.1,))) for n in (1, 2, 3, 8)] == [1, 1, 2, 4]
    assert [len(sections_of("band", n, (0.1, 0.4))) for n in (1, 2, 3)] == [1, 2, 3]


@pytest.mark.parametrize(
    "params",
    [
        {"high_hz": 50.0},
        {"high_hz": 0.001},
        {"kind": "high", "low_hz": 60.0},
        {"kind": "band", "low_hz": 20.0, "high_hz": 20.0},
        {"kind": "band", "low_hz": 30.0, "high_hz": 20.0},
    ],
)
def test_frequencies_out_of_range_are_refused(params: dict[str, Attr]) -> None:
    with pytest.raises(UserError, match=r"Block 'filter': a .* pass at") as e:
        filtered(np.zeros((10, 1)), **params)
    assert "half the rate, 50 Hz" in (e.value.hint or "")
