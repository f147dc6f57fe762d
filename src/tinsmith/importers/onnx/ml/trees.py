"""Ensembles of trees, linear models and what prepares their features (domain ai.onnx.ml).

Source: ONNX operators (onnx/docs/Operators-ml.md). There are no tensors of texts: labels that
are texts become their indices. What the documents leave open for two classes with one score is as
ONNX Runtime has it.
"""

from collections.abc import Mapping
from itertools import groupby

import numpy as np

from tinsmith.compose import ending
from tinsmith.compose.elementwise import binary, cast, compare, scalar, unary, where
from tinsmith.compose.movement import concat, reshape, take
from tinsmith.compose.reduction import reduce, softmax
from tinsmith.compose.trees import Tree, below, ensemble
from tinsmith.core.errors import UserError
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.onnx.operator import Operator
from tinsmith.importers.onnx.tables import chosen
from tinsmith.importers.onnx.use import Use
from tinsmith.importers.onnx.values import Value
from tinsmith.ir.builder import Builder

DOMAIN = "ai.onnx.ml"
FLOAT = ("float32",)
MODES: Mapping[str, tuple[bool, bool]] = {
    "BRANCH_LEQ": (False, False), "BRANCH_LT": (True, False),
    "BRANCH_GTE": (True, True), "BRANCH_GT": (False, True),
}  # fmt: skip
"""Mode -> whether x must be below the threshold to go left, and whether left is the false branch:
not (x >= t) is x < t."""
TRANSFORMS = ("NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT")
ZERO = 1e-7
"""What SOFTMAX_ZERO takes for zero."""
ERF = 0.147
"""a of Winitzki, "A handy approximation for the error function and its inverse" (2008)."""


def matrix(use: Use) -> str:
    """Operand 0 as a float32 matrix; a vector is one row."""
    x = use.value(0)
    if use.b.type(x).dtype != "float32":
        x = cast(use.b, x, "float32")
    shape = use.b.type(x).shape
    if len(shape) not in (1, 2):
        raise Unsupported(f"x is of shape {list(shape)}")
    return reshape(use.b, x, (1, *shape)) if len(shape) == 1 else x


def _checked(use: Use, *lists: tuple[object, ...]) -> int:
    """The length that all lists share."""
    lengths = {len(entries) for entries in lists}
    if len(lengths) != 1 or lengths == {0}:
        raise Unsupported(f"its lists have lengths {sorted(lengths)}")
    return lengths.pop()


def _trees(use: Use, kind: str, columns: int) -> list[Tree]:
    """Trees with leaves of one value per column, in order of their numbers."""
    owner = use.integers("nodes_treeids")
    number = use.integers("nodes_nodeids")
    count = _checked(use, owner, number)
    place = {key: i for i, key in enumerate(zip(owner, number, strict=True))}
    if len(place) != count:
        raise Unsupported("a node is listed twice")
    value = np.zeros((count, columns), np.float32)
    ids = [use.integers(f"{kind}_{part}") for part in ("treeids", "nodeids", "ids")]
    weights = use.floats(f"{kind}_weights")
    _checked(use, *ids, weights)
    for tree, node, column, weight in zip(*ids, weights, strict=True):
        if (tree, node) not in place or not 0 <= column < columns:
            raise Unsupported(f"leaf {node} of tree {tree} adds to column {column}")
        value[place[tree, node], column] += np.float32(weight)
    return [_tree(use, place, list(rows), value) for rows in _grouped(owner)]


def _grouped(owner: tuple[int, ...]) -> list[list[int]]:
    """Rows of each tree, which lie together."""
    groups = [[i for i, _ in rows] for _, rows in groupby(enumerate(owner), lambda r: r[1])]
    if len(groups) != len(set(owner)):
        raise Unsupported("the nodes of a tree do not lie together")
    return groups


