"""Trained: a pipeline with weights, metrics, seed and environment."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tinsmith.core.progress import SILENT, Progress
from tinsmith.ir.graph import Graph
from tinsmith.learn.export import joined, to_graph
from tinsmith.learn.metrics import Metrics
from tinsmith.learn.pipeline import Pipeline

_ONE_PASS = 0.9


@dataclass(frozen=True)
class Curves:
    """Loss and accuracy per epoch; ``best`` is the epoch whose weights were kept. ``guess`` is the
    validation loss of always answering with the shares that classes have in training."""

    train_loss: tuple[float, ...]
    validation_loss: tuple[float, ...]
    train_accuracy: tuple[float, ...]
    validation_accuracy: tuple[float, ...]
    best: int
    guess: float | None = None

    @property
    def stuck(self) -> bool:
        """Whether no epoch was better than the first of several. Where there is so much data that
        one pass is enough, that pass takes more than a tenth off the loss of guessing."""
        if self.best or len(self.validation_loss) < 2:
            return False
        return self.guess is None or self.validation_loss[0] > _ONE_PASS * self.guess


@dataclass(frozen=True)
class Trained:
    """The outcome of training. ``weights`` are the family's parameters by torch name; ``network``
    takes their place where the family is an estimator: a graph from features [1, n] to
    ``probabilities`` [1, classes]."""

    pipeline: Pipeline
    labels: tuple[str, ...]
    weights: Mapping[str, np.ndarray]
    validation: Metrics
    test: Metrics
    curves: Curves
    seed: int
    environment: Mapping[str, str]
    network: Graph | None = None

    def to_graph(self, job: Progress = SILENT) -> Graph:
        """One float graph from input ``raw`` (sensor integers [samples, channels]) to
        ``probabilities`` [1, classes]: signal processing, standardisation, network, softmax.

        Raises:
            Cancelled: the job was cancelled.
        """
        if self.network is not None:
            return joined(self.pipeline, self.labels, self.network)
        return to_graph(self.pipeline, self.labels, self.weights, job)

    def __str__(self) -> str:
        share = self.test.accuracy
        return (
            f"{self.pipeline.name}: {self.pipeline.family}, test accuracy {share.value:.3f} "
            f"({share.hits} of {share.samples} windows right)"
        )
