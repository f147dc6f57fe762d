"""No composition adds a constant that grows with the activation, and what is smaller than the other
operand is not copied where another order says the same."""

from collections.abc import Callable

import numpy as np
import pytest

from tinsmith.compose import elementwise as e
from tinsmith.compose import reduction
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import Interpreter
from tinsmith.ir.types import TensorType, type_of

Compose = Callable[[Builder, str], str]
BINARY = ("add", "sub", "mul", "div", "min", "max", "pow", "mod", "fmod", "floordiv")
COMPARED = ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")


def two(b: Builder, x: str) -> str:
    return e.scalar(b, x, 2)


def gains(b: Builder, x: str) -> str:
    return b.constant("gains", np.arange(1, 4, dtype=np.float32).reshape(3, 1))


def compositions() -> dict[str, Compose]:
    """All of one value, and all of two with a number or one number per channel on either side."""
    found: dict[str, Compose] = {}
    for op in e.UNARY:
        found[op] = lambda b, x, op=op: e.unary(b, op, x)
    for compute, ops in ((e.binary, BINARY), (e.compare, COMPARED)):
        for op in ops:
            for other in (two, gains):
                found[f"{op}_{other.__name__}"] = lambda b, x, c=compute, op=op, o=other: c(
                    b, op, x, o(b, x)
                )
                found[f"{other.__name__}_{op}"] = lambda b, x, c=compute, op=op, o=other: c(
                    b, op, o(b, x), x
                )
    for op in reduction.REDUCTIONS:
        found[f"reduce_{op}"] = lambda b, x, op=op: reduction.reduce(b, op, x, (1,), True)
    return found | {
        "leaky_relu": lambda b, x: e.leaky_relu(b, x, 0.1),
        "leaky_relu_below": lambda b, x: e.leaky_relu(b, x, -0.1),
        "clip": lambda b, x: e.clip(b, x, -1, 1),
        "relu6": lambda b, x: e.clip(b, x, 0, 6),
        "where": lambda b, x: e.where(b, e.compare(b, "less", x, two(b, x)), x, two(b, x)),
        "softmax": lambda b, x: reduction.softmax(b, x, 1),
        "log_softmax": lambda b, x: reduction.log_softmax(b, x, 1),
        "cumsum": lambda b, x: reduction.cumsum(b, x, 1),
    }


COMPOSITIONS = compositions()


def composed(compose: Compose, length: int) -> Graph:
    b = Builder("net")
    return b.build([compose(b, b.input("x", TensorType((2, 3, length), "float32")))])


def constant_bytes(graph: Graph) -> int:
    return sum(c.nbytes for c in graph.constants.values())


@pytest.mark.parametrize("name", COMPOSITIONS)
def test_constants_are_as_large_for_a_longer_activation(name: str) -> None:
    small, large = (composed(COMPOSITIONS[name], length) for length in (20, 4000))
    assert constant_bytes(small) == constant_bytes(large)


def test_a_limit_as_large_as_the_activation_would_be_seen() -> None:
    def full(b: Builder, x: str) -> str:
        return b.op("min", x, b.constant("six", np.full(b.type(x).shape, 6, np.float32)))

    small, large = (composed(full, length) for length in (20, 40))
    assert constant_bytes(large) == 2 * constant_bytes(small)


SPECIAL = {
    "float32": [0, -0.0, 1, -1, np.nan, np.inf, -np.inf, 1e-45, 3.4e38],
    "int32": [0, 1, -1, -(2**31), 2**31 - 1],
    "int64": [0, 1, -1, -(2**63), 2**63 - 1],
}
WANTED = {
    "sub": np.subtract, "less": np.less, "less_equal": np.less_equal, "greater": np.greater,
    "greater_equal": np.greater_equal,
}  # fmt: skip


@pytest.mark.parametrize("dtype", SPECIAL)
@pytest.mark.parametrize("op", WANTED)
def test_a_smaller_first_operand_is_not_copied(op: str, dtype: str) -> None:
    numbers = np.array(SPECIAL[dtype], dtype)
    compute = e.binary if op == "sub" else e.compare
    for first in (*numbers, numbers):
        b = Builder("net")
        x, y = np.asarray(first, dtype), np.stack([numbers, numbers[::-1]])
        names = b.constant("c", x) if np.isfinite(x).all() else b.input("c", type_of(x)), "y"
        b.input("y", type_of(y))
        graph = b.build([compute(b, op, *names)])
        given = {n: v for n, v in (("c", x), ("y", y)) if n in graph.inputs}
        with np.errstate(all="ignore"):
            want = WANTED[op](x, y)
        (got,) = (Interpreter(graph).run(given)[o] for o in graph.outputs)
        assert "strided" not in [n.op for n in graph.nodes]
        assert np.array_equal(got, want, equal_nan=dtype == "float32")
        if got.dtype == np.float32:
            zero = want == 0
            assert np.array_equal(np.signbit(got[zero]), np.signbit(want[zero]))
