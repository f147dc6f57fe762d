"""Statistics block: order of features, precision with large offsets, errors."""

import numpy as np
import pytest

from tinsmith.core.errors import UserError
from tinsmith.dsp.block import Signal
from tinsmith.dsp.blocks.statistics import BLOCK
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr
from tinsmith.ir.interp import Interpreter
from tinsmith.ir.types import TensorType


def statistics(x: np.ndarray, **params: Attr) -> dict[str, float]:
    signal = Signal(len(x), tuple(f"c{i}" for i in range(x.shape[1])), 50.0)
    b = Builder("statistics")
    complete = BLOCK.complete(params)
    out = BLOCK.lower(b, b.input("x", TensorType(x.shape, "float32")), signal, complete)
    values = Interpreter(b.build([out])).run({"x": x.astype(np.float32)})[out]
    return dict(zip(BLOCK.names(signal, complete), values.tolist(), strict=True))


def test_values_by_hand() -> None:
    found = statistics(np.array([[1.0, 10.0], [3.0, 10.0], [2.0, 10.0], [2.0, 10.0]]))
    assert found == pytest.approx(
        {
            "c0 mean": 2, "c1 mean": 10, "c0 std": 0.5**0.5, "c1 std": 0, "c0 rms": 4.5**0.5,
            "c1 rms": 10, "c0 min": 1, "c1 min": 10, "c0 max": 3, "c1 max": 10,
            "c0 peak_to_peak": 2, "c1 peak_to_peak": 0,
        }
    )  # fmt: skip


def test_deviation_survives_a_large_offset(rng: np.random.Generator) -> None:
    x = (1000 + 0.01 * rng.normal(size=(64, 1))).astype(np.float32)
    found = statistics(x, which="std")["c0 std"]
    assert found == pytest.approx(x.astype(np.float64).std(), rel=5e-3)


def test_sample_deviation() -> None:
    assert statistics(np.array([[0.0], [2.0]]), ddof=1, which="std") == {
        "c0 std": pytest.approx(2**0.5)
    }


def test_shape_and_movement_by_hand() -> None:
    x = np.array([[0.0], [1], [0], [1], [0], [4]])  # mean 1
    found = statistics(x, which="skewness,kurtosis,crossings,change")
    assert found == pytest.approx(
        {
            "c0 skewness": 24 / 6 / 2**1.5, "c0 kurtosis": 84 / 6 / 4 - 3, "c0 crossings": 1,
            "c0 change": 8 / 5,
        }
    )  # fmt: skip


@pytest.mark.parametrize("which", ["change", "crossings"])
def test_one_sample_does_not_move(which: str) -> None:
    with pytest.raises(UserError, match="a window of one sample"):
        statistics(np.zeros((1, 1)), which=which)


@pytest.mark.parametrize("which", ["mean,median", "mean,mean", ""])
def test_unknown_or_repeated_statistics(which: str) -> None:
    with pytest.raises(UserError, match="unknown or twice"):
        statistics(np.zeros((4, 1)), which=which)


def test_alternatives_swap_and_replace() -> None:
    signal = Signal(8, ("x",), 50.0)
    found = BLOCK.alternatives(signal, BLOCK.complete({"which": "mean,std"}))
    assert {"which": "std,mean", "ddof": 0} in found
    assert {"which": "mean,std", "ddof": 1} in found
    assert {"which": "mean,rms", "ddof": 0} in found
