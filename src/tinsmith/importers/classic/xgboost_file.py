"""XGBoost's models as `save_model` writes them (JSON and UBJSON), from version 1.0 on.

Sums are float32 in the library's order: start at the base score, tree by tree; x < threshold goes
left. Source: the JSON schema in XGBoost's documentation ("Introduction to Model IO").
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinsmith.compose import elementwise, ending
from tinsmith.compose.broken import broken
from tinsmith.compose.trees import Tree, below, ensemble
from tinsmith.importers._frame import Refusal
from tinsmith.importers.classic import ubjson
from tinsmith.importers.classic.estimators import MOST_FEATURES
from tinsmith.importers.classic.fields import MOST_CLASSES
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.rules import verify
from tinsmith.ir.types import TensorType

refuse = Refusal("xgboost")
MOST_BYTES = 512_000_000
_TEXT = re.compile(rb'\s*\{\s*["}]')
"""How JSON begins; in UBJSON the type of a length follows the brace."""
BOOSTERS = ("gbtree", "dart", "gblinear")
ROUNDS = ("best", "all")
"""Which boosting rounds count: those up to the best iteration that early stopping found, as the
library's scikit-learn interface predicts, or all, as `Booster.predict` does."""


def convert(path: Path, name: str, rounds: str) -> Graph:
    """The graph of a ``.json`` or ``.ubj`` file, as it runs in the sandbox; ``rounds``: one of
    `ROUNDS`.

    Raises:
        UserError: ``import.xgboost.<what>``, ``import.classic.<what>``.
    """
    size = path.stat().st_size
    if size > MOST_BYTES:
        refuse("limit", f"The file has {size} bytes; at most {MOST_BYTES} are read.")
    return from_bytes(path.read_bytes(), name, rounds)


def from_bytes(data: bytes, name: str, rounds: str = "best") -> Graph:
    """The graph of the content of such a file; its grammar is checked."""
    if data.lstrip()[:1] != b"{":
        broken("The file holds no object, neither of JSON nor of UBJSON.")
    body = _json(data) if _TEXT.match(data) else ubjson.loads(data)
    if "learner" not in _mapping(body, "the file"):
        refuse(
            "model",
            "The file has no key 'learner': it is no model of XGBoost.",
            "Save the booster or estimator with save_model('name.json').",
        )
    graph = translate(_mapping(body["learner"], "learner"), name, rounds)
    verify(graph)
    return graph


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError as e:
        broken(f"The file is no JSON: {e}.")


