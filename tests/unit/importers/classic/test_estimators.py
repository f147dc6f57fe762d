"""Every estimator of scikit-learn is saved or refused by name; several outputs; what is said of
classes and outliers."""

import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import ensemble, linear_model, multioutput, neighbors, neural_network, svm, tree
from sklearn.covariance import EllipticEnvelope
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import all_estimators

from tinsmith.core.errors import UserError
from tinsmith.importers import read_model
from tinsmith.importers.classic.estimators import ESTIMATORS
from tinsmith.importers.classic.sklearn import from_estimator, save
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases

X, CLASSES = load_iris(return_X_y=True)
X, CLASSES = X[::3].astype(np.float32).astype(np.float64), CLASSES[::3]
TARGETS: Mapping[str, np.ndarray] = {
    "classes": CLASSES,
    "texts": np.array(["a", "b", "c"])[CLASSES],
    "a column": CLASSES[:, None],
    "two classes": np.stack([CLASSES, CLASSES > 0], 1),
    "labels": np.stack([CLASSES > 0, CLASSES > 1], 1).astype(np.int64),
    "three labels": np.eye(3, dtype=np.int64)[CLASSES],
    "numbers": X[:, :2] * 1.5,
}
BY_NAME = dict(all_estimators())
SHALLOW = {"max_iter": 4, "n_estimators": 3, "n_init": 1}


def made(kind: type) -> Any:
    """With little to do; those around another estimator get one."""
    inner = linear_model.LogisticRegression(max_iter=4)
    around = {"RFE": inner, "RFECV": inner, "SelectFromModel": inner,
              "CalibratedClassifierCV": inner, "MultiOutputClassifier": inner,
              "MultiOutputRegressor": linear_model.Ridge()}  # fmt: skip
    model = kind(around[kind.__name__]) if kind.__name__ in around else kind()
    few = {k: v for k, v in SHALLOW.items() if k in model.get_params()}
    return model.set_params(**few)


def fitted(name: str) -> Iterator[tuple[str, Any]]:
    """On every kind of target that it takes."""
    for what, target in TARGETS.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                yield what, made(BY_NAME[name]).fit(X, target)
            except (ValueError, TypeError):  # scikit-learn's own refusal of the target
                continue


def outcome(model: Any, path: Path) -> str:
    """The way a model takes; whatever is neither a file nor a UserError comes through."""
    try:
        save(model, path)
    except UserError as e:
        assert e.code == "import.sklearn.estimator" and type(model).__name__ in e.message
        assert len(e.hint) < 300
        return "refused"
    read = read_model_here(path)
    return "saved" if read.outputs else "nothing"


def read_model_here(path: Path) -> Graph:
    """Without the sandbox, whose process would be started a hundred times."""
    from tinsmith.importers.classic.sklearn_file import convert

    return convert(path, "m")


@pytest.mark.parametrize("name", sorted(set(ESTIMATORS) & set(BY_NAME)))
def test_what_is_supported_is_saved_or_refused_by_name(name: str, tmp_path: Path) -> None:
    found = {what: outcome(model, tmp_path / "m.tsk") for what, model in fitted(name)}
    novel = name == "LocalOutlierFactor"  # its default judges its own training data only
    assert novel or "saved" in found.values(), found


def test_all_others_are_refused_by_name(tmp_path: Path) -> None:
    """Fitted or not: their name comes first."""
    others = [e for n, e in BY_NAME.items() if n not in (*ESTIMATORS, "Pipeline")]
    assert len(others) > 80
    for kind in others:
        model = kind.__new__(kind)
        with pytest.raises(UserError) as e:
            save(model, tmp_path / "m.tsk")
        assert kind.__name__ in e.value.message and "not supported" in e.value.message
        assert "tinsmith kinds ops sklearn" in e.value.hint


SEVERAL: Mapping[str, Any] = {
    "linear": linear_model.LinearRegression(),
    "ridge": linear_model.RidgeCV(),
    "lasso": linear_model.MultiTaskLasso(alpha=0.01),
    "tree": tree.DecisionTreeRegressor(max_depth=4, random_state=1),
    "extra_tree": tree.ExtraTreeRegressor(max_depth=4, random_state=1),
    "forest": ensemble.RandomForestRegressor(5, max_depth=4, random_state=1),
    "extra_trees": ensemble.ExtraTreesRegressor(5, max_depth=4, random_state=1),
    "bagging": ensemble.BaggingRegressor(n_estimators=4, max_features=0.7, random_state=1),
    "neighbours": neighbors.KNeighborsRegressor(3),
    "network": neural_network.MLPRegressor(hidden_layer_sizes=(5,), max_iter=30, random_state=1),
    "each its own": multioutput.MultiOutputRegressor(make_pipeline(StandardScaler(), svm.SVR())),
    "each a forest": multioutput.MultiOutputRegressor(
        ensemble.RandomForestRegressor(4, max_depth=4, random_state=1)
    ),
}


