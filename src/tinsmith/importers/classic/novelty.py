"""scikit-learn's detectors of outliers that are no forests and no kernel machines.

``score``: the higher, the more ordinary; ``decision``: score - offset; label 1 where that is from 0
on, else -1.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tinsmith.compose import elementwise, ending
from tinsmith.compose.broken import broken
from tinsmith.importers.classic.estimator import Estimator, unsupported
from tinsmith.importers.classic.fields import Fields
from tinsmith.importers.classic.neighbours import METRICS, distances, power_of
from tinsmith.ir.builder import Builder


def _judged(b: Builder, score: str, fields: Fields) -> tuple[str, ...]:
    decision = ending.shifted(b, score, -fields.number("offset"), "decision")
    return ending.inlier(b, decision, ending.FROM_ZERO), decision, score


def _line(e: Any) -> Mapping[str, Any]:
    return {"coef": np.atleast_2d(np.asarray(e.coef_, np.float64)), "offset": float(e.offset_[0])}


def _beyond_a_line(b: Builder, x: str, fields: Fields) -> tuple[str, ...]:
    coef = fields.array("coef", 1, b.type(x).shape[1])
    return _judged(b, ending.affine(b, x, coef, np.zeros(1), "score"), fields)


def _ellipse(e: Any) -> Mapping[str, Any]:
    """The precision as factors: d^T P d = |F d|^2."""
    values, vectors = np.linalg.eigh(np.asarray(e.get_precision(), np.float64))
    factors = np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T
    return {
        "mean": np.asarray(e.location_, np.float64), "factors": factors, "offset": float(e.offset_)
    }  # fmt: skip


def _beyond_an_ellipse(b: Builder, x: str, fields: Fields) -> tuple[str, ...]:
    """score: the squared Mahalanobis distance, negated."""
    n = b.type(x).shape[1]
    factors = fields.array("factors", n, n)
    far = ending.affine(b, ending.centred(b, x, fields.array("mean", n)), factors, np.zeros(n))
    squares = b.op("mul", far, far)
    score = ending.affine(b, squares, np.full((1, n), -1.0), np.zeros(1), "score")
    return _judged(b, score, fields)


def _local_factor(e: Any) -> Mapping[str, Any]:
    if not e.novelty:
        unsupported(e, "it judges its own training data only", "Fit it with novelty=True.")
    return {
        "points": np.asarray(e._fit_X, np.float64), "power": power_of(e), "k": int(e.n_neighbors_),
        "reach": np.asarray(e._distances_fit_X_, np.float64)[:, e.n_neighbors_ - 1],
        "density": np.asarray(e._lrd, np.float64), "offset": float(e.offset_),
    }  # fmt: skip


def _sparser_than_neighbours(b: Builder, x: str, fields: Fields) -> tuple[str, ...]:
    """score: the mean density of the k nearest times the mean of what it takes to reach them,
    negated; Breunig et al., "LOF: identifying density-based local outliers", SIGMOD 2000,
    definitions 5 to 7."""
    points = fields.array("points", None, b.type(x).shape[1])
    count, k = len(points), fields.integer("k", 1, len(points))
    reach, density = fields.array("reach", count), fields.array("density", count)
    if reach.min() < 0:
        broken("A point is reached within a distance below 0.")
    far = distances(b, x, points, fields.integer("power", 1, 2))
    near = b.op("nearest", far, k=k, inverse=False)
    least = b.constant("reach", reach.astype(np.float32)[None])
    reached = b.op("mul", near, elementwise.binary(b, "max", far, least))
    shares = np.full((1, count), 1.0 / k)
    to_reach = ending.affine(b, reached, shares, np.full(1, 1e-10))
    dense = ending.affine(b, near, -shares * density, np.zeros(1))
    return _judged(b, b.op("mul", dense, to_reach, name="score"), fields)


DETECTORS = {
    "SGDOneClassSVM": Estimator(_line, _beyond_a_line),
    "EllipticEnvelope": Estimator(_ellipse, _beyond_an_ellipse),
    "LocalOutlierFactor": Estimator(
        _local_factor, _sparser_than_neighbours, note=f"novelty=True; {METRICS}"
    ),
}
