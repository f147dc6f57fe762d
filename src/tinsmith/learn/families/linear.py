"""Softmax regression: one fully connected layer; the smallest model, and a baseline for others."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from tinsmith.ir.graph import Attr
from tinsmith.learn.family import Family, Rows


def build(rows: Rows, classes: int, hyper: Mapping[str, Attr]) -> Any:
    """Layers standardise, output (logits)."""
    from torch import nn

    from tinsmith.learn.families._standardise import Standardise

    layers = OrderedDict(
        standardise=Standardise(rows.features), output=nn.Linear(rows.features.shape[1], classes)
    )
    return nn.Sequential(layers)


FAMILY = Family(name="linear", params=(), build=build)
