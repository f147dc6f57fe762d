"""scikit-learn's trees: single ones, forests, gradient boosting, AdaBoost, bagging, isolation.

Sums run in double precision in the library's order, so labels and values are the library's own;
what is behind a link function (probabilities, exponentials) is float32.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tinsmith.compose import elementwise, ending
from tinsmith.compose.broken import broken
from tinsmith.compose.trees import Tree, at_most, ensemble, narrowed
from tinsmith.importers.classic.estimator import Estimator, class_names, unsupported
from tinsmith.importers.classic.fields import Fields
from tinsmith.ir.builder import Builder

TREES = ("DecisionTreeClassifier", "ExtraTreeClassifier", "DecisionTreeRegressor",
         "ExtraTreeRegressor")  # fmt: skip
Arrays = dict[str, np.ndarray]


def _arrays(tree: Any, value: np.ndarray, features: np.ndarray | None = None) -> Arrays:
    """One `tree_` with its leaf values [nodes, width]; ``features`` maps its columns to x's."""
    feature = np.asarray(tree.feature)
    if features is not None:
        feature = np.where(feature >= 0, np.asarray(features)[np.maximum(feature, 0)], feature)
    missing = getattr(tree, "missing_go_to_left", np.zeros(len(feature), np.uint8))
    return {
        "left": np.asarray(tree.children_left, np.int64),
        "right": np.asarray(tree.children_right, np.int64),
        "feature": feature.astype(np.int64),
        "threshold": np.asarray(tree.threshold, np.float64),
        "missing": np.asarray(missing, np.uint8),
        "value": np.asarray(value, np.float64),
    }


def _described(parts: Sequence[Arrays], columns: Sequence[int], **more: Any) -> dict[str, Any]:
    """All trees in one set of arrays: ``count`` nodes each."""
    joined = {k: np.concatenate([p[k] for p in parts]) for k in parts[0]}
    counts = np.array([len(p["left"]) for p in parts], np.int64)
    return {**joined, "count": counts, "column": np.array(columns, np.int64), **more}


def _trees(fields: Fields) -> list[Tree]:
    counts = fields.whole("count", None)
    if counts.min() < 1 or counts.max() > 1 << 24:
        broken(f"A tree has {counts.min()} to {counts.max()} nodes.")
    total = int(counts.sum())
    left, right, feature, missing = (
        fields.whole(k, total) for k in ("left", "right", "feature", "missing")
    )
    threshold = at_most(fields.thresholds("threshold", total))
    value = fields.array("value", total, None)
    column = fields.whole("column", len(counts))
    zero, at, found = np.zeros(total, bool), 0, []
    for n, c in zip(counts.tolist(), column.tolist(), strict=True):
        s = slice(at, at + n)
        found.append(Tree(left[s], right[s], feature[s], threshold[s], missing[s] != 0, zero[s],
                          value[s], c))  # fmt: skip
        at += n
    return found


def _sums(b: Builder, x: str, fields: Fields) -> str:
    start = fields.array("start", None)
    divisor = fields.number("divisor")
    if not 1e-300 < divisor < 1e300:
        broken(f"A sum is divided by {divisor}.")
    return ensemble(b, x, _trees(fields), start, divisor)


def _shares(tree: Any) -> np.ndarray:
    """Shares of the classes per node; older versions keep counts."""
    value = np.asarray(tree.value[:, 0, :], np.float64)
    total = value.sum(axis=1, keepdims=True)
    counts = np.abs(total - 1).max() > 1e-6
    return value / np.where(total == 0, 1, total) if counts else value


def _members(estimator: Any) -> list[tuple[Any, np.ndarray | None]]:
    """Fitted trees with the features that each sees (None: all)."""
    if hasattr(estimator, "tree_"):
        return [(estimator, None)]
    members = list(np.asarray(estimator.estimators_, object).reshape(-1))
    for member in members:
        if type(member).__name__ not in TREES:
            unsupported(estimator, f"it is made of {type(member).__name__}, not of trees")
    seen = getattr(estimator, "estimators_features_", [None] * len(members))
    return list(zip(members, seen, strict=True))


def _in_classes(estimator: Any, member: Any, shares: np.ndarray) -> np.ndarray:
    """Columns of a member that has seen some classes only, in the ensemble's order."""
    wide = np.zeros((len(shares), len(estimator.classes_)))
    places = np.arange(shares.shape[1])
    if type(estimator).__name__ == "BaggingClassifier":
        places = np.asarray(member.classes_).astype(np.int64)
    wide[:, places] = shares
    return wide


def _classifier(estimator: Any) -> Mapping[str, Any]:
    names = class_names(estimator)
    members = _members(estimator)
    parts = [_arrays(m.tree_, _in_classes(estimator, m, _shares(m.tree_)), f) for m, f in members]
    return _described(
        parts, [0] * len(parts), classes=names, start=np.zeros(len(names)),
        divisor=float(len(parts)),
    )  # fmt: skip


