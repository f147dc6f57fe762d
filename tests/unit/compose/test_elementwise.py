"""Arithmetic against numpy in float64: broadcasting, types, special values, what is refused."""

from collections.abc import Callable
from math import erf

import numpy as np
import pytest

from tinsmith.compose import elementwise as e
from tinsmith.core.errors import UserError
from tinsmith.ir.builder import Builder
from tinsmith.ir.interp import Interpreter
from tinsmith.ir.op import ShapeError
from tinsmith.ir.rules import check
from tinsmith.ir.types import type_of

Compose = Callable[..., str]


def run(compose: Compose, *arrays: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """The result of a composition on inputs, and its ops."""
    b = Builder("net")
    names = [b.input(f"in_{i}", type_of(a)) for i, a in enumerate(arrays)]
    y = compose(b, *names)
    graph = b.build([y])
    assert not check(graph)
    values = Interpreter(graph).run(dict(zip(names, arrays, strict=True)))
    return values[y], [n.op for n in graph.nodes]


def close(got: np.ndarray, want: np.ndarray, tolerance: float = 1e-6) -> None:
    """Within the tolerance of the largest finite value; infinities and NaN where they belong."""
    want = np.asarray(want, np.float64)
    assert got.shape == want.shape
    finite = np.isfinite(want)
    with np.errstate(over="ignore"):
        other = want.astype(np.float32)[~finite]
    np.testing.assert_array_equal(got[~finite], other)
    if finite.any():
        worst = np.max(np.abs(got[finite] - want[finite]))
        assert worst <= tolerance * max(1e-30, float(np.max(np.abs(want[finite]))))


RNG = np.random.default_rng(3)
X = RNG.normal(size=(2, 3, 4)).astype(np.float32)
SHAPES = [
    ((2, 3, 4), (2, 3, 4), 1), ((2, 3, 4), (4,), 1), ((2, 3, 4), (1, 1, 4), 2), ((2, 3, 4), (), 1),
    ((2, 3, 4), (1, 1, 1), 1), ((2, 3, 4), (3, 4), 1), ((2, 3, 4), (1, 3, 1), 2), ((1,), (3,), 1),
    ((4,), (2, 3, 4), 1), ((3, 1), (1, 4), 3), ((), (2, 2), 1), ((2, 1, 4), (3, 1), 3),
]  # fmt: skip


@pytest.mark.parametrize(("left", "right", "nodes"), SHAPES)
@pytest.mark.parametrize("op", ["add", "mul", "max"])
def test_broadcasting(op: str, left: tuple[int, ...], right: tuple[int, ...], nodes: int) -> None:
    x, y = (RNG.normal(size=s).astype(np.float32) for s in (left, right))
    got, ops = run(lambda b, p, q: e.binary(b, op, p, q), x, y)
    want = {"add": np.add, "mul": np.multiply, "max": np.maximum}[op](x, y)
    np.testing.assert_array_equal(got, want)
    assert len(ops) <= nodes, ops


def test_what_does_not_commute_keeps_its_order() -> None:
    x, y = np.float32([8.0]), X
    np.testing.assert_array_equal(run(lambda b, p, q: e.binary(b, "sub", p, q), x, y)[0], x - y)
    np.testing.assert_array_equal(run(lambda b, p, q: e.binary(b, "div", p, q), x, y)[0], x / y)
    got, _ = run(lambda b, p, q: e.compare(b, "less", p, q), np.float32([0.1]), y)
    np.testing.assert_array_equal(got, np.float32(0.1) < y)


BINARY = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "min": np.minimum, "max": np.maximum,
    "mod": np.mod, "fmod": np.fmod, "floordiv": np.floor_divide,
}  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "int8", "uint8", "int16", "int32", "int64"])
@pytest.mark.parametrize("op", BINARY)
def test_binary_of_every_type(op: str, dtype: str) -> None:
    low = 0 if dtype == "uint8" else -100
    x, y = (RNG.integers(low, 100, 50).astype(dtype) for _ in range(2))
    y[y == 0] = 7
    got, _ = run(lambda b, p, q: e.binary(b, op, p, q), x, y)
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(got, BINARY[op](x, y), strict=True)


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_whole_quotients(dtype: str) -> None:
    low = np.iinfo(dtype).min
    x = np.array([7, -7, 7, -7, low, low, 5, 0], dtype)
    y = np.array([2, 2, -2, -2, -1, 3, 0, 0], dtype)
    got, _ = run(lambda b, p, q: e.binary(b, "div", p, q), x, y)
    assert got.tolist() == [3, -3, -3, 3, low, -(-low // 3), 0, 0]
    got, _ = run(lambda b, p, q: e.binary(b, "floordiv", p, q), x, y)
    assert got.tolist() == [3, -4, -4, 3, low, low // 3, 0, 0]


def test_pow() -> None:
    x = np.abs(X) + np.float32(0.1)
    got, _ = run(lambda b, p, q: e.binary(b, "pow", p, q), x, X)
    close(got, x.astype(np.float64) ** X)


COMPARISONS = {
    "equal": np.equal, "less": np.less, "less_equal": np.less_equal, "greater": np.greater,
    "greater_equal": np.greater_equal, "not_equal": np.not_equal,
}  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "int8", "uint8", "int16", "int32", "int64", "bool"])
@pytest.mark.parametrize("op", COMPARISONS)
def test_compare(op: str, dtype: str) -> None:
    x, y = (RNG.integers(0, 3, 40).astype(dtype) for _ in range(2))
    if dtype == "float32":
        x[0] = y[0] = x[1] = np.nan
    got, _ = run(lambda b, p, q: e.compare(b, op, p, q), x, y)
    np.testing.assert_array_equal(got, COMPARISONS[op](x, y), strict=True)


def test_logical() -> None:
    x, y = np.array([0, 1, 2, 0], np.int32) > 0, np.array([True, True, False, False])
    found = {"and": x & y, "or": x | y, "xor": x ^ y}
    for op, want in found.items():
        got, _ = run(lambda b, p, q, op=op: e.logical(b, op, p, q), x, y)
        np.testing.assert_array_equal(got, want)
    np.testing.assert_array_equal(run(lambda b, p: e.logical_not(b, p), x)[0], ~x)


def test_where_broadcasts_all_three() -> None:
    condition = np.array([[True], [False]])
    y = np.float32([5.0])
    got, _ = run(lambda b, c, p, q: e.where(b, c, p, q), condition, X[0, :1], y)
    np.testing.assert_array_equal(got, np.where(condition, X[0, :1], y), strict=True)


@pytest.mark.parametrize("low", [None, -0.5])
@pytest.mark.parametrize("high", [None, 0.25])
def test_clip(low: float | None, high: float | None) -> None:
    got, ops = run(lambda b, p: e.clip(b, p, low, high), X)
    if low is None and high is None:
        assert got is not None and ops == []
        return
    np.testing.assert_array_equal(got, np.clip(X, low, high))
    assert len(ops) == (low is not None) + (high is not None)


def test_limits_that_a_type_cannot_pass_are_open() -> None:
    whole = np.array([-128, 5, 127], np.int8)
    for x, low, high in ((X, -np.inf, np.inf), (whole, -3e38, 127), (whole, -128, 1000)):
        assert run(lambda b, p, low=low, high=high: e.clip(b, p, low, high), x)[1] == []
    got, _ = run(lambda b, p: e.clip(b, p, -100, 300), whole)
    assert got.tolist() == [-100, 5, 127]


def sigmoid(x: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-x))


