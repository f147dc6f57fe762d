"""Trained: a pipeline with weights, metrics, seed and environment."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tinsmith.core.progress import SILENT, Progress
from tinsmith.ir.graph import Graph
from tinsmith.learn.export import to_graph
from tinsmith.learn.metrics import Metrics
from tinsmith.learn.pipeline import Pipeline


@dataclass(frozen=True)
class Curves:
    """Loss and accuracy per epoch; ``best`` is the epoch whose weights were kept."""

    train_loss: tuple[float, ...]
    validation_loss: tuple[float, ...]
    train_accuracy: tuple[float, ...]
    validation_accuracy: tuple[float, ...]
    best: int


@dataclass(frozen=True)
class Trained:
    """The outcome of training. ``weights`` are the family's parameters by torch name."""

    pipeline: Pipeline
    labels: tuple[str, ...]
    weights: Mapping[str, np.ndarray]
    validation: Metrics
    test: Metrics
    curves: Curves
    seed: int
    environment: Mapping[str, str]

    def to_graph(self, job: Progress = SILENT) -> Graph:
        """One float graph from input ``raw`` (sensor integers [samples, channels]) to
        ``probabilities`` [1, classes]: signal processing, standardisation, network, softmax.

        Raises:
            Cancelled: the job was cancelled.
        """
        return to_graph(self.pipeline, self.labels, self.weights, job)

    def __str__(self) -> str:
        share = self.test.accuracy
        return (
            f"{self.pipeline.name}: {self.pipeline.family}, test accuracy {share.value:.3f} "
            f"({share.low:.3f} to {share.high:.3f}, {share.samples} windows)"
        )
