"""Trees of any library, checked and packed into the arrays of the op `tree_ensemble`.

A node sends x left where x <= threshold as float32 numbers compare. Libraries that compare with a
double get the largest float32 that is not above it: for every float32 x the outcome is the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinsmith.compose.broken import broken
from tinsmith.core.errors import UserError
from tinsmith.ir.builder import Builder
from tinsmith.ir.ops.tree_ensemble import MISSING, RIGHT_LEAF, SKIP, ZERO, node_array, word

MOST_FEATURES = 1 << 12
MOST_DEPTH = 1 << 12


@dataclass(frozen=True)
class Tree:
    """One tree; arrays over its nodes, of which the first is the root.

    left, right: children, -1 in leaves; feature, threshold (float32), missing (whether NaN goes
    left), zero (whether what lies within 1e-35 of zero counts as missing): read in other nodes;
    value [nodes, width]: read in leaves; column: where the value is added.
    """

    left: np.ndarray
    right: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    missing: np.ndarray
    zero: np.ndarray
    value: np.ndarray
    column: int = 0


def at_most(threshold: np.ndarray) -> np.ndarray:
    """The largest float32 <= threshold (float64, infinities allowed)."""
    wide = np.asarray(threshold, np.float64)
    with np.errstate(over="ignore"):
        near = wide.astype(np.float32)
        lower = np.nextafter(near, np.float32(-np.inf))
    return np.where(near > wide, lower, near).astype(np.float32)


def below(threshold: np.ndarray) -> np.ndarray:
    """The largest float32 < threshold (float32); NaN, which nothing is at most, for -infinity."""
    narrow = np.asarray(threshold, np.float32)
    with np.errstate(over="ignore"):
        lower = np.nextafter(narrow, np.float32(-np.inf))
    return np.where(narrow == -np.inf, np.float32(np.nan), lower).astype(np.float32)


def ensemble(
    b: Builder,
    x: str,
    trees: Sequence[Tree],
    start: np.ndarray,
    divisor: float = 1.0,
) -> str:
    """(start + the leaves' values, tree by tree) / divisor, for x float32 [1, features].

    Args:
        start: [columns] float64 (sums in double precision; the result is int64 that holds their
            bits) or float32 (sums and result float32, divisor 1).

    Raises:
        UserError: ``import.classic.broken`` (children, features or columns that do not exist,
            cycles), ``import.classic.limit`` (more than 4,096 features, 131,070 nodes on the left
            of one, or 4,096 levels).
    """
    features = b.type(x).shape[-1]
    if features > MOST_FEATURES:
        _limit(f"{features} features", f"{MOST_FEATURES}")
    if not trees:
        broken("An ensemble has no trees.")
    rows: list[tuple[float, int]] = []
    roots, values = [], []
    leaves = 0
    for tree in trees:
        if not 0 <= tree.column <= len(start) - tree.value.shape[1]:
            broken(f"A tree adds to column {tree.column} of {len(start)}.")
        nodes, ends = _packed(tree, features)
        roots.append((len(rows) if nodes else -1, leaves, tree.column))
        rows += nodes
        values.append(tree.value[ends])
        leaves += len(ends)
    table, start, index = _values(np.concatenate(values), start)
    nodes_array = node_array(rows or [(0.0, word(0, 1, RIGHT_LEAF))])
    return b.op(
        "tree_ensemble", b.constant("leaf_values", table), x,
        b.constant("tree_nodes", nodes_array), b.constant("trees", np.array(roots, np.int32)),
        b.constant("leaf_rows", np.zeros(1, np.int16) if index is None else index),
        b.constant("start", start), name="sums", direct=index is None, divisor=float(divisor),
    )  # fmt: skip


def _values(
    values: np.ndarray, start: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Rows of values, start values, and the row of each leaf; None where each has its own, or where
    an index would not save memory."""
    if not np.isfinite(values).all() or not np.isfinite(start).all():
        broken("A value of a leaf is not finite.")
    values = np.ascontiguousarray(values.astype(start.dtype))
    if start.dtype == np.float64:
        values, start = values.view(np.int64), start.view(np.int64)
    table, index = np.unique(values, axis=0, return_inverse=True)
    if len(table) > 1 << 16 or table.nbytes + 2 * len(values) >= values.nbytes:
        return values, start, None
    return table, start, index.reshape(-1).astype(np.uint16).view(np.int16)


def _packed(tree: Tree, features: int) -> tuple[list[tuple[float, int]], list[int]]:
    """Nodes in pre-order as (threshold, word), and the numbers of the leaves from left to right."""
    inner, ends = _order(tree)
    if inner and (tree.feature[inner].min() < 0 or tree.feature[inner].max() >= features):
        broken(f"A tree reads a feature that is none of the {features}.")
    size = np.zeros(len(tree.left), np.int64)
    rows = []
    for n in reversed(inner):
        size[n] = 1 + size[tree.left[n]] + size[tree.right[n]]
        skip = int(size[tree.left[n]]) + 1
        if skip > SKIP:
            _limit(f"{skip - 1} nodes on one side", f"{SKIP - 1}")
        flags = MISSING * bool(tree.missing[n]) | ZERO * bool(tree.zero[n])
        flags |= RIGHT_LEAF * bool(size[tree.right[n]] == 0)
        rows.append((float(tree.threshold[n]), word(int(tree.feature[n]), skip, flags)))
    return rows[::-1], ends


def _order(tree: Tree) -> tuple[list[int], list[int]]:
    """Inner nodes and leaves as met from the left; each node is met once."""
    count = len(tree.left)
    seen = np.zeros(count, bool)
    inner: list[int] = []
    ends: list[int] = []
    pending = [(0, 0)]
    while pending:
        n, depth = pending.pop()
        if not 0 <= n < count or seen[n]:
            broken(f"A tree of {count} nodes has child {n} twice, or not at all.")
        if depth > MOST_DEPTH:
            _limit(f"{depth} levels", f"{MOST_DEPTH}")
        seen[n] = True
        if tree.left[n] < 0 and tree.right[n] < 0:
            ends.append(n)
        else:
            inner.append(n)
            pending += [(int(tree.right[n]), depth + 1), (int(tree.left[n]), depth + 1)]
    return inner, ends


def leaf(value: np.ndarray, column: int = 0) -> Tree:
    """A tree that is a single leaf with ``value`` [width]."""
    one = np.full(1, -1, np.int64)
    none = np.zeros(1, bool)
    return Tree(one, one, one, np.zeros(1, np.float32), none, none, value[None], column)


def is_double(b: Builder, value: str) -> bool:
    """Whether a value holds the bits of binary64."""
    return b.type(value).dtype == "int64"


def narrowed(b: Builder, value: str, name: str = "") -> str:
    """A sum as float32; no node where it is that already."""
    return b.op("double_to_float", value, name=name) if is_double(b, value) else value


def _limit(got: str, most: str) -> None:
    raise UserError(
        "import.classic.limit", f"A tree has {got}; at most {most} are supported.",
        "Train with fewer features, or limit the trees' depth or number of leaves.",
    )  # fmt: skip
