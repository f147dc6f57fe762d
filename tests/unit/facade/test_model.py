"""Models: files and live objects in, answers of the reference, our own file out."""

from pathlib import Path

import numpy as np
import pytest

import tinsmith as ts
from tinsmith.facade.model import Model
from tinsmith.facade.quantise import Quantised
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.types import TensorType


def dense(outputs: int = 1) -> Graph:
    """relu(x w + b), and its double where two outputs are wanted."""
    rng = np.random.default_rng(3)
    b = Builder("dense net")
    x = b.input("the input", TensorType((1, 3), "float32"))
    w = b.constant("w", rng.normal(size=(2, 3)).astype(np.float32))
    y = b.op("relu", b.op("dense", x, w, b.constant("b", np.zeros(2, np.float32))), name="y")
    return b.build([y, b.op("add", y, y, name="z")][:outputs])


def counter() -> Graph:
    """Counts its inputs together."""
    b = Builder("counter")
    x = b.input("x", TensorType((1,), "float32"))
    total = b.op("add", x, b.state("seen", np.zeros(1, np.float32)))
    b.update("seen", total)
    return b.build([total])


def test_answers_of_the_reference() -> None:
    model = Model(dense(), "here")
    x = np.random.default_rng(1).normal(size=(6, 3))
    w = model.graph.constants["w"]
    np.testing.assert_allclose(model.predict(x), np.maximum(x @ w.T, 0), atol=1e-6)
    both = Model(dense(2), "here").predict({"the input": x})
    np.testing.assert_array_equal(both["z"], 2 * both["y"])


def test_states_go_from_case_to_case() -> None:
    answers = Model(counter(), "here").predict([[1], [2], [3]])
    assert answers.ravel().tolist() == [1, 3, 6]


def test_it_prints_itself() -> None:
    text = str(Model(dense(), "here").__class__(dense().with_(notes=("It is odd.",)), "here"))
    assert text.splitlines() == [
        "dense net from here",
        "  inputs   the input float32[1x3]",
        "  outputs  y float32[1x2]",
        "  weights  32 B, float",
        "  note     It is odd.",
    ]


def test_labels_are_told() -> None:
    model = Model(dense().with_(labels={"y": ("calm", "<b>wild</b>")}), "here")
    assert model.labels == {"y": ("calm", "<b>wild</b>")}
    assert "classes  y: calm, <b>wild</b>" in str(model)
    assert "calm, &lt;b&gt;wild" in model._repr_html_()


def test_our_own_file_is_written_and_read(tmp_path: Path) -> None:
    path = Model(dense(), "here").save(tmp_path / "m.tinsmith")
    model = ts.load(path)
    assert (model.name, model.origin) == ("dense net", "m.tinsmith")
    assert ts.load(str(path), name="other").name == "other"
    x = np.ones((2, 3))
    np.testing.assert_array_equal(model.predict(x), Model(dense(), "here").predict(x))
    with pytest.raises(ts.UserError, match=r"does not end with \.tinsmith") as e:
        model.save(tmp_path / "m.onnx")
    assert (e.value.code, "m.tinsmith" in e.value.hint) == ("model.save", True)


@pytest.mark.parametrize("name", ["math", "1st", "a b", "ts_x", "größe"])
def test_a_name_that_is_none_in_c_is_refused_before_anything_is_read(name: str) -> None:
    with pytest.raises(ts.UserError, match=r"is no name in C|is taken") as e:
        ts.load("no such file.tflite", name=name)
    good = e.value.hint.rpartition(": ")[2]
    with pytest.raises(ts.UserError, match="There is no file"):
        ts.load("no such file.tflite", name=good)


class Stranger:
    """A class that no importer knows."""


def test_a_stranger_is_refused_by_its_class() -> None:
    with pytest.raises(ts.UserError, match=r"class .*\.Stranger are not taken") as e:
        ts.load(Stranger())
    assert e.value.code == "load.object"
    assert "torch.nn.Module" in e.value.hint


def test_an_estimator_of_scikit_learn() -> None:
    linear = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(40, 3)), rng.integers(0, 2, 40)
    fitted = linear.LogisticRegression().fit(x, y)
    for example in (None, x):
        model = ts.load(fitted, example=example)
        assert (model.name, model.origin) == ("LogisticRegression", "LogisticRegression")
        found = model.predict(x)
        np.testing.assert_array_equal(found["label"].ravel(), fitted.predict(x))
        np.testing.assert_allclose(found["probability"], fitted.predict_proba(x), atol=1e-5)
    with pytest.raises(ts.UserError, match="holds floats"):
        ts.load(fitted, semantics="litert")


