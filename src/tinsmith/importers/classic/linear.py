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
    """How decisions become probabilities: one softmax over all, or one logistic function per
    class, normalised; or not at all."""
    kind = type(estimator).__name__
    if kind in ("LogisticRegression", "LogisticRegressionCV"):
        each = getattr(estimator, "multi_class", "") == "ovr" or estimator.solver == "liblinear"
        return "each" if each else "softmax"
    if kind == "LinearDiscriminantAnalysis":
        return "softmax"
    return "each" if kind == "SGDClassifier" and estimator.loss == "log_loss" else "none"


def _labels(b: Builder, x: str, fields: Fields) -> tuple[str, ...]:
    """Two classes: class 1 where the decision is above 0. More: the first of the largest."""
    link = fields.text("link", "softmax", "each", "none")
    name = "decision" if link == "none" else ""
    decision = _decision(b, x, fields, name)
    count = b.type(decision).shape[1]
    names = fields.names("classes", max(2, count))
    if count == 1:
        label = ending.binary_label(b, decision, names, ending.ABOVE_ZERO)
        return (label, decision if link == "none" else ending.pair(b, decision))
    label = ending.label(b, decision, names)
    if link == "none":
        return label, decision
    if link == "softmax":
        return label, b.op("softmax", decision, name="probability")
    return label, _normalised(b, elementwise.unary(b, "sigmoid", decision))


def _normalised(b: Builder, shares: str) -> str:
    """shares [1, n] / their sum."""
    total = ending.affine(b, shares, np.ones((1, b.type(shares).shape[1])), np.zeros(1))
    return b.op("div", shares, total, name="probability")


_REGRESSOR = Estimator(_weights, _regressor)
_CLASSIFIER = Estimator(_classifier, _labels)
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
    "SGDClassifier": Estimator(_classifier, _labels, note="probability of log_loss only"),
    **dict.fromkeys(
        ("Perceptron", "PassiveAggressiveClassifier", "RidgeClassifier", "RidgeClassifierCV",
         "LinearSVC"),
        Estimator(_classifier, _labels, note=_NO_PROBABILITY),
    ),
}  # fmt: skip
