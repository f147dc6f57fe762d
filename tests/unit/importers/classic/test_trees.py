"""Trees are packed so that every float32 takes the way that a comparison in double sends it."""

import numpy as np
import pytest

from tinsmith.compose import trees
from tinsmith.compose.trees import Tree, at_most, below, ensemble, leaf
from tinsmith.core.errors import UserError
from tinsmith.ir.builder import Builder
from tinsmith.ir.interp import run_cases
from tinsmith.ir.types import TensorType

THRESHOLDS = [0.0, -0.0, 0.1, -0.1, 1 / 3, 1e300, -1e300, 1e-300, -1e-300, np.inf, 3.4028235e38,
              -3.4028235e38, 3.5e38, 1e-45, 16777217.0]  # fmt: skip


def near(threshold: float) -> np.ndarray:
    """float32 numbers around a threshold, and the ends of the range."""
    with np.errstate(over="ignore"):
        middle = np.float32(threshold)
        down, up = (np.nextafter(middle, np.float32(e)) for e in (-np.inf, np.inf))
    return np.array([middle, down, up, 0, -0.0, np.inf, -np.inf, 3.4028235e38], np.float32)


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_at_most_compares_as_the_double_does(threshold: float) -> None:
    x = near(threshold)
    assert np.array_equal(x <= at_most(np.array(threshold)), x.astype(np.float64) <= threshold)


@pytest.mark.parametrize("threshold", [*THRESHOLDS, -np.inf])
def test_below_compares_as_less_than(threshold: float) -> None:
    x = near(threshold)
    with np.errstate(over="ignore"):
        narrow = np.float32(threshold)
    assert np.array_equal(x <= below(narrow), x < narrow)


def random_tree(rng: np.random.Generator, features: int, inner: int, width: int) -> Tree:
    """Grown by splitting random leaves; nodes in a random order behind the root."""
    left, right = [-1], [-1]
    for _ in range(inner):
        ends = [i for i, n in enumerate(left) if n < 0]
        at = int(rng.choice(ends))
        left[at], right[at] = len(left), len(left) + 1
        left += [-1, -1]
        right += [-1, -1]
    count = len(left)
    return Tree(
        np.array(left), np.array(right), rng.integers(0, features, count),
        rng.normal(size=count).astype(np.float32), rng.random(count) < 0.5,
        rng.random(count) < 0.3, rng.normal(size=(count, width)),
    )  # fmt: skip


def walked(tree: Tree, x: np.ndarray) -> np.ndarray:
    n = 0
    while tree.left[n] >= 0:
        value = x[tree.feature[n]]
        goes_left = bool(value <= tree.threshold[n])
        if np.isnan(value) or (tree.zero[n] and abs(value) <= np.float32(1e-35)):
            goes_left = bool(tree.missing[n])
        n = int(tree.left[n] if goes_left else tree.right[n])
    return tree.value[n]


def test_packed_trees_end_in_the_same_leaves(rng: np.random.Generator) -> None:
    """Sums of random trees, with NaN and zeros, against a plain walk."""
    forest = [random_tree(rng, 6, int(rng.integers(0, 40)), 3) for _ in range(12)]
    b = Builder("forest")
    x = b.input("x", TensorType((1, 6), "float32"))
    start = rng.normal(size=3)
    y = ensemble(b, x, forest, start, 3.0)
    rows = rng.normal(size=(50, 1, 6)).astype(np.float32)
    rows[rng.random(rows.shape) < 0.15] = np.nan
    rows[rng.random(rows.shape) < 0.15] = 0
    got = run_cases(b.build([y]), {"x": rows})[y].view(np.float64)[:, 0]
    for row, seen in zip(rows[:, 0], got, strict=True):
        want = start.copy()
        for tree in forest:
            want += walked(tree, row)
        assert np.array_equal(seen, want / 3.0)


def build(tree: Tree, features: int = 2, columns: int = 1) -> None:
    b = Builder("one")
    ensemble(b, b.input("x", TensorType((1, features), "float32")), [tree], np.zeros(columns))


def made(left: list[int], right: list[int], feature: int = 0) -> Tree:
    n = len(left)
    none = np.zeros(n, bool)
    return Tree(np.array(left), np.array(right), np.full(n, feature), np.zeros(n, np.float32), none,
                none, np.ones((n, 1)))  # fmt: skip


@pytest.mark.parametrize(
    "tree",
    [
        made([0], [0]), made([1, 0, -1], [2, 2, -1]), made([1, -1], [1, -1]),
        made([1, -1, -1], [9, -1, -1]), made([1, -1, -1], [-1, -1, -1]),
        made([1, -1, -1], [2, -1, -1], feature=2), made([1, -1, -1], [2, -1, -1], feature=-1),
    ],
)  # fmt: skip
def test_trees_that_are_none_are_refused(tree: Tree) -> None:
    with pytest.raises(UserError) as e:
        build(tree)
    assert e.value.code == "import.classic.broken"


def test_values_that_are_not_finite_and_columns_that_are_not_there_are_refused() -> None:
    for tree in (leaf(np.array([np.nan])), leaf(np.array([1.0, 2.0])), leaf(np.array([1.0]), 1)):
        with pytest.raises(UserError):
            build(tree)


def test_what_the_words_cannot_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError) as e:
        build(leaf(np.ones(1)), features=trees.MOST_FEATURES + 1)
    assert e.value.code == "import.classic.limit"
    chain = made([1, 2, 3, -1, -1, -1, -1], [4, 5, 6, -1, -1, -1, -1])
    build(chain)
    monkeypatch.setattr(trees, "SKIP", 2)
    with pytest.raises(UserError) as e:
        build(chain)
    assert e.value.code == "import.classic.limit"
    monkeypatch.setattr(trees, "MOST_DEPTH", 1)
    with pytest.raises(UserError):
        build(chain)


def test_leaves_share_rows_where_that_saves_memory() -> None:
    b = Builder("shared")
    x = b.input("x", TensorType((1, 1), "float32"))
    many = [leaf(np.array([1.0, 0.0, 0.0])) for _ in range(9)]
    y = ensemble(b, x, many, np.zeros(3))
    graph = b.build([y])
    assert graph.constants["leaf_values"].shape == (1, 3)
    assert (
        run_cases(graph, {"x": np.zeros((1, 1, 1), np.float32)})[y].view(np.float64)[0, 0, 0] == 9
    )
