"""How models end: the outputs that people ask for, by name.

``label``: int32 [1], an index into the classes, which the graph's labels name, or 1 and -1 of
detectors of outliers; ``probability`` and ``decision``: float32 [1, classes]; ``value``: float32
[1, targets]; ``cluster``: int32 [1]; ``score``: float32 [1, 1]; ``features``: float32 [1, n].
"""

from collections.abc import Sequence

import numpy as np

from tinsmith.compose.broken import broken
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph

ABOVE_ZERO = 0.0
FROM_ZERO = -float(np.float32(1e-45))
"""The float32 next to zero: what is above it is at least zero."""
MOST_TEXT = 400


def label(b: Builder, scores: str, classes: Sequence[str]) -> str:
    """Index of the first of the largest scores [1, classes], float32 or binary64."""
    before, b.stage = b.stage, ("classes " + ", ".join(classes))[:MOST_TEXT]
    result = b.op("winner", scores, name="label")
    b.label(result, classes)
    b.stage = before
    return result


def binary_label(b: Builder, margin: str, classes: Sequence[str], bound: float) -> str:
    """Class 1 where margin [1, 1] > bound, else 0."""
    return label(b, affine(b, margin, np.array([[0.0], [1.0]]), np.array([bound, 0.0])), classes)


def inlier(b: Builder, decision: str, bound: float) -> str:
    """Label of a detector of outliers: 1 where decision [1, 1] > bound, -1 (an outlier) else."""
    both = affine(b, decision, np.array([[0.0], [1.0]]), np.array([bound, 0.0]))
    signs = b.constant("signs", np.array([-1, 1], np.int32))
    return b.op("gather", signs, b.op("winner", both), axis=0, name="label")


def affine(b: Builder, x: str, w: np.ndarray, bias: np.ndarray, name: str = "") -> str:
    """x @ w.T + bias for x [rows, depth], w [channels, depth]; weights are rounded to float32."""
    weights = b.constant("w", np.asarray(w, np.float32))
    return b.op("dense", x, weights, b.constant("b", np.asarray(bias, np.float32)), name=name)


def scaled(b: Builder, x: str, factor: np.ndarray | float, name: str = "") -> str:
    """x * factor, a number or one per element of the last axis; no node where it is 1."""
    wide = np.atleast_1d(np.asarray(factor, np.float32))
    if not name and bool((wide == 1).all()):
        return x
    return b.op("mul", x, b.constant("factor", wide), name=name)


def shifted(b: Builder, x: str, offset: np.ndarray | float, name: str = "") -> str:
    """x + offset, a number or one per element of the last axis; no node where it is 0."""
    wide = np.atleast_1d(np.asarray(offset, np.float32))
    if not name and not wide.any():
        return x
    return b.op("add", x, b.constant("offset", wide), name=name)


def centred(b: Builder, x: str, centre: np.ndarray) -> str:
    """x - centre, with the part of the centre that float32 loses taken off in a second step."""
    high = centre.astype(np.float32)
    low = (centre - high).astype(np.float32)
    if high.any():
        x = b.op("sub", x, b.constant("centre", high))
    return b.op("sub", x, b.constant("centre_rest", low)) if low.any() else x


def pair(b: Builder, margin: str, name: str = "probability") -> str:
    """[1 - p, p] with p the logistic function of margin [1, 1]: a softmax over (0, margin)."""
    both = affine(b, margin, np.array([[0.0], [1.0]]), np.zeros(2))
    return b.op("softmax", both, name=name)


def sound(graph: Graph) -> Graph:
    """The graph, if all its constants are numbers of float32; probabilities have the labels that
    the index of the class has.

    Raises:
        UserError: ``import.classic.broken``.
    """
    for name, array in graph.constants.items():
        if not np.isfinite(array).all():
            broken(f"Constant {name!r} holds a number that is too large for float32.")
    if {"label", "probability"} <= set(graph.outputs) and "label" in graph.labels:
        return graph.with_(labels={**graph.labels, "probability": graph.labels["label"]})
    return graph


def named(b: Builder, x: str, name: str) -> str:
    """The same value under a name of its own."""
    return b.op("reshape", x, shape=b.type(x).shape, name=name)
