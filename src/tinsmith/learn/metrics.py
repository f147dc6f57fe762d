"""Metrics of a classifier, each share with its 95 % interval."""

from dataclasses import dataclass
from math import sqrt

import numpy as np

_Z = 1.959963984540054
"""97.5 % quantile of the normal distribution: two-sided 95 %."""


@dataclass(frozen=True)
class Interval:
    """A share with its 95 % Wilson score interval and the number of samples behind it."""

    value: float
    low: float
    high: float
    samples: int


@dataclass(frozen=True)
class Metrics:
    """Accuracy and confusion [truth, prediction] on one part of the data."""

    accuracy: Interval
    confusion: np.ndarray
    per_class_recall: tuple[Interval, ...]


def wilson(hits: int, samples: int) -> Interval:
    """A share with its 95 % score interval; 0 samples say nothing: value 0 in 0 .. 1.

    Source: Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", Journal
    of the American Statistical Association 22, 1927. Samples are taken as independent; overlapping
    windows are not quite.
    """
    if samples == 0:
        return Interval(0.0, 0.0, 1.0, 0)
    share, spread = hits / samples, _Z * _Z / samples
    centre = (share + spread / 2) / (1 + spread)
    half = _Z / (1 + spread) * sqrt(share * (1 - share) / samples + spread / (4 * samples))
    low = 0.0 if hits == 0 else max(0.0, centre - half)
    high = 1.0 if hits == samples else min(1.0, centre + half)
    return Interval(share, low, high, samples)


def metrics(truth: np.ndarray, predicted: np.ndarray, classes: int) -> Metrics:
    """Accuracy, confusion [truth, prediction] and recall per class of label indices [n]."""
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (truth, predicted), 1)
    hits = confusion.diagonal()
    recall = tuple(wilson(int(h), int(n)) for h, n in zip(hits, confusion.sum(1), strict=True))
    return Metrics(wilson(int(hits.sum()), len(truth)), confusion, recall)