def _tree(
    use: Use, place: Mapping[tuple[int, int], int], rows: list[int], value: np.ndarray
) -> Tree:
    modes, owner = use.texts("nodes_modes"), use.integers("nodes_treeids")
    branches = [use.integers("nodes_truenodeids"), use.integers("nodes_falsenodeids")]
    feature, threshold = use.integers("nodes_featureids"), use.floats("nodes_values")
    tracks = use.integers("nodes_missing_value_tracks_true", (0,) * len(owner))
    _checked(use, modes, owner, *branches, feature, threshold, tracks)
    first = rows[0]
    left, right = np.full(len(rows), -1), np.full(len(rows), -1)
    limits, missing = np.zeros(len(rows), np.float32), np.zeros(len(rows), bool)
    for i, row in enumerate(rows):
        if modes[row] == "LEAF":
            continue
        if modes[row] not in MODES:
            raise Unsupported(f"mode {modes[row]!r}; supported: LEAF, {', '.join(MODES)}")
        strict, turned = MODES[modes[row]]
        ends = [place.get((owner[row], branch[row]), first - 1) - first for branch in branches]
        left[i], right[i] = ends[::-1] if turned else ends
        if min(ends) < 0:
            raise Unsupported(f"a node has children {ends}")
        limit = np.float32(threshold[row])
        limits[i] = below(np.array(limit)) if strict else limit
        missing[i] = bool(tracks[row]) != turned
    part = slice(first, first + len(rows))
    none = np.zeros(len(rows), bool)
    return Tree(left, right, np.array(feature[part]), limits, missing, none, value[part])


def _sums(use: Use, kind: str, columns: int, base: tuple[float, ...]) -> str:
    """Sums of the leaves [rows, columns], base values first."""
    if use.given("nodes_values_as_tensor") or use.given(f"{kind}_weights_as_tensor"):
        raise Unsupported("it is in double precision")
    if len(base) not in (0, columns):
        raise Unsupported(f"{len(base)} base values for {columns} columns")
    start = np.array(base or (0.0,) * columns, np.float32)
    x = matrix(use)
    try:
        return ensemble(use.b, x, _trees(use, kind, columns), start)
    except UserError as e:
        raise Unsupported(e.message.rstrip(".")) from e


def transformed(use: Use, x: str, name: str) -> str:
    """x [rows, columns] after the attribute post_transform."""
    kind = use.text("post_transform", "NONE")
    if kind not in TRANSFORMS:
        raise Unsupported(f"post_transform {kind!r}; supported: {', '.join(TRANSFORMS)}")
    match kind:
        case "SOFTMAX":
            return use.b.renamed(softmax(use.b, x, 1), name)
        case "LOGISTIC":
            return use.b.renamed(unary(use.b, "sigmoid", x), name)
        case "SOFTMAX_ZERO":
            return use.b.renamed(_softmax_zero(use.b, x), name)
        case "PROBIT":
            return use.b.renamed(_probit(use.b, x), name)
    return x


def _softmax_zero(b: Builder, x: str) -> str:
    """A softmax over the values that are not zero; zeros become 0."""
    far = compare(b, "greater", unary(b, "abs", x), scalar(b, x, ZERO))
    most = reduce(b, "max", x, (1,), True)
    powers = unary(b, "exp", binary(b, "sub", x, most))
    kept = where(b, far, powers, scalar(b, x, 0.0))
    rest = where(b, far, powers, binary(b, "mul", x, unary(b, "exp", unary(b, "neg", most))))
    return binary(b, "div", rest, reduce(b, "sum", kept, (1,), True))


def _probit(b: Builder, x: str) -> str:
    """sqrt(2) times the inverse of the error function at 2 x - 1, as Winitzki approximates it."""
    y = binary(b, "sub", binary(b, "mul", x, scalar(b, x, 2.0)), scalar(b, x, 1.0))
    one = scalar(b, x, 1.0)
    inner = binary(b, "mul", binary(b, "sub", one, y), binary(b, "add", one, y))
    log = unary(b, "log", inner)
    half = binary(b, "mul", log, scalar(b, x, 0.5))
    v = binary(b, "add", half, scalar(b, x, 2 / (np.pi * ERF)))
    w = binary(b, "mul", log, scalar(b, x, 1 / ERF))
    root = unary(b, "sqrt", binary(b, "sub", binary(b, "mul", v, v), w))
    size = unary(b, "sqrt", binary(b, "sub", root, v))
    signed = binary(b, "mul", size, unary(b, "sign", y))
    return binary(b, "mul", signed, scalar(b, x, np.sqrt(2)))


def tree_regressor(use: Use) -> str:
    """TreeEnsembleRegressor: sums or means."""
    y = _sums(use, "target", use.integer("n_targets", 1), use.floats("base_values", ()))
    kind = use.text("aggregate_function", "SUM")
    if kind == "AVERAGE":
        trees = len(set(use.integers("nodes_treeids")))
        y = binary(use.b, "div", y, scalar(use.b, y, trees))
    elif kind != "SUM":
        raise Unsupported(f"aggregate_function {kind!r}; supported: SUM, AVERAGE")
    return transformed(use, y, use.name)


