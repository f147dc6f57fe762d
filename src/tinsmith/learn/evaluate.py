"""Evaluation of a graph, float or quantised, by the reference interpreter."""

import numpy as np

from tinsmith.core.progress import SILENT, Progress
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import Interpreter
from tinsmith.learn.metrics import Metrics, metrics
from tinsmith.learn.units import Units


def predict(graph: Graph, raw: np.ndarray, job: Progress = SILENT) -> np.ndarray:
    """First output for each raw window [n, samples, channels], states reset before each: [n,
    elements] in the output's own dtype."""
    machine, name = Interpreter(graph, job), graph.inputs[0]
    rows = []
    for window in raw:
        machine.reset()
        rows.append(machine.run({name: window})[graph.outputs[0]].reshape(-1))
    return np.stack(rows)


def evaluate(
    graph: Graph,
    raw: np.ndarray,
    labels: np.ndarray,
    job: Progress = SILENT,
    units: Units | None = None,
) -> Metrics:
    """Metrics of a graph on raw windows [n, samples, channels] with label indices [n] and, where
    it is known, what the windows belong to; the decision is the largest output (the first of
    equals)."""
    scores = predict(graph, raw, job)
    return metrics(labels, scores.argmax(1), scores.shape[1], units, scores)
