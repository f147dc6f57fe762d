"""One small hidden layer with ReLU."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import numpy as np

from tinsmith.ir.graph import Attr
from tinsmith.learn.family import Family


def build(features: np.ndarray, classes: int, hyper: Mapping[str, Attr]) -> Any:
    """Layers standardise, dense, relu, output (logits)."""
    from torch import nn

    from tinsmith.learn.families._standardise import Standardise

    return nn.Sequential(
        OrderedDict(
            standardise=Standardise(features),
            dense=nn.Linear(features.shape[1], 8),
            relu=nn.ReLU(),
            output=nn.Linear(8, classes),
        )
    )


FAMILY = Family(name="narrow", params=(), build=build)
