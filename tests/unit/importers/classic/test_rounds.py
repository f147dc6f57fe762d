"""Which boosting rounds a model means: those up to its best iteration, or all."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest
import xgboost
from sklearn.datasets import load_iris

from tinsmith.core.errors import UserError
from tinsmith.importers import read_model
from tinsmith.importers.classic import lightgbm as lightgbm_importer
from tinsmith.importers.classic import xgboost as xgboost_importer
from tinsmith.importers.classic import xgboost_file
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases

X, CLASSES = load_iris(return_X_y=True)
X = X.astype(np.float32)
NOISY = (CLASSES + (np.arange(len(X)) % 5 == 0)) % 3
KINDS: Mapping[str, Mapping[str, Any]] = {
    "plain": {},
    "parallel": {"num_parallel_tree": 3, "subsample": 0.7},
    "dart": {"booster": "dart", "rate_drop": 0.3},
    "two": {"classes": 2},
    "value": {"classes": 0},
}


def stopped(kind: str) -> Any:
    """An estimator whose training went on behind its best iteration."""
    options = {"n_estimators": 60, "early_stopping_rounds": 4, "eta": 0.4, "n_jobs": 1, "seed": 3}
    options |= {"max_depth": 3, **KINDS[kind]}
    classes = options.pop("classes", 3)
    y = NOISY if classes == 3 else NOISY > 0 if classes else NOISY + 0.5
    make = xgboost.XGBClassifier if classes else xgboost.XGBRegressor
    model = make(**options).fit(X[::2], y[::2], eval_set=[(X[1::2], y[1::2])], verbose=False)
    assert model.best_iteration + 1 < model.get_booster().num_boosted_rounds()
    return model


def answers(graph: Graph) -> np.ndarray:
    found = run_cases(graph, {"x": X[:, None]})
    return found["probability" if "probability" in found else "value"].reshape(len(X), -1)


def wanted(model: Any) -> np.ndarray:
    ask = model.predict_proba if hasattr(model, "predict_proba") else model.predict
    return np.asarray(ask(X)).reshape(len(X), -1)


@pytest.mark.parametrize("suffix", [".json", ".ubj"])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_file_means_the_rounds_up_to_the_best(kind: str, suffix: str, tmp_path: Path) -> None:
    """What the library's scikit-learn interface predicts once it has loaded the file."""
    model, path = stopped(kind), tmp_path / f"m{suffix}"
    model.save_model(path)
    again = type(model)()
    again.load_model(path)
    best, every = read_model(path), read_model(path, semantics="all")
    assert np.allclose(answers(best), wanted(again), rtol=0, atol=1e-5)
    raw = again.get_booster().predict(xgboost.DMatrix(X)).reshape(len(X), -1)
    assert np.allclose(answers(every)[:, -raw.shape[1] :], raw, rtol=0, atol=1e-5)
    assert np.abs(answers(every) - answers(best)).max() > 1e-3
    rounds = model.get_booster().num_boosted_rounds()
    (note,) = best.notes
    assert f"round {model.best_iteration + 1} of {rounds} best" in note
    assert "--semantics all" in note and not every.notes


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_live_objects_are_what_they_predict(kind: str) -> None:
    """An estimator predicts up to its best iteration, a booster with all rounds."""
    model = stopped(kind)
    live = xgboost_importer.from_object(model, (), "m")
    assert np.allclose(answers(live), wanted(model), rtol=0, atol=1e-5)
    raw = model.get_booster().predict(xgboost.DMatrix(X)).reshape(len(X), -1)
    booster = xgboost_importer.from_object(model.get_booster(), (), "m")
    assert np.allclose(answers(booster)[:, -raw.shape[1] :], raw, rtol=0, atol=1e-5)


