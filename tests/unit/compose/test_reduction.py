"""Reductions, softmax, running sums and the k best, against numpy's and PyTorch's own."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from tinsmith.compose import reduction
from tinsmith.ir.builder import Builder
from tinsmith.ir.interp import Interpreter
from tinsmith.ir.op import ShapeError
from tinsmith.ir.types import Quant, type_of

FORMULAS: dict[str, Callable[[Any, tuple[int, ...], bool], Any]] = {
    "sum": lambda x, a, k: np.sum(x, a, keepdims=k),
    "mean": lambda x, a, k: np.mean(x, a, keepdims=k),
    "max": lambda x, a, k: np.max(x, a, keepdims=k),
    "min": lambda x, a, k: np.min(x, a, keepdims=k),
    "prod": lambda x, a, k: np.prod(x, a, keepdims=k),
    "l1": lambda x, a, k: np.sum(np.abs(x), a, keepdims=k),
    "l2": lambda x, a, k: np.sqrt(np.sum(x * x, a, keepdims=k)),
    "sum_square": lambda x, a, k: np.sum(x * x, a, keepdims=k),
    "log_sum": lambda x, a, k: np.log(np.sum(x, a, keepdims=k)),
    "log_sum_exp": lambda x, a, k: np.log(np.sum(np.exp(x), a, keepdims=k)),
}
AXES: list[tuple[int, ...]] = [(0,), (1,), (-1,), (0, 2), (1, 2), (3, 0, 1), (0, 1, 2, 3)]


def draw(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype(np.float32)


def run(compose: Callable[..., Any], x: np.ndarray, quant: Quant | None = None) -> Any:
    """What the graph computes that ``compose(builder, name)`` makes: one array, or several."""
    b = Builder("net", "quantised")
    made = compose(b, b.input("x", type_of(x, quant)))
    names = made if isinstance(made, tuple) else (made,)
    values = Interpreter(b.build(dict.fromkeys(names))).run({"x": x})
    return tuple(values[n] for n in names) if isinstance(made, tuple) else values[made]


def near(seen: np.ndarray, wanted: Any) -> None:
    wanted = np.asarray(wanted, np.float64)
    assert seen.shape == wanted.shape and seen.dtype == np.float32
    assert np.max(np.abs(seen - wanted)) <= 1e-6 * np.max(np.abs(wanted))


@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("op", reduction.REDUCTIONS)
def test_reductions(op: str, axes: tuple[int, ...]) -> None:
    x = draw(2, 3, 1, 4)
    x = np.abs(x) + np.float32(0.1) if op == "log_sum" else x
    for keep in (False, True):
        seen = run(lambda b, v, k=keep: reduction.reduce(b, op, v, axes, k), x)
        wanted = np.asarray(FORMULAS[op](x.astype(np.float64), axes, keep))
        assert seen.shape == wanted.shape and seen.dtype == np.float32
        assert np.max(np.abs(seen - wanted)) <= 1e-6 * max(4, np.max(np.abs(wanted)))


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "int64"])
@pytest.mark.parametrize("op", ["sum", "max", "min", "prod", "l1", "sum_square"])
def test_reductions_of_whole_numbers(op: str, dtype: str) -> None:
    x = (draw(3, 4, 2) * 3).astype(np.int32).astype(dtype)
    seen = run(lambda b, v: reduction.reduce(b, op, v, (1,), False), x)
    assert seen.dtype == x.dtype
    assert np.array_equal(seen, FORMULAS[op](x.astype(np.int64), (1,), False).astype(dtype))


def test_all_axes_is_the_default_and_none_changes_nothing() -> None:
    x = draw(3, 4)
    near(run(lambda b, v: reduction.reduce(b, "sum", v, None, False), x), x.sum(dtype=np.float64))
    b = Builder("net")
    v = b.input("x", type_of(x))
    assert reduction.reduce(b, "max", v, (), False) == v


def test_bool_has_a_largest_value_only() -> None:
    x = np.array([[True, False], [False, False]])
    seen = run(lambda b, v: reduction.reduce(b, "max", v, (1,), False), x)
    assert seen.dtype == np.bool_ and seen.tolist() == [True, False]
    with pytest.raises(ShapeError, match="expected numbers"):
        run(lambda b, v: reduction.reduce(b, "sum", v, (1,), False), x)


def test_neighbours_are_one_axis_and_the_last_node_has_the_name() -> None:
    b = Builder("net")
    x = b.input("x", type_of(draw(2, 3, 4)))
    y = b.renamed(reduction.reduce(b, "mean", x, (1, 2), False), "y")
    assert [n.op for n in b.build([y]).nodes] == ["reshape", "reduce_mean"] and y == "y"
    z = b.renamed(reduction.reduce(b, "mean", x, (2,), True), "z")
    assert z == "z" and b.type(z).shape == (2, 3, 1)


def test_a_large_sum_of_powers_does_not_overflow() -> None:
    x = np.array([[1000, 1000], [-1000, -1001]], np.float32)
    near(
        run(lambda b, v: reduction.reduce(b, "log_sum_exp", v, (1,), False), x),
        [1000 + np.log(2), -1000 + np.log(1 + np.exp(-1))],
    )


@pytest.mark.parametrize(
    ("compose", "message"),
    [
        (lambda b, x: reduction.reduce(b, "median", x, (0,), False), "unknown"),
        (lambda b, x: reduction.reduce(b, "sum", x, (2,), False), "axis 2"),
        (lambda b, x: reduction.reduce(b, "sum", x, (0, -2), False), "each once"),
        (lambda b, x: reduction.reduce(b, "mean", x, (0,), False), "expected float32"),
        (lambda b, x: reduction.softmax(b, x, 0), "expected float32"),
        (lambda b, x: reduction.log_softmax(b, x, 0), "expected float32"),
        (lambda b, x: reduction.arg(b, "mid", x, 0), "unknown"),
        (lambda b, x: reduction.topk(b, x, 4, 1), "k 4"),
        (lambda b, x: reduction.cumsum(b, x, 5), "axis 5"),
    ],
)
def test_refusals(compose: Callable[..., Any], message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        run(compose, np.ones((2, 3), np.int32))


def test_sums_of_quantised_values_are_refused() -> None:
    x = np.ones((2, 3), np.int8)
    for compose in (
        lambda b, v: reduction.reduce(b, "sum", v, (1,), False),
        lambda b, v: reduction.cumsum(b, v, 1),
    ):
        with pytest.raises(ShapeError, match="not quantised"):
            run(compose, x, Quant((0.1,), (3,)))


@pytest.mark.parametrize("dtype", ["float32", "int32", "int64", "int8"])
def test_place_of_the_best(dtype: str) -> None:
    x = (draw(4, 9, 2) * 2).astype(np.int32).astype(dtype)
    for axis in (0, 1, -1):
        best = run(lambda b, v, a=axis: reduction.arg(b, "max", v, a), x)
        assert np.array_equal(best, np.argmax(x, axis)) and best.dtype == np.int64
        worst = run(lambda b, v, a=axis: reduction.arg(b, "min", v, a, last=True), x)
        flipped = np.argmin(np.flip(x, axis), axis)
        assert np.array_equal(worst, x.shape[axis] - 1 - flipped)


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_softmax_along_any_axis(axis: int) -> None:
    x = draw(2, 3, 4) * 5
    t = torch.tensor(x, dtype=torch.float64)
    near(run(lambda b, v: reduction.softmax(b, v, axis), x), torch.softmax(t, axis))
    near(run(lambda b, v: reduction.log_softmax(b, v, axis), x), torch.log_softmax(t, axis))


@pytest.mark.parametrize("dtype", ["float32", "int32", "int64", "int16"])
def test_running_sums(dtype: str) -> None:
    x = (draw(3, 4) * 9).astype(np.int32).astype(dtype)
    plain = np.cumsum(x, 1, dtype=dtype)
    assert np.array_equal(run(lambda b, v: reduction.cumsum(b, v, 1), x), plain)
    seen = run(lambda b, v: reduction.cumsum(b, v, -1, exclusive=True, reverse=True), x)
    turned = np.cumsum(x[:, ::-1], 1, dtype=dtype)[:, ::-1]
    assert np.array_equal(seen, turned - x)


@pytest.mark.parametrize("dtype", ["float32", "int32", "uint8"])
def test_the_k_best(dtype: str) -> None:
    x = (np.abs(draw(3, 8, 2)) * 4).astype(np.int32).astype(dtype)
    for largest in (True, False):
        values, indices = run(
            lambda b, v, best=largest: reduction.topk(b, v, 3, 1, largest=best), x
        )
        order = np.argsort(-x.astype(np.int64) if largest else x, 1, kind="stable")[:, :3]
        assert np.array_equal(indices, order) and indices.dtype == np.int64
        assert np.array_equal(values, np.take_along_axis(x, order, 1)) and values.dtype == x.dtype