@pytest.mark.parametrize("module", ["xgboost", "lightgbm"])
def test_boosted_trees(module: str) -> None:
    library = pytest.importorskip(module)
    rng = np.random.default_rng(2)
    x = rng.normal(size=(80, 3)).astype(np.float32)
    y = (x[:, 0] + 0.1 * rng.normal(size=80) > 0).astype(int)
    kind = "XGBClassifier" if module == "xgboost" else "LGBMClassifier"
    fitted = getattr(library, kind)(n_estimators=3).fit(x, y)
    found = ts.load(fitted).predict(x)
    np.testing.assert_array_equal(found["label"].ravel(), fitted.predict(x))


def test_a_module_of_pytorch() -> None:
    torch = pytest.importorskip("torch")

    class Own(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = torch.nn.Linear(3, 2)

        def forward(self, x):
            return self.inner(x)

    network, x = Own(), np.random.default_rng(1).normal(size=(5, 3))
    want = network(torch.tensor(x, dtype=torch.float32)).detach().numpy()
    for example in (x, [x[:1]], torch.zeros(1, 3)):
        model = ts.load(network, example=example, name="own")
        np.testing.assert_allclose(model.predict(x), want, atol=1e-6)


def test_quantised_says_what_it_lost() -> None:
    model = Model(dense(), "here")
    x = np.random.default_rng(1).normal(size=(20, 3))
    small = ts.quantise(model, x)
    assert isinstance(small, Quantised)
    assert (small.cases, small.source, small.notes) == (20, model, ())
    assert small.output_errors[0].top1 is None  # no scores of classes
    assert small.weights_bytes < model.weights_bytes
    assert small.output_errors[0].sqnr_db > 20
    errors = [e.sqnr_db for e in small.worst_layers]
    assert errors == sorted(errors)
    text = str(small)
    assert "calibrated  on 20 cases, by int8_ptq" in text
    assert "before      32 B, float" in text
    np.testing.assert_allclose(small.predict(x), model.predict(x), atol=0.2)
    integers = ts.quantise(model, x, io="int8")
    assert [t.dtype for t in integers.inputs.values()] == ["int8"]


def test_quantise_is_told_all_that_the_command_is() -> None:
    model, x = Model(dense(), "here"), np.random.default_rng(1).normal(size=(20, 3))
    found = {r: ts.quantise(model, x, rounding=r, reset_each=True) for r in ("double", "single")}
    ways = [
        {n.attrs["rounding"] for n in q.graph.nodes if "rounding" in n.attrs}
        for q in found.values()
    ]
    assert ways == [{"double"}, {"single"}]
    with pytest.raises(TypeError, match="roundig"):
        ts.quantise(model, x, roundig="single")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"calibration": np.full((3, 3), np.nan)}, "compress.calibration"),
        ({"calibration": np.zeros((3, 4))}, "model.inputs.type"),
        ({"io": "int9"}, "quantise.io"),
        ({"method": "int8_ptg"}, "method.unknown"),
    ],
)
def test_quantise_refuses(change: dict, code: str) -> None:
    with pytest.raises(ts.UserError) as e:
        ts.quantise(Model(dense(), "here"), **{"calibration": np.zeros((3, 3)), **change})
    assert e.value.code == code


def test_a_large_loss_is_refused_in_words_of_python() -> None:
    x = np.random.default_rng(1).normal(size=(20, 3))
    x[7] *= 1e6
    model = Model(dense(), "here")
    with pytest.raises(ts.UserError, match="dB of a typical case") as e:
        ts.quantise(model, x)
    assert e.value.code == "quantise.loss"
    least = float(e.value.hint.rsplit("least_sqnr=")[1])
    small = ts.quantise(model, x, least_sqnr=least)
    assert any("calibration case 7" in note for note in small.notes)
    assert "calibration case 7" in str(small)


def test_a_quantised_model_is_not_quantised_again() -> None:
    small = ts.quantise(Model(dense(), "here"), np.ones((3, 3)))
    with pytest.raises(ts.UserError, match="starts from a float graph"):
        ts.quantise(small, np.ones((3, 3)))
