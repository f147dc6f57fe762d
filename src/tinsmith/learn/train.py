"""Training: a family's network by PyTorch on features that were computed before, early stopping;
or its estimator by scikit-learn.

Deterministic: one thread, every random choice from the seed; the same seed gives the same weights.
"""

import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from importlib.metadata import version
from math import isfinite
from typing import Any

import numpy as np

from tinsmith.core.errors import UserError
from tinsmith.core.progress import Progress
from tinsmith.core.waiting import load_library, waited
from tinsmith.data.windows import TEST, TRAIN, VALIDATION, Windows
from tinsmith.ir.graph import Attr
from tinsmith.learn.estimators import Fit, answers, fitted, network
from tinsmith.learn.family import FAMILIES, Rows
from tinsmith.learn.features import feature_names, row_shape
from tinsmith.learn.metrics import Metrics, metrics
from tinsmith.learn.pipeline import Pipeline
from tinsmith.learn.trained import Curves, Trained


@dataclass(frozen=True)
class _Part:
    """Features [n, features] and label indices [n] of one part, as tensors; ``weights`` [classes]:
    how much a window of each class counts, None: all alike."""

    x: Any
    y: Any
    weights: Any = None

    def cost(self, logits: Any, y: Any) -> Any:
        """Cross-entropy of logits [n, classes]."""
        import torch

        return torch.nn.functional.cross_entropy(logits, y, self.weights)


@dataclass
class _Log:
    """What an early-stopped run has seen so far."""

    train_loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)
    best: int = 0
    weights: dict[str, Any] = field(default_factory=dict)

    def curves(self, guess: float) -> Curves:
        """The immutable form; ``guess``: see there."""
        return Curves(
            tuple(self.train_loss), tuple(self.validation_loss), tuple(self.train_accuracy),
            tuple(self.validation_accuracy), self.best, guess,
        )  # fmt: skip


def train(
    pipeline: Pipeline, windows: Windows, features: np.ndarray, seed: int, progress: Progress
) -> Trained:
    """Train the pipeline's family on the training part; keep the weights with the smallest
    validation loss; measure on validation and test.

    Args:
        features: of all windows, [n, features], as `learn.features.features` computes them.

    Raises:
        UserError: wrong parameters; ``learn.channels`` or ``learn.window`` where windows and
            pipeline do not go together; ``learn.shape``; ``learn.features`` where the features are
            not of these windows or not finite; ``learn.diverged``.
        Cancelled: the job was cancelled.
    """
    family = FAMILIES.get(pipeline.family)
    if family.build:
        load_library("torch", progress)
    hyper = family.complete(pipeline.hyper)
    _check_windows(pipeline, windows)
    shape = row_shape(pipeline)
    _check_features(features, pipeline, len(windows.part))
    how = Fit(hyper, class_weights(windows, hyper), seed)
    if family.build is None:
        return _train_estimator(pipeline, windows, features, how, progress)
    with _one_thread(seed):
        parts = [_part(features, windows, p, how.weights) for p in (TRAIN, VALIDATION, TEST)]
        rows = Rows(features[windows.part == TRAIN], shape)
        module = family.build(rows, len(windows.labels), hyper)
        log = _fit(module, parts[TRAIN], parts[VALIDATION], hyper, progress)
        module.load_state_dict(log.weights)
        validation, test = (_measure(module, parts[p], windows) for p in (VALIDATION, TEST))
        found = {k: v.detach().numpy().copy() for k, v in log.weights.items()}
    curves = log.curves(_guess(windows, how.weights))
    environment = _environment("torch")
    return Trained(pipeline, windows.labels, found, validation, test, curves, seed, environment)


def _train_estimator(
    pipeline: Pipeline, windows: Windows, features: np.ndarray, how: Fit, progress: Progress
) -> Trained:
    """A family of scikit-learn, fitted at once, measured by the graph that it becomes."""
    y = windows.label.astype(np.int64)
    masks = [windows.part == part for part in (TRAIN, VALIDATION, TEST)]
    family = FAMILIES.get(pipeline.family)
    estimator = fitted(family, features[masks[TRAIN]], y[masks[TRAIN]], how, progress)
    graph = network(estimator, pipeline.name, progress)
    validation, test = (
        metrics(y[m], answers(graph, features[m]).argmax(1), len(windows.labels))
        for m in masks[VALIDATION:]
    )
    curves = Curves((), (), (), (), 0, _guess(windows, how.weights))
    return Trained(
        pipeline, windows.labels, {}, validation, test, curves, how.seed,
        _environment("scikit-learn"), graph,
    )  # fmt: skip


def _check_windows(pipeline: Pipeline, windows: Windows) -> None:
    _, samples, channels = windows.values.shape
    if channels != len(pipeline.channels):
        named = ", ".join(c.name for c in pipeline.channels)
        message = f"The data has {channels} channels, the pipeline names {len(pipeline.channels)}."
        raise UserError("learn.channels", message, f"Pipeline: {named}.")
    if samples != pipeline.window.samples:
        message = f"Windows of {samples} samples for a pipeline of {pipeline.window.samples}."
        raise UserError("learn.window", message, "Cut the windows again.")
    if not (windows.part == VALIDATION).any():
        message = "There is no validation part, which early stopping needs."
        raise UserError("learn.window", message, "Give validation a share of the split.")


