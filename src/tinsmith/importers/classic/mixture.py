"""Gaussians: mixtures with every kind of covariance, and naive Bayes.

log p(x, k) = log w_k - (d log 2 pi - log |P_k|^2 + |(x - mu_k) P_k|^2) / 2 with P_k P_k^T the
inverse covariance; Bishop, "Pattern Recognition and Machine Learning", 2006, equations 2.43
and 9.28.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tinsmith.compose import ending
from tinsmith.importers.classic.estimator import Estimator, class_names
from tinsmith.importers.classic.fields import Fields
from tinsmith.ir.builder import Builder


def _factors(e: Any) -> np.ndarray:
    """P_k^T of every component [components, features, features]."""
    cholesky = np.asarray(e.precisions_cholesky_, np.float64)
    components, features = e.means_.shape
    if e.covariance_type == "full":
        return cholesky.transpose(0, 2, 1)
    if e.covariance_type == "tied":
        return np.repeat(cholesky.T[None], components, axis=0)
    if e.covariance_type == "spherical":
        cholesky = np.repeat(cholesky[:, None], features, axis=1)
    return np.stack([np.diag(row) for row in cholesky])


def _mixture(e: Any) -> Mapping[str, Any]:
    factors, means = _factors(e), np.asarray(e.means_, np.float64)
    determinant = np.log(np.abs(np.diagonal(factors, axis1=1, axis2=2))).sum(axis=1)
    constant = np.log(e.weights_) - 0.5 * means.shape[1] * np.log(2 * np.pi) + determinant
    return _described(means, factors, constant)


def _naive_bayes(e: Any) -> Mapping[str, Any]:
    means, variance = np.asarray(e.theta_, np.float64), np.asarray(e.var_, np.float64)
    constant = np.log(e.class_prior_) - 0.5 * np.log(2 * np.pi * variance).sum(axis=1)
    factors = np.stack([np.diag(1 / np.sqrt(row)) for row in variance])
    return {**_described(means, factors, constant), "classes": class_names(e)}


def _described(means: np.ndarray, factors: np.ndarray, constant: np.ndarray) -> dict[str, Any]:
    """Matrices that are diagonal become vectors."""
    diagonal = np.diagonal(factors, axis1=1, axis2=2)
    dense = bool((factors != diagonal[:, :, None] * np.eye(factors.shape[1])).any())
    kept = {"factors": np.ascontiguousarray(factors)} if dense else {"inverse": diagonal.copy()}
    return {"means": means, "constant": constant, **kept}


def _logarithms(b: Builder, x: str, fields: Fields) -> str:
    """log p(x, k) [1, components]."""
    features = b.type(x).shape[1]
    means = fields.array("means", None, features)
    count = len(means)
    if fields.has("inverse"):
        y = _diagonal(b, x, means, fields.array("inverse", count, features))
    else:
        y = _projected(b, x, means, fields.array("factors", count, features, features))
    squares = b.op("mul", y, y)
    halves = ending.affine(b, squares, np.full((1, features), -0.5), np.zeros(1))
    row = b.op("reshape", halves, shape=(1, count))
    return ending.shifted(b, row, fields.array("constant", count))


def _diagonal(b: Builder, x: str, means: np.ndarray, inverse: np.ndarray) -> str:
    """(mu_k - x) * inverse_k [components, features]."""
    features = means.shape[1]
    row = b.op("reshape", x, shape=(features,))
    high = means.astype(np.float32)
    low = (means - high).astype(np.float32)
    y = b.op("sub", b.constant("means", high), row)
    if low.any():
        y = b.op("add", y, b.constant("means_rest", low))
    return b.op("mul", y, b.constant("inverse", inverse.astype(np.float32)))


def _projected(b: Builder, x: str, means: np.ndarray, factors: np.ndarray) -> str:
    """P_k^T (x - mu_k) [components, features]; from the middle of the means, where less
    cancels."""
    count, features = means.shape
    middle = means.mean(axis=0)
    offsets = -np.einsum("kij,kj->ki", factors, means - middle).reshape(-1)
    rows = factors.reshape(count * features, features)
    y = ending.affine(b, ending.centred(b, x, middle), rows, offsets)
    return b.op("reshape", y, shape=(count, features))


def _clusters(b: Builder, x: str, fields: Fields) -> tuple[str, ...]:
    """score: log p(x) = m + log sum of e^(log p(x, k) - m), which is m - log of the largest
    share."""
    logs = _logarithms(b, x, fields)
    cluster = b.op("winner", logs, name="cluster")
    shares = b.op("softmax", logs, name="probability")
    top = b.op("reduce_max", logs, axis=1)
    share = b.op("log", b.op("reduce_max", shares, axis=1))
    score = b.op("reshape", b.op("sub", top, share), shape=(1, 1), name="score")
    return cluster, shares, score


def _classes(b: Builder, x: str, fields: Fields) -> tuple[str, ...]:
    logs = _logarithms(b, x, fields)
    names = fields.names("classes", b.type(logs).shape[1])
    return ending.label(b, logs, names), b.op("softmax", logs, name="probability")


MIXTURES = {
    "GaussianMixture": Estimator(_mixture, _clusters),
    "GaussianNB": Estimator(_naive_bayes, _classes),
}
