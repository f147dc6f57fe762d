"""Charts of data, training and accuracy."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinsmith.data.windows import TEST, Windows
from tinsmith.flow.report.figure import COLOURS, FULL, HALF, INK, Figure, barh, legend, rows_height
from tinsmith.flow.result import Model
from tinsmith.learn.metrics import Interval, Metrics
from tinsmith.learn.trained import Curves


def window_examples(model: Model) -> str:
    """One window of every class (the first eight), all channels against time."""
    windows, pipeline = model.windows, model.trained.pipeline
    classes = windows.labels[:8]
    columns = min(4, len(classes))
    rows = -(-len(classes) // columns)
    figure = Figure((FULL, 2.1 * rows), (rows, columns), sharex=True, sharey=True)
    seconds = np.arange(windows.values.shape[1]) / pipeline.rate_hz
    for i, (axes, name) in enumerate(zip(figure.axes, classes, strict=False)):
        window = windows.values[np.flatnonzero(windows.label == i)[0]]
        for j in range(min(window.shape[1], 8)):
            axes.plot(seconds, window[:, j], color=COLOURS[j], linewidth=1,
                      label=pipeline.channels[j].name)  # fmt: skip
        axes.set_title(name, color=INK, fontsize=9)
    for axes in figure.axes[len(classes) :]:
        axes.set_visible(False)
    units = {c.unit for c in pipeline.channels if c.unit}
    figure.axes[0].set_ylabel(", ".join(sorted(units)))
    for axes in figure.axes[-columns:]:
        axes.set_xlabel("time, s")
    legend(figure.axes[columns - 1], loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure.svg("One window of every class")


def feature_scatter(model: Model) -> str:
    """All windows on the first two principal components of their standardised features.

    Source: principal components by singular value decomposition, Jolliffe, "Principal Component
    Analysis", 2nd ed., section 3.5.
    """
    windows, values = model.windows, model.features.astype(np.float64)
    spread = values.std(axis=0)
    values = (values - values.mean(axis=0))[:, spread > 0] / spread[spread > 0]
    u, s, _ = np.linalg.svd(values, full_matrices=False)
    at = u * s * np.sign(u[np.abs(u).argmax(axis=0), np.arange(u.shape[1])])
    at = at if at.shape[1] > 1 else np.column_stack([at, np.zeros(len(at))])
    figure = Figure((HALF, 3.1))
    (axes,) = figure.axes
    for i, name in enumerate(windows.labels):
        colour = COLOURS[i % len(COLOURS)]
        for test in (False, True):
            mask = (windows.label == i) & ((windows.part == TEST) == test)
            face = "none" if test else colour
            axes.scatter(at[mask, 0], at[mask, 1], s=22, facecolors=face, edgecolors=colour,
                         linewidths=1.1, label=None if test else name)  # fmt: skip
    share = s**2 / max(float((s**2).sum()), 1e-30)
    axes.set_xlabel(f"first component ({100 * share[0]:.0f} % of the variance)")
    axes.set_ylabel(f"second ({100 * share[1]:.0f} %)" if len(share) > 1 else "")
    legend(axes, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure.svg("Features of all windows")


def learning_curves(curves: Curves) -> str:
    """Loss and accuracy per epoch; the line marks the epoch whose weights were kept."""
    figure = Figure((FULL, 2.9), (1, 2))
    pairs = (
        ("loss", curves.train_loss, curves.validation_loss),
        ("accuracy, %", curves.train_accuracy, curves.validation_accuracy),
    )
    for axes, (name, train, validation) in zip(figure.axes, pairs, strict=True):
        scale = 1 if name == "loss" else 100
        for part, line, colour in zip(("train", "validation"), (train, validation), COLOURS,
                                      strict=False):  # fmt: skip
            axes.plot(np.arange(len(line)), scale * np.array(line), color=colour, label=part)
        axes.axvline(curves.best, color=INK, linewidth=0.8, linestyle=":", label="kept")
        axes.set_ylabel(name)
        axes.set_xlabel("epoch")
    legend(figure.axes[0])
    return figure.svg("Learning curves")


def confusion(labels: Sequence[str], metrics: Metrics) -> str:
    """Truth by row, prediction by column; beside it each class's recall with its interval."""
    count = len(labels)
    figure = Figure((FULL, 1.5 + 0.42 * count), (1, 2), width_ratios=(1.25, 1))
    matrix, recall = figure.axes
    shares = metrics.confusion / np.maximum(metrics.confusion.sum(axis=1, keepdims=True), 1)
    matrix.grid(visible=False)
    for row in range(count):
        for column in range(count):
            share, n = float(shares[row, column]), int(metrics.confusion[row, column])
            colour = COLOURS[2] if row == column else COLOURS[7]
            if n:
                matrix.add_patch(_cell(column, row, colour, share))
            matrix.text(column, row, str(n) if n else "·", ha="center", va="center", fontsize=9,
                        color=INK)  # fmt: skip
    matrix.set(xlim=(-0.5, count - 0.5), ylim=(count - 0.5, -0.5), xlabel="predicted")
    matrix.set_xticks(range(count), labels, rotation=30, ha="right")
    matrix.set_yticks(range(count), labels)
    matrix.set_ylabel("truth")
    intervals(recall, labels, metrics.per_class_recall, COLOURS[2])
    recall.set_xlabel("recall, % (95 % interval)")
    return figure.svg("Confusion matrix")


