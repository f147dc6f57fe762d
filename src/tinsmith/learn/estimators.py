"""Families of scikit-learn: fitted at once, and turned into the graph that an imported estimator
becomes (`importers/classic`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinsmith.compose import ending
from tinsmith.core.errors import InternalError
from tinsmith.core.progress import Progress
from tinsmith.core.waiting import load_library, waited
from tinsmith.importers import IMPORTERS
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr, Graph
from tinsmith.ir.interp import Interpreter
from tinsmith.learn.family import Family
from tinsmith.rewrite import PASSES

PROBABILITIES = "probabilities"


@dataclass(frozen=True)
class Fit:
    """How an estimator is fitted: hyper-parameters, the weight of each class [classes], a seed."""

    hyper: Mapping[str, Attr]
    weights: np.ndarray
    seed: int


def fitted(family: Family, x: np.ndarray, y: np.ndarray, how: Fit, job: Progress) -> Any:
    """The family's estimator, fitted on features ``x`` [n, features] with label indices ``y`` [n].

    Raises:
        MissingTool: scikit-learn is not installed.
        Cancelled: the job was cancelled.
    """
    load_library("sklearn", job)
    from sklearn.pipeline import make_pipeline

    if family.estimator is None:
        raise InternalError(f"family {family.name} has no estimator")
    pipeline = make_pipeline(*family.estimator(how.hyper, how.seed))
    weights = {f"{pipeline.steps[-1][0]}__sample_weight": how.weights[y]}
    return waited(lambda: pipeline.fit(x, y, **weights), job)


def network(estimator: Any, name: str, job: Progress) -> Graph:
    """A fitted estimator as a graph from features [1, n] to ``probabilities`` [1, classes]; of a
    machine these are the softmax of its decisions, which order the classes as it does."""
    found = IMPORTERS.get("sklearn").load(estimator, [], name, job)
    scores = next(o for o in found.outputs if o in ("probability", "decision"))
    alone = PASSES.get("eliminate_dead")(found.with_(outputs=(scores,), labels={}))
    b = Builder(name)
    (value,) = b.inline(alone, b.input("x", alone.type(alone.inputs[0])))
    b.stage = PROBABILITIES
    if scores == "probability":
        last = b.op("reshape", value, shape=b.type(value).shape, name=PROBABILITIES)
    elif b.type(value).shape[1] == 1:
        last = ending.pair(b, value, PROBABILITIES)
    else:
        last = b.op("softmax", value, name=PROBABILITIES)
    return b.build([last])


def answers(graph: Graph, x: np.ndarray) -> np.ndarray:
    """Probabilities of rows of features [n, features]: [n, classes]."""
    machine, name = Interpreter(graph), graph.inputs[0]
    (out,) = graph.outputs
    return np.concatenate([machine.run({name: row[None]})[out] for row in x])