def _mapping(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        broken(f"{what} is {type(value).__name__}; expected an object.")
    return value


def _part(body: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    for key in keys:
        body = _mapping(body.get(key), key)
    return body


def _whole(value: Any, what: str, low: int, high: int) -> int:
    try:
        found = int(value)
    except (TypeError, ValueError, OverflowError):
        broken(f"{what} is {value!r}; expected a whole number.")
    if not low <= found <= high:
        broken(f"{what} is {found}; expected {low}..{high}.")
    return found


def _numbers(value: Any, what: str, kind: type = np.float32) -> np.ndarray:
    try:
        with np.errstate(all="ignore"):
            return np.asarray(value, np.float64).astype(kind).reshape(-1)
    except (TypeError, ValueError, OverflowError):
        broken(f"{what} holds something other than numbers.")


def translate(learner: Mapping[str, Any], name: str, rounds: str = "best") -> Graph:
    """A graph: input ``x`` float32 [1, features], NaN where a value is missing."""
    model = _part(learner, "learner_model_param")
    features = _whole(model.get("num_feature"), "num_feature", 1, MOST_FEATURES)
    if _whole(model.get("num_target", 1), "num_target", 0, 1 << 20) > 1:
        refuse("target", "The model predicts several targets.", "Train one model per target.")
    groups = max(1, _whole(model.get("num_class", 0), "num_class", 0, MOST_CLASSES))
    objective = str(_part(learner, "objective").get("name"))
    if objective not in OBJECTIVES:
        refuse(
            "objective", f"Objective {objective!r} is not supported.",
            f"Supported: {', '.join(OBJECTIVES)}.",
        )  # fmt: skip
    start = _start(model.get("base_score"), objective, groups)
    b = Builder(name)
    x = b.input("x", TensorType((1, features), "float32"))
    b.stage = "trees"
    last = _best_iteration(learner) if rounds == "best" else None
    margin = _margin(b, x, _part(learner, "gradient_booster"), start, last)
    b.stage = "output"
    return ending.sound(b.build(OBJECTIVES[objective](b, margin)))


def _start(text: Any, objective: str, groups: int) -> np.ndarray:
    """base_score, which is in units of the prediction, as a margin per group: by the objective's
    link, in float32 as the library computes it."""
    try:
        parts = [float(p) for p in str(text).strip("[]").split(",")]
    except ValueError:
        broken(f"base_score is {text!r}; expected numbers.")
    score = np.resize(np.array(parts, np.float32), groups)
    with np.errstate(all="ignore"):
        if objective in _LOGISTIC:
            odds = np.float32(1) / score - np.float32(1)
            score = -np.log(odds.astype(np.float64)).astype(np.float32)
        elif objective in _EXPONENTIAL:
            score = np.log(score.astype(np.float64)).astype(np.float32)
    if not np.isfinite(score).all():
        broken(f"base_score {text!r} has no finite margin.")
    return score


def _best_iteration(learner: Mapping[str, Any]) -> int | None:
    """The round that early stopping found best, counted from 0; None where none was looked for."""
    found = _mapping(learner.get("attributes", {}), "attributes").get("best_iteration")
    return None if found is None else _whole(found, "best_iteration", 0, 1 << 30)


def _margin(
    b: Builder, x: str, booster: Mapping[str, Any], start: np.ndarray, last: int | None
) -> str:
    """Sums of the rounds up to ``last``, of all if that is None."""
    kind = booster.get("name")
    if kind == "gblinear":  # no rounds to choose from: each changes the same weights
        return _linear(b, x, _part(booster, "model"), start)
    if kind == "dart":
        model = _part(booster, "gbtree", "model")
        weights = _numbers(booster.get("weight_drop"), "weight_drop")
    elif kind == "gbtree":
        model, weights = _part(booster, "model"), None
    else:
        refuse("booster", f"Booster {kind!r} is not supported.", f"Known: {', '.join(BOOSTERS)}.")
    trees = model.get("trees")
    if not isinstance(trees, Sequence) or isinstance(trees, str) or not trees:
        refuse("empty", "The model has no trees.", "Train it for a round at least.")
    columns = _numbers(model.get("tree_info"), "tree_info", np.int64)
    if len(columns) != len(trees) or (weights is not None and len(weights) != len(trees)):
        broken(f"{len(trees)} trees have {len(columns)} entries in tree_info.")
    kept = _kept(b, model, len(trees), len(start), last)
    read = [
        _tree(_mapping(t, "a tree"), int(c), np.float32(1) if weights is None else weights[i])
        for i, (t, c) in enumerate(zip(trees[:kept], columns[:kept], strict=True))
    ]
    return ensemble(b, x, read, start)


def _kept(b: Builder, model: Mapping[str, Any], trees: int, groups: int, last: int | None) -> int:
    """How many trees the rounds up to ``last`` have; what is left out is noted."""
    ends = _ends(model, trees, groups)
    if last is None or last + 1 >= len(ends):
        return trees
    b.note(
        f"Early stopping found round {last + 1} of {len(ends)} best: the rounds up to it count, as "
        "in XGBoost's scikit-learn interface; `--semantics all` takes all."
    )
    return ends[last]


def _ends(model: Mapping[str, Any], trees: int, groups: int) -> list[int]:
    """Number of trees behind each round: as the file says, or, in files of versions that did not
    say so, ``num_parallel_tree`` more for each group."""
    if "iteration_indptr" in model:
        found = _numbers(model["iteration_indptr"], "iteration_indptr", np.int64)
        if len(found) < 2 or found[0] or found[-1] != trees or (np.diff(found) < 1).any():
            broken(f"iteration_indptr does not part {trees} trees into rounds.")
        return [int(end) for end in found[1:]]
    parameters = _mapping(model.get("gbtree_model_param", {}), "gbtree_model_param")
    parallel = _whole(parameters.get("num_parallel_tree", 1), "num_parallel_tree", 0, 1 << 20)
    each = max(1, parallel) * groups
    return [*range(each, trees, each), trees]


def _tree(body: Mapping[str, Any], column: int, weight: np.float32) -> Tree:
    left = _numbers(body.get("left_children"), "left_children", np.int64)
    names = ("right_children", "split_indices", "default_left")
    right, feature, missing = (_numbers(body.get(k), k, np.int64) for k in names)
    conditions = _numbers(body.get("split_conditions"), "split_conditions")
    categorical = _numbers(body.get("split_type", ()), "split_type", np.int64)
    if categorical.any():
        refuse("categorical", "A tree splits on categories.", "Encode them as numbers first.")
    width = _mapping(body.get("tree_param", {}), "tree_param").get("size_leaf_vector", 1)
    if _whole(width, "size_leaf_vector", 0, 1 << 20) > 1:
        refuse("target", "Leaves hold several values.", "Use multi_strategy one_output_per_tree.")
    if not len(left) or {len(a) for a in (right, feature, missing, conditions)} != {len(left)}:
        broken("The arrays of a tree differ in length.")
    if np.isnan(conditions[left >= 0]).any():
        broken("A threshold is NaN.")
    value = (conditions * weight)[:, None]
    none = np.zeros(len(left), bool)
    return Tree(left, right, feature, below(conditions), missing != 0, none, value, column)


def _linear(b: Builder, x: str, model: Mapping[str, Any], start: np.ndarray) -> str:
    """Weights [features + 1, groups]; the last row is the bias. All groups start at the first base
    score, as the library's version 3.2 predicts."""
    weights = _numbers(model.get("weights"), "weights")
    features, groups = b.type(x).shape[1], len(start)
    if len(weights) != (features + 1) * groups or not np.isfinite(weights).all():
        broken(f"gblinear has {len(weights)} weights for {features} features, {groups} groups.")
    table = weights.reshape(features + 1, groups)
    return ending.affine(b, x, table[:-1].T, table[-1] + start[0])


def logistic_bound() -> float:
    """The largest margin whose logistic function, in the library's float32 arithmetic
    1 / (1 + e^-m + 1e-16), is not above one half: label 1 begins behind it."""
    low, high = 0, int(np.float32(1e-5).view(np.int32))
    while high - low > 1:
        middle = (low + high) // 2
        margin = np.int32(middle).view(np.float32)
        power = np.exp(-np.float64(margin)).astype(np.float32)
        share = np.float32(1) / (np.float32(1) + power + np.float32(1e-16))
        low, high = (middle, high) if share <= np.float32(0.5) else (low, middle)
    return float(np.int32(low).view(np.float32))


def _classes(count: int) -> tuple[str, ...]:
    return tuple(map(str, range(count)))


def _binary(b: Builder, margin: str) -> tuple[str, ...]:
    label = ending.binary_label(b, margin, _classes(2), logistic_bound())
    return label, ending.pair(b, margin)


def _raw_binary(b: Builder, margin: str) -> tuple[str, ...]:
    return (ending.named(b, margin, "decision"),)


def _hinge(b: Builder, margin: str) -> tuple[str, ...]:
    label = ending.binary_label(b, margin, _classes(2), ending.ABOVE_ZERO)
    return label, ending.named(b, margin, "decision")


def _classes_of_many(b: Builder, margin: str) -> tuple[str, ...]:
    count = b.type(margin).shape[1]
    if count < 2:
        broken(f"A classifier has {count} class.")
    label = ending.label(b, margin, _classes(count))
    return label, b.op("softmax", margin, name="probability")


def _value(b: Builder, margin: str) -> tuple[str, ...]:
    return (ending.named(b, margin, "value"),)


def _logistic_value(b: Builder, margin: str) -> tuple[str, ...]:
    return (elementwise.unary(b, "sigmoid", margin, name="value"),)


def _exponential(b: Builder, margin: str) -> tuple[str, ...]:
    return (elementwise.unary(b, "exp", margin, name="value"),)


_LOGISTIC = ("binary:logistic", "binary:logitraw", "reg:logistic")
_EXPONENTIAL = ("count:poisson", "reg:gamma", "reg:tweedie")
OBJECTIVES: Mapping[str, Callable[[Builder, str], tuple[str, ...]]] = {
    "binary:logistic": _binary,
    "binary:logitraw": _raw_binary,
    "binary:hinge": _hinge,
    "multi:softprob": _classes_of_many,
    "multi:softmax": _classes_of_many,
    "reg:logistic": _logistic_value,
    **dict.fromkeys(_EXPONENTIAL, _exponential),
    **dict.fromkeys(
        ("reg:squarederror", "reg:linear", "reg:absoluteerror", "reg:pseudohubererror",
         "reg:squaredlogerror", "reg:quantileerror", "rank:pairwise", "rank:ndcg", "rank:map"),
        _value,
    ),
}  # fmt: skip
