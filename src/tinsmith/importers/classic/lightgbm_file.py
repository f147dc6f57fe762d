"""LightGBM's models as `save_model` writes them: text, version v2 to v4.

Sums run in double precision in the library's order; x <= threshold goes left. Source: the format as
`Tree::ToString` and `GBDT::SaveModelToString` of LightGBM (MIT licence) write it.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from tinsmith.compose import elementwise, ending
from tinsmith.compose.broken import broken
from tinsmith.compose.trees import Tree, at_most, ensemble, narrowed
from tinsmith.importers._frame import Refusal
from tinsmith.importers.classic.estimators import MOST_FEATURES
from tinsmith.importers.classic.fields import MOST_CLASSES
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.rules import verify
from tinsmith.ir.types import TensorType

refuse = Refusal("lightgbm")
MOST_BYTES = 512_000_000
Block = dict[str, str]


def convert(path: Path, name: str) -> Graph:
    """The graph of a text file, as it runs in the sandbox.

    Raises:
        UserError: ``import.lightgbm.<what>``, ``import.classic.<what>``.
    """
    size = path.stat().st_size
    if size > MOST_BYTES:
        refuse("limit", f"The file has {size} bytes; at most {MOST_BYTES} are read.")
    return from_text(path.read_bytes().decode("utf-8", "replace"), name)


def from_text(text: str, name: str) -> Graph:
    """The graph of the content of such a file; its grammar is checked."""
    if not text.startswith("tree"):
        broken("A model of LightGBM begins with the line 'tree'.")
    head, *parts = text.split("\nTree=")
    tree_texts = [p.split("\nend of trees")[0] for p in parts]
    graph = _translate(_block(head), [_block("Tree=" + t) for t in tree_texts], name)
    verify(graph)
    return graph


def _block(text: str) -> Block:
    """The lines key=value; those without a sign of equality have no value."""
    pairs = (line.partition("=") for line in text.splitlines())
    return {key: value for key, _, value in pairs}


def _whole(block: Block, key: str, low: int, high: int) -> int:
    try:
        found = int(block[key])
    except (KeyError, ValueError):
        broken(f"{key} is {block.get(key)!r}; expected a whole number.")
    if not low <= found <= high:
        broken(f"{key} is {found}; expected {low}..{high}.")
    return found


def _numbers(block: Block, key: str, count: int, kind: type) -> np.ndarray:
    try:
        numbers = [kind(p) for p in block.get(key, "").split()]
        found = np.array(numbers, np.int64 if kind is int else np.float64)
    except (ValueError, OverflowError):
        broken(f"{key} holds something other than numbers.")
    if len(found) != count:
        broken(f"{key} holds {len(found)} numbers; expected {count}.")
    return found


def _translate(head: Block, blocks: list[Block], name: str) -> Graph:
    """Input ``x`` float32 [1, features], NaN where a value is missing."""
    features = _whole(head, "max_feature_idx", 0, MOST_FEATURES - 1) + 1
    columns = _whole(head, "num_tree_per_iteration", 1, MOST_CLASSES)
    objective, *options = (head.get("objective") or "custom").split()
    if objective not in OBJECTIVES:
        refuse(
            "objective", f"Objective {objective!r} is not supported.",
            f"Supported: {', '.join(OBJECTIVES)}.",
        )  # fmt: skip
    if not blocks:
        refuse("empty", "The model has no trees.", "Train it for a round at least.")
    if len(blocks) % columns:
        broken(f"{len(blocks)} trees are no whole number of rounds of {columns}.")
    trees = [_tree(block, i % columns) for i, block in enumerate(blocks)]
    b = Builder(name)
    x = b.input("x", TensorType((1, features), "float32"))
    b.stage = "trees"
    divisor = len(blocks) // columns if "average_output" in head else 1
    sums = ensemble(b, x, trees, np.zeros(columns), float(divisor))
    b.stage = "output"
    return ending.sound(b.build(OBJECTIVES[objective](b, sums, _options(options))))


def _options(words: list[str]) -> Block:
    pairs = (w.partition(":") for w in words)
    return {key: value for key, _, value in pairs}


def _tree(block: Block, column: int) -> Tree:
    """Inner nodes come first, the leaves behind them."""
    leaves = _whole(block, "num_leaves", 1, 1 << 24)
    if _whole(block, "num_cat", 0, 1 << 24):
        refuse("categorical", "A tree splits on categories.", "Encode them as numbers first.")
    if block.get("is_linear", "0").strip() != "0":
        refuse("linear", "The leaves of a tree are linear models.", "Train with linear_tree=false.")
    inner = leaves - 1
    decision = _numbers(block, "decision_type", inner, int)
    threshold = _numbers(block, "threshold", inner, float)
    if np.isnan(threshold).any():
        broken("A threshold is NaN.")
    missing, zero = _missing(decision, threshold)
    ends = np.full(leaves, -1, np.int64)
    none = np.zeros(leaves, np.int64)
    value = np.zeros((inner + leaves, 1))
    value[inner:, 0] = _numbers(block, "leaf_value", leaves, float)
    return Tree(
        np.concatenate([_children(block, "left_child", inner), ends]),
        np.concatenate([_children(block, "right_child", inner), ends]),
        np.concatenate([_numbers(block, "split_feature", inner, int), none]),
        np.concatenate([at_most(threshold), none.astype(np.float32)]),
        np.concatenate([missing, none != 0]), np.concatenate([zero, none != 0]), value, column,
    )  # fmt: skip


def _children(block: Block, key: str, inner: int) -> np.ndarray:
    """Numbers below 0 are leaves: ~number; a tree of one leaf has no inner nodes."""
    child = _numbers(block, key, inner, int)
    return np.where(child < 0, inner + ~child, child)


def _missing(decision: np.ndarray, threshold: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whether NaN goes left, and whether zero counts as missing. Bit 0 of a decision: categories,
    bit 1: what is missing goes left, bits 2 and 3: 0 NaN is read as 0, 1 zero and NaN are missing,
    2 NaN is missing."""
    if (decision & 1).any():
        refuse("categorical", "A tree splits on categories.", "Encode them as numbers first.")
    kind = decision >> 2 & 3
    if (kind > 2).any():
        broken(f"A decision is of type {int(decision.max())}.")
    return np.where(kind == 0, threshold >= 0, decision & 2 != 0), kind == 1


