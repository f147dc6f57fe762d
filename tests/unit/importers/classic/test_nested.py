"""Calibrated classifiers and one estimator per output give what scikit-learn gives."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import ensemble, linear_model, naive_bayes, neighbors, svm
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_wine
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tinsmith.core.errors import UserError
from tinsmith.importers import read_model
from tinsmith.importers.classic.sklearn import from_estimator, save
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.rules import verify
from tinsmith.ir.text import graph_hash

X, CLASSES = load_wine(return_X_y=True)
X = X.astype(np.float32).astype(np.float64)
FIT, REST = slice(0, None, 2), slice(1, None, 2)
INNER: dict[str, Any] = {
    "forest": ensemble.RandomForestClassifier(5, max_depth=3, random_state=1),
    "logistic": make_pipeline(StandardScaler(), linear_model.LogisticRegression()),
    "linear_svc": make_pipeline(StandardScaler(), svm.LinearSVC(random_state=1)),
    "svc": make_pipeline(StandardScaler(), svm.SVC(probability=True, random_state=1)),
    "boosting": ensemble.GradientBoostingClassifier(n_estimators=4, random_state=1),
    "histogram": ensemble.HistGradientBoostingClassifier(max_iter=4, random_state=1),
    "ada": ensemble.AdaBoostClassifier(n_estimators=4, random_state=1),
    "neighbours": neighbors.KNeighborsClassifier(algorithm="brute"),
    "sgd": make_pipeline(
        StandardScaler(), linear_model.SGDClassifier(loss="log_loss", random_state=1)
    ),
}


def answers(graph: Graph) -> dict[str, np.ndarray]:
    verify(graph)
    return dict(run_cases(graph, {"x": X[REST][:, None].astype(np.float32)}, reset_each=True))


def fitted(model: Any, y: np.ndarray) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X[FIT], y[FIT])


def compare(model: Any, graph: Graph) -> None:
    assert graph.outputs == ("label", "probability")
    got, want = answers(graph), model.predict_proba(X[REST])
    assert np.allclose(got["probability"].reshape(want.shape), want, rtol=0, atol=1e-4)
    label = np.searchsorted(model.classes_, model.predict(X[REST]))
    margin = np.diff(np.sort(want, axis=1)[:, -2:], axis=1).ravel()
    assert np.array_equal(got["label"].ravel()[margin > 1e-4], label[margin > 1e-4])
    assert graph.labels["label"] == graph.labels["probability"] == tuple(map(str, model.classes_))


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("how", ["sigmoid", "isotonic", "sigmoid once", "isotonic once"])
@pytest.mark.parametrize("name", sorted(INNER))
def test_calibrated_classifiers(name: str, how: str, classes: int) -> None:
    y = np.array(["no", "yes", "perhaps"])[np.minimum(CLASSES, classes - 1)]
    method, once = how.split()[0], "once" in how
    model = CalibratedClassifierCV(INNER[name], method=method, cv=3, ensemble=not once)
    fitted(model, y)
    compare(model, from_estimator(model, (), "m"))


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_a_classifier_that_was_fitted_before(method: str, tmp_path: Path) -> None:
    frozen = pytest.importorskip("sklearn.frozen")  # scikit-learn 1.6
    inner = fitted(INNER["linear_svc"], CLASSES)
    model = CalibratedClassifierCV(frozen.FrozenEstimator(inner), method=method)
    model.fit(X[REST], CLASSES[REST])
    graph = from_estimator(model, (), "m")
    compare(model, graph)
    read = read_model(save(model, tmp_path / "m.tsk"))
    assert graph_hash(read) == graph_hash(graph)


def test_calibration_that_float32_cannot_follow_is_said() -> None:
    """Probabilities of naive Bayes crowd at 0 and 1, closer than float32 tells apart."""
    model = CalibratedClassifierCV(naive_bayes.GaussianNB(), method="isotonic", cv=3)
    graph = from_estimator(fitted(model, CLASSES), (), "m")
    model.calibrated_classifiers_[0].calibrators[0].X_thresholds_ = np.array([0, 1 - 1e-9, 1])
    model.calibrated_classifiers_[0].calibrators[0].y_thresholds_ = np.array([0, 0.5, 1.0])
    (note,) = from_estimator(model, (), "m").notes
    assert "float32" in note and "sigmoid" in note
    assert graph.outputs == ("label", "probability")


def test_what_cannot_be_calibrated_is_named() -> None:
    model = fitted(CalibratedClassifierCV(INNER["forest"], method="sigmoid", cv=3), CLASSES)
    model.method = "temperature"
    with pytest.raises(UserError, match="CalibratedClassifierCV: method 'temperature'") as e:
        from_estimator(model, (), "m")
    assert "sigmoid, isotonic" in e.value.hint
    other = CalibratedClassifierCV(linear_model.Perceptron(), cv=3)
    fitted(other, CLASSES)
    for part in other.calibrated_classifiers_:
        part.estimator = Unknown()
    with pytest.raises(UserError, match="Unknown: it is not supported"):
        from_estimator(other, (), "m")


class Unknown:
    classes_ = np.arange(3)
    n_features_in_ = 13


def test_several_classifiers_have_numbered_outputs(tmp_path: Path) -> None:
    y = np.stack([np.array(["a", "b", "c"])[CLASSES], np.where(X[:, 0] > 13, "high", "low")], 1)
    for inner in (INNER["forest"], INNER["logistic"]):
        model = fitted(MultiOutputClassifier(inner), y)
        graph = read_model(save(model, tmp_path / "m.tsk"))
        assert graph.outputs == ("label_0", "probability_0", "label_1", "probability_1")
        got, want = answers(graph), model.predict(X[REST])
        for i, shares in enumerate(model.predict_proba(X[REST])):
            names = np.array(graph.labels[f"label_{i}"])
            assert np.array_equal(names[got[f"label_{i}"].ravel()], want[:, i])
            assert np.allclose(got[f"probability_{i}"][:, 0], shares, rtol=0, atol=1e-5)
            assert graph.labels[f"probability_{i}"] == tuple(names)


def test_members_that_give_something_else_are_refused() -> None:
    y = np.stack([CLASSES, CLASSES], 1)
    model = fitted(MultiOutputRegressor(linear_model.LogisticRegression(max_iter=5)), y)
    with pytest.raises(UserError, match="LogisticRegression: it stands among others") as e:
        from_estimator(model, (), "m")
    assert e.value.hint