def _regressor(estimator: Any) -> Mapping[str, Any]:
    parts = [_arrays(m.tree_, m.tree_.value[:, :, 0], f) for m, f in _members(estimator)]
    start = np.zeros(parts[0]["value"].shape[1])  # one per target
    return _described(
        parts, [0] * len(parts), start=start, divisor=float(len(parts)), link="identity"
    )


def _votes(b: Builder, x: str, fields: Fields) -> tuple[str, ...]:
    """Mean shares of the classes."""
    sums = _sums(b, x, fields)
    names = fields.names("classes", b.type(sums).shape[1])
    return ending.label(b, sums, names), narrowed(b, sums, "probability")


def _value(b: Builder, x: str, fields: Fields) -> tuple[str, ...]:
    """A sum, or its exponential."""
    sums = _sums(b, x, fields)
    if fields.text("link", "identity", "exp") == "identity":
        return (narrowed(b, sums, "value"),)
    return (elementwise.unary(b, "exp", narrowed(b, sums), name="value"),)


def _boosted(estimator: Any) -> dict[str, Any]:
    """Raw predictions of gradient boosting: start + rate * value, stage by stage."""
    init = type(estimator.init_).__name__
    if estimator.init_ != "zero" and not init.startswith("Dummy"):
        unsupported(estimator, f"it begins at the predictions of {init}", "Leave init out.")
    start = estimator._raw_predict_init(np.zeros((1, estimator.n_features_in_), np.float32))[0]
    stages = np.asarray(estimator.estimators_, object)
    parts = [
        _arrays(t.tree_, estimator.learning_rate * t.tree_.value[:, 0, :]) for t in stages.flat
    ]
    columns = list(range(stages.shape[1])) * stages.shape[0]
    return _described(parts, columns, start=np.asarray(start, np.float64), divisor=1.0)


def _gradient_classifier(estimator: Any) -> Mapping[str, Any]:
    factor = 2.0 if estimator.loss == "exponential" else 1.0
    return {
        **_boosted(estimator), "classes": class_names(estimator), "bound": "from_zero",
        "factor": factor,
    }  # fmt: skip


def _gradient_regressor(estimator: Any) -> Mapping[str, Any]:
    return {**_boosted(estimator), "link": "identity"}


def _histogram_boosted(estimator: Any) -> dict[str, Any]:
    if np.any(getattr(estimator, "is_categorical_", None)):
        unsupported(estimator, "it has categorical features", "Encode them as numbers first.")
    rounds = estimator._predictors
    parts = [_histogram_tree(p.nodes) for stage in rounds for p in stage]
    columns = list(range(len(rounds[0]))) * len(rounds)
    start = np.asarray(estimator._baseline_prediction, np.float64).reshape(-1)
    return _described(parts, columns, start=start, divisor=1.0)


def _histogram_tree(nodes: np.ndarray) -> Arrays:
    end = nodes["is_leaf"] != 0
    return {
        "left": np.where(end, -1, nodes["left"].astype(np.int64)),
        "right": np.where(end, -1, nodes["right"].astype(np.int64)),
        "feature": nodes["feature_idx"].astype(np.int64),
        "threshold": np.where(end, 0.0, nodes["num_threshold"]),
        "missing": nodes["missing_go_to_left"].astype(np.uint8),
        "value": nodes["value"].astype(np.float64)[:, None],
    }


def _histogram_classifier(estimator: Any) -> Mapping[str, Any]:
    names = class_names(estimator)
    return {**_histogram_boosted(estimator), "classes": names, "bound": "above_zero", "factor": 1.0}


def _histogram_regressor(estimator: Any) -> Mapping[str, Any]:
    link = "exp" if estimator.loss in ("poisson", "gamma") else "identity"
    return {**_histogram_boosted(estimator), "link": link}


def _linked(b: Builder, x: str, fields: Fields) -> tuple[str, ...]:
    """Raw predictions, one per class or one for both; logistic or softmax."""
    sums = _sums(b, x, fields)
    columns = b.type(sums).shape[1]
    names = fields.names("classes", max(2, columns))
    if fields.has("raw"):
        return (narrowed(b, sums, "decision"),)
    margin = ending.scaled(b, narrowed(b, sums), fields.number("factor"))
    if columns > 1:
        return ending.label(b, sums, names), b.op("softmax", margin, name="probability")
    bounds = {"from_zero": ending.FROM_ZERO, "above_zero": ending.ABOVE_ZERO}
    bound = bounds[fields.text("bound", *bounds)]
    return ending.binary_label(b, margin, names, bound), ending.pair(b, margin)


def _ada_classifier(estimator: Any) -> Mapping[str, Any]:
    """Each leaf votes for its class with the tree's weight w, against the others with
    -w / (classes - 1)."""
    names, parts = class_names(estimator), []
    count, own = len(names), np.asarray(estimator.classes_)
    weights = np.asarray(estimator.estimator_weights_, np.float64)
    for (member, _), weight in zip(_members(estimator), weights.tolist(), strict=False):
        named = np.asarray(member.classes_)[_shares(member.tree_).argmax(axis=1)]
        votes = np.where(named[:, None] == own, weight, -1 / (count - 1) * weight)
        parts.append(_arrays(member.tree_, votes))
    return _described(
        parts, [0] * len(parts), classes=names, start=np.zeros(count), divisor=float(weights.sum())
    )


