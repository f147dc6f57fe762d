"""Gradient boosting: small trees, each of which mends what those before it got wrong.

Source: Friedman, "Greedy Function Approximation: A Gradient Boosting Machine", Annals of Statistics
29, 2001.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tinsmith.dsp.block import Param
from tinsmith.ir.graph import Attr
from tinsmith.learn.family import Family, number, whole


def estimator(hyper: Mapping[str, Attr], seed: int) -> Sequence[Any]:
    """scikit-learn's GradientBoostingClassifier."""
    from sklearn.ensemble import GradientBoostingClassifier

    return [
        GradientBoostingClassifier(
            n_estimators=whole(hyper, "trees"), max_depth=whole(hyper, "depth"),
            learning_rate=number(hyper, "rate"), random_state=seed,
        )
    ]  # fmt: skip


FAMILY = Family(
    name="boosting",
    params=(
        Param("trees", 40, "rounds; each adds a tree per class (one for two)", (), 1, 1000),
        Param("depth", 3, "thresholds from the root to a leaf at most", (), 1, 16),
        Param("rate", 0.1, "share of each tree that is taken", (), 0.001, 1.0),
    ),
    estimator=estimator,
)