def _check_features(x: np.ndarray, pipeline: Pipeline, windows: int) -> None:
    wanted = (windows, len(feature_names(pipeline)))
    if x.shape != wanted:
        raise UserError(
            "learn.features",
            f"The features are {list(x.shape)}; these windows and blocks make {list(wanted)}.",
            "Compute them anew from these windows.",
        )
    bad = np.argwhere(~np.isfinite(x))
    if len(bad):
        window, feature = bad[0]
        raise UserError(
            "learn.features",
            f"Feature {feature_names(pipeline)[feature]!r} of window {window} is not finite.",
            "Check the recordings' range and unit, and the block's parameters.",
        )


@contextmanager
def _one_thread(seed: int) -> Iterator[None]:
    """One thread (several spin on shared machines and may add up in another order) and the seed;
    both are given back."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)


def class_weights(windows: Windows, hyper: Mapping[str, Attr]) -> np.ndarray:
    """How much a window of each class counts, [classes] float32 with mean 1 over the training part:
    all alike, or each class as much as any other (``class_weights = "balanced"``)."""
    counts = np.bincount(windows.of(TRAIN)[1], minlength=len(windows.labels))
    if hyper["class_weights"] == "none":
        return np.ones(len(counts), np.float32)
    found: np.ndarray = (counts.sum() / (len(counts) * np.maximum(counts, 1))).astype(np.float32)
    return found


def _part(x: np.ndarray, windows: Windows, part: int, weights: np.ndarray) -> _Part:
    import torch

    mask = windows.part == part
    y = torch.from_numpy(windows.label[mask].astype(np.int64))
    alike = bool((weights == weights[0]).all())
    return _Part(torch.from_numpy(x[mask]), y, None if alike else torch.from_numpy(weights))


def _fit(
    module: Any, part: _Part, validation: _Part, hyper: Mapping[str, Attr], progress: Progress
) -> _Log:
    """AdamW (Loshchilov and Hutter, ICLR 2019) on the part's cost until validation stops getting
    better."""
    import torch

    epochs, patience, log = int(hyper["epochs"]), int(hyper["patience"]), _Log()  # type: ignore[arg-type]
    rates = {"lr": hyper["learning_rate"], "weight_decay": hyper["weight_decay"]}
    # torch loads its compiler with the first optimiser: that takes as long as torch itself
    optimiser = waited(lambda: torch.optim.AdamW(module.parameters(), **rates), progress)
    for epoch in range(epochs):
        module.train()
        for rows in torch.randperm(len(part.y)).split(hyper["batch"]):
            progress.check()
            if len(rows) == 1 < len(part.y):  # has no deviation, which norms want
                continue
            optimiser.zero_grad()
            loss = part.cost(module(part.x[rows]), part.y[rows])
            loss.backward()
            optimiser.step()
        _note(module, part, validation, log)
        loss_now = log.validation_loss[-1]
        if epoch == 0 or loss_now < log.validation_loss[log.best]:
            log.best, log.weights = epoch, deepcopy(module.state_dict())
        progress.advance(epoch + 1, epochs, f"validation loss {loss_now:.4f}")
        if epoch - log.best >= patience:
            break
    return log


def _note(module: Any, part: _Part, validation: _Part, log: _Log) -> None:
    """Loss and accuracy of both parts after an epoch, without dropout."""
    import torch

    module.eval()
    with torch.no_grad():
        for p, losses, accuracies in (
            (part, log.train_loss, log.train_accuracy),
            (validation, log.validation_loss, log.validation_accuracy),
        ):
            logits = module(p.x)
            losses.append(float(p.cost(logits, p.y)))
            accuracies.append(float((logits.argmax(1) == p.y).float().mean()))
    if not isfinite(log.train_loss[-1]) or not isfinite(log.validation_loss[-1]):
        raise UserError(
            "learn.diverged",
            f"Training diverged: the loss is {log.train_loss[-1]} in epoch {len(log.train_loss)}.",
            "Try a smaller learning_rate.",
        )


def _guess(windows: Windows, weights: np.ndarray) -> float:
    """Validation loss of the training part's weighted shares of the classes, as answers."""
    counts = np.bincount(windows.of(TRAIN)[1], minlength=len(weights)) * weights.astype(np.float64)
    loss = np.log(counts.sum()) - np.log(np.maximum(counts, 1e-12))
    label = windows.of(VALIDATION)[1]
    return float(np.average(loss[label], weights=weights[label]))


def _measure(module: Any, part: _Part, windows: Windows) -> Metrics:
    import torch

    module.eval()
    with torch.no_grad():
        predicted = module(part.x).argmax(1).numpy()
    return metrics(part.y.numpy(), predicted, len(windows.labels))


def _environment(library: str) -> dict[str, str]:
    """Versions that the weights depend on."""
    packages = {name: version(name) for name in ("tinsmith", library, "numpy")}
    return {"python": platform.python_version(), "machine": platform.machine(), **packages}