def test_files_that_do_not_part_their_trees_are_parted_by_their_parameters() -> None:
    """Versions before `iteration_indptr`."""
    model = stopped("parallel")
    body = json.loads(bytes(model.get_booster().save_raw("json")))
    del body["learner"]["gradient_booster"]["model"]["iteration_indptr"]
    graph = xgboost_file.from_bytes(json.dumps(body).encode(), "m")
    assert len(graph.constants["trees"]) == (model.best_iteration + 1) * 3 * 3
    assert np.allclose(answers(graph), wanted(model), rtol=0, atol=1e-5)


@pytest.mark.parametrize("ends", [[], [0], [0, 5], [3, 12], [0, 9, 9, 36], [0, "x"], "abc"])
def test_rounds_that_do_not_fit_are_refused(ends: Any) -> None:
    body = json.loads(bytes(stopped("plain").get_booster().save_raw("json")))
    body["learner"]["gradient_booster"]["model"]["iteration_indptr"] = ends
    with pytest.raises(UserError) as e:
        xgboost_file.from_bytes(json.dumps(body).encode(), "m")
    assert e.value.code == "import.classic.broken" and "iteration_indptr" in e.value.message


@pytest.mark.parametrize("best", ["-1", "x", "1e400", [1], {}])
def test_a_best_iteration_that_is_none_is_refused(best: Any) -> None:
    body = json.loads(bytes(stopped("plain").get_booster().save_raw("json")))
    body["learner"]["attributes"]["best_iteration"] = best
    with pytest.raises(UserError) as e:
        xgboost_file.from_bytes(json.dumps(body).encode(), "m")
    assert e.value.code == "import.classic.broken" and "best_iteration" in e.value.message


def test_linear_boosters_have_no_rounds_to_choose(tmp_path: Path) -> None:
    """Each round changes the same weights, so the last ones count, for the library too."""
    model = xgboost.XGBRegressor(
        n_estimators=30, booster="gblinear", early_stopping_rounds=2, n_jobs=1
    ).fit(X[::2], NOISY[::2], eval_set=[(X[1::2], 3 - NOISY[1::2])], verbose=False)
    model.save_model(tmp_path / "m.json")
    for graph in (read_model(tmp_path / "m.json"), xgboost_importer.from_object(model, (), "m")):
        assert np.allclose(answers(graph), wanted(model), rtol=0, atol=1e-5)
        assert not graph.notes


def test_random_forests_of_xgboost_use_all_their_trees(tmp_path: Path) -> None:
    model = xgboost.XGBRFClassifier(n_estimators=7, max_depth=3, n_jobs=1).fit(X, NOISY)
    model.save_model(tmp_path / "m.ubj")
    graph = read_model(tmp_path / "m.ubj")
    assert len(graph.constants["trees"]) == 21 and not graph.notes
    assert np.allclose(answers(graph), wanted(model), rtol=0, atol=1e-5)


def test_files_of_lightgbm_hold_what_they_mean(tmp_path: Path) -> None:
    """`save_model` writes the rounds up to the best unless it is told otherwise; a file says
    nothing of a best iteration, and a booster that is read from it predicts with all it holds."""
    data = lightgbm.Dataset(X[::2], NOISY[::2])
    booster = lightgbm.train(
        {"objective": "multiclass", "num_class": 3, "verbose": -1, "learning_rate": 0.4,
         "num_threads": 1},
        data, 80, [data.create_valid(X[1::2], NOISY[1::2])], keep_training_booster=True,
        callbacks=[lightgbm.early_stopping(3, verbose=False)],
    )  # fmt: skip
    path = tmp_path / "m.txt"
    assert booster.best_iteration < booster.current_iteration()
    trees = []
    for count in (None, -1):
        booster.save_model(path, num_iteration=count)
        graph = read_model(path)
        trees.append(len(graph.constants["trees"]))
        said = lightgbm.Booster(model_file=path).predict(X)
        assert np.allclose(answers(graph), said, rtol=0, atol=1e-5)
    assert trees == [3 * booster.best_iteration, 3 * booster.current_iteration()]
    live = lightgbm_importer.from_object(booster, (), "m")
    assert np.allclose(answers(live), booster.predict(X), rtol=0, atol=1e-5)