def tree_classifier(use: Use) -> list[Value]:
    """TreeEnsembleClassifier: label and scores."""
    labels, base = labels_of(use, "classlabels_int64s"), use.floats("base_values", ())
    ids = set(use.integers("class_ids"))
    if len(labels) > 2 or len(ids) > 1:
        scores = _sums(use, "class", len(labels), base)
        return _first_largest(use, scores, labels)
    if len(labels) != 2 or len(base) > 1:
        raise Unsupported(f"one score and {len(base)} base values for {len(labels)} classes")
    place = max(ids, default=0)
    both = tuple(base[0] if i == place else 0.0 for i in range(2)) if base else ()
    score = take(use.b, _sums(use, "class", 2, both), np.array([place]), 1)
    return _two(use, score, labels, min(use.floats("class_weights")) >= 0)


def _two(use: Use, score: str, labels: np.ndarray, shares: bool) -> list[Value]:
    """Both classes from one score s [rows, 1]: the label by s > 0.5 where it is a sum of shares,
    else by s > 0; (1 - s, s) for shares as they are, else (-s, s), transformed. A softmax of one
    score is none."""
    b = use.b
    if use.text("post_transform", "NONE") == "PROBIT":
        raise Unsupported(f"post_transform {use.text('post_transform')!r} of one score")
    bound = scalar(b, score, 0.5 if shares else 0.0)
    above = cast(b, compare(b, "greater", score, bound), "int32")
    index = reshape(b, above, (b.type(score).shape[0],))
    label = labelled(use, index, labels)
    plain = use.text("post_transform", "NONE") != "LOGISTIC"
    other = binary(b, "sub", scalar(b, score, 1.0 if shares and plain else 0.0), score)
    both = concat(b, [other, score], 1)
    scores = both if plain else transformed(use, both, "scores")
    use.classes(labels, index, scores)
    return [label, scores]


def labels_of(use: Use, whole: str) -> np.ndarray:
    """The classes [count]: whole numbers by that attribute, or texts."""
    words, numbers = use.texts("classlabels_strings", ()), use.integers(whole, ())
    if bool(words) == bool(numbers):
        raise Unsupported(f"it has {len(numbers)} numbers and {len(words)} texts as labels")
    return np.array(words, object) if words else np.array(numbers, np.int64)


def _first_largest(use: Use, scores: str, labels: np.ndarray) -> list[Value]:
    index = use.b.op("winner", scores)
    label = labelled(use, index, labels)
    use.classes(labels, index, scores)
    return [label, transformed(use, scores, "scores")]


def labelled(use: Use, index: str, labels: np.ndarray) -> Value:
    """Labels by index [rows]."""
    if labels.dtype == np.int64 and np.array_equal(labels, np.arange(len(labels))):
        return use.b.renamed(cast(use.b, index, "int64"), use.name)
    return chosen(use.b, labels, index, use.name)


def _linear(use: Use, rows: int) -> str:
    """x @ coefficients.T + intercepts, in as many columns as rows of coefficients."""
    x = matrix(use)
    depth = use.b.type(x).shape[1]
    flat = np.array(use.floats("coefficients"))
    bias = np.array(use.floats("intercepts", (0.0,) * rows))
    if flat.size != rows * depth or bias.size != rows:
        raise Unsupported(f"{flat.size} coefficients, {bias.size} intercepts for x of {depth}")
    return ending.affine(use.b, x, flat.reshape(rows, depth), bias)


def linear_regressor(use: Use) -> str:
    """LinearRegressor."""
    return transformed(use, _linear(use, use.integer("targets", 1)), use.name)


def linear_classifier(use: Use) -> list[Value]:
    """LinearClassifier: label and scores."""
    labels = labels_of(use, "classlabels_ints")
    rows = len(use.floats("coefficients")) // use.b.type(matrix(use)).shape[1]
    scores = _linear(use, max(1, rows))
    if rows == 1 and len(labels) == 2:
        return _two(use, scores, labels, False)
    if rows != len(labels):
        raise Unsupported(f"{rows} rows of coefficients for {len(labels)} labels")
    return _first_largest(use, scores, labels)


_LABELS = "of texts as labels their indices"
OPERATORS = (
    Operator("TreeEnsembleRegressor", tree_regressor, FLOAT, DOMAIN, "float32, no equality"),
    Operator("TreeEnsembleClassifier", tree_classifier, FLOAT, DOMAIN, _LABELS),
    Operator("LinearRegressor", linear_regressor, FLOAT, DOMAIN),
    Operator("LinearClassifier", linear_classifier, FLOAT, DOMAIN, _LABELS),
)