def accuracies(rows: Sequence[tuple[str, Interval]], beside: int = 0) -> str:
    """Accuracy of float, compressed and device, each with its 95 % interval; as high as a chart
    of ``beside`` rows."""
    figure = Figure((HALF, rows_height(max(len(rows), beside))))
    (axes,) = figure.axes
    intervals(axes, [name for name, _ in rows], [i for _, i in rows], COLOURS[0])
    axes.set_xlabel("test accuracy, % (95 % interval)")
    return figure.svg("Accuracy of float, compressed and device")


def layer_errors(model: Model, beside: int = 0) -> str:
    """Signal to quantisation noise of every layer, in dB; as high as a chart of ``beside`` rows."""
    errors = model.compressed.errors
    figure = Figure((HALF, rows_height(max(len(errors), beside))))
    (axes,) = figure.axes
    values = [min(e.sqnr_db, 120.0) for e in errors]
    barh(axes, [e.value for e in errors], values, [f"{e.sqnr_db:.1f} dB" for e in errors])
    axes.set_xlabel("signal to quantisation noise, dB")
    return figure.svg("What quantisation costs, layer by layer")


def intervals(axes: Any, names: Sequence[str], values: Sequence[Interval], colour: str) -> None:
    """Dots with whiskers, in percent, from top to bottom."""
    at = np.arange(len(names))
    middle = 100 * np.array([v.value for v in values])
    low, high = (100 * np.array([getattr(v, end) for v in values]) for end in ("low", "high"))
    axes.errorbar(middle, at, xerr=[np.maximum(middle - low, 0), np.maximum(high - middle, 0)],
                  fmt="o", color=colour, capsize=3, markersize=5)  # fmt: skip
    axes.set_yticks(at, names)
    left = max(0.0, 10 * np.floor(low.min() / 10) - 10)
    axes.set(ylim=(len(names) - 0.5, -0.5), xlim=(left, 100 + (100 - left) / 50))


def _cell(column: int, row: int, colour: str, share: float) -> Any:
    from matplotlib.patches import Rectangle

    corner, alpha = (column - 0.48, row - 0.48), 0.2 + 0.55 * share
    return Rectangle(corner, 0.96, 0.96, facecolor=colour, alpha=alpha, edgecolor="none")


def class_counts(windows: Windows) -> list[tuple[str, tuple[int, ...]]]:
    """Per class: windows in train, validation and test."""
    return [
        (name, tuple(int(((windows.label == i) & (windows.part == p)).sum()) for p in range(3)))
        for i, name in enumerate(windows.labels)
    ]
