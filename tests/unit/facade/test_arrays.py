"""Cases as people hold them become the arrays that a model takes, or are refused by name."""

from pathlib import Path

import numpy as np
import pytest

from tinsmith.core.errors import UserError
from tinsmith.facade.arrays import examples, taken
from tinsmith.flow.model_inputs import converted
from tinsmith.ir.types import Quant, TensorType

ROW = {"x": TensorType((1, 3), "float32")}
TWO = {"a": TensorType((1, 3), "float32"), "b": TensorType((2,), "int8")}


@pytest.mark.parametrize(
    ("shape", "bare"), [((4, 3), True), ((4, 1, 3), False), ((1, 3), True), ((1, 1, 3), False)]
)
def test_a_batch_axis_of_the_model_may_be_left_out(shape: tuple, bare: bool) -> None:
    found = taken(np.zeros(shape), ROW)
    assert found.arrays["x"].shape == (shape[0], 1, 3)
    assert found.arrays["x"].dtype == np.float32
    assert (found.bare, len(found)) == (bare, shape[0])


def test_answers_come_as_the_inputs_went() -> None:
    answer = {"y": np.zeros((4, 1, 2))}
    assert taken(np.zeros((4, 3)), ROW).answers(answer).shape == (4, 2)
    assert taken(np.zeros((4, 1, 3)), ROW).answers(answer).shape == (4, 1, 2)
    several = taken(np.zeros((4, 3)), ROW).answers({**answer, "z": np.zeros((4, 5))})
    assert {n: a.shape for n, a in several.items()} == {"y": (4, 2), "z": (4, 5)}


def test_axes_of_length_one_may_differ() -> None:
    picture = {"x": TensorType((1, 8, 8, 1), "float32")}
    found = taken(np.zeros((5, 8, 8)), picture)
    assert (found.arrays["x"].shape, found.bare) == ((5, 1, 8, 8, 1), True)


@pytest.mark.parametrize(
    "cases",
    [
        [np.zeros((4, 3)), np.ones((4, 2), np.int64)],
        {"b": [[1, 1]] * 4, "a": np.zeros((4, 3))},
        {"in_0": np.zeros((4, 3)), "in_1": np.ones((4, 2), np.int8)},
    ],
)
def test_several_inputs_by_order_or_by_name(cases: object) -> None:
    found = taken(cases, TWO)  # type: ignore[arg-type]  # what it takes is what is tested
    assert found.arrays["a"].shape == (4, 1, 3)
    np.testing.assert_array_equal(found.arrays["b"], np.ones((4, 2), np.int8))


def test_a_file_of_arrays_with_answers_beside_them(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", in_0=np.ones((2, 3), np.float32), out_0=np.ones(9))
    for path in (tmp_path / "x.npz", str(tmp_path / "x.npz")):
        np.testing.assert_array_equal(taken(path, ROW).arrays["x"], np.ones((2, 1, 3)))


@pytest.mark.parametrize(
    ("cases", "code", "says"),
    [
        (np.zeros((4, 2)), "type", "Input 'x' is float64[4, 2]; the model takes float32[case, 1"),
        (np.zeros(3), "type", "Input 'x' is float64[3]"),
        ([[1, 2], [3]], "type", "Input 'x' is no array"),
        (np.array([["a", "b", "c"]]), "type", "which are no numbers"),
        (np.zeros((0, 3)), "type", "at least 1; got [0]"),
        ({"y": np.zeros((4, 3))}, "names", "There is no array 'x'."),
        ({"x": np.zeros((4, 3)), "y": 1}, "names", "'y' is no input. The model takes x."),
        ("missing.npz", "file", "There is no file missing.npz."),
    ],
)
def test_what_does_not_fit_is_refused(cases: object, code: str, says: str) -> None:
    with pytest.raises(UserError) as e:
        taken(cases, ROW)  # type: ignore[arg-type]  # wrong on purpose
    assert e.value.code == f"model.inputs.{code}"
    assert says in e.value.message
    assert e.value.hint


def test_one_case_needs_its_axis() -> None:
    with pytest.raises(UserError, match="one case without the axis of cases") as e:
        taken(np.zeros((5, 2)), {"x": TensorType((5, 2), "float32")})
    assert "x[None]" in e.value.hint


def test_numbers_of_arrays_and_of_cases_must_agree() -> None:
    with pytest.raises(UserError, match=r"has 2 inputs \(a, b\); got 1 array\."):
        taken(np.zeros((4, 3)), TWO)
    with pytest.raises(UserError, match=r"the same number of cases, at least 1; got \[3, 4\]"):
        taken([np.zeros((4, 3)), np.zeros((3, 2), np.int8)], TWO)


def test_real_values_for_integers_are_refused_with_the_formula() -> None:
    want = {"x": TensorType((3,), "int8", Quant((0.5,), (-3,)))}
    with pytest.raises(UserError, match=r"the model takes int8\[case, 3\]") as e:
        taken(np.zeros((2, 3)), want)
    assert "round(x / 0.5) + -3" in e.value.hint


@pytest.mark.parametrize(
    ("values", "dtype", "same"),
    [
        (np.array([0.1, 1e30]), "float32", True),
        (np.array([1e300]), "float32", False),
        (np.array([np.inf, np.nan]), "float32", True),
        (np.array([2**24]), "float32", True),
        (np.array([2**24 + 1]), "float32", False),
        (np.array([127, -128]), "int8", True),
        (np.array([128]), "int8", False),
        (np.array([2**63], np.uint64), "int64", False),
        (np.array([0, 1]), "bool", True),
        (np.array([2]), "bool", False),
        (np.array([1.0]), "int8", False),
        (np.array([True]), "float32", True),
    ],
)
def test_values_are_converted_only_where_they_stay(
    values: np.ndarray, dtype: str, same: bool
) -> None:
    found = converted(values, dtype)
    assert (found is not None) == same
    if found is not None:
        assert found.dtype.name == dtype
        np.testing.assert_allclose(found.astype(float), values.astype(float), rtol=1e-7)


def test_a_byte_of_a_boolean_array_may_be_any() -> None:
    odd = np.array([0, 7], np.uint8).view(np.bool_)
    found = converted(odd, "bool")
    assert found is not None
    assert found.view(np.uint8).tolist() == [0, 1]


def test_of_an_example_the_first_case_counts() -> None:
    assert examples(None) == []
    (one,) = examples(np.zeros((7, 3)))
    assert (one.shape, one.dtype) == ((1, 3), np.float32)
    a, b = examples([np.zeros((7, 3), np.int64), np.zeros((1, 2), np.float32)])
    assert (a.dtype, b.shape) == (np.int64, (1, 2))
    with pytest.raises(UserError, match="Example input 0 is a single number"):
        examples(3.0)
