"""Estimators as graphs, where the contract tests do not look: two classes, and other kernels."""

import numpy as np
import pytest

from tinsmith.core.progress import Silent
from tinsmith.ir.rules import verify
from tinsmith.learn.estimators import Fit, answers, fitted, network
from tinsmith.learn.family import FAMILIES

pytest.importorskip("sklearn")
CASES = [
    ("tree", {}), ("forest", {"trees": 7}), ("boosting", {"trees": 5}), ("logistic", {"c": 0.1}),
    ("svm", {}), ("svm", {"kernel": "linear"}), ("svm", {"kernel": "poly"}),
]  # fmt: skip


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize(("name", "given"), CASES)
def test_the_graph_answers_as_the_estimator(
    name: str, given: dict, classes: int, rng: np.random.Generator
) -> None:
    family = FAMILIES.get(name)
    y = np.arange(120) % classes
    x = (rng.normal(size=(120, 5)) + y[:, None] * [1.0, 0.5, 0, 0, 0]).astype(np.float32)
    how = Fit(family.complete(given), np.linspace(0.5, 1.5, classes).astype(np.float32), 3)
    judge = fitted(family, x, y, how, Silent())
    graph = network(judge, "net", Silent())
    verify(graph)
    assert graph.outputs == ("probabilities",) and not graph.labels
    got = answers(graph, x)
    assert got.shape == (120, classes)
    assert (got.argmax(1) == judge.predict(x)).all()
    if hasattr(judge, "predict_proba"):
        assert np.abs(got - judge.predict_proba(x)).max() <= 1e-4


def test_windows_of_a_class_weigh_what_is_said(rng: np.random.Generator) -> None:
    """A class that weighs a thousand times as much is answered wherever it may be."""
    family, y = FAMILIES.get("logistic"), np.arange(100) % 2
    x = rng.normal(size=(100, 2)).astype(np.float32)
    for heavy in (0, 1):
        weights = np.ones(2, np.float32)
        weights[heavy] = 1000
        judge = fitted(family, x, y, Fit(family.complete({}), weights, 1), Silent())
        assert (judge.predict(x) == heavy).all()


def test_a_network_is_no_estimator() -> None:
    with pytest.raises(Exception, match="family mlp has no estimator"):
        fitted(
            FAMILIES.get("mlp"), np.zeros((2, 1)), np.arange(2), Fit({}, np.ones(2), 1), Silent()
        )
