"""Metrics of a classifier, each share with its 95 % interval."""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from tinsmith.learn.guessing import Guessing, against_guessing
from tinsmith.learn.units import Units

_Z = 1.959963984540054
"""97.5 % quantile of the normal distribution: two-sided 95 %."""


@dataclass(frozen=True)
class Interval:
    """A share with its 95 % score interval and the number of samples behind it.

    ``units`` is how many observations the interval counts: recordings or groups (``by``) where it
    is known what the samples belong to, else the samples.
    """

    value: float
    low: float
    high: float
    samples: int
    units: int
    by: str = "window"

    @property
    def hits(self) -> int:
        """How many samples the share is of."""
        return round(self.value * self.samples)


@dataclass(frozen=True)
class Metrics:
    """Accuracy and confusion [truth, prediction] on one part of the data.

    ``auc``: area under the ROC curve, of two classes whose scores are known. ``guessing``: the
    answers against guessing, where it is known what the windows belong to.
    """

    accuracy: Interval
    confusion: np.ndarray
    per_class_recall: tuple[Interval, ...]
    auc: float | None = None
    guessing: Guessing | None = None

    @property
    def support(self) -> tuple[int, ...]:
        """Samples of each class."""
        return tuple(int(n) for n in self.confusion.sum(1))

    @property
    def precision(self) -> tuple[float | None, ...]:
        """Per class: the share of its answers that are right; None where it was never answered."""
        right, given = self.confusion.diagonal(), self.confusion.sum(0)
        return tuple(float(r / n) if n else None for r, n in zip(right, given, strict=True))

    @property
    def f1(self) -> tuple[float | None, ...]:
        """Per class: 2 right / (samples + answers); None where there is neither."""
        right, seen = self.confusion.diagonal(), self.confusion.sum(0) + self.confusion.sum(1)
        return tuple(float(2 * r / n) if n else None for r, n in zip(right, seen, strict=True))

    @property
    def balanced_accuracy(self) -> float:
        """Mean recall of the classes that there are samples of: 1 / classes for guessing."""
        found = [r.value for r in self.per_class_recall if r.samples]
        return sum(found) / len(found) if found else 0.0

    @property
    def macro_f1(self) -> float:
        """Mean F1 of the classes that there are samples or answers of."""
        found = [f for f in self.f1 if f is not None]
        return sum(found) / len(found) if found else 0.0

    @property
    def only_answer(self) -> int | None:
        """The class that every sample got although there are samples of several, or None."""
        answered = np.flatnonzero(self.confusion.sum(0))
        several = np.count_nonzero(self.confusion.sum(1)) > 1
        return int(answered[0]) if len(answered) == 1 and several else None


def wilson(hits: int, samples: int) -> Interval:
    """A share of independent samples with its 95 % score interval; 0 samples say nothing: value 0
    in 0 .. 1.

    Source: Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", Journal
    of the American Statistical Association 22, 1927.
    """
    value = hits / samples if samples else 0.0
    return Interval(value, *_score(value, samples), samples, samples)


def clustered(right: np.ndarray, units: Units) -> Interval:
    """The share of ``right`` [n] with a 95 % score interval that counts each recording or group as
    one observation, whatever number of windows was cut from it.

    Observations are then as many as (sum of sizes)^2 / sum of squared sizes: Kish, "Survey
    Sampling", 1965, section 8.2, for windows of a unit that are all alike, the least favourable
    case: a share in 0 .. 1 with mean p varies by p (1 - p) at most (Bhatia and Davis, "A Better
    Bound on the Variance", American Mathematical Monthly 107, 2000).
    """
    if not len(right):
        return Interval(0.0, 0.0, 1.0, 0, 0, units.by)
    sizes = np.unique(units.unit, return_counts=True)[1]
    value = float(right.sum() / len(right))
    low, high = _score(value, float(sizes.sum() ** 2 / (sizes**2).sum()))
    return Interval(value, low, high, len(right), len(sizes), units.by)


def _score(share: float, samples: float) -> tuple[float, float]:
    """Both ends of Wilson's interval; ``samples`` need not be whole."""
    if samples == 0:
        return 0.0, 1.0
    spread = _Z * _Z / samples
    centre = (share + spread / 2) / (1 + spread)
    half = _Z / (1 + spread) * sqrt(share * (1 - share) / samples + spread / (4 * samples))
    low = 0.0 if share == 0 else max(0.0, centre - half)
    return low, 1.0 if share == 1 else min(1.0, centre + half)


def metrics(
    truth: np.ndarray,
    predicted: np.ndarray,
    classes: int,
    units: Units | None = None,
    scores: np.ndarray | None = None,
) -> Metrics:
    """Accuracy, confusion [truth, prediction] and recall per class of label indices [n].

    Args:
        units: what the windows belong to; without it each is taken as independent.
        scores: of the classes, [n, classes], in any unit: the larger, the likelier.
    """
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (truth, predicted), 1)
    right = truth == predicted
    recall = tuple(_share(right, truth == c, units) for c in range(classes))
    accuracy = _share(right, np.ones(len(right), bool), units)
    guessing = against_guessing(truth, predicted, units) if units else None
    if scores is None or classes != 2:
        return Metrics(accuracy, confusion, recall, None, guessing)
    margin = scores[:, 1].astype(np.float64) - scores[:, 0]
    return Metrics(accuracy, confusion, recall, roc_auc(truth == 1, margin), guessing)


def _share(right: np.ndarray, chosen: np.ndarray, units: Units | None) -> Interval:
    if units is None:
        return wilson(int(right[chosen].sum()), int(chosen.sum()))
    return clustered(right[chosen], units.of(chosen))


def roc_auc(positive: np.ndarray, score: np.ndarray) -> float | None:
    """How often a positive sample has the larger score of two, equal scores counted half; None
    where all samples are of one kind. ``positive`` [n] bool, ``score`` [n].

    The area under the ROC curve is Mann and Whitney's U over the number of pairs: Hanley and
    McNeil, "The Meaning and Use of the Area under a ROC Curve", Radiology 143, 1982.
    """
    ones, zeros = int(positive.sum()), int((~positive).sum())
    if not ones or not zeros:
        return None
    _, at, counts = np.unique(score, return_inverse=True, return_counts=True)
    rank = np.cumsum(counts) - (counts - 1) / 2  # the middle of equal ones, from 1
    above = rank[at][positive].sum() - ones * (ones + 1) / 2
    return float(above / (ones * zeros))
