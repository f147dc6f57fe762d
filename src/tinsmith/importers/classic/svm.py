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
    probabilities,
    votes,
    with_confidence,
)
from tinsmith.importers.classic.estimator import Estimator, class_names, unsupported
from tinsmith.importers.classic.fields import Fields
from tinsmith.ir.builder import Builder
from tinsmith.ir.ops.pairwise_coupling import MOST_CLASSES as MOST_COUPLED


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
    found = {
        **_machine(e, _pairs(e)), "classes": class_names(e),
        "shape": str(e.decision_function_shape), "break_ties": bool(e.break_ties),
    }  # fmt: skip
    factors, offsets = np.asarray(e._probA, np.float64), np.asarray(e._probB, np.float64)
    if not factors.size:  # it was not fitted with probability=True
        return found
    return {**found, "prob_a": factors.reshape(-1), "prob_b": offsets.reshape(-1)}


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
    likely = _probabilities(b, raw, count, fields)
    if count == 2:
        decision = ending.scaled(b, raw, -1.0, "decision")
        # not above 0 is a vote for class 1: so is what is from 0 on here
        return ending.binary_label(b, decision, names, ending.FROM_ZERO), *(likely or (decision,))
    ballot = votes(b, raw, count)
    if shape == "ovo":
        return ending.label(b, ballot, names), *(likely or (raw,))
    if likely and not break_ties:
        return ending.label(b, ballot, names), *likely
    decision = with_confidence(b, raw, ballot, count)
    chosen = decision if break_ties else ballot
    return ending.label(b, chosen, names), *(likely or (decision,))


def _probabilities(b: Builder, raw: str, count: int, fields: Fields) -> tuple[str, ...]:
    """Of all classes, where the machine was fitted with them; nothing else."""
    if not fields.has("prob_a"):
        return ()
    if count > MOST_COUPLED:
        unsupported(
            fields.kind, f"probabilities of {count} classes; {MOST_COUPLED} are supported",
            "Fit it with probability=False.",
        )  # fmt: skip
    pairs = count * (count - 1) // 2
    factors, offsets = fields.array("prob_a", pairs), fields.array("prob_b", pairs)
    return (probabilities(b, raw, factors, offsets, "probability"),)


def _novelty(b: Builder, x: str, fields: Fields) -> tuple[str, ...]:
    """An outlier where the decision is not above 0."""
    decision = _decisions(b, x, fields, "decision")
    return ending.inlier(b, decision, ending.ABOVE_ZERO), decision


_CLASSIFIER = Estimator(
    _classifier,
    _labels,
    note="probability where it was fitted with probability=True, else decision",
    decision={"prob_a": None, "prob_b": None},
)
_REGRESSOR = Estimator(_other, lambda b, x, f: (_decisions(b, x, f, "value"),))
MACHINES = {
    "SVC": _CLASSIFIER,
    "NuSVC": _CLASSIFIER,
    "SVR": _REGRESSOR,
    "NuSVR": _REGRESSOR,
    "OneClassSVM": Estimator(_other, _novelty),
}
