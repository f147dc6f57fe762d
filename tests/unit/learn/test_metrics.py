"""Metrics: Wilson's interval against known values, confusion and recall."""

import numpy as np
import pytest

from tinsmith.learn.metrics import clustered, metrics, roc_auc, wilson
from tinsmith.learn.units import Units


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


def by_recording(recording: np.ndarray) -> Units:
    return Units(recording, recording, grouped=False)


def test_windows_of_one_recording_count_once() -> None:
    """Cutting more windows of the same recordings makes no interval narrower."""
    right = np.array([True] * 9 + [False])
    alone, often = wilson(9, 10), np.repeat(np.arange(10), 40)
    found = clustered(right[often], by_recording(often))
    assert (found.low, found.high) == pytest.approx((alone.low, alone.high))
    assert (found.samples, found.units, found.by, found.hits) == (400, 10, "recording", 360)


def test_groups_count_once_where_they_are_known() -> None:
    recording = np.arange(12)
    found = clustered(np.ones(12, bool), Units(recording, recording // 4, grouped=True))
    assert (found.units, found.by, found.low) == (3, "group", wilson(3, 3).low)


def test_a_long_recording_does_not_stand_for_many() -> None:
    sizes = np.array([91, 1, 1, 1, 1, 1, 1, 1, 1, 1])
    recording = np.repeat(np.arange(10), sizes)
    found = clustered(np.ones(100, bool), by_recording(recording))
    assert found.low < wilson(2, 2).low < wilson(10, 10).low


def test_intervals_hold_what_they_promise(rng: np.random.Generator) -> None:
    """95 % of intervals hold the truth where recordings differ in how hard they are; intervals
    that take windows as independent do not."""
    recording, truth, trials = np.repeat(np.arange(20), 10), 0.8, 400
    held, naive = 0, 0
    for _ in range(trials):
        hard = rng.beta(0.8, 0.2, 20)  # mean 0.8: most recordings are all right or all wrong
        right = rng.random(200) < hard[recording]
        found, alone = clustered(right, by_recording(recording)), wilson(int(right.sum()), 200)
        held += found.low <= truth <= found.high
        naive += alone.low <= truth <= alone.high
    assert held >= 0.93 * trials
    assert naive < 0.75 * trials


def test_classes_are_scored_as_scikit_learn_scores_them(rng: np.random.Generator) -> None:
    judge = pytest.importorskip("sklearn.metrics")
    truth, predicted = rng.integers(0, 4, 90), rng.integers(0, 4, 90)
    predicted[predicted == 2] = 1  # one class is never answered
    found = metrics(truth, predicted, 4)
    precision, recall, f1, support = judge.precision_recall_fscore_support(
        truth, predicted, zero_division=0
    )
    assert [p or 0.0 for p in found.precision] == pytest.approx(precision)
    assert found.precision[2] is None
    assert [r.value for r in found.per_class_recall] == pytest.approx(recall)
    assert [f or 0.0 for f in found.f1] == pytest.approx(f1)
    assert found.support == tuple(support)
    assert found.macro_f1 == pytest.approx(judge.f1_score(truth, predicted, average="macro"))
    wanted = judge.balanced_accuracy_score(truth, predicted)
    assert found.balanced_accuracy == pytest.approx(wanted)


def test_a_class_without_samples_counts_in_no_mean() -> None:
    found = metrics(np.array([0, 0, 1]), np.array([0, 0, 1]), 3)
    assert found.balanced_accuracy == found.macro_f1 == 1.0
    assert found.f1 == (1.0, 1.0, None)


def test_roc_auc(rng: np.random.Generator) -> None:
    judge = pytest.importorskip("sklearn.metrics")
    truth = rng.integers(0, 2, 80)
    score = np.round(truth + rng.normal(size=80), 1)  # with equal ones
    assert roc_auc(truth == 1, score) == pytest.approx(judge.roc_auc_score(truth, score))
    both = np.stack([np.zeros(80), score], axis=1)
    assert metrics(truth, both.argmax(1), 2, scores=both).auc == roc_auc(truth == 1, score)
    assert roc_auc(np.ones(3, bool), np.arange(3)) is None
    assert metrics(truth, truth, 3, scores=np.zeros((80, 3))).auc is None


def test_eight_bit_scores_do_not_wrap() -> None:
    scores = np.array([[-128, 127], [127, -128]], np.int8)
    assert metrics(np.array([1, 0]), scores.argmax(1), 2, scores=scores).auc == 1.0


def test_one_answer_for_everything_is_found() -> None:
    truth = np.array([0, 1, 1])
    assert metrics(truth, np.array([1, 1, 1]), 2).only_answer == 1
    assert metrics(truth, np.array([1, 1, 0]), 2).only_answer is None
    assert metrics(truth[1:], np.array([1, 1]), 2).only_answer is None