@pytest.mark.parametrize("name", sorted(SEVERAL))
def test_regressors_may_have_several_outputs(name: str) -> None:
    y = np.stack([X[:, 0] * X[:, 1], X[:, 2] - X[:, 3], CLASSES], 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = SEVERAL[name].fit(X, y)
    graph = from_estimator(model, (), "m")
    assert graph.outputs == ("value",) and graph.type("value").shape == (1, 3)
    got = run_cases(graph, {"x": X[:, None].astype(np.float32)})["value"][:, 0]
    assert np.allclose(got, model.predict(X), rtol=0, atol=2e-5)


@pytest.mark.parametrize(
    "model",
    [
        tree.DecisionTreeClassifier(), ensemble.RandomForestClassifier(3),
        ensemble.ExtraTreesClassifier(3), neighbors.KNeighborsClassifier(),
        neural_network.MLPClassifier((3,), max_iter=3), linear_model.RidgeClassifier(),
        multioutput.ClassifierChain(linear_model.LogisticRegression()),
    ],
    ids=lambda m: type(m).__name__,
)  # fmt: skip
@pytest.mark.parametrize("target", ["two classes", "labels", "three labels"])
def test_classifiers_of_several_outputs_say_so(model: Any, target: str, tmp_path: Path) -> None:
    """Their classes are ragged lists, or the places of the labels: neither is a class."""
    refusing = ("MLPClassifier", "RidgeClassifier", "ClassifierChain")
    if target == "two classes" and type(model).__name__ in refusing:
        return  # scikit-learn refuses these
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, TARGETS[target])
    with pytest.raises(UserError) as e:
        save(model, tmp_path / "m.tsk")
    assert e.value.code == "import.sklearn.estimator" and not (tmp_path / "m.tsk").exists()
    assert type(model).__name__ in e.value.message
    if type(model).__name__ in ESTIMATORS:
        assert "several outputs" in e.value.message and "per output" in e.value.hint


def probabilities_of(model: Any) -> np.ndarray:
    graph = from_estimator(model, (), "m")
    assert graph.outputs == ("label", "probability")
    got = run_cases(graph, {"x": X[:, None].astype(np.float32)})
    want = np.searchsorted(model.classes_, model.predict(X))
    assert np.array_equal(got["label"].ravel(), want)
    return np.asarray(got["probability"].reshape(len(X), -1))


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize(
    "model",
    [
        svm.SVC(probability=True, random_state=1), svm.SVC(kernel="linear", probability=True),
        svm.NuSVC(nu=0.1, probability=True, random_state=1),
        linear_model.SGDClassifier(loss="modified_huber", random_state=1),
    ],
    ids=lambda m: type(m).__name__,
)  # fmt: skip
def test_classifiers_that_know_probabilities_give_them(model: Any, classes: int) -> None:
    y = CLASSES if classes == 3 else CLASSES > 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = make_pipeline(StandardScaler(), model).fit(X, y)
    assert np.allclose(probabilities_of(found), found.predict_proba(X), rtol=0, atol=1e-5)


def test_clamped_shares_that_are_all_zero_are_even() -> None:
    """Decisions of the modified Huber loss, all at most -1."""
    x = np.array([[0.0], [1.0], [2.0], [3.0], [4.0], [5.0]])
    model = linear_model.SGDClassifier(loss="modified_huber", random_state=1)
    model.fit(x, [0, 0, 1, 1, 2, 2])
    model.coef_, model.intercept_ = np.array([[1.0], [-1.0], [0.5]]), np.array([-9.0, -9.0, -9.0])
    graph = from_estimator(model, (), "m")
    asked = np.array([0.0, 9.5, -8.5, 30.0], np.float32).reshape(-1, 1)
    got = run_cases(graph, {"x": asked[:, None]})["probability"].reshape(4, 3)
    assert np.allclose(got, model.predict_proba(asked.astype(np.float64)), rtol=0, atol=1e-6)
    assert np.allclose(got[0], 1 / 3)


@pytest.mark.parametrize(
    "model",
    [
        ensemble.IsolationForest(n_estimators=5, random_state=1), svm.OneClassSVM(nu=0.2),
        linear_model.SGDOneClassSVM(nu=0.2, random_state=1),
        EllipticEnvelope(support_fraction=0.9, random_state=1),
        neighbors.LocalOutlierFactor(5, novelty=True),
    ],
    ids=lambda m: type(m).__name__,
)  # fmt: skip
def test_outliers_are_minus_one(model: Any) -> None:
    """As the library's `predict` has it: 1 for what is ordinary."""
    model.fit(X)
    asked = np.concatenate([X, X * 9, -X]).astype(np.float32)
    graph = from_estimator(model, (), "m")
    got = run_cases(graph, {"x": asked[:, None]})["label"]
    assert got.dtype == np.int32 and set(got.ravel().tolist()) == {-1, 1}
    assert np.array_equal(got.ravel(), model.predict(asked.astype(np.float64)))


def test_a_factor_of_the_training_data_alone_is_refused() -> None:
    with pytest.raises(UserError) as e:
        from_estimator(neighbors.LocalOutlierFactor().fit(X), (), "m")
    assert "novelty=True" in e.value.hint


def test_what_would_not_be_read_is_not_saved(tmp_path: Path) -> None:
    """More features than trees may have."""
    wide = np.random.default_rng(1).normal(size=(6, 5000))
    model = tree.DecisionTreeRegressor().fit(wide, np.arange(6))
    with pytest.raises(UserError) as e:
        save(model, tmp_path / "m.tsk")
    assert e.value.code == "import.classic.limit" and not (tmp_path / "m.tsk").exists()


def test_a_saved_regressor_of_several_outputs_is_read(tmp_path: Path) -> None:
    model = ensemble.RandomForestRegressor(2, random_state=1).fit(X, TARGETS["numbers"])
    assert read_model(save(model, tmp_path / "m.tsk")).type("value").shape == (1, 2)