def softplus(x: np.ndarray) -> np.ndarray:
    return np.logaddexp(x, 0)


def elu(x: np.ndarray, alpha: float = 1.0) -> np.ndarray:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


WANTED: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "abs": np.abs, "neg": np.negative, "sign": np.sign, "exp": np.exp, "log": np.log,
    "sqrt": np.sqrt, "rsqrt": lambda x: 1 / np.sqrt(x), "reciprocal": lambda x: 1 / x,
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "tanh": np.tanh, "sigmoid": sigmoid,
    "erf": np.vectorize(erf), "floor": np.floor, "ceil": np.ceil, "round": np.round,
    "trunc": np.trunc, "relu": lambda x: np.maximum(x, 0), "relu6": lambda x: np.clip(x, 0, 6),
    "square": np.square, "softplus": softplus, "softsign": lambda x: x / (1 + np.abs(x)),
    "gelu": lambda x: x / 2 * (1 + np.vectorize(erf)(x / np.sqrt(2))),
    "gelu_tanh": lambda x: x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
    "gelu_quick": lambda x: x * sigmoid(1.702 * x), "silu": lambda x: x * sigmoid(x),
    "mish": lambda x: x * np.tanh(softplus(x)),
    "hard_sigmoid": lambda x: np.clip(0.2 * x + 0.5, 0, 1),
    "hard_swish": lambda x: x * np.clip(x / 6 + 0.5, 0, 1), "elu": elu, "celu": elu,
    "selu": lambda x: 1.0507009873554805 * elu(x, 1.6732632423543772),
    "log_sigmoid": lambda x: -softplus(-x), "tanh_shrink": lambda x: x - np.tanh(x),
    "log2": np.log2, "log10": np.log10, "log1p": np.log1p, "expm1": np.expm1, "sinh": np.sinh,
    "cosh": np.cosh, "atan": np.arctan, "asinh": np.arcsinh, "exp2": np.exp2,
    "asin": lambda x: np.arcsin(np.clip(x, -1, 1)), "acos": lambda x: np.arccos(np.clip(x, -1, 1)),
    "atanh": lambda x: np.arctanh(np.clip(x, -0.9999, 0.9999)),
    "acosh": lambda x: np.arccosh(np.maximum(x, 1)),
}  # fmt: skip
REACH = {"asin": (-1, 1), "acos": (-1, 1), "atanh": (-0.999, 0.999), "acosh": (1, 1e30)}
POSITIVE = ("log", "sqrt", "rsqrt", "log2", "log10", "log1p")


