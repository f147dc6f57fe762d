"""Support vector machine: what lies between classes, by the training windows nearest to it.

Source: Cortes and Vapnik, "Support-Vector Networks", Machine Learning 20, 1995.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tinsmith.dsp.block import Param
from tinsmith.ir.graph import Attr
from tinsmith.learn.family import Family, number


def estimator(hyper: Mapping[str, Attr], seed: int) -> Sequence[Any]:
    """scikit-learn's StandardScaler and SVC."""
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    machine = SVC(
        C=number(hyper, "c"), kernel=hyper["kernel"], break_ties=True, random_state=seed
    )  # fmt: skip
    return [StandardScaler(), machine]


FAMILY = Family(
    name="svm",
    params=(
        Param("c", 1.0, "the larger, the more a training window on the wrong side costs", (), 1e-6,
              1e6),
        Param("kernel", "rbf", "shape of what lies between classes", ("rbf", "linear", "poly")),
    ),
    estimator=estimator,
)  # fmt: skip
