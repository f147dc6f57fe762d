"""What an estimator is to the importer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
    """

    describe: Callable[[Any], Mapping[str, Any]]
    translate: Callable[[Builder, str, Fields], tuple[str, ...]]
    transformer: bool = False
    note: str = ""


def unsupported(estimator: Any, what: str, hint: str = "") -> NoReturn:
    """Refuse a fitted estimator: says which and why."""
    name = estimator if isinstance(estimator, str) else type(estimator).__name__
    refuse("estimator", f"{name}: {what}.", hint)


def class_names(estimator: Any) -> tuple[str, ...]:
    """The classes as texts, in the order of the labels."""
    classes = np.asarray(estimator.classes_)
    if classes.ndim != 1:
        unsupported(estimator, "it has several outputs", "Train one estimator per output.")
    return tuple(str(c) for c in classes.tolist())


def one_output(estimator: Any) -> None:
    """Refuse estimators with several outputs."""
    if getattr(estimator, "n_outputs_", 1) != 1:
        unsupported(estimator, "it has several outputs", "Train one estimator per output.")
