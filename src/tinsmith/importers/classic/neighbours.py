"""scikit-learn's neighbours, centroids and k-means: what is near in some distance.

Distances are sums in float32; of equal distances the point that was given first is the nearer one.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tinsmith.compose import ending
from tinsmith.compose.broken import broken
from tinsmith.importers.classic.estimator import Estimator, class_names, unsupported
from tinsmith.importers.classic.fields import Fields
from tinsmith.ir.builder import Builder

_POWERS = {"euclidean": 2, "l2": 2, "manhattan": 1, "cityblock": 1, "l1": 1}


def power_of(e: Any) -> int:
    """1 or 2, from the metric that the fit settled on."""
    metric = getattr(e, "effective_metric_", e.metric)
    if metric == "minkowski":
        parameters = getattr(e, "effective_metric_params_", None) or {}
        power, weighted = parameters.get("p", e.p), parameters.get("w") is not None
        if power in (1, 2) and not weighted:
            return int(power)
    if metric not in _POWERS:
        unsupported(
            e, f"metric {metric!r}", f"Supported: {', '.join(_POWERS)}, minkowski p 1 or 2."
        )
    return _POWERS[metric]


def _neighbours(e: Any) -> dict[str, Any]:
    if e.weights not in ("uniform", "distance"):
        unsupported(e, "weights is a function", "Use 'uniform' or 'distance'.")
    points = np.asarray(e._fit_X, np.float64)
    return {
        "points": points, "power": power_of(e), "k": int(e.n_neighbors),
        "inverse": e.weights == "distance",
    }  # fmt: skip


def _classifier(e: Any) -> Mapping[str, Any]:
    names = class_names(e)
    return {**_neighbours(e), "classes": names, "own": np.asarray(e._y, np.int64).reshape(-1)}


def _regressor(e: Any) -> Mapping[str, Any]:
    targets = np.asarray(e._y, np.float64)
    return {**_neighbours(e), "targets": targets.reshape(len(targets), -1)}


def distances(b: Builder, x: str, points: np.ndarray, power: int) -> str:
    """Distances of x to all points [1, points], by the sum of absolute differences or of their
    squares."""
    far = _powers(b, x, points, power)
    return b.op("sqrt", far) if power == 2 else far


def _powers(b: Builder, x: str, points: np.ndarray, power: int) -> str:
    return b.op("distance", x, b.constant("points", points.astype(np.float32)), power=power)


def _votes(b: Builder, x: str, fields: Fields) -> tuple[str, np.ndarray]:
    """Weight of each point [1, points], and the points."""
    points = fields.array("points", None, b.type(x).shape[1])
    power, k = fields.integer("power", 1, 2), fields.integer("k", 1, len(points))
    inverse = fields.flag("inverse")
    far = (distances if inverse else _powers)(b, x, points, power)
    return b.op("nearest", far, k=k, inverse=inverse), points


def _labels(b: Builder, x: str, fields: Fields) -> tuple[str, ...]:
    votes, points = _votes(b, x, fields)
    own = fields.whole("own", len(points))
    names = fields.names("classes")
    if own.min() < 0 or own.max() >= len(names):
        broken(f"A point is of class {own.max()} of {len(names)}.")
    members = (own[None] == np.arange(len(names))[:, None]).astype(np.float64)
    counts = ending.affine(b, votes, members, np.zeros(len(names)))
    total = ending.affine(b, votes, np.ones((1, len(points))), np.zeros(1))
    return ending.label(b, counts, names), b.op("div", counts, total, name="probability")


def _mean(b: Builder, x: str, fields: Fields) -> tuple[str, ...]:
    votes, points = _votes(b, x, fields)
    targets = fields.array("targets", len(points), None).T
    sums = ending.affine(b, votes, targets, np.zeros(len(targets)))
    total = ending.affine(b, votes, np.ones((1, len(points))), np.zeros(1))
    return (b.op("div", sums, total, name="value"),)


def _centroids(e: Any) -> Mapping[str, Any]:
    if e.metric not in ("euclidean", "manhattan") or getattr(e, "priors", "uniform") != "uniform":
        unsupported(e, f"metric {e.metric!r}, priors {e.priors!r}", "Use uniform priors.")
    centres = np.asarray(e.centroids_, np.float64)
    return {"points": centres, "power": _POWERS[e.metric], "classes": class_names(e)}


def _clusters(e: Any) -> Mapping[str, Any]:
    return {"points": np.asarray(e.cluster_centers_, np.float64)}


def _closeness(b: Builder, x: str, fields: Fields, power: int) -> str:
    """Distances to all points, negated: the nearest is the largest."""
    points = fields.array("points", None, b.type(x).shape[1])
    return ending.scaled(b, _powers(b, x, points, power), -1.0)


def _centroid(b: Builder, x: str, fields: Fields) -> tuple[str, ...]:
    near = _closeness(b, x, fields, fields.integer("power", 1, 2))
    return (ending.label(b, near, fields.names("classes", b.type(near).shape[1])),)


def _cluster(b: Builder, x: str, fields: Fields) -> tuple[str, ...]:
    return (b.op("winner", _closeness(b, x, fields, 2), name="cluster"),)


METRICS = "minkowski with p 1 or 2; of equal distances the first point"
NEIGHBOURS = {
    "KNeighborsClassifier": Estimator(_classifier, _labels, note=METRICS),
    "KNeighborsRegressor": Estimator(_regressor, _mean, note=METRICS),
    "NearestCentroid": Estimator(_centroids, _centroid, note="uniform priors"),
    "KMeans": Estimator(_clusters, _cluster),
    "MiniBatchKMeans": Estimator(_clusters, _cluster),
}
