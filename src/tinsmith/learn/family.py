"""Family: a kind of model that can be trained and exported; its defaults and its torch module."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinsmith.core.catalogue import Catalogue
from tinsmith.dsp.block import Param, complete_params
from tinsmith.ir.graph import Attr


@dataclass(frozen=True)
class Rows:
    """Features [n, features] float32 of n windows, and what each row is.

    ``shape`` is (samples, channels) where one block keeps the shape of the signal (the row is the
    same in row-major order), else (features,).
    """

    features: np.ndarray
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Family:
    """A model family.

    Args:
        params: hyper-parameters of its own, with defaults and ranges; those in `training`
            beside.
        build: (rows of the training part, number of classes, hyper-parameters) -> a torch module
            that takes [n, features] and returns logits [n, classes]; standardisation is its first
            layer, with mean and deviation of the given features.
        signal: whether ``build`` needs rows that are (samples, channels); pipelines that give
            others are refused before anything is computed.
        estimator: in place of ``build``: (hyper-parameters, seed) -> scikit-learn's steps, of which
            the last is a classifier with probabilities or decisions and takes weights of samples.
    """

    name: str
    params: tuple[Param, ...]
    build: Callable[[Rows, int, Mapping[str, Attr]], Any] | None = None
    signal: bool = False
    estimator: Callable[[Mapping[str, Attr], int], Sequence[Any]] | None = None

    def complete(self, given: Mapping[str, Attr]) -> dict[str, Attr]:
        """Given hyper-parameters checked, defaults filled in.

        Raises:
            UserError: an unknown hyper-parameter, or a value outside its choices or range.
        """
        return complete_params(f"Family {self.name!r}", (*self.params, *self.training), given)

    @property
    def training(self) -> tuple[Param, ...]:
        """Hyper-parameters that say how it is trained."""
        return EPOCHS + FITTING if self.build else FITTING


EPOCHS = (
    Param("epochs", 200, "passes over the training part at most", (), 1, 100_000),
    Param("batch", 32, "windows per step", (), 1, 65_536),
    Param("learning_rate", 0.003, "step size of Adam", (), 1e-7, 1.0),
    Param("weight_decay", 0.0001, "decoupled decay of weights per step", (), 0.0, 1.0),
    Param(
        "patience", 30, "epochs without a better validation loss before stopping", (), 1, 100_000
    ),
)
"""How networks are trained; `learn/train.py` reads these beside the family's own."""
FITTING = (
    Param(
        "class_weights", "none", "balanced: a rare class counts as much as a common one",
        ("none", "balanced"),
    ),
)  # fmt: skip
"""What every family has."""


def whole(hyper: Mapping[str, Attr], name: str) -> int:
    """A hyper-parameter that is a whole number."""
    value = hyper[name]
    assert isinstance(value, int)
    return value


def number(hyper: Mapping[str, Attr], name: str) -> float:
    """A hyper-parameter that is a number."""
    value = hyper[name]
    assert isinstance(value, int | float)
    return float(value)


FAMILIES: Catalogue[Family] = Catalogue("family", "tinsmith.learn.families", Family)
