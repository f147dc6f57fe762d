"""One decision tree: thresholds on features, one after the other; readable and fast."""

from collections.abc import Mapping, Sequence
from typing import Any

from tinsmith.dsp.block import Param
from tinsmith.ir.graph import Attr
from tinsmith.learn.family import Family, whole


def estimator(hyper: Mapping[str, Attr], seed: int) -> Sequence[Any]:
    """scikit-learn's DecisionTreeClassifier."""
    from sklearn.tree import DecisionTreeClassifier

    depth, leaf = whole(hyper, "depth"), whole(hyper, "leaf")
    return [DecisionTreeClassifier(max_depth=depth, min_samples_leaf=leaf, random_state=seed)]


FAMILY = Family(
    name="tree",
    params=(
        Param("depth", 8, "thresholds from the root to a leaf at most", (), 1, 64),
        Param("leaf", 3, "training windows that a leaf has at least", (), 1, 100_000),
    ),
    estimator=estimator,
)