def test_every_function_is_tested() -> None:
    assert set(WANTED) == set(e.UNARY)


@pytest.mark.parametrize("scale", [1e-4, 1.0, 12.0])
@pytest.mark.parametrize("op", WANTED)
def test_unary(op: str, scale: float) -> None:
    x = np.append(RNG.normal(size=400) * scale, [0.3 * scale]).astype(np.float32)
    x = np.abs(x) if op in POSITIVE else x
    if op in REACH:
        x = np.clip(x, *REACH[op]).astype(np.float32)
    got, _ = run(lambda b, p: e.unary(b, op, p), x)
    want = WANTED[op](x.astype(np.float64))
    if op in ("tan", "reciprocal", "rsqrt"):  # poles: relative to each value
        np.testing.assert_allclose(got, want, rtol=1e-5)
    elif op == "tanh_shrink" and scale < 1:
        assert np.max(np.abs(got - want)) <= 1e-7 * scale
    elif op in ("elu", "celu", "selu") and scale < 1:
        assert np.max(np.abs(got - want)) <= 2e-7
    else:
        close(got, want)


@pytest.mark.parametrize("op", ["abs", "neg", "sign", "relu", "square", "floor", "round"])
@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "int64"])
def test_unary_of_integers(op: str, dtype: str) -> None:
    info = np.iinfo(dtype)
    x = np.array([0, 1, 5, 11, max(info.min, -11), info.max, info.min], dtype)
    got, _ = run(lambda b, p: e.unary(b, op, p), x)
    with np.errstate(over="ignore"):
        want = x if op in ("floor", "round") else WANTED[op](x)
    np.testing.assert_array_equal(got, want, strict=True)


