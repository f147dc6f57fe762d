"""What typical cases lose, and which value and case are named for it."""

import numpy as np
import pytest

from tinsmith.compress.apply import apply
from tinsmith.compress.method import Calibration, Compressed
from tinsmith.compress.ranges import typical_db
from tinsmith.ir.builder import Builder
from tinsmith.ir.types import TensorType


@pytest.mark.parametrize(
    ("signals", "noises", "want"),
    [
        ([1.0, 1.0, 1.0], [0.1, 0.1, 0.1], 10.0),
        ([1.0, 1.0, 1e9], [1.0, 1.0, 1.0], 0.0),  # sums say 85 dB
        ([1.0, 1.0, 1.0], [0.01, 0.01, 100.0], 20.0),  # one bad case is not typical
        ([1.0, 2.0, 3.0], [0.0, 0.0, 1.0], np.inf),
        ([0.0, 0.0, 100.0], [1.0, 0.5, 0.5], 10 * np.log10(50)),
        ([0.0, 0.0, 0.0], [1.0, 1.0, 1.0], 0.0),
    ],
)
def test_typical_losses(signals: list[float], noises: list[float], want: float) -> None:
    assert typical_db(signals, noises) == pytest.approx(want)


def compressed(x: np.ndarray, gain: float = 1.0, low: float = 0.0) -> Compressed:
    """x -> dense with one product of two large terms that cancel -> dense."""
    b = Builder("net")
    value = b.input("x", TensorType((1, 3), "float32"))
    for stage, row in (("first", [[gain, low, 0], [0, 1, 0.5]]), ("second", [[1, 0.5], [0.2, 1]])):
        b.stage = stage
        w = b.constant("w", np.array(row, np.float32))
        value = b.op("dense", value, w, b.constant("b", np.zeros(2, np.float32)), name=stage)
    return apply(b.build([value]), "int8_ptq", Calibration({"x": x}))


def cases(count: int = 21) -> np.ndarray:
    return np.random.default_rng(2).normal(size=(count, 1, 3)).astype(np.float32)


def test_the_input_is_named_where_a_case_stretches_it() -> None:
    x = cases()
    x[5] *= 1000
    found = compressed(x).cause
    assert found is not None and found.value == "x_int8" and found.case == 5
    assert found.peak == pytest.approx(float(np.abs(x[5]).max()))
    assert found.usual == pytest.approx(float(np.median(np.abs(x).max(axis=(1, 2)))))


def test_the_layer_is_named_whose_values_a_case_stretches() -> None:
    """Features of 1000 and -1000 cancel in the first layer, but for one case."""
    x = cases()
    x[:, 0, 1] = x[:, 0, 0]
    x[11, 0] = [2, -2, 0]
    found = compressed(x, gain=3000.0, low=-3000.0).cause
    assert found is not None and (found.stage, found.case) == ("first", 11)
    assert found.typical_db < 6 and found.peak > 4 * found.usual


def test_losses_of_outputs_hold_both() -> None:
    x = cases()
    x[5] *= 1000
    (loss,) = compressed(x).outputs
    assert loss.typical_db < 6 < loss.sqnr_db
    (loss,) = compressed(cases()).outputs
    assert loss.typical_db > 30
