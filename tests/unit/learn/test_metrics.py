"""Metrics: Wilson's interval against known values, confusion and recall."""

import numpy as np
import pytest

from tinsmith.learn.metrics import metrics, wilson


@pytest.mark.parametrize(
    ("hits", "samples", "low", "high"),
    [
        # Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in
        # Medicine 17, 1998, table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (20, 20, 0.8389, 1.0),
    ],
)
def test_wilson(hits: int, samples: int, low: float, high: float) -> None:
    found = wilson(hits, samples)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)
    assert found.value == hits / samples
    assert found.samples == samples


def test_no_samples_say_nothing() -> None:
    found = wilson(0, 0)
    assert (found.low, found.high, found.samples) == (0.0, 1.0, 0)


def test_confusion_and_recall() -> None:
    found = metrics(np.array([0, 0, 1, 1, 1]), np.array([0, 2, 1, 1, 0]), 3)
    assert found.confusion.tolist() == [[1, 0, 1], [1, 2, 0], [0, 0, 0]]
    assert found.accuracy.value == 0.6
    assert [r.samples for r in found.per_class_recall] == [2, 3, 0]
    assert found.per_class_recall[1].value == pytest.approx(2 / 3)
