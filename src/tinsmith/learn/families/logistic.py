"""Logistic regression, fitted to the end: the linear model with a penalty on large weights."""

from collections.abc import Mapping, Sequence
from typing import Any

from tinsmith.dsp.block import Param
from tinsmith.ir.graph import Attr
from tinsmith.learn.family import Family, number


def estimator(hyper: Mapping[str, Attr], seed: int) -> Sequence[Any]:
    """scikit-learn's StandardScaler and LogisticRegression."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    fit = LogisticRegression(C=number(hyper, "c"), max_iter=1000, random_state=seed)
    return [StandardScaler(), fit]


FAMILY = Family(
    name="logistic",
    params=(Param("c", 1.0, "the smaller, the more large weights cost", (), 1e-6, 1e6),),
    estimator=estimator,
)
