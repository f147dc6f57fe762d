"""Names of classes: from who knows them to the header of the module, whatever they are."""

import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tinsmith.codegen.compile import compile_graph
from tinsmith.codegen.cwriter import string_literal
from tinsmith.compress.apply import apply
from tinsmith.compress.method import Calibration, Options
from tinsmith.core import codec
from tinsmith.importers import read_model
from tinsmith.importers.classic.sklearn import from_estimator, save
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.rules import check
from tinsmith.ir.store import dumps, loads
from tinsmith.ir.text import contents, from_text, graph_hash, to_text
from tinsmith.ir.types import TensorType

X, Y = load_iris(return_X_y=True)
NAMES = ("setosa", "versi color", "virginica")
HOSTILE = ('"); system("x', "a\\", "??/", "\n#define X", "*/ /*", "\u00e9\u4e16", "\0", "", "%s",
           "\ud800", "1\x7f7", "a" * 3000)  # fmt: skip


def network(labels: tuple[str, ...] = NAMES, end: str = "probabilities") -> Graph:
    """A dense layer and a softmax; ``end`` may be a name that C does not take."""
    b = Builder("net")
    x = b.input("x", TensorType((1, 4), "float32"))
    w = np.random.default_rng(1).normal(size=(len(labels), 4)).astype(np.float32)
    bias = b.constant("b", np.zeros(len(labels), np.float32))
    scores = b.op("dense", x, b.constant("w", w), bias)
    last = b.op("softmax", scores, name=end)
    b.label(last, labels)
    return b.build([last])


def header(graph: Graph) -> str:
    module = compile_graph(graph, "rpi_pico")
    return module.sources[f"{module.name}.h"]


def test_the_header_of_a_classifier_names_its_classes() -> None:
    text = header(network())
    assert "#define NET_OUTPUT_PROBABILITIES_LABEL_COUNT 3\n" in text
    listed = '{"setosa", "versi color", "virginica"}'
    assert f"#define NET_OUTPUT_PROBABILITIES_LABELS {listed}\n" in text
    assert "LABEL" not in header(network().with_(labels={}))


def test_labels_live_through_passes_and_renaming() -> None:
    """An output whose name is none in C, behind a reshape that disappears."""
    b = Builder("net")
    x = b.input("x", TensorType((1, 3), "float32"))
    last = b.op("softmax", x, name="a/b c")
    last = b.op("reshape", last, shape=(1, 3), name="out:0")
    b.label(last, NAMES)
    graph = b.build([last])
    assert graph.labels == {"out:0": NAMES}
    assert "NET_OUTPUT_OUT_0_LABELS {" in header(graph)


def test_an_output_that_is_an_input_keeps_its_labels() -> None:
    b = Builder("net")
    x = b.input("x", TensorType((1, 3), "float32"))
    b.label(x, NAMES)
    assert "NET_OUTPUT_X_OUT_LABELS {" in header(b.build([x]))


@pytest.mark.parametrize("io", ["float", "int8"])
def test_a_quantised_network_keeps_them(io: str) -> None:
    x = np.random.default_rng(2).normal(size=(20, 1, 4)).astype(np.float32)
    done = apply(network(), "int8_ptq", Calibration({"x": x}), Options(io=io)).graph
    assert list(done.labels.values()) == [NAMES] and set(done.labels) == set(done.outputs)


def test_files_text_hash_and_sandbox_keep_them() -> None:
    graph = network(HOSTILE)
    for again in (
        from_text(to_text(graph), contents(graph)),
        loads(dumps(graph)),
        codec.loads(Graph, codec.dumps(graph)),
    ):
        assert again.labels == graph.labels
    assert graph_hash(graph) != graph_hash(graph.with_(labels={}))


def test_builders_that_take_in_a_graph_take_its_labels() -> None:
    b = Builder("outer")
    found = b.inline(network(), b.input("x", TensorType((1, 4), "float32")))
    assert b.build(found).labels == {found[0]: NAMES}


@pytest.mark.parametrize(
    "labels", [{"probabilities": NAMES[:2]}, {"probabilities": ()}, {"x": NAMES}, {"no": NAMES}]
)
def test_labels_that_do_not_fit_break_the_grammar(labels: dict) -> None:
    assert ["labels" in line for line in check(network().with_(labels=labels))] == [True]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_name_ends_a_string(text: str) -> None:
    literal = string_literal(text)
    assert re.fullmatch(r'"(?:[ !#->@-\[\]-~]|\\[0-7]{3})*"', literal)
    inner = re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), literal[1:-1])
    assert inner.encode("latin-1").decode("utf-8") == text.encode("utf-8", "replace").decode()


def test_classifiers_of_scikit_learn_say_their_classes(tmp_path: Path) -> None:
    texts = np.array(NAMES)[Y]
    for model, scores in ((LogisticRegression(max_iter=500), "probability"), (SVC(), None)):
        graph = from_estimator(model.fit(X, texts), (), "m")
        assert graph.labels["label"] == NAMES
        assert set(graph.labels) == {"label"} | ({scores} if scores else set())
    graph = from_estimator(DecisionTreeClassifier().fit(X, Y + 5), (), "m")
    assert graph.labels == {"label": ("5", "6", "7"), "probability": ("5", "6", "7")}
    read = read_model(save(model, tmp_path / "m.tsk"))
    assert read.labels == {"label": NAMES}


def test_what_has_no_classes_has_no_labels() -> None:
    for model in (DecisionTreeRegressor().fit(X, Y), IsolationForest(n_estimators=3).fit(X)):
        assert from_estimator(model, (), "m").labels == {}
