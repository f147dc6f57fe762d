"""How good a model's answers are: the answers of a run against labels or targets from a file."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinsmith.core.errors import UserError
from tinsmith.core.job import File
from tinsmith.core.progress import Progress
from tinsmith.core.sandbox import run
from tinsmith.ir.graph import Graph
from tinsmith.ir.types import TensorType
from tinsmith.learn.metrics import Metrics, metrics

_READER = "tinsmith.flow.model_inputs:load_arrays"
_HINT = (
    "Write it with numpy.savez(file, labels=y): whole numbers are classes, others are targets; one "
    "for each case."
)
LABELS = "labels"
CUT = 0.5
"""A single probability from here on means class 1."""


@dataclass(frozen=True)
class Errors:
    """How far numbers are off: mean absolute error and root mean square error, in the target's
    unit; R2, the share of the targets' variance that is explained (below 0: worse than their mean;
    None where they do not vary)."""

    mae: float
    rmse: float
    r2: float | None
    cases: int


@dataclass(frozen=True)
class Judged:
    """What answers are worth: as classes, or as numbers."""

    classes: Metrics | None = None
    errors: Errors | None = None

    def record(self) -> dict[str, Any]:
        """For JSON."""
        if self.classes is None:
            return asdict(self.errors) if self.errors else {}
        found = self.classes.accuracy
        return {
            "accuracy": {"value": found.value, "low": found.low, "high": found.high},
            "cases": found.samples, "confusion": self.classes.confusion.tolist(),
        }  # fmt: skip

    @property
    def text(self) -> str:
        """A line for people."""
        if self.classes is not None:
            found = self.classes.accuracy
            right, ends = int(self.classes.confusion.trace()), (100 * found.low, 100 * found.high)
            return (
                f"{100 * found.value:.1f} % ({right} of {found.samples} cases), 95 % interval "
                f"{ends[0]:.1f} to {ends[1]:.1f} % if they are independent"
            )
        if self.errors is None:
            return "not judged"
        e = self.errors
        explained = "not defined" if e.r2 is None else f"{e.r2:.3f}"
        return f"MAE {e.mae:.4g}, RMSE {e.rmse:.4g}, R2 {explained} ({e.cases} cases)"


def read_labels(file: File, job: Progress) -> np.ndarray:
    """Step: the labels in an .npz file, [case] or [case, *shape]: the array called ``labels``, or
    its only one.

    Raises:
        UserError ``model.labels.file``.
    """
    path = file.path
    if not path.is_file():
        raise UserError("model.labels.file", f"There is no file {path}.", _HINT)
    try:
        arrays = run(_READER, (path.resolve(),), dict[str, np.ndarray], job=job)
    except UserError as e:
        if e.code != "model.inputs.file":
            raise
        raise UserError("model.labels.file", e.message, _HINT) from None
    found = arrays.get(LABELS, next(iter(arrays.values())) if len(arrays) == 1 else None)
    if found is None:
        names = ", ".join(arrays) or "none"
        message = f"{path} has no array {LABELS!r}; it has {names}."
        raise UserError("model.labels.file", message, _HINT)
    if not np.isfinite(found).all():
        raise UserError("model.labels.file", f"{path} holds NaN or infinity.", _HINT)
    return found


def judged(answers: np.ndarray, graph: Graph, labels: np.ndarray) -> Judged:
    """Answers [case, *shape] of a graph's only output against labels or targets.

    Whole numbers are classes: the largest of several answers is taken, of a single one whether it
    is 0.5 or more, of a whole number itself. Others are targets, as is everything else.

    Raises:
        UserError ``model.labels.<what>``: counts, classes or shapes that do not go together.
    """
    if len(graph.outputs) != 1:
        raise UserError(
            "model.labels.outputs",
            f"The model has {len(graph.outputs)} outputs; which of them is meant is not known.",
            "Write the answers with --outputs Y.npz and compare them yourself.",
        )
    if len(labels) != len(answers) or not len(answers):
        raise UserError(
            "model.labels.count", f"{len(labels)} labels for {len(answers)} cases.", _HINT
        )
    values = real(answers, graph.type(graph.outputs[0])).reshape(len(answers), -1)
    flat = labels.reshape(len(labels), -1)
    whole = flat.dtype.kind in "biu" and flat.shape[1] == 1
    if whole and (values.shape[1] > 1 or _is_class(answers, graph) or _is_yes_or_no(flat)):
        return Judged(classes=_classes(answers, values, flat[:, 0].astype(np.int64), graph))
    if values.shape != flat.shape:
        raise UserError(
            "model.labels.shape",
            f"The model gives {values.shape[1]} numbers for a case, the file {flat.shape[1]}.",
            _HINT,
        )
    return Judged(errors=_errors(values, flat.astype(np.float64)))


def real(values: np.ndarray, type: TensorType) -> np.ndarray:
    """Integers as the numbers that they stand for, where one scale says so."""
    if type.quant is None or len(type.quant.scale) != 1:
        return values.astype(np.float64)
    shifted = values.astype(np.float64) - type.quant.zero_point[0]
    return np.asarray(shifted * type.quant.scale[0])


def _is_class(answers: np.ndarray, graph: Graph) -> bool:
    """Whether the answer is the number of a class."""
    return answers.dtype.kind in "iu" and graph.type(graph.outputs[0]).quant is None


def _is_yes_or_no(labels: np.ndarray) -> bool:
    return bool(np.isin(labels, (0, 1)).all())


def _classes(answers: np.ndarray, values: np.ndarray, labels: np.ndarray, graph: Graph) -> Metrics:
    if values.shape[1] > 1:
        predicted, count = values.argmax(1), values.shape[1]
    elif _is_class(answers, graph):
        predicted = values[:, 0].astype(np.int64)
        count = int(max(predicted.max(), labels.max())) + 1
    else:
        predicted, count = (values[:, 0] >= CUT).astype(np.int64), 2
    if min(labels.min(), predicted.min()) < 0 or labels.max() >= count:
        raise UserError(
            "model.labels.class",
            f"Labels are from {labels.min()} to {labels.max()}; the model has classes 0 to "
            f"{count - 1}.",
            _HINT,
        )
    return metrics(labels, predicted, count)


def _errors(values: np.ndarray, targets: np.ndarray) -> Errors:
    off = values - targets
    spread = float(((targets - targets.mean(0)) ** 2).sum())
    explained = 1 - float((off**2).sum()) / spread if spread else None
    rmse = float(np.sqrt((off**2).mean()))
    return Errors(float(np.abs(off).mean()), rmse, explained, len(values))


def check_labels(path: Path, inputs: Path | None) -> None:
    """Labels say nothing of inputs that were drawn.

    Raises:
        UserError ``model.labels.inputs``.
    """
    if inputs is None:
        raise UserError(
            "model.labels.inputs",
            f"{path} has labels of cases, and no cases are given.",
            "Give them with --inputs X.npz.",
        )
