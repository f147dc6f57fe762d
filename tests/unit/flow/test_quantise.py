"""Quantising a model file: how it is calibrated, and where the report may speak of classes."""

from pathlib import Path

import numpy as np
import pytest

from tinsmith.cli.main import call
from tinsmith.core.errors import UserError
from tinsmith.core.job import Job
from tinsmith.core.progress import Nobody
from tinsmith.flow.package import PackageOptions, package_model
from tinsmith.flow.quantise import QuantiseOptions, quantise_model, scores_classes
from tinsmith.importers import read_model
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.store import dumps
from tinsmith.ir.types import TensorType


def network(*ops: str, width: int = 4, rows: int = 1, twice: bool = False) -> Graph:
    """A dense layer, and operations behind it."""
    b = Builder("net")
    x = b.input("x", TensorType((rows, 3), "float32"))
    rng = np.random.default_rng(3)
    w = b.constant("w", rng.normal(size=(width, 3)).astype(np.float32))
    last = b.op("dense", x, w, b.constant("b", np.zeros(width, np.float32)))
    for op in ops:
        more = {"shape": (width * rows,)} if op == "reshape" else {}
        last = b.op(op, last, **more)
    return b.build([last, b.op("relu", last)] if twice else [last])


@pytest.mark.parametrize(
    ("graph", "known"),
    [
        (network("softmax"), True),
        (network("softmax", "reshape"), True),
        (network("softmax", "log"), True),
        (network(), False),  # logits, an autoencoder, a regression: nobody knows
        (network("relu"), False),
        (network("sigmoid"), False),  # several labels may hold at a time
        (network("softmax", "relu"), False),
        (network("softmax", width=1), False),
        (network("softmax", rows=2), False),  # classes of several places
        (network("softmax", twice=True), False),
    ],
)
def test_only_a_vector_behind_a_softmax_scores_classes(graph: Graph, known: bool) -> None:
    assert scores_classes(graph) is known


