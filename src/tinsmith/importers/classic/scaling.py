"""scikit-learn's transformers: scalers, imputers, polynomials, projections, selections."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tinsmith.compose import elementwise, ending, movement, reduction
from tinsmith.compose.broken import broken
from tinsmith.importers.classic.estimator import Estimator, unsupported
from tinsmith.importers.classic.fields import Fields
from tinsmith.ir.builder import Builder

MOST_TERMS = 1 << 16


def _affine(offset: Any, factor: Any, features: int) -> dict[str, Any]:
    """(x - offset) * factor; None where one is left out."""
    return {
        "centre": np.zeros(features) if offset is None else np.asarray(offset, np.float64),
        "factor": np.ones(features) if factor is None else np.asarray(factor, np.float64),
    }


def _standard(e: Any) -> Mapping[str, Any]:
    scale = e.scale_ if e.with_std else None
    mean = e.mean_ if e.with_mean else None
    return _affine(mean, None if scale is None else 1 / scale, e.n_features_in_)


def _robust(e: Any) -> Mapping[str, Any]:
    scale = e.scale_ if e.with_scaling else None
    center = e.center_ if e.with_centering else None
    return _affine(center, None if scale is None else 1 / scale, e.n_features_in_)


def _most_absolute(e: Any) -> Mapping[str, Any]:
    return _affine(None, 1 / e.scale_, e.n_features_in_)


def _least_most(e: Any) -> Mapping[str, Any]:
    """x * scale + min = (x - centre) * scale + low, in which nothing cancels."""
    low, high = e.feature_range
    body = {**_affine(e.data_min_, e.scale_, e.n_features_in_), "low": float(low)}
    return {**body, "high": float(high), "clip": bool(e.clip)}


def _scale(b: Builder, x: str, fields: Fields) -> tuple[str, ...]:
    n = b.type(x).shape[1]
    y = ending.centred(b, x, fields.array("centre", n))
    return (ending.scaled(b, y, fields.array("factor", n)),)


def _scale_between(b: Builder, x: str, fields: Fields) -> tuple[str, ...]:
    low, high = fields.number("low"), fields.number("high")
    y = ending.shifted(b, _scale(b, x, fields)[0], low)
    if fields.flag("clip"):
        y = elementwise.clip(b, y, low, high)
    return (y,)


def _normalizer(b: Builder, x: str, fields: Fields) -> tuple[str, ...]:
    """x / its norm; a row of zeros stays one."""
    norm = fields.text("norm", "l1", "l2", "max")
    size = elementwise.unary(b, "abs", x)
    if norm == "max":
        length = reduction.reduce(b, "max", size, (1,), True)
    else:
        length = reduction.reduce(b, norm, x, (1,), True)
    least = b.constant("least", np.full((1, 1), 1.1754944e-38, np.float32))
    return (b.op("div", x, elementwise.binary(b, "max", length, least)),)


def _imputer(e: Any) -> Mapping[str, Any]:
    if not (isinstance(e.missing_values, float) and np.isnan(e.missing_values)):
        unsupported(e, f"missing_values is {e.missing_values!r}", "Only NaN is imputed.")
    statistics = np.asarray(e.statistics_)
    if statistics.dtype.kind != "f" or np.isnan(statistics).any() or e.add_indicator:
        unsupported(e, "it drops features, adds indicators or fills in texts")
    return {"statistics": statistics.astype(np.float64)}


def _impute(b: Builder, x: str, fields: Fields) -> tuple[str, ...]:
    statistics = fields.array("statistics", b.type(x).shape[1]).astype(np.float32)
    filled = b.constant("statistics", statistics[None])
    return (elementwise.where(b, elementwise.compare(b, "equal", x, x), x, filled),)


def _polynomial(e: Any) -> Mapping[str, Any]:
    return {"powers": np.asarray(e.powers_, np.int64)}


def _products(b: Builder, x: str, fields: Fields) -> tuple[str, ...]:
    """Term by term, factors from the first feature on; a place behind the features holds 1."""
    n = b.type(x).shape[1]
    powers = fields.whole("powers", None, n)
    degree = int(powers.sum(axis=1).max())
    if powers.min() < 0 or degree > 64 or len(powers) > MOST_TERMS:
        broken(f"{len(powers)} terms of powers {powers.min()} to {degree}.")
    with_one = b.op("concat", x, b.constant("one", np.ones((1, 1), np.float32)), axis=1)
    factors = np.full((max(1, degree), len(powers)), n, np.int64)
    for term, row in enumerate(powers):
        places = np.repeat(np.arange(n), row)
        factors[: len(places), term] = places
    y = movement.take(b, with_one, factors[0], 1)
    for indices in factors[1:]:
        y = b.op("mul", y, movement.take(b, with_one, indices, 1))
    return (y,)


def _pca(e: Any) -> Mapping[str, Any]:
    components = np.asarray(e.components_, np.float64)
    if e.whiten:
        scale = np.sqrt(np.asarray(e.explained_variance_, np.float64))
        scale = np.maximum(scale, np.finfo(np.float64).eps)
        components = components / scale[:, None]
    return {"mean": np.asarray(e.mean_, np.float64), "components": components}


def _svd(e: Any) -> Mapping[str, Any]:
    components = np.asarray(e.components_, np.float64)
    return {"mean": np.zeros(components.shape[1]), "components": components}


def _project(b: Builder, x: str, fields: Fields) -> tuple[str, ...]:
    n = b.type(x).shape[1]
    components = fields.array("components", None, n)
    centred = ending.centred(b, x, fields.array("mean", n))
    return (ending.affine(b, centred, components, np.zeros(len(components))),)


def _selection(e: Any) -> Mapping[str, Any]:
    return {"kept": np.flatnonzero(e.get_support()).astype(np.int64)}


def _select(b: Builder, x: str, fields: Fields) -> tuple[str, ...]:
    kept = fields.whole("kept", None)
    if kept.min() < 0 or kept.max() >= b.type(x).shape[1]:
        broken(f"Feature {kept.max()} is kept of {b.type(x).shape[1]}.")
    return (movement.take(b, x, kept, 1),)


SCALING = {
    "StandardScaler": Estimator(_standard, _scale, True),
    "MinMaxScaler": Estimator(_least_most, _scale_between, True),
    "MaxAbsScaler": Estimator(_most_absolute, _scale, True),
    "RobustScaler": Estimator(_robust, _scale, True),
    "Normalizer": Estimator(lambda e: {"norm": str(e.norm)}, _normalizer, True),
    "SimpleImputer": Estimator(_imputer, _impute, True, "NaN only"),
    "PolynomialFeatures": Estimator(_polynomial, _products, True),
    "PCA": Estimator(_pca, _project, True),
    "TruncatedSVD": Estimator(_svd, _project, True),
    **dict.fromkeys(
        ("VarianceThreshold", "SelectKBest", "SelectPercentile", "RFE", "RFECV", "SelectFromModel"),
        Estimator(_selection, _select, True),
    ),
}
