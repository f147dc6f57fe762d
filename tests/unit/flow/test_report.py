"""Figures are deterministic, follow the page's colours and do not share ids."""

import json
import re

import numpy as np
import pytest

from tinsmith.core.quantity import Emulated, Estimated, Measured
from tinsmith.flow.record import (
    interval_text,
    latency_text,
    means_text,
    metrics_record,
    quantity_record,
)
from tinsmith.flow.report.figure import FAINT, FULL, HALF, INK, Figure, barh, legend
from tinsmith.flow.report.model_charts import accuracies, confusion, learning_curves
from tinsmith.learn.metrics import clustered, metrics, wilson
from tinsmith.learn.trained import Curves
from tinsmith.learn.units import Units


def bars(title: str) -> str:
    figure = Figure((4, 2))
    barh(figure.axes[0], ["a", "b"], [1.0, 2.0], ["one", "two"])
    figure.axes[0].plot([0, 1], [0, 1], label="line")
    legend(figure.axes[0])
    return figure.svg(title)


def test_same_figure_same_bytes() -> None:
    assert bars("x") == bars("x")


def test_colours_are_the_pages() -> None:
    text = bars("x")
    assert "currentColor" in text
    assert INK not in text
    assert FAINT not in text
    assert "<metadata" not in text


def test_ids_do_not_clash_and_references_resolve() -> None:
    ids = [re.findall(r' id="([^"]+)"', bars(t)) for t in ("One", "Two & more")]
    assert not set(ids[0]) & set(ids[1])
    text = bars("One")
    for target in re.findall(r'(?:url\(#|href="#)([^")]+)', text):
        assert f'id="{target}"' in text


def test_title_is_escaped() -> None:
    assert 'aria-label="a &lt; b &amp; &quot;c&quot;"' in bars('a < b & "c"')


def test_charts_show_the_numbers() -> None:
    truth = np.array([0, 0, 0, 1, 1])
    found = metrics(truth, np.array([0, 0, 1, 1, 1]), 2)
    text = confusion(("calm", "wild"), found)
    shown = re.findall(r">([^<>]+)</text>", text)
    assert {"calm", "wild", "2", "1"} <= set(shown)
    assert "esp" in accuracies([("float", wilson(9, 10)), ("esp", wilson(8, 10))])
    curves = Curves((1.0, 0.5), (1.1, 0.6), (0.5, 0.9), (0.4, 0.8), 1)
    assert "epoch" in learning_curves(curves)


def test_quantities_keep_their_method() -> None:
    assert quantity_record(Emulated(3, "B", "b", "unicorn"))["method"] == "emulated"
    assert quantity_record(Measured(3, "B", "b", "scope"))["method"] == "measured"
    estimate = Estimated(1.5, "ms", "b", "s", low=1.3, high=1.8)
    assert quantity_record(estimate)["low"] == 1.3
    assert latency_text(estimate) == "1.3 to 1.8 ms (estimated)"
    assert latency_text(None) == "instructions only"


def test_interval_text() -> None:
    said = interval_text(wilson(48, 48))
    assert said == "100.0 %, 95 % interval 92.6 to 100.0 % (48 of 48 windows right)"


def test_windows_that_ran_do_not_read_as_windows_that_are_right() -> None:
    """ "25 of 25 test windows" under 48 % was read as 25 right."""
    recording = np.arange(25) // 5
    right = np.arange(25) < 12
    found = clustered(right, Units(recording, recording, grouped=False))
    assert interval_text(found).startswith("48.0 %, 95 % interval ")
    assert interval_text(found).endswith(" (12 of 25 windows right, 5 recordings)")
    assert "25 of 25" not in interval_text(found)


def test_records_hold_all_metrics() -> None:
    truth, recording = np.array([0, 0, 0, 1]), np.arange(4)
    scores = np.array([[0.9, 0.1], [0.8, 0.2], [0.4, 0.6], [0.3, 0.7]])
    units = Units(recording, recording, grouped=False)
    found = metrics_record(metrics(truth, scores.argmax(1), 2, units, scores))
    assert found["accuracy"]["hits"] == 3
    assert found["accuracy"]["units"] == 4
    assert found["precision"] == [1.0, 0.5]
    assert found["f1"] == pytest.approx([0.8, 2 / 3])
    assert found["support"] == [3, 1]
    assert found["balanced_accuracy"] == pytest.approx(5 / 6)
    assert found["roc_auc"] == 1.0
    assert found["guessing"]["enough"] is found["guessing"]["beaten"] is False
    assert metrics_record(metrics(truth, truth, 2))["guessing"] is None
    assert json.loads(json.dumps(found)) == found


def test_means_text() -> None:
    truth = np.array([0, 0, 0, 1])
    assert means_text(metrics(truth, truth, 2)) == "balanced 100.0 %, macro F1 100.0 %"
    scores = np.stack([1.0 - truth, truth], axis=1)
    assert means_text(metrics(truth, truth, 2, scores=scores)).endswith(", ROC AUC 1.000")


def test_figures_without_matplotlib_name_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(Exception, match=r"tinsmith\[report\]"):
        Figure((1, 1))


def test_letters_have_one_size_and_charts_of_a_pair_one_height() -> None:
    rows = [(name, wilson(9, 10)) for name in "abc"]
    drawn = [accuracies(rows[:1], beside=3), accuracies(rows)]
    boxes = [re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', text)[0] for text in drawn]
    assert boxes[0] == boxes[1]
    assert float(boxes[0][0]) == pytest.approx(72 * HALF)
    assert pytest.approx(532 / 1080, abs=0.005) == HALF / FULL
