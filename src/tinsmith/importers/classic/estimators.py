"""The table of scikit-learn's estimators, and the two ways through it: a fitted estimator to its
description, a description to a graph. Neither needs scikit-learn: the first only asks an estimator
for its attributes."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from tinsmith.compose import ending
from tinsmith.compose.broken import broken
from tinsmith.core.errors import did_you_mean
from tinsmith.importers.classic.estimator import Estimator, refuse, unsupported
from tinsmith.importers.classic.fields import Fields
from tinsmith.importers.classic.forests import FORESTS
from tinsmith.importers.classic.linear import LINEAR
from tinsmith.importers.classic.mixture import MIXTURES
from tinsmith.importers.classic.neighbours import NEIGHBOURS
from tinsmith.importers.classic.nested import nested
from tinsmith.importers.classic.network import NETWORKS
from tinsmith.importers.classic.novelty import DETECTORS
from tinsmith.importers.classic.scaling import SCALING
from tinsmith.importers.classic.svm import MACHINES
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.types import TensorType

PIPELINE = "Pipeline"
MOST_FEATURES = 1 << 16
MOST_STEPS = 64


def describe(estimator: Any, decides: bool = False) -> dict[str, Any]:
    """A fitted estimator, or a pipeline of such, as plain numbers, texts and arrays.

    Args:
        estimator: the estimator.
        decides: whether it shall give decisions where it would give probabilities.

    Raises:
        UserError: ``import.sklearn.estimator`` (not supported, or a parameter of it is not),
            ``import.sklearn.fitted``.
    """
    kind = type(estimator).__name__
    steps = [s for _, s in estimator.steps] if kind == PIPELINE else [estimator]
    kept = [s for s in steps if not (s is None or isinstance(s, str))]
    if not kept:
        unsupported(PIPELINE, "it has no steps")
    parts = []
    for i, step in enumerate(kept):
        name = type(step).__name__
        entry = _entry(name)
        if i < len(kept) - 1 and not entry.transformer:
            unsupported(name, "something follows it in a pipeline")
        ends = entry.decision if decides and step is kept[-1] else {}
        parts.append({"kind": name, **_fields(entry, step), **ends})
    return {"kind": PIPELINE, "features": _features(kept[0]), "steps": parts}


def _entry(name: str) -> Estimator:
    if name not in ESTIMATORS:
        unsupported(
            name, f"it is not supported.{did_you_mean(name, ESTIMATORS)}".rstrip("."),
            "`tinsmith kinds ops sklearn` lists what is; pipelines of these are, too.",
        )  # fmt: skip
    return ESTIMATORS[name]


def _fields(entry: Estimator, step: Any) -> Mapping[str, Any]:
    try:
        return entry.describe(step)
    except AttributeError as e:
        refuse("fitted", f"{type(step).__name__} is not fitted: {e}.", "Call fit first.")
    except (TypeError, ValueError, IndexError, KeyError) as e:
        unsupported(step, f"its attributes are none of those that are known ({e})")


def _features(step: Any) -> int:
    if not hasattr(step, "n_features_in_"):
        refuse("fitted", f"{type(step).__name__} is not fitted.", "Call fit first.")
    return int(step.n_features_in_)


def translate(description: Mapping[str, Any], name: str) -> Graph:
    """A graph from a description: input ``x`` float32 [1, features], outputs as `ending.py` names
    them.

    Raises:
        UserError: ``import.classic.broken``, ``import.classic.limit``,
            ``import.sklearn.estimator``.
    """
    fields = Fields(description)
    fields.text("kind", PIPELINE)
    b = Builder(name)
    count = fields.integer("features", 1, MOST_FEATURES)
    x = b.input("x", TensorType((1, count), "float32"))
    steps = fields.parts("steps")
    if len(steps) > MOST_STEPS:
        broken(f"A pipeline has {len(steps)} steps.")
    outputs: tuple[str, ...] = (x,)
    for i, step in enumerate(steps):
        entry = _entry(step.kind)
        if i < len(steps) - 1 and not entry.transformer:
            broken(f"A pipeline goes on behind {step.kind}.")
        b.stage = stage_of(step.kind)
        (x,) = outputs
        outputs = entry.translate(b, x, step)
    if ESTIMATORS[steps[-1].kind].transformer:
        outputs = (ending.named(b, outputs[0], "features"),)
    return ending.sound(b.build(outputs))


ESTIMATORS: Mapping[str, Estimator] = {
    **FORESTS, **LINEAR, **MACHINES, **NEIGHBOURS, **MIXTURES, **NETWORKS, **DETECTORS,
    **SCALING, **nested(describe, translate),
}  # fmt: skip


def stage_of(kind: str) -> str:
    """RandomForestClassifier -> random_forest_classifier."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", kind).lower()


def features_like(example: np.ndarray, count: int) -> None:
    """Check that an example is float32 [1, count].

    Raises:
        UserError: ``import.sklearn.example``.
    """
    if example.shape != (1, count) or example.dtype != np.float32:
        refuse(
            "example",
            f"The example is {example.dtype.name}{list(example.shape)}.",
            f"Pass one float32 array of shape [1, {count}], or none.",
        )
