"""Operators of ai.onnx.ml, in models that skl2onnx writes, against ONNX Runtime."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper
from skl2onnx import to_onnx
from sklearn import ensemble, linear_model, tree
from sklearn import preprocessing as pre
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline

from tinsmith.core.errors import UserError
from tinsmith.importers import read_model
from tinsmith.ir.interp import run_cases

IRIS = load_iris(return_X_y=True)
CANCER = load_breast_cancer(return_X_y=True)
CLASSIFIERS = {
    "tree": lambda: tree.DecisionTreeClassifier(max_depth=4, random_state=1),
    "forest": lambda: ensemble.RandomForestClassifier(5, max_depth=3, random_state=1),
    "boosting": lambda: ensemble.GradientBoostingClassifier(n_estimators=4, random_state=1),
    "logistic": lambda: make_pipeline(pre.StandardScaler(), linear_model.LogisticRegression()),
    "normalized": lambda: make_pipeline(pre.Normalizer("l2"), linear_model.LogisticRegression()),
    "imputed": lambda: make_pipeline(SimpleImputer(), linear_model.LogisticRegression()),
}
REGRESSORS = {
    "tree": lambda: tree.DecisionTreeRegressor(max_depth=5, random_state=1),
    "forest": lambda: ensemble.RandomForestRegressor(5, max_depth=4, random_state=1),
    "boosting": lambda: ensemble.GradientBoostingRegressor(n_estimators=9, random_state=1),
    "linear": lambda: linear_model.LinearRegression(),
    "two_targets": lambda: linear_model.LinearRegression(),
    "norm_max": lambda: make_pipeline(pre.Normalizer("max"), linear_model.Ridge()),
    "norm_l1": lambda: make_pipeline(pre.Normalizer("l1"), linear_model.Ridge()),
}


def compare(model: Any, x: np.ndarray, path: Path) -> None:
    """Every row and every output as ONNX Runtime has it: whole numbers exactly."""
    path.write_bytes(model.SerializeToString())
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (name,) = (i.name for i in session.get_inputs())
    wanted = [session.run(None, {name: row[None]}) for row in x]
    graph = read_model(path)
    assert len(graph.outputs) == len(wanted[0])
    seen = run_cases(graph, {graph.inputs[0]: x[:, None]})
    for i, output in enumerate(graph.outputs):
        want = np.stack([w[i] for w in wanted])
        got = seen[output]
        assert got.shape == want.shape and got.dtype == want.dtype
        if got.dtype == np.float32:
            assert np.max(np.abs(got - want)) <= 1e-5 * max(1e-30, np.max(np.abs(want)))
        else:
            assert np.array_equal(got, want)


@pytest.mark.parametrize("data", [IRIS, CANCER], ids=["three", "two"])
@pytest.mark.parametrize("key", CLASSIFIERS)
def test_classifiers(key: str, data: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> None:
    x, y = data[0].astype(np.float32), data[1] * 3 + 1
    model = CLASSIFIERS[key]().fit(x, y)
    asked = x[::13].copy()
    if key == "imputed":
        asked[::2, 1] = np.nan
    made = to_onnx(model, x[:1], options={"zipmap": False}, target_opset=17)
    compare(made, asked, tmp_path / "m.onnx")


@pytest.mark.parametrize("key", REGRESSORS)
def test_regressors(key: str, tmp_path: Path) -> None:
    x, y = IRIS[0].astype(np.float32), IRIS[0][:, 3] + IRIS[1]
    y = np.stack([y, -y], 1) if key == "two_targets" else y
    model = REGRESSORS[key]().fit(x[:, :3], y)
    compare(to_onnx(model, x[:1, :3], target_opset=17), x[::11, :3], tmp_path / "m.onnx")


def one_node(kind: str, outputs: int = 1, **attributes: Any) -> onnx.ModelProto:
    """A model of one operator on x [1, 3]."""
    names = [f"y{i}" for i in range(outputs)]
    node = helper.make_node(kind, ["x"], names, domain="ai.onnx.ml", **attributes)
    types = [onnx.TensorProto.INT64] if outputs == 2 else []
    ends = [
        helper.make_tensor_value_info(n, t, None)
        for n, t in zip(names, [*types, onnx.TensorProto.FLOAT], strict=True)
    ]
    x = helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 3])
    sets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    graph = helper.make_graph([node], "g", [x], ends)
    return helper.make_model(graph, opset_imports=sets, ir_version=9)


X = np.array([[1, 2, 3], [0, -4, 0.5], [0, 0, 0], [0.5, 0.25, -1], [-1, -2, -3]], np.float32)


def stump(mode: str = "BRANCH_LEQ", **more: Any) -> dict[str, Any]:
    """One split of feature 1 at 0.25."""
    return {
        "nodes_treeids": [0, 0, 0], "nodes_nodeids": [0, 1, 2], "nodes_featureids": [1, 0, 0],
        "nodes_values": [0.25, 0.0, 0.0], "nodes_modes": [mode, "LEAF", "LEAF"],
        "nodes_truenodeids": [1, 0, 0], "nodes_falsenodeids": [2, 0, 0],
        "nodes_hitrates": [1.0] * 3, "nodes_missing_value_tracks_true": [0, 0, 0], **more,
    }  # fmt: skip


def target(**more: Any) -> dict[str, Any]:
    return {
        "target_treeids": [0, 0], "target_nodeids": [1, 2], "target_ids": [0, 0],
        "target_weights": [1.5, -2.0], "n_targets": 1, **more,
    }  # fmt: skip


WIDE = {"coefficients": [0.1, 0.0, 0.0, 0.0, 0.1, 0.0, 0.0, 0.0, 0.1], "intercepts": [0.5] * 3}
CLASSES = {**WIDE, "intercepts": [0.5, 0.0, 0.5], "classlabels_ints": [4, 2, 9]}


@pytest.mark.parametrize("transform", ["NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO", "PROBIT"])
def test_transforms_of_several_scores(transform: str, tmp_path: Path) -> None:
    x = np.clip(X, -3, 3) + np.float32([0.25, 0, 0.5])
    model = one_node("LinearRegressor", **WIDE, targets=3, post_transform=transform)
    compare(model, x, tmp_path / "r.onnx")
    model = one_node("LinearClassifier", 2, **CLASSES, post_transform=transform)
    # the probit of what is not above 0 is none
    compare(model, np.abs(x) + np.float32(0.5 * (transform == "PROBIT")), tmp_path / "c.onnx")


@pytest.mark.parametrize("tracks", [0, 1])
@pytest.mark.parametrize("mode", ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT"])
def test_every_mode_with_what_is_missing(mode: str, tracks: int, tmp_path: Path) -> None:
    body = stump(mode, nodes_missing_value_tracks_true=[tracks, 0, 0])
    asked = np.concatenate([X, np.full((1, 3), np.nan, np.float32)])
    model = one_node("TreeEnsembleRegressor", **body, **target(base_values=[0.5]))
    compare(model, asked, tmp_path / "m.onnx")


@pytest.mark.parametrize("weights", [[0.2, 0.9], [0.3, -0.4]])
@pytest.mark.parametrize("transform", ["NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO"])
def test_two_classes_of_one_score(transform: str, weights: list[float], tmp_path: Path) -> None:
    ids = {"class_treeids": [0, 0], "class_nodeids": [1, 2], "class_ids": [0, 0]}
    model = one_node(
        "TreeEnsembleClassifier", 2, **stump(), **ids, class_weights=weights,
        classlabels_int64s=[5, 3], post_transform=transform,
    )  # fmt: skip
    compare(model, X, tmp_path / "m.onnx")


def test_means_of_trees(tmp_path: Path) -> None:
    """Of two trees: the mean of one is its sum."""
    body = {k: v * 2 for k, v in stump().items()} | {"nodes_treeids": [0, 0, 0, 1, 1, 1]}
    ends = {
        "target_treeids": [0, 0, 1, 1], "target_nodeids": [1, 2] * 2, "target_ids": [0] * 4,
        "target_weights": [1.5, -2.0, 0.25, 4.0], "aggregate_function": "AVERAGE", "n_targets": 1,
    }  # fmt: skip
    compare(one_node("TreeEnsembleRegressor", **body, **ends), X, tmp_path / "m.onnx")


@pytest.mark.parametrize(
    ("kind", "attributes"),
    [
        ("Scaler", {"offset": [1.0, 0.5, -2.0], "scale": [2.0, 0.1, 3.0]}),
        ("Scaler", {"offset": [1.0], "scale": [0.5]}),
        ("Normalizer", {"norm": "MAX"}), ("Normalizer", {"norm": "L1"}),
        ("Normalizer", {"norm": "L2"}), ("Binarizer", {"threshold": 0.25}),
        ("Imputer", {"imputed_value_floats": [7.0, 8.0, 9.0], "replaced_value_float": 0.0}),
        ("LinearRegressor", {"coefficients": [1.0, 2.0, 3.0], "intercepts": [0.5]}),
        ("SVMRegressor", {"coefficients": [1.0, 2.0, 3.0], "rho": [0.25], "one_class": 1,
                          "kernel_params": [0.0, 0.0, 0.0]}),
    ],
)  # fmt: skip
def test_one_operator(kind: str, attributes: dict[str, Any], tmp_path: Path) -> None:
    compare(one_node(kind, **attributes), X, tmp_path / "m.onnx")


@pytest.mark.parametrize(
    ("kind", "attributes"),
    [
        ("TreeEnsembleRegressor", {**stump("BRANCH_EQ"), **target()}),
        ("TreeEnsembleRegressor", {**stump(), **target(aggregate_function="MIN")}),
        ("TreeEnsembleRegressor", {**stump(), **target(target_nodeids=[1, 9])}),
        ("TreeEnsembleRegressor", {**stump(nodes_truenodeids=[7, 0, 0]), **target()}),
        ("TreeEnsembleRegressor", {**stump(nodes_truenodeids=[0, 0, 0]), **target()}),
        ("TreeEnsembleRegressor", {**stump(nodes_values=[0.5, 0.0]), **target()}),
        ("LinearRegressor", {"coefficients": [1.0], "intercepts": [0.5]}),
        ("LinearRegressor", {"coefficients": [1.0, 2.0, 3.0], "post_transform": "SQUARE"}),
        ("Scaler", {"offset": [1.0, 2.0], "scale": [0.5]}),
        ("ZipMap", {"classlabels_int64s": [0, 1]}),
        ("LabelEncoder", {"keys_floats": [0.5, 1.0], "values_floats": [0.5]}),
        ("LabelEncoder", {"keys_int64s": [1], "values_floats": [0.5]}),
        ("FeatureVectorizer", {"inputdimensions": [2]}),
        ("SVMRegressor", {"coefficients": [1.0], "n_supports": 1, "rho": [0.0]}),
    ],
)
def test_what_is_not_supported_is_refused(
    kind: str, attributes: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(one_node(kind, **attributes).SerializeToString())
    with pytest.raises(UserError) as e:
        read_model(path)
    assert e.value.code.startswith("import.onnx") and kind in e.value.message
