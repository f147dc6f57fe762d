"""What skl2onnx writes with its defaults, against ONNX Runtime: maps, texts, vectors, distances."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper
from skl2onnx import to_onnx
from sklearn import (
    cluster,
    decomposition,
    discriminant_analysis,
    ensemble,
    linear_model,
    mixture,
    naive_bayes,
    neighbors,
    neural_network,
    svm,
    tree,
)
from sklearn import preprocessing as pre
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline

from tinsmith.core.errors import UserError
from tinsmith.importers import read_model
from tinsmith.importers.onnx.convert import from_bytes
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases

X = load_iris().data.astype(np.float32)
Y = load_iris().target
WORDS = np.array(["setosa", "versicolor", "virginica"])
CLASSIFIERS = {
    "tree": lambda: tree.DecisionTreeClassifier(max_depth=4, random_state=1),
    "boosting": lambda: ensemble.GradientBoostingClassifier(n_estimators=3, random_state=1),
    "bagging": lambda: ensemble.BaggingClassifier(n_estimators=3, random_state=1),
    "adaboost": lambda: ensemble.AdaBoostClassifier(n_estimators=3, random_state=1),
    "logistic": lambda: make_pipeline(pre.StandardScaler(), linear_model.LogisticRegression()),
    "sgd": lambda: make_pipeline(pre.MinMaxScaler(), linear_model.SGDClassifier(random_state=1)),
    "polynomial": lambda: make_pipeline(
        pre.PolynomialFeatures(2), pre.StandardScaler(), linear_model.LogisticRegression()
    ),
    "pca": lambda: make_pipeline(decomposition.PCA(2), linear_model.LogisticRegression()),
    "svc_rbf": svm.SVC,
    "svc_linear": lambda: svm.SVC(kernel="linear"),
    "svc_poly": lambda: svm.SVC(kernel="poly"),
    "svc_sigmoid": lambda: make_pipeline(pre.StandardScaler(), svm.SVC(kernel="sigmoid")),
    "bayes": naive_bayes.GaussianNB,
    "neighbours": neighbors.KNeighborsClassifier,
    "perceptron": lambda: neural_network.MLPClassifier((6,), max_iter=40, random_state=1),
    "discriminant": discriminant_analysis.LinearDiscriminantAnalysis,
}
OTHERS = {
    "svr": svm.SVR,
    "svr_linear": lambda: make_pipeline(pre.StandardScaler(), svm.SVR(kernel="linear")),
    "neighbours": neighbors.KNeighborsRegressor,
    "perceptron": lambda: neural_network.MLPRegressor(
        hidden_layer_sizes=(6,), max_iter=40, random_state=1
    ),
    "kernel_pca": lambda: decomposition.KernelPCA(2, kernel="rbf"),
    "mixture": lambda: mixture.GaussianMixture(3, random_state=1),
    "kmeans": lambda: cluster.KMeans(3, n_init=2, random_state=1),
    "one_class": svm.OneClassSVM,
    "ordinal": pre.OrdinalEncoder,
    "one_hot": pre.OneHotEncoder,
}


def as_array(values: list[Any], words: list[str]) -> np.ndarray:
    """What ONNX Runtime gave for every row: maps as their values, texts as their indices."""
    if isinstance(values[0], list):
        return np.array([[list(row.values()) for row in v] for v in values], np.float32)
    stacked = np.stack(values)
    if stacked.dtype.kind in "OU":
        return np.vectorize(words.index, otypes=[np.int64])(stacked)
    return stacked


def agrees(model: onnx.ModelProto, x: np.ndarray, path: Path, words: list[str]) -> Graph:
    """Labels as ONNX Runtime has them, values within 1e-5 of the largest."""
    path.write_bytes(model.SerializeToString())
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    rows = [session.run(None, {name: row[None]}) for row in x]
    graph = read_model(path)
    assert len(graph.outputs) == len(rows[0])
    seen = run_cases(graph, {graph.inputs[0]: x[:, None]})
    for i, output in enumerate(graph.outputs):
        want, got = as_array([r[i] for r in rows], words), seen[output]
        assert got.shape == want.shape and got.dtype == want.dtype
        if want.dtype == np.float32:
            assert np.max(np.abs(got - want)) <= 1e-5 * np.max(np.abs(want))
        else:
            assert np.array_equal(got, want)
    return graph


@pytest.mark.parametrize("key", CLASSIFIERS)
def test_classifiers_with_maps_and_texts(key: str, tmp_path: Path) -> None:
    model = CLASSIFIERS[key]().fit(X, WORDS[Y])
    graph = agrees(to_onnx(model, X[:1]), X[::4], tmp_path / "m.onnx", WORDS.tolist())
    stages = [n.stage for n in graph.nodes if set(n.outputs) & set(graph.outputs)]
    assert "classes setosa, versicolor, virginica" in stages


@pytest.mark.parametrize(
    ("key", "target"), [("logistic", 12), ("svc_rbf", 13), ("bayes", 15), ("neighbours", 18)]
)
def test_older_versions_and_two_classes(key: str, target: int, tmp_path: Path) -> None:
    model = CLASSIFIERS[key]().fit(X, (Y > 0) * 3 + 1)
    made = to_onnx(model, X[:1], target_opset=target)
    agrees(made, X[::4], tmp_path / "m.onnx", [])


@pytest.mark.parametrize("key", OTHERS)
def test_other_estimators(key: str, tmp_path: Path) -> None:
    x = np.round(X) if key in ("ordinal", "one_hot") else X
    model = OTHERS[key]().fit(x, X[:, 3] + Y)
    agrees(to_onnx(model, x[:1]), x[::4], tmp_path / "m.onnx", [])


def test_one_against_one(tmp_path: Path) -> None:
    model = svm.SVC(decision_function_shape="ovo").fit(X, Y)
    agrees(to_onnx(model, X[:1], options={"zipmap": False}), X[::4], tmp_path / "m.onnx", [])


@pytest.mark.parametrize("kernel", ["rbf", "linear"])
@pytest.mark.parametrize("classes", [2, 3])
def test_probabilities_of_machines(kernel: str, classes: int, tmp_path: Path) -> None:
    model = svm.SVC(kernel=kernel, probability=True, random_state=1)
    model.fit(X, np.minimum(Y, classes - 1))
    path = tmp_path / "m.onnx"
    path.write_bytes(to_onnx(model, X[:1], options={"zipmap": False}).SerializeToString())
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    label, want = session.run(None, {session.get_inputs()[0].name: X[::4]})
    graph = read_model(path)
    seen = run_cases(graph, {graph.inputs[0]: X[::4, None]})
    assert np.array_equal(seen[graph.outputs[0]][:, 0], label)
    got = seen[graph.outputs[1]][:, 0]
    assert got.shape == want.shape
    # decisions of many terms in another order, in front of a steep sigmoid
    np.testing.assert_allclose(got, want, atol=5e-5)
    np.testing.assert_allclose(got.sum(axis=1), 1, atol=1e-6)


def test_probabilities_that_are_not_of_all_pairs_are_refused(tmp_path: Path) -> None:
    made = to_onnx(svm.SVC().fit(X, Y), X[:1], options={"zipmap": False})
    (node,) = (n for n in made.graph.node if n.op_type == "SVMClassifier")
    for key in ("prob_a", "prob_b"):
        node.attribute.append(helper.make_attribute(key, [-1.5, -1.0]))
    path = tmp_path / "m.onnx"
    path.write_bytes(made.SerializeToString())
    with pytest.raises(UserError) as e:
        read_model(path)
    assert "SVMClassifier" in e.value.message and "probabilities of 3 pairs" in e.value.message


@pytest.mark.parametrize("regress", [False, True])
def test_neighbours_by_distances_of_the_runtime(regress: bool, tmp_path: Path) -> None:
    """Points without two at nearly one distance: the runtime's squares are inexact."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(60, 4)).astype(np.float32)
    kind = neighbors.KNeighborsRegressor if regress else neighbors.KNeighborsClassifier
    model = kind().fit(x, rng.integers(0, 3, 60))
    made = to_onnx(model, x[:1], options={kind: {"optim": "cdist"}})
    assert "CDist" in {n.op_type for n in made.graph.node}
    agrees(made, rng.normal(size=(20, 4)).astype(np.float32), tmp_path / "m.onnx", [])


