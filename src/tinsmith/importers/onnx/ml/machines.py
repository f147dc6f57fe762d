"""Support vector machines (domain ai.onnx.ml).

Sources: ONNX operators (onnx/docs/Operators-ml.md); Chang and Lin, "LIBSVM: a library for support
vector machines", ACM TIST 2011, section 7 (one against one). What the documents leave open
is as ONNX Runtime has it.
"""

from itertools import combinations

import numpy as np

from tinsmith.compose import ending, machines
from tinsmith.compose.elementwise import compare, scalar, unary, where
from tinsmith.compose.movement import concat
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.onnx.ml.trees import DOMAIN, FLOAT, labelled, labels_of, matrix, transformed
from tinsmith.importers.onnx.operator import Operator
from tinsmith.importers.onnx.use import Use
from tinsmith.importers.onnx.values import Value
from tinsmith.ir.ops.pairwise_coupling import MOST_CLASSES


def _kernel(use: Use) -> machines.Kernel:
    kind = use.text("kernel_type", "LINEAR").lower()
    if kind not in machines.KERNELS:
        raise Unsupported(f"kernel_type {kind!r}; supported: {', '.join(machines.KERNELS)}")
    if kind == "linear":
        return machines.Kernel("linear")
    given = use.floats("kernel_params", ())
    if len(given) != 3:
        raise Unsupported(f"its kernel has {len(given)} parameters")
    gamma, offset, degree = given
    if kind == "poly" and degree not in range(1, machines.MOST_DEGREE + 1):
        raise Unsupported(f"degree {degree}; supported: 1 to {machines.MOST_DEGREE}")
    return machines.Kernel(kind, gamma, offset, int(degree) if kind == "poly" else 1)


def _sums(use: Use, x: str, vectors: np.ndarray, weights: np.ndarray, bias: np.ndarray) -> str:
    """kernel(x, vectors) @ weights.T + bias, weights [sums, vectors]; a linear kernel is folded
    into one matrix."""
    how = _kernel(use)
    if how.kind == "linear":
        return ending.affine(use.b, x, weights @ vectors, bias)
    return ending.affine(use.b, machines.kernel(use.b, x, vectors, how), weights, bias)


def _vectors(use: Use, count: int, depth: int) -> np.ndarray:
    flat = np.array(use.floats("support_vectors", ()))
    if count < 1 or flat.size != count * depth:
        raise Unsupported(f"{flat.size} numbers are {count} support vectors for x of {depth}")
    return flat.reshape(count, depth)


def regressor(use: Use) -> str:
    """SVMRegressor: one number per row; with one_class its sign."""
    x = matrix(use)
    depth, count = use.b.type(x).shape[1], use.integer("n_supports", 0)
    weights, rho = np.array(use.floats("coefficients")), np.array(use.floats("rho", (0.0,)))
    if rho.size != 1 or weights.size != (count or depth):
        raise Unsupported(f"{weights.size} coefficients and {rho.size} rho")
    if count:
        y = _sums(use, x, _vectors(use, count, depth), weights[None], rho)
    else:
        y = ending.affine(use.b, x, weights[None], rho)
    if use.integer("one_class", 0):
        above = compare(use.b, "greater", y, scalar(use.b, y, 0.0))
        one = scalar(use.b, y, 1.0)
        y = where(use.b, above, one, scalar(use.b, y, -1.0))
    if use.text("post_transform", "NONE") == "SOFTMAX":
        raise Unsupported("post_transform 'SOFTMAX' of one number")
    return transformed(use, y, use.name)


def classifier(use: Use) -> list[Value]:
    """SVMClassifier: label and probabilities, or decisions: (-s, s) of two classes, of more one
    per pair of them."""
    labels = labels_of(use, "classlabels_ints")
    sizes = use.integers("vectors_per_class", ())
    if use.text("post_transform", "NONE") != "NONE":
        raise Unsupported(f"post_transform {use.text('post_transform')!r}; supported: NONE")
    if not sizes:
        return _linear(use, labels)
    if len(sizes) != len(labels) or not 2 <= len(sizes) <= machines.MOST_CLASSES or min(sizes) < 0:
        raise Unsupported(f"{len(labels)} labels for vectors per class {list(sizes)[:9]}")
    b, raw = use.b, _decisions(use, sizes)
    if use.given("prob_a") or use.given("prob_b"):
        scores = _probabilities(use, raw, len(sizes))
    else:
        scores = concat(b, [unary(b, "neg", raw), raw], 1) if len(sizes) == 2 else raw
    index = b.op("winner", machines.votes(use.b, raw, len(sizes)))
    return _told(use, index, labels, scores)


def _told(use: Use, index: str, labels: np.ndarray, scores: str) -> list[Value]:
    label = labelled(use, index, labels)
    use.classes(labels, index, scores)
    return [label, scores]


def _linear(use: Use, labels: np.ndarray) -> list[Value]:
    """No support vectors: a row of coefficients per class, and the first rho."""
    x = matrix(use)
    depth, rho = use.b.type(x).shape[1], use.floats("rho")
    flat = np.array(use.floats("coefficients"))
    if len(labels) < 3 or flat.size != len(labels) * depth or not rho:
        raise Unsupported(f"{len(labels)} labels, no support vectors, {flat.size} coefficients")
    rows = flat.reshape(len(labels), depth)
    scores = ending.affine(use.b, x, rows, np.full(len(labels), rho[0]))
    return _told(use, use.b.op("winner", scores), labels, scores)


def _decisions(use: Use, sizes: tuple[int, ...]) -> str:
    """One number per pair of classes [rows, pairs], above 0 for the first of the two."""
    x, count = matrix(use), sum(sizes)
    vectors = _vectors(use, count, use.b.type(x).shape[1])
    flat, rho = np.array(use.floats("coefficients")), np.array(use.floats("rho"))
    pairs = list(combinations(range(len(sizes)), 2))
    if flat.size != (len(sizes) - 1) * count or rho.size != len(pairs):
        raise Unsupported(f"{flat.size} coefficients and {rho.size} rho for {count} vectors")
    dual, ends = flat.reshape(-1, count), np.cumsum(sizes)
    parts = [slice(end - n, end) for end, n in zip(ends, sizes, strict=True)]
    weights = np.zeros((len(pairs), count))
    for row, (i, j) in zip(weights, pairs, strict=True):
        row[parts[i]] = dual[j - 1, parts[i]]
        row[parts[j]] = dual[i, parts[j]]
    return _sums(use, x, vectors, weights, rho)


def _probabilities(use: Use, raw: str, count: int) -> str:
    pairs = count * (count - 1) // 2
    factors, offsets = (np.array(use.floats(f"prob_{n}", ()), np.float32) for n in "ab")
    if factors.shape != (pairs,) or offsets.shape != (pairs,) or count > MOST_CLASSES:
        raise Unsupported(
            f"{factors.size} and {offsets.size} numbers for probabilities of {pairs} pairs; at "
            f"most {MOST_CLASSES} classes"
        )
    return machines.probabilities(use.b, raw, factors, offsets, "probabilities")


OPERATORS = (
    Operator("SVMRegressor", regressor, FLOAT, DOMAIN),
    Operator(
        "SVMClassifier", classifier, FLOAT, DOMAIN,
        "of texts as labels their indices; no post_transform",
    ),
)  # fmt: skip
