"""Random forest: the mean of decision trees that each saw other windows and features.

Source: Breiman, "Random Forests", Machine Learning 45, 2001.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tinsmith.dsp.block import Param
from tinsmith.ir.graph import Attr
from tinsmith.learn.family import Family, whole


def estimator(hyper: Mapping[str, Attr], seed: int) -> Sequence[Any]:
    """scikit-learn's RandomForestClassifier."""
    from sklearn.ensemble import RandomForestClassifier

    return [
        RandomForestClassifier(
            whole(hyper, "trees"), max_depth=whole(hyper, "depth"),
            min_samples_leaf=whole(hyper, "leaf"), random_state=seed, n_jobs=1,
        )
    ]  # fmt: skip


FAMILY = Family(
    name="forest",
    params=(
        Param("trees", 30, "trees whose mean is taken", (), 1, 1000),
        Param("depth", 10, "thresholds from the root to a leaf at most", (), 1, 64),
        Param("leaf", 1, "training windows that a leaf has at least", (), 1, 100_000),
    ),
    estimator=estimator,
)
