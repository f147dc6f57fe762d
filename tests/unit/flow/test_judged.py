"""Answers are compared with labels or targets, and what does not go together is refused."""

from pathlib import Path

import numpy as np
import pytest

from tinsmith.core.errors import UserError
from tinsmith.core.job import File
from tinsmith.core.progress import SILENT
from tinsmith.flow.judged import check_labels, judged, read_labels, real
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.types import Quant, TensorType


def graph(
    classes: int, dtype: str = "float32", quant: Quant | None = None, outputs: int = 1
) -> Graph:
    b = Builder("net", "float" if dtype == "float32" else "quantised")
    x = b.input("x", TensorType((1, classes), dtype, quant))
    return b.build([b.op("reshape", x, shape=(classes, 1)) for _ in range(outputs)])


def test_the_largest_of_several_answers_is_a_class() -> None:
    answers = np.array([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]], np.float32)
    found = judged(answers[:, None], graph(2), np.array([1, 0, 0, 0]))
    assert found.classes is not None
    assert found.classes.confusion.tolist() == [[2, 1], [0, 1]]
    assert found.text.startswith("75.0 % (3 of 4 cases), 95 % interval 30.1 to 95.4 %")
    record = found.record()
    assert record["accuracy"]["value"] == 0.75 and record["cases"] == 4


def test_a_single_integer_answer_means_what_its_scale_says() -> None:
    """As LiteRT's sigmoid: 1/256 and -128, so 0 is one half."""
    one = graph(1, "int8", Quant((1 / 256,), (-128,)))
    answers = np.array([[0], [-1], [127], [-128]], np.int8)
    found = judged(answers, one, np.array([True, True, True, False]))
    assert found.classes is not None
    assert found.classes.confusion.tolist() == [[1, 0], [1, 2]]
    assert real(answers, one.type(one.outputs[0]))[:, 0].tolist() == [0.5, 127 / 256, 255 / 256, 0]


def test_an_integer_without_a_scale_is_a_class() -> None:
    found = judged(np.array([[2], [0], [2]], np.int32), graph(1, "int32"), np.array([2, 0, 1]))
    assert found.classes is not None and found.classes.accuracy.value == pytest.approx(2 / 3)


def test_targets_are_numbers() -> None:
    answers = np.array([[1.0], [2.0], [4.0]], np.float32)
    found = judged(answers, graph(1), np.array([1.0, 3.0, 2.0]))
    assert found.errors is not None
    assert (found.errors.mae, found.errors.rmse) == (1.0, pytest.approx(np.sqrt(5 / 3)))
    assert found.errors.r2 == pytest.approx(1 - 5 / 2)
    assert found.text == "MAE 1, RMSE 1.291, R2 -1.500 (3 cases)"
    still = judged(answers, graph(1), np.array([2.5, 2.5, 2.5]))
    assert still.errors is not None and still.errors.r2 is None
    assert "R2 not defined" in still.text
    whole = judged(answers, graph(1), np.array([10, 20, 40]))  # no classes: not only 0 and 1
    assert whole.errors is not None and whole.errors.mae == pytest.approx(21)


@pytest.mark.parametrize(
    ("answers", "labels", "net", "code", "says"),
    [
        (np.zeros((3, 2)), np.zeros(2, int), graph(2), "count", "2 labels for 3 cases"),
        (np.zeros((0, 2)), np.zeros(0, int), graph(2), "count", "0 labels for 0 cases"),
        (np.zeros((2, 2)), np.array([0, 2]), graph(2), "class", "from 0 to 2; .* classes 0 to 1"),
        (np.zeros((2, 2)), np.array([-1, 1]), graph(2), "class", "from -1 to 1"),
        (np.zeros((2, 2)), np.array([0.5, 1]), graph(2), "shape", "2 numbers for a case, .* 1"),
        (np.zeros((2, 2)), np.array([0, 1]), graph(2, outputs=2), "outputs", "has 2 outputs"),
    ],
)
def test_what_does_not_go_together(
    answers: np.ndarray, labels: np.ndarray, net: Graph, code: str, says: str
) -> None:
    with pytest.raises(UserError, match=says) as e:
        judged(answers, net, labels)
    assert e.value.code == f"model.labels.{code}" and e.value.hint


def test_files_of_labels(tmp_path: Path) -> None:
    path = tmp_path / "y.npz"
    np.savez(path, labels=[1, 2], other=[3.0])
    assert read_labels(File(path), SILENT).tolist() == [1, 2]
    np.savez(path, anything=[5, 6])
    assert read_labels(File(path), SILENT).tolist() == [5, 6]
    np.savez(path, a=[1], b=[2])
    with pytest.raises(UserError, match="has no array 'labels'; it has a, b"):
        read_labels(File(path), SILENT)
    np.savez(path, labels=[1.0, np.nan])
    with pytest.raises(UserError, match="NaN"):
        read_labels(File(path), SILENT)
    with pytest.raises(UserError, match="There is no file"):
        read_labels(File(tmp_path / "none.npz"), SILENT)
    path.write_text("no archive")
    with pytest.raises(UserError, match="of another kind, or holds objects") as e:
        read_labels(File(path), SILENT)
    assert "pickle" not in str(e.value) and "labels=y" in e.value.hint


def test_labels_want_cases(tmp_path: Path) -> None:
    check_labels(tmp_path / "y.npz", tmp_path / "x.npz")
    with pytest.raises(UserError, match="no cases are given") as e:
        check_labels(tmp_path / "y.npz", None)
    assert e.value.hint == "Give them with --inputs X.npz."
