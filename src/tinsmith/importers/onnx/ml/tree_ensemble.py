"""TreeEnsemble, the ensemble of trees since version 5 of the domain ai.onnx.ml.

Inner nodes and leaves are listed apart; roots are inner nodes, and a tree that is one leaf has a
root both sides of which lead to it. Source: ONNX operators (onnx/docs/Operators-ml.md).
"""

from dataclasses import dataclass

import numpy as np

from tinsmith.compose.elementwise import binary, scalar
from tinsmith.compose.trees import Tree, below, ensemble
from tinsmith.core.errors import UserError
from tinsmith.importers._frame import Unsupported
from tinsmith.importers.onnx.ml.trees import DOMAIN, FLOAT, MODES, matrix
from tinsmith.importers.onnx.operator import Operator
from tinsmith.importers.onnx.use import Use

_MODES = ("BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ",
          "BRANCH_MEMBER")  # fmt: skip
_AGGREGATES = ("AVERAGE", "SUM", "MIN", "MAX")
MOST_NODES = 1 << 20
"""Nodes of all trees; what several trees share counts for each."""


def _word(words: tuple[str, ...], number: int, what: str, known: tuple[str, ...]) -> str:
    name = words[number] if 0 <= number < len(words) else str(number)
    if name not in known:
        raise Unsupported(f"{what} {name}; supported: {', '.join(known)}")
    return name


def tree_ensemble(use: Use) -> str:
    """TreeEnsemble: sums or means of the leaves that a row comes to."""
    how = _word(_AGGREGATES, use.integer("aggregate_function", 1), "aggregate_function",
                ("SUM", "AVERAGE"))  # fmt: skip
    if use.integer("post_transform", 0):
        # the documents and ONNX Runtime number the transforms in different orders
        raise Unsupported(f"post_transform {use.integer('post_transform')}; supported: 0")
    roots, x = use.integers("tree_roots"), matrix(use)
    columns = use.integer("n_targets")
    weights, targets = use.tensor("leaf_weights"), np.array(use.integers("leaf_targetids"))
    if weights.dtype != np.float32 or weights.shape != targets.shape or not 1 <= columns <= 4096:
        raise Unsupported(f"leaves {weights.dtype}{weights.shape} for {columns} targets")
    if targets.min(initial=0) < 0 or targets.max(initial=0) >= columns:
        raise Unsupported(f"a leaf adds to a column that is none of the {columns}")
    forest = _Forest(use, weights, targets, columns)
    try:
        trees = [forest.tree(root) for root in roots]
        y = ensemble(use.b, x, trees, np.zeros(columns, np.float32))
    except UserError as e:
        raise Unsupported(e.message.rstrip(".")) from e
    if how == "AVERAGE":
        y = binary(use.b, "div", y, scalar(use.b, y, len(roots)))
    return y


class _Forest:
    """The lists of a node; counts the nodes of the trees that are taken out of them."""

    def __init__(self, use: Use, weights: np.ndarray, targets: np.ndarray, columns: int) -> None:
        self.splits, modes = use.tensor("nodes_splits"), use.tensor("nodes_modes")
        self.feature = use.integers("nodes_featureids")
        self.tracks = use.integers("nodes_missing_value_tracks_true", (0,) * len(self.feature))
        self.ends = [use.integers(f"nodes_{side}nodeids") for side in ("true", "false")]
        self.leafs = [use.integers(f"nodes_{side}leafs") for side in ("true", "false")]
        lists = (self.feature, self.tracks, *self.ends, *self.leafs)
        lengths = [len(modes), len(self.splits), *map(len, lists)]
        if len(set(lengths)) != 1:
            raise Unsupported(f"its lists have lengths {lengths}")
        if self.splits.dtype != np.float32:
            raise Unsupported(f"its splits are {self.splits.dtype}")
        self.modes = [_word(_MODES, int(m), "mode", tuple(MODES)) for m in modes]
        self.value = np.zeros((len(weights), columns), np.float32)
        self.value[np.arange(len(weights)), targets] = weights
        self.left = MOST_NODES

    def tree(self, root: int) -> Tree:
        """The tree below a root, which has no cycles."""
        rows: list[_Row] = []
        pending = [(root, False, -1, 0)]
        while pending:
            place, is_leaf, parent, depth = pending.pop()
            self._count(place, is_leaf, depth)
            at = len(rows)
            rows.append(_Row(value=self.value[place]) if is_leaf else self._inner(place))
            if parent >= 0 and rows[parent].left < 0:
                rows[parent].left = at
            elif parent >= 0:
                rows[parent].right = at
            if not is_leaf:
                sides = [(self.ends[i][place], bool(self.leafs[i][place])) for i in (0, 1)]
                turned = MODES[self.modes[place]][1]
                # what is taken off the end first is the left side
                pending += [(*side, at, depth + 1) for side in (sides if turned else sides[::-1])]
        return _packed(rows, self.value.shape[1])

    def _count(self, place: int, is_leaf: bool, depth: int) -> None:
        count = len(self.value) if is_leaf else len(self.feature)
        self.left -= 1
        if not 0 <= place < count:
            raise Unsupported(f"there is no {'leaf' if is_leaf else 'node'} {place}")
        if depth > len(self.feature) or self.left < 0:
            raise Unsupported(f"its trees have cycles, or more than {MOST_NODES} nodes")

    def _inner(self, place: int) -> "_Row":
        strict, turned = MODES[self.modes[place]]
        split = below(self.splits[place]) if strict else self.splits[place]
        missing = bool(self.tracks[place]) != turned
        return _Row(feature=self.feature[place], threshold=float(split), missing=missing)


@dataclass
class _Row:
    """One node of a tree."""

    left: int = -1
    right: int = -1
    feature: int = 0
    threshold: float = 0.0
    missing: bool = False
    value: np.ndarray | None = None


def _packed(rows: list[_Row], columns: int) -> Tree:
    none = np.zeros(columns, np.float32)
    return Tree(
        np.array([r.left for r in rows]), np.array([r.right for r in rows]),
        np.array([r.feature for r in rows]), np.array([r.threshold for r in rows], np.float32),
        np.array([r.missing for r in rows]), np.zeros(len(rows), bool),
        np.stack([none if r.value is None else r.value for r in rows]),
    )  # fmt: skip


OPERATORS = (
    Operator(
        "TreeEnsemble",
        tree_ensemble,
        FLOAT,
        DOMAIN,
        "float32; no equality, no membership, no post_transform",
    ),
)
