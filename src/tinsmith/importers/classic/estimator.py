"""What an estimator is to the importer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np

from tinsmith.importers._frame import Refusal
from tinsmith.importers.classic.fields import Fields
from tinsmith.ir.builder import Builder

refuse = Refusal("sklearn")


@dataclass(frozen=True)
class Estimator:
    """One kind of estimator.

    Args:
        describe: fitted estimator -> fields of its description (numbers, texts, arrays).
        translate: (builder, features [1, n] float32, fields) -> names of the outputs; one for a
            transformer, its features.
        transformer: whether something may follow it in a pipeline.
        note: what of it is refused.
        decision: fields with which its description gives decisions where it would give
            probabilities, as `decision_function` does.
    """

    describe: Callable[[Any], Mapping[str, Any]]
    translate: Callable[[Builder, str, Fields], tuple[str, ...]]
    transformer: bool = False
    note: str = ""
    decision: Mapping[str, Any] = field(default_factory=dict)


def unsupported(estimator: Any, what: str, hint: str = "") -> NoReturn:
    """Refuse a fitted estimator: says which and why."""
    name = estimator if isinstance(estimator, str) else type(estimator).__name__
    refuse("estimator", f"{name}: {what}.", hint)


def class_names(estimator: Any) -> tuple[str, ...]:
    """The classes as texts, in the order of the labels; refuses classifiers of several labels at
    once: their classes are a list of arrays, or the places of the labels."""
    kind = getattr(getattr(estimator, "_label_binarizer", None), "y_type_", "")
    if isinstance(estimator.classes_, list) or kind.startswith("multilabel"):
        unsupported(
            estimator, "it predicts several outputs",
            "Train one classifier per output (MultiOutputClassifier); regressors may have several.",
        )  # fmt: skip
    return tuple(str(c) for c in np.asarray(estimator.classes_).tolist())
