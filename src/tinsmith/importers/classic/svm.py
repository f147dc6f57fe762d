"""scikit-learn's support vector machines, as libsvm computes them."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np

from tinsmith.compose import ending
from tinsmith.compose.broken import broken
from tinsmith.compose.machines import (
    KERNELS,
    MOST_CLASSES,
    MOST_DEGREE,
    Kernel,
    kernel,
    votes,
    with_confidence,
)
from tinsmith.importers.classic.estimator import Estimator, class_names, unsupported
from tinsmith.importers.classic.fields import Fields
from tinsmith.ir.builder import Builder


def _machine(e: Any, coefficients: np.ndarray) -> dict[str, Any]:
    """coefficients [decisions, support vectors]."""
    if e.kernel not in KERNELS or e._sparse:
        unsupported(e, f"kernel {e.kernel!r} or sparse data", f"Supported: {', '.join(KERNELS)}.")
    vectors = np.asarray(e.support_vectors_, np.float64)
    intercept = np.asarray(e._intercept_, np.float64).reshape(-1)
    kernel = str(e.kernel)
    if kernel == "linear":
        return {"kernel": kernel, "coef": coefficients @ vectors, "intercept": intercept}
    return {
        "kernel": kernel, "vectors": vectors, "coef": coefficients, "intercept": intercept,
        "gamma": float(e._gamma), "coef0": float(e.coef0), "degree": int(e.degree),
    }  # fmt: skip


def _pairs(e: Any) -> np.ndarray:
    """libsvm keeps the coefficients of a vector against each other class; spread out over pairs."""
    dual = np.asarray(e._dual_coef_, np.float64)
    ends = np.cumsum(np.asarray(e._n_support))
    parts = [slice(end - n, end) for end, n in zip(ends, e._n_support, strict=True)]
    rows = []
    for i, j in combinations(range(len(parts)), 2):
        row = np.zeros(dual.shape[1])
        row[parts[i]] = dual[j - 1, parts[i]]
        row[parts[j]] = dual[i, parts[j]]
        rows.append(row)
    return np.stack(rows)


def _classifier(e: Any) -> Mapping[str, Any]:
    return {
        **_machine(e, _pairs(e)), "classes": class_names(e),
        "shape": str(e.decision_function_shape), "break_ties": bool(e.break_ties),
    }  # fmt: skip


def _other(e: Any) -> Mapping[str, Any]:
    return _machine(e, np.asarray(e._dual_coef_, np.float64))


def _decisions(b: Builder, x: str, fields: Fields, name: str = "") -> str:
    n = b.type(x).shape[1]
    kernel = fields.text("kernel", *KERNELS)
    if kernel == "linear":
        coef = fields.array("coef", None, n)
    else:
        vectors = fields.array("vectors", None, n)
        coef = fields.array("coef", None, len(vectors))
        x = _kernel(b, x, fields, vectors)
    return ending.affine(b, x, coef, fields.array("intercept", len(coef)), name)


def _kernel(b: Builder, x: str, fields: Fields, vectors: np.ndarray) -> str:
    """Kernel of x with every support vector [1, vectors]."""
    gamma, offset = fields.number("gamma"), fields.number("coef0")
    return kernel(
        b, x, vectors,
        Kernel(fields.text("kernel"), gamma, offset, fields.integer("degree", 1, MOST_DEGREE)),
    )  # fmt: skip


def _labels(b: Builder, x: str, fields: Fields) -> tuple[str, ...]:
    names = fields.names("classes")
    count = len(names)
    shape, break_ties = fields.text("shape", "ovr", "ovo"), fields.flag("break_ties")
    if not 2 <= count <= MOST_CLASSES:
        broken(f"A machine has {count} classes; 2 to {MOST_CLASSES} are read.")
    raw = _decisions(b, x, fields, "decision" if count > 2 and shape == "ovo" else "")
    if b.type(raw).shape[1] != count * (count - 1) // 2:
        broken(f"{count} classes have {b.type(raw).shape[1]} decisions.")
    if count == 2:
        decision = ending.scaled(b, raw, -1.0, "decision")
        # not above 0 is a vote for class 1: so is what is from 0 on here
        return ending.binary_label(b, decision, names, ending.FROM_ZERO), decision
    ballot = votes(b, raw, count)
    if shape == "ovo":
        return ending.label(b, ballot, names), raw
    decision = with_confidence(b, raw, ballot, count)
    return ending.label(b, decision if break_ties else ballot, names), decision


def _novelty(b: Builder, x: str, fields: Fields) -> tuple[str, ...]:
    """label 1 (an outlier) where the decision is not above 0."""
    decision = _decisions(b, x, fields, "decision")
    flipped = ending.scaled(b, decision, -1.0)
    return ending.binary_label(b, flipped, ("inlier", "outlier"), ending.FROM_ZERO), decision


_CLASSIFIER = Estimator(_classifier, _labels, note="decision, no probability")
_REGRESSOR = Estimator(_other, lambda b, x, f: (_decisions(b, x, f, "value"),))
MACHINES = {
    "SVC": _CLASSIFIER,
    "NuSVC": _CLASSIFIER,
    "SVR": _REGRESSOR,
    "NuSVR": _REGRESSOR,
    "OneClassSVM": Estimator(_other, _novelty),
}
