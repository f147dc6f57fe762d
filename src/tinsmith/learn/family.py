"""Family: a kind of model that can be trained and exported; its defaults and its torch module."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinsmith.core.catalogue import Catalogue
from tinsmith.dsp.block import Param
from tinsmith.ir.graph import Attr


@dataclass(frozen=True)
class Family:
    """A model family.

    Args:
        params: hyper-parameters with defaults and ranges.
        build: (features of the training part [n, features] float32, number of classes,
            hyper-parameters) -> a torch module that takes [n, features] and returns logits [n,
            classes]; standardisation is its first layer, with mean and deviation of the given
            features.
    """

    name: str
    params: tuple[Param, ...]
    build: Callable[[np.ndarray, int, Mapping[str, Attr]], Any]


FAMILIES: Catalogue[Family] = Catalogue("family", "tinsmith.learn.families", Family)
