"""Names of classes that a file says, whatever they are: they are told of the label and of the
scores, with ZipMap and without."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skl2onnx
from onnx import helper
from onnxes import info, model, saved
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC

from tinsmith.importers import read_model
from tinsmith.ir.graph import Graph

CLASSIFIERS = [
    RandomForestClassifier(5, random_state=1), LogisticRegression(), SVC(), GaussianNB(),
    MLPClassifier((4,), max_iter=5, random_state=1), KNeighborsClassifier(3),
]  # fmt: skip
NAMES: dict[str, list[Any]] = {
    "texts": ["calm", "off", "wild"], "places": [0, 1, 2], "numbers": [1, 3, 7],
    "two": [0, 1], "two texts": ["no", "yes"], "two numbers": [-1, 1],
}  # fmt: skip


def exported(classifier: Any, names: list[Any], zipmap: bool, folder: Path) -> Graph:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((60, 4)).astype(np.float32)
    classifier.fit(x, np.array(names)[np.arange(60) % len(names)])
    options = {id(classifier): {"zipmap": zipmap}}
    made = skl2onnx.to_onnx(classifier, x[:1], options=options, target_opset=17)
    return read_model(saved(made, folder))


@pytest.mark.filterwarnings("ignore")  # of training that has not converged
@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=lambda c: type(c).__name__)
@pytest.mark.parametrize("zipmap", [True, False])
def test_classes_of_label_and_scores(
    kind: str, classifier: Any, zipmap: bool, tmp_path: Path
) -> None:
    """A label that is a number of its own, not a place, says itself; the scores have its name."""
    names = NAMES[kind]
    graph = exported(classifier, names, zipmap, tmp_path)
    label, scores = graph.outputs
    words, places = tuple(map(str, names)), isinstance(names[0], str) or 0 in names
    if graph.type(scores).elements == len(names):  # SVC without probabilities: one per pair
        assert graph.labels[scores] == words
    assert graph.labels.get(label) == (words if places else None)


def looked_up(table: np.ndarray, *more: Any, outputs: tuple[Any, ...]) -> Any:
    """table[argmax(x)] as output y, of three scores x."""
    nodes = [
        helper.make_node("ArgMax", ["x"], ["i"], axis=1, keepdims=0),
        helper.make_node("Gather", ["table", "i"], ["y"]),
        *more,
    ]
    return model(nodes, [info("x", (1, 3))], list(outputs), {"table": table})


def test_a_table_of_places_names_the_scores_and_what_is_made_of_them(tmp_path: Path) -> None:
    more = helper.make_node("Softmax", ["x"], ["p"], axis=1)
    outputs = (info("y", (1,), "int64"), info("p", (1, 3)))
    graph = read_model(saved(looked_up(np.arange(3), more, outputs=outputs), tmp_path))
    assert graph.labels == {"y": ("0", "1", "2"), "p": ("0", "1", "2")}


def test_what_is_not_about_classes_gets_no_names(tmp_path: Path) -> None:
    """As many features as classes; and a table of other numbers than classes."""
    nodes = [
        helper.make_node("Abs", ["x"], ["features"]),
        helper.make_node("Neg", ["x"], ["s"]),
        helper.make_node("ArgMax", ["s"], ["i"], axis=1, keepdims=0),
        helper.make_node("Gather", ["table", "i"], ["y"]),
    ]
    outputs = [info("features", (1, 3)), info("y", (1,), "int64"), info("s", (1, 3))]
    held = {"table": np.array([0, 1, 2])}
    made = model(nodes, [info("x", (1, 3))], outputs, held)
    graph = read_model(saved(made, tmp_path))
    assert graph.labels == {"y": ("0", "1", "2"), "s": ("0", "1", "2")}
    real = looked_up(np.array([0.5, 1, 2], np.float32), outputs=(info("y", (1,)),))
    assert read_model(saved(real, tmp_path)).labels == {}