def logistic_bound(slope: float) -> float:
    """The largest margin m for which p = 1 / (1 + e^(-slope m)) is not above 1 - p in double
    precision: label 1 begins behind it."""
    low, high = 0, int(np.float64(1e-6 / slope).view(np.int64))
    while high - low > 1:
        middle = (low + high) // 2
        share = 1.0 / (1.0 + np.exp(-slope * np.int64(middle).view(np.float64)))
        low, high = (middle, high) if share <= 1.0 - share else (low, middle)
    return float(np.int64(low).view(np.float64))


def _slope(options: Block) -> float:
    try:
        slope = float(options.get("sigmoid", "1"))
    except ValueError:
        slope = 0.0
    if not 1e-6 < slope < 1e6:
        broken(f"sigmoid is {options.get('sigmoid')!r}; expected a number above 0.")
    return slope


def _names(count: int) -> tuple[str, ...]:
    return tuple(map(str, range(count)))


def _one(b: Builder, sums: str) -> None:
    if b.type(sums).shape[1] != 1:
        broken(f"The objective has one sum, not {b.type(sums).shape[1]}.")


def _binary(b: Builder, sums: str, options: Block) -> tuple[str, ...]:
    _one(b, sums)
    slope, margin = _slope(options), narrowed(b, sums)
    label = ending.binary_label(b, margin, _names(2), logistic_bound(slope))
    return label, ending.pair(b, ending.scaled(b, margin, slope))


def _multiclass(b: Builder, sums: str, options: Block) -> tuple[str, ...]:
    count = b.type(sums).shape[1]
    if count < 2:
        broken(f"A classifier has {count} class.")
    label = ending.label(b, sums, _names(count))
    return label, b.op("softmax", narrowed(b, sums), name="probability")


def _each(b: Builder, sums: str, options: Block) -> tuple[str, ...]:
    """One logistic function per class, not normalised."""
    slope = ending.scaled(b, narrowed(b, sums), _slope(options))
    label = ending.label(b, sums, _names(b.type(sums).shape[1]))
    return label, elementwise.unary(b, "sigmoid", slope, name="probability")


def _value(b: Builder, sums: str, options: Block) -> tuple[str, ...]:
    _one(b, sums)
    if "sqrt" in options:  # sign(y) * y^2
        y = narrowed(b, sums)
        return (b.op("mul", y, elementwise.unary(b, "abs", y), name="value"),)
    return (narrowed(b, sums, "value"),)


def _exponential(b: Builder, sums: str, options: Block) -> tuple[str, ...]:
    _one(b, sums)
    return (elementwise.unary(b, "exp", narrowed(b, sums), name="value"),)


def _logistic(b: Builder, sums: str, options: Block) -> tuple[str, ...]:
    _one(b, sums)
    return (elementwise.unary(b, "sigmoid", narrowed(b, sums), name="value"),)


OBJECTIVES: Mapping[str, Callable[[Builder, str, Block], tuple[str, ...]]] = {
    "binary": _binary,
    "multiclass": _multiclass,
    "multiclassova": _each,
    **dict.fromkeys(("poisson", "gamma", "tweedie"), _exponential),
    "cross_entropy": _logistic,
    **dict.fromkeys(
        ("regression", "regression_l1", "huber", "fair", "quantile", "mape", "lambdarank",
         "rank_xendcg", "custom"),
        _value,
    ),
}  # fmt: skip