@pytest.mark.parametrize(("ops", "known"), [(("softmax",), True), (("relu",), False)])
def test_the_report_speaks_of_classes_only_where_there_are_some(
    ops: tuple[str, ...], known: bool, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    model, cases, output = (tmp_path / n for n in ("net.tinsmith", "x.npz", "q.tinsmith"))
    model.write_bytes(dumps(network(*ops)))
    np.savez(cases, in_0=np.random.default_rng(1).normal(size=(8, 1, 3)).astype(np.float32))
    found = quantise_model(model, QuantiseOptions(cases, output))
    assert (found.losses.outputs[0].top1 is not None) == known
    assert (found.record()["outputs"][0]["top1"] is not None) == known
    words = ["quantise", str(model), "--calibration", str(cases), "--output", str(output)]
    assert call(words) == 0
    said = capsys.readouterr().out
    assert ("class agrees" in said) == known and "wrong by at most" in said


def test_states_are_kept_from_case_to_case_unless_asked(tmp_path: Path) -> None:
    """A sum that grows by one a case: its range tells how long it ran."""
    b = Builder("growing")
    x, seen = b.input("x", TensorType((1, 3), "float32")), b.state("seen", np.zeros((1, 3), "f4"))
    total = b.op("add", x, seen, name="total")
    b.update(seen, total)
    w, bias = b.constant("w", np.eye(3, dtype="f4")), b.constant("b", np.zeros(3, "f4"))
    model, cases, output = (tmp_path / n for n in ("net.tinsmith", "x.npz", "q.tinsmith"))
    model.write_bytes(dumps(b.build([b.op("dense", total, w, bias)])))
    np.savez(cases, in_0=np.ones((10, 1, 3), np.float32))
    for asked, span in (([], 10.0), (["--reset-each"], 1.0)):
        words = ["quantise", str(model), "--calibration", str(cases), "--output", str(output)]
        assert call([*words, *asked]) == 0
        quant = read_model(output).type("total_int8").quant
        assert 255 * quant.scale[0] == pytest.approx(span, rel=0.05)


def test_cases_that_were_reshaped_are_noted(tmp_path: Path) -> None:
    """Where a model is quantised, and where it is packaged."""
    model, cases = tmp_path / "net.tinsmith", tmp_path / "x.npz"
    model.write_bytes(dumps(network()))
    np.savez(cases, in_0=np.random.default_rng(1).normal(size=(8, 3)).astype(np.float32))
    heard: list[str] = []

    class Heard(Nobody):
        def noted(self, text: str) -> None:
            heard.append(text)

    quantise_model(model, QuantiseOptions(cases, tmp_path / "q.tinsmith"), Job(listener=Heard()))
    cache = Path(__file__).resolve().parents[3] / ".tools"
    asked = PackageOptions(("c_library",), tmp_path, inputs=cases, cache=cache)
    package_model(model, asked, Job(listener=Heard()))
    assert ["reshaped" in text for text in heard] == [True, True]


class Notes(Nobody):
    """Hears what is noted."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def noted(self, text: str) -> None:
        self.texts.append(text)


def outlying(folder: Path, factor: float, graph: Graph, count: int = 30) -> tuple[Path, Path]:
    """A model, and cases of which number 7 is so many times as large as it was."""
    x = np.random.default_rng(1).normal(size=(count, 1, 3)).astype(np.float32)
    x[7] *= factor
    model, cases = folder / "net.tinsmith", folder / "x.npz"
    model.write_bytes(dumps(graph))
    np.savez(cases, in_0=x)
    return model, cases


@pytest.mark.parametrize("ops", [("softmax",), ()], ids=["classes", "numbers"])
def test_an_outlier_that_costs_the_network_is_named(ops: tuple[str, ...], tmp_path: Path) -> None:
    model, cases = outlying(tmp_path, 3000.0, network(*ops))
    output = tmp_path / "q.tinsmith"
    with pytest.raises(UserError) as e:
        quantise_model(model, QuantiseOptions(cases, output))
    assert e.value.code == "quantise.loss" and not output.exists()
    assert ("class agrees in" in e.value.message) == bool(ops) and "6 dB" in e.value.message
    assert "'x_int8'" in e.value.hint and "case 7" in e.value.hint
    assert "--least-sqnr" in e.value.hint
    assert len(f"{e.value.message} {e.value.hint}") < 5 * 90
    least = e.value.hint.split("--least-sqnr ")[1]
    heard = Notes()
    found = quantise_model(
        model, QuantiseOptions(cases, output, least_sqnr=float(least)), Job(listener=heard)
    )
    assert output.exists() and found.losses.outputs[0].typical_db < 6
    assert ["case 7" in text for text in heard.texts] == [True]


def test_an_outlier_is_noted_where_much_is_left(tmp_path: Path) -> None:
    """The sums over all cases say that nothing is wrong."""
    model, cases = outlying(tmp_path, 80.0, network())
    heard = Notes()
    found = quantise_model(
        model, QuantiseOptions(cases, tmp_path / "q.tinsmith"), Job(listener=heard)
    )
    (loss,) = found.losses.outputs
    assert 6 < loss.typical_db < 15 < loss.sqnr_db
    assert len(heard.texts) == 1 and "case 7" in heard.texts[0]
    record = found.record()
    assert record["outputs"][0]["typical_db"] == loss.typical_db and record["cause"]["case"] == 7


def test_good_cases_are_not_noted(tmp_path: Path) -> None:
    model, cases = outlying(tmp_path, 1.0, network("softmax"))
    heard = Notes()
    quantise_model(model, QuantiseOptions(cases, tmp_path / "q.tinsmith"), Job(listener=heard))
    assert heard.texts == []


def test_the_limit_is_the_one_that_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    model, cases = outlying(tmp_path, 1.0, network())
    words = ["quantise", str(model), "--calibration", str(cases)]
    words += ["--output", str(tmp_path / "q.tinsmith")]
    assert call([*words, "--least-sqnr", "60"]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "at least 60 dB" in said and "loses most" in said and "case" not in said.split("most")[1]
    assert call(words) == 0