@pytest.mark.parametrize("alpha", [0.1, 1.5, -0.5])
def test_leaky_relu(alpha: float) -> None:
    got, _ = run(lambda b, p: e.leaky_relu(b, p, alpha), X)
    np.testing.assert_array_equal(got, np.where(X < 0, X * np.float32(alpha), X))


def test_parameters_of_elu_and_celu() -> None:
    close(run(lambda b, p: e.elu(b, p, 0.5), X)[0], elu(X.astype(np.float64), 0.5))
    want = np.maximum(X, 0) + np.minimum(0, 2 * np.expm1(X.astype(np.float64) / 2))
    close(run(lambda b, p: e.celu(b, p, 2.0), X)[0], want)


def test_cast() -> None:
    x = np.float32([1.7, -1.7, 300, -300, np.nan, 3e9])
    got, _ = run(lambda b, p: e.cast(b, p, "uint8"), x)
    assert got.tolist() == [1, 0, 255, 0, 0, 255]
    assert run(lambda b, p: e.cast(b, p, "bool"), x)[0].all()
    assert run(lambda b, p: e.cast(b, p, "float32"), x)[1] == []


def refused(code: str, compose: Compose, *arrays: np.ndarray) -> None:
    with pytest.raises(UserError) as caught:
        run(compose, *arrays)
    assert caught.value.code == code and caught.value.hint


def test_what_cannot_be_computed_is_refused() -> None:
    whole = np.array([1, 2, 3], np.int32)
    refused("compose.type", lambda b, p, q: e.binary(b, "add", p, q), X, whole)
    refused("compose.type", lambda b, p: e.binary(b, "pow", p, p), whole)
    refused("compose.type", lambda b, p: e.binary(b, "add", p, p), whole > 1)
    refused("compose.type", lambda b, p: e.unary(b, "exp", p), whole)
    refused("compose.type", lambda b, p: e.unary(b, "abs", p), whole > 1)
    refused("compose.type", lambda b, p: e.cast(b, p, "float64"), whole)
    refused("compose.op", lambda b, p: e.unary(b, "gamma", p), X)
    refused("compose.op", lambda b, p: e.binary(b, "hypot", p, p), X)
    refused("compose.op", lambda b, p: e.compare(b, "like", p, p), X)
    refused("compose.op", lambda b, p: e.logical(b, "nand", p, p), X)
    refused("compose.constant", lambda b, p: e.clip(b, p, 0.5, None), whole)
    refused("compose.constant", lambda b, p: e.clip(b, p, float("inf"), None), X)
    with pytest.raises(ShapeError):
        run(lambda b, p, q: e.binary(b, "add", p, q), X, np.ones(3, np.float32))


def test_names_go_to_the_last_node() -> None:
    b = Builder("net")
    x, y = (b.input(n, type_of(X)) for n in ("x", "y"))
    for op in e.UNARY:
        assert e.unary(b, op, x, name=f"last_{op}") == f"last_{op}"
    assert e.compare(b, "not_equal", x, y, name="differ") == "differ"
    assert e.binary(b, "floordiv", x, y, name="floored") == "floored"
    assert e.clip(b, x, 0, None, name="clipped") == "clipped"
    assert e.where(b, e.compare(b, "less", x, y), x, y, name="chosen") == "chosen"


def test_inverse_functions_at_their_ends() -> None:
    x = np.float32([1, -1, 0, 1e38, np.inf, -np.inf, np.nan, 2])
    with np.errstate(all="ignore"):
        for op in ("asin", "acos", "atanh", "asinh", "acosh", "atan", "log1p", "expm1"):
            got, _ = run(lambda b, p, op=op: e.unary(b, op, p), x)
            want = WANTED_AT_ENDS[op](x.astype(np.float64)).astype(np.float32)
            np.testing.assert_allclose(got, want, rtol=1e-6)


WANTED_AT_ENDS = {
    "asin": np.arcsin, "acos": np.arccos, "atanh": np.arctanh, "asinh": np.arcsinh,
    "acosh": np.arccosh, "atan": np.arctan, "log1p": np.log1p, "expm1": np.expm1,
}  # fmt: skip
