"""scikit-learn's linear models: decision = x @ coef.T + intercept."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tinsmith.compose import elementwise, ending
from tinsmith.importers.classic.estimator import Estimator, class_names
from tinsmith.importers.classic.fields import Fields
from tinsmith.ir.builder import Builder


def _weights(estimator: Any) -> dict[str, Any]:
    coef = np.atleast_2d(np.asarray(estimator.coef_, np.float64))
    intercept = np.asarray(estimator.intercept_, np.float64).reshape(-1)
    return {"coef": coef, "intercept": np.resize(intercept, len(coef))}


def _decision(b: Builder, x: str, fields: Fields, name: str = "") -> str:
    coef = fields.array("coef", None, b.type(x).shape[1])
    return ending.affine(b, x, coef, fields.array("intercept", len(coef)), name)


def _regressor(b: Builder, x: str, fields: Fields) -> tuple[str, ...]:
    return (_decision(b, x, fields, "value"),)


def _classifier(estimator: Any) -> Mapping[str, Any]:
    return {**_weights(estimator), "classes": class_names(estimator), "link": _link(estimator)}


def _link(estimator: Any) -> str:
    """How decisions become probabilities: one softmax over all; per class, then normalised, one
    logistic function or one clamped line (of the modified Huber loss: Zhang, "Statistical behavior
    and consistency of classification methods", 2004); or not at all."""
    kind = type(estimator).__name__
    if kind in ("LogisticRegression", "LogisticRegressionCV"):
        each = getattr(estimator, "multi_class", "") == "ovr" or estimator.solver == "liblinear"
        return "each" if each else "softmax"
    if kind == "LinearDiscriminantAnalysis":
        return "softmax"
    links = {"log_loss": "each", "modified_huber": "clamped"}
    return links.get(estimator.loss, "none") if kind == "SGDClassifier" else "none"


def _labels(b: Builder, x: str, fields: Fields) -> tuple[str, ...]:
    """Two classes: class 1 where the decision is above 0. More: the first of the largest."""
    link = fields.text("link", "softmax", "each", "clamped", "none")
    name = "decision" if link == "none" else ""
    decision = _decision(b, x, fields, name)
    count = b.type(decision).shape[1]
    names = fields.names("classes", max(2, count))
    if count == 1:
        label = ending.binary_label(b, decision, names, ending.ABOVE_ZERO)
        ends = {"none": lambda: decision, "clamped": lambda: _clamped_pair(b, decision)}
        return label, ends.get(link, lambda: ending.pair(b, decision))()
    label = ending.label(b, decision, names)
    if link == "none":
        return label, decision
    if link == "softmax":
        return label, b.op("softmax", decision, name="probability")
    shares = (
        even_where_none(b, _line(b, decision))
        if link == "clamped"
        else elementwise.unary(b, "sigmoid", decision)
    )
    return label, normalised(b, shares, "probability")


def _line(b: Builder, decision: str) -> str:
    """(clip(decision, -1, 1) + 1) / 2."""
    return ending.scaled(b, ending.shifted(b, elementwise.clip(b, decision, -1.0, 1.0), 1.0), 0.5)


def _clamped_pair(b: Builder, decision: str) -> str:
    """[1 - p, p]."""
    weights, offsets = np.array([[-1.0], [1.0]]), np.array([1.0, 0.0])
    return ending.affine(b, _line(b, decision), weights, offsets, "probability")


def even_where_none(b: Builder, shares: str) -> str:
    """Shares [1, n]; where all are 0, all are alike likely."""
    top = b.op("reduce_max", shares, axis=1)
    zero = b.constant("zero", np.zeros(b.type(top).shape, np.float32))
    none = elementwise.cast(b, elementwise.compare(b, "equal", top, zero), "float32")
    each = b.op("reshape", none, shape=(1, 1))
    return elementwise.binary(b, "add", shares, each)


def normalised(b: Builder, shares: str, name: str = "") -> str:
    """shares [1, n] / their sum."""
    total = ending.affine(b, shares, np.ones((1, b.type(shares).shape[1])), np.zeros(1))
    return b.op("div", shares, total, name=name)


_REGRESSOR = Estimator(_weights, _regressor)
_DECISION = {"link": "none"}
_CLASSIFIER = Estimator(_classifier, _labels, decision=_DECISION)
_NO_PROBABILITY = "decision, no probability"
LINEAR = {
    **dict.fromkeys(
        ("LinearRegression", "Ridge", "RidgeCV", "Lasso", "LassoCV", "ElasticNet", "ElasticNetCV",
         "LassoLars", "Lars", "BayesianRidge", "ARDRegression", "HuberRegressor", "SGDRegressor",
         "LinearSVR", "TheilSenRegressor", "MultiTaskLasso", "MultiTaskElasticNet"),
        _REGRESSOR,
    ),
    **dict.fromkeys(
        ("LogisticRegression", "LogisticRegressionCV", "LinearDiscriminantAnalysis"), _CLASSIFIER
    ),
    "SGDClassifier": Estimator(
        _classifier, _labels, note="probability of log_loss and modified_huber",
        decision=_DECISION,
    ),
    **dict.fromkeys(
        ("Perceptron", "PassiveAggressiveClassifier", "RidgeClassifier", "RidgeClassifierCV",
         "LinearSVC"),
        Estimator(_classifier, _labels, note=_NO_PROBABILITY),
    ),
}  # fmt: skip