def _ada_votes(b: Builder, x: str, fields: Fields) -> tuple[str, ...]:
    """Two classes' votes are each other's negatives, so that their softmax has the margin
    between them."""
    sums = _sums(b, x, fields)
    count = b.type(sums).shape[1]
    names = fields.names("classes", count)
    if fields.has("raw"):
        if count > 2:
            return (narrowed(b, sums, "decision"),)
        sides = np.array([[-1.0, 1.0]])
        return (ending.affine(b, narrowed(b, sums), sides, np.zeros(1), "decision"),)
    margin = ending.scaled(b, narrowed(b, sums), 1 / max(1, count - 1))
    return ending.label(b, sums, names), b.op("softmax", margin, name="probability")


def _ada_regressor(estimator: Any) -> Mapping[str, Any]:
    members = [m for m, _ in _members(estimator)]
    weights = np.asarray(estimator.estimator_weights_, np.float64)[: len(members)]
    parts = [_arrays(m.tree_, m.tree_.value[:, 0, :]) for m in members]
    return _described(
        parts, range(len(parts)), start=np.zeros(len(parts)), divisor=1.0, weights=weights
    )


def _median(b: Builder, x: str, fields: Fields) -> tuple[str, ...]:
    """The prediction below which half of the weight lies."""
    sums = _sums(b, x, fields)
    weights = fields.array("weights", b.type(sums).shape[1])
    constant = b.constant("weights", weights.view(np.int64))
    return (narrowed(b, b.op("weighted_median", sums, constant), "value"),)


def _isolation(estimator: Any) -> Mapping[str, Any]:
    """Leaves hold the length of the path to them, less 1 and with what a leaf of many samples
    stands for, as `_compute_score_samples` sums it."""
    parts = []
    for (member, seen), depth, more in zip(
        _members(estimator), estimator._decision_path_lengths,
        estimator._average_path_length_per_tree, strict=True,
    ):  # fmt: skip
        lengths = np.asarray(depth, np.float64) + np.asarray(more, np.float64) - 1.0
        parts.append(_arrays(member.tree_, lengths[:, None], seen))
    return _described(
        parts, [0] * len(parts), start=np.zeros(1), divisor=1.0,
        whole=len(parts) * _average_path(int(estimator._max_samples)),
        offset=float(estimator.offset_),
    )  # fmt: skip


def _average_path(samples: int) -> float:
    """Mean path of an unsuccessful search in a binary tree; Liu, Ting and Zhou, "Isolation
    Forest", ICDM 2008, equation 1."""
    if samples <= 2:
        return float(samples == 2)
    harmonic = np.log(samples - 1.0) + np.euler_gamma
    return float(2.0 * harmonic - 2.0 * (samples - 1.0) / samples)


def _anomaly(b: Builder, x: str, fields: Fields) -> tuple[str, ...]:
    """score: -2^(-mean path / expected path); decision: score - offset; an outlier where that is
    below 0."""
    whole = fields.number("whole")
    if whole <= 0:
        broken(f"An isolation forest expects paths of length {whole}.")
    depth = narrowed(b, _sums(b, x, fields))
    power = elementwise.unary(b, "exp", ending.scaled(b, depth, -np.log(2) / whole))
    score = ending.scaled(b, power, -1.0, "score")
    decision = ending.shifted(b, score, -fields.number("offset"), "decision")
    return ending.inlier(b, decision, ending.FROM_ZERO), decision, score


_CLASSIFIER, _REGRESSOR = Estimator(_classifier, _votes), Estimator(_regressor, _value)
_RAW = {"raw": True}
FORESTS = {
    "DecisionTreeClassifier": _CLASSIFIER,
    "DecisionTreeRegressor": _REGRESSOR,
    "ExtraTreeClassifier": _CLASSIFIER,
    "ExtraTreeRegressor": _REGRESSOR,
    "RandomForestClassifier": _CLASSIFIER,
    "RandomForestRegressor": _REGRESSOR,
    "ExtraTreesClassifier": _CLASSIFIER,
    "ExtraTreesRegressor": _REGRESSOR,
    "BaggingClassifier": Estimator(_classifier, _votes, note="of trees"),
    "BaggingRegressor": Estimator(_regressor, _value, note="of trees"),
    "GradientBoostingClassifier": Estimator(
        _gradient_classifier, _linked, note="constant init", decision=_RAW
    ),
    "GradientBoostingRegressor": Estimator(_gradient_regressor, _value, note="constant init"),
    "HistGradientBoostingClassifier": Estimator(
        _histogram_classifier, _linked, note="no categorical features", decision=_RAW
    ),
    "HistGradientBoostingRegressor": Estimator(
        _histogram_regressor, _value, note="no categorical features"
    ),
    "AdaBoostClassifier": Estimator(_ada_classifier, _ada_votes, note="of trees", decision=_RAW),
    "AdaBoostRegressor": Estimator(_ada_regressor, _median, note="of trees"),
    "IsolationForest": Estimator(_isolation, _anomaly),
}
