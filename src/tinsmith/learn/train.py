"""Training: a family's network by PyTorch on features that were computed before, early stopping.

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
from tinsmith.learn.family import FAMILIES, Rows
from tinsmith.learn.features import feature_names, row_shape
from tinsmith.learn.metrics import Metrics, metrics
from tinsmith.learn.pipeline import Pipeline
from tinsmith.learn.trained import Curves, Trained


@dataclass(frozen=True)
class _Part:
    """Features [n, features] and label indices [n] of one part, as tensors."""

    x: Any
    y: Any


@dataclass
class _Log:
    """What an early-stopped run has seen so far."""

    train_loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)
    best: int = 0
    weights: dict[str, Any] = field(default_factory=dict)

    def curves(self) -> Curves:
        """The immutable form."""
        return Curves(
            tuple(self.train_loss), tuple(self.validation_loss), tuple(self.train_accuracy),
            tuple(self.validation_accuracy), self.best,
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
    load_library("torch", progress)
    hyper = FAMILIES.get(pipeline.family).complete(pipeline.hyper)
    _check_windows(pipeline, windows)
    shape = row_shape(pipeline)
    _check_features(features, pipeline, len(windows.part))
    with _one_thread(seed):
        parts = [_part(features, windows, part) for part in (TRAIN, VALIDATION, TEST)]
        build = FAMILIES.get(pipeline.family).build
        rows = Rows(features[windows.part == TRAIN], shape)
        module = build(rows, len(windows.labels), hyper)
        log = _fit(module, parts[TRAIN], parts[VALIDATION], hyper, progress)
        module.load_state_dict(log.weights)
        validation, test = (_measure(module, parts[p], windows) for p in (VALIDATION, TEST))
        weights = {k: v.detach().numpy().copy() for k, v in log.weights.items()}
    curves = log.curves()
    return Trained(
        pipeline, windows.labels, weights, validation, test, curves, seed, _environment()
    )


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


def _part(x: np.ndarray, windows: Windows, part: int) -> _Part:
    import torch

    mask = windows.part == part
    return _Part(torch.from_numpy(x[mask]), torch.from_numpy(windows.label[mask].astype(np.int64)))


def _fit(
    module: Any, part: _Part, validation: _Part, hyper: Mapping[str, Attr], progress: Progress
) -> _Log:
    """AdamW (Loshchilov and Hutter, ICLR 2019) on cross-entropy until validation stops getting
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
            optimiser.zero_grad()
            loss = torch.nn.functional.cross_entropy(module(part.x[rows]), part.y[rows])
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
            losses.append(float(torch.nn.functional.cross_entropy(logits, p.y)))
            accuracies.append(float((logits.argmax(1) == p.y).float().mean()))
    if not isfinite(log.train_loss[-1]) or not isfinite(log.validation_loss[-1]):
        raise UserError(
            "learn.diverged",
            f"Training diverged: the loss is {log.train_loss[-1]} in epoch {len(log.train_loss)}.",
            "Try a smaller learning_rate.",
        )


def _measure(module: Any, part: _Part, windows: Windows) -> Metrics:
    import torch

    module.eval()
    with torch.no_grad():
        predicted = module(part.x).argmax(1).numpy()
    return metrics(part.y.numpy(), predicted, len(windows.labels))


def _environment() -> dict[str, str]:
    """Versions that the weights depend on."""
    packages = {name: version(name) for name in ("tinsmith", "torch", "numpy")}
    return {"python": platform.python_version(), "machine": platform.machine(), **packages}