def test_two_classes_of_a_ridge_classifier(tmp_path: Path) -> None:
    """Declared are two columns of scores; computed, here as in ONNX Runtime, is one."""
    model = linear_model.RidgeClassifier().fit(X, Y > 0)
    made = to_onnx(model, X[:1], options={"zipmap": False})
    agrees(made, X[::4], tmp_path / "m.onnx", [])


def two(nodes: list[onnx.NodeProto], ends: list[onnx.ValueInfoProto], x: int) -> onnx.ModelProto:
    """Nodes on x [1, 3] of a type."""
    start = helper.make_tensor_value_info("x", x, [1, 3])
    sets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 5)]
    graph = helper.make_graph(nodes, "g", [start], ends)
    return helper.make_model(graph, opset_imports=sets, ir_version=9)


def ml(kind: str, x: str, y: str, **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(kind, [x], [y], domain="ai.onnx.ml", **attributes)


T = onnx.TensorProto
WHOLE = np.array([[1, 2, 3], [4, -1, 2], [7, 7, 1]], np.int64)


@pytest.mark.parametrize(
    ("attributes", "result", "words"),
    [
        ({"keys_int64s": [1, 7, 2], "values_int64s": [5, -3, 9], "default_int64": 8}, T.INT64, []),
        ({"keys_int64s": [1, 7], "values_floats": [0.5, -3.0], "default_float": 2.5}, T.FLOAT, []),
        ({"keys_int64s": [3, 1], "values_strings": ["b", "a"], "default_string": "z"}, T.STRING,
         ["b", "a", "z"]),
    ],
)  # fmt: skip
def test_label_encoder(
    attributes: dict[str, Any], result: int, words: list[str], tmp_path: Path
) -> None:
    ends = [helper.make_tensor_value_info("y", result, [1, 3])]
    model = two([ml("LabelEncoder", "x", "y", **attributes)], ends, T.INT64)
    agrees(model, WHOLE, tmp_path / "m.onnx", words)


def test_texts_that_are_looked_up_again(tmp_path: Path) -> None:
    first = ml("LabelEncoder", "x", "t", keys_int64s=[1, 2, 7], values_strings=["a", "b", "c"])
    again = ml("LabelEncoder", "t", "y", keys_strings=["c", "a"], values_int64s=[30, 10])
    hot = ml("OneHotEncoder", "t", "h", cats_strings=["b", "a"])
    ends = [
        helper.make_tensor_value_info("y", T.INT64, [1, 3]),
        helper.make_tensor_value_info("h", T.FLOAT, [1, 3, 2]),
    ]
    agrees(two([first, again, hot], ends, T.INT64), WHOLE, tmp_path / "m.onnx", [])


def test_computing_with_texts_is_refused(tmp_path: Path) -> None:
    first = ml("LabelEncoder", "x", "t", keys_int64s=[1], values_strings=["a"])
    equal = helper.make_node("Equal", ["t", "t"], ["y"])
    ends = [helper.make_tensor_value_info("y", T.BOOL, [1, 3])]
    path = tmp_path / "m.onnx"
    path.write_bytes(two([first, equal], ends, T.INT64).SerializeToString())
    with pytest.raises(UserError) as e:
        read_model(path)
    assert "Equal" in e.value.message and "texts" in e.value.message


def test_a_sequence_that_is_no_zip_map_is_refused(tmp_path: Path) -> None:
    node = helper.make_node("Identity", ["x"], ["y"])
    model = two([node], [], T.FLOAT)
    held = helper.make_map_type_proto(T.INT64, helper.make_tensor_type_proto(T.FLOAT, None))
    model.graph.output.append(helper.make_value_info("y", helper.make_sequence_type_proto(held)))
    path = tmp_path / "m.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(UserError, match="maps"):
        read_model(path)


def forest(modes: list[int], **more: Any) -> onnx.NodeProto:
    """Two trees of three inner nodes and five leaves in two columns; the second is a leaf."""
    fields = {
        "nodes_featureids": [0, 1, 2], "nodes_truenodeids": [1, 0, 4],
        "nodes_trueleafs": [0, 1, 1], "nodes_falsenodeids": [1, 2, 4],
        "nodes_falseleafs": [1, 1, 1], "tree_roots": [0, 2], "n_targets": 2,
        "leaf_targetids": [0, 1, 0, 1, 1],
        "nodes_splits": numpy_helper.from_array(np.array([1, 0.25, 0], np.float32)),
        "nodes_modes": numpy_helper.from_array(np.array(modes, np.uint8)),
        "leaf_weights": numpy_helper.from_array(np.array([1, 2, -3, 4, 0.5], np.float32)),
    }  # fmt: skip
    return ml("TreeEnsemble", "x", "y", **{**fields, **more})


NAN = np.nan
ROWS = np.array(
    [
        [1, 0.25, 0], [2, 0, 1], [0, 1, 0], [1, 0.5, 1], [0.5, 0.25, 2],
        [NAN, 0.5, 1], [0, NAN, 2], [2, 1, NAN], [NAN, NAN, NAN],
    ],
    np.float32,
)  # fmt: skip
TRACKS = "nodes_missing_value_tracks_true"


@pytest.mark.parametrize(
    ("modes", "more"),
    [
        ([0, 0, 0], {}), ([1, 2, 0], {"aggregate_function": 0}), ([2, 3, 1], {}), ([3, 1, 2], {}),
        ([0, 3, 1], {TRACKS: [1, 0, 1]}), ([2, 0, 3], {TRACKS: [0, 1, 1]}),
    ],
)  # fmt: skip
def test_tree_ensemble(modes: list[int], more: dict[str, Any], tmp_path: Path) -> None:
    ends = [helper.make_tensor_value_info("y", T.FLOAT, [1, 2])]
    agrees(two([forest(modes, **more)], ends, T.FLOAT), ROWS, tmp_path / "m.onnx", [])


@pytest.mark.parametrize(
    "more",
    [
        {"modes": [4, 0, 0]}, {"modes": [0, 0, 9]}, {"aggregate_function": 3},
        {"post_transform": 2},
        {"nodes_trueleafs": [0, 0, 1]}, {"nodes_truenodeids": [7, 0, 4]}, {"tree_roots": [5]},
        {"leaf_targetids": [0, 1, 0, 1, 2]}, {"nodes_featureids": [0, 1]},
    ],
)  # fmt: skip
def test_broken_tree_ensembles_are_refused(more: dict[str, Any]) -> None:
    ends = [helper.make_tensor_value_info("y", T.FLOAT, [1, 2])]
    node = forest(**{"modes": [0, 0, 0], **more})
    with pytest.raises(UserError) as e:
        from_bytes(two([node], ends, T.FLOAT).SerializeToString(), "m")
    assert "TreeEnsemble" in e.value.message
