"""A constant costs what it holds: whichever operation on elements it meets, on whichever side and
along whichever axes, the compiled module stores no more of it; and C equals the interpreter."""

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
import pytest
from firmwares import CACHE

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.build.shared import build_shared
from tinsmith.codegen.compile import compile_graph, lower
from tinsmith.compose import elementwise as e
from tinsmith.compose.arithmetic import paired
from tinsmith.devices.board import BOARDS
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.types import TensorType
from tinsmith.prove.bits import equal

Compose = Callable[[Builder, str, str], str]
SHAPE = (2, 3, 4, 5)
SHAPES = sorted(
    {
        tuple(d if kept else 1 for d, kept in zip(SHAPE[start:], chosen, strict=True))
        for start in range(5)
        for chosen in product((True, False), repeat=4 - start)
    }
)
"""All shapes that numpy repeats to that of the activation."""
ARITHMETIC = ("add", "sub", "mul", "div", "min", "max", "mod", "fmod", "floordiv")
COMPARED = ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")
BITS = ("bitwise_and", "bitwise_or", "bitwise_xor", "shift_left", "shift_right")
NUMBERS = ("float32", "int8", "int32", "int64")


def operations() -> Iterator[tuple[str, str, Compose]]:
    """(name, type of the operands, what is composed) of every operation on two values."""
    for dtype in NUMBERS:
        for op in (*ARITHMETIC, *(("pow",) if dtype == "float32" else ())):
            yield op, dtype, lambda b, x, y, op=op: e.binary(b, op, x, y)
        for op in COMPARED:
            yield op, dtype, lambda b, x, y, op=op: e.compare(b, op, x, y)
    for dtype in ("int32", "int64"):
        for op in BITS:
            yield op, dtype, lambda b, x, y, op=op: paired(b, op, x, y)
    for op in ("and", "or", "xor"):
        yield op, "bool", lambda b, x, y, op=op: e.logical(b, op, x, y)


def numbers(dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    """Different ones, none of them zero."""
    rng = np.random.default_rng([7, *shape])
    if dtype == "bool":
        return np.asarray(rng.integers(2, size=shape) == 1)
    return np.asarray(rng.permutation(int(np.prod(shape))).reshape(shape) % 50 + 1, dtype)


def with_constant(b: Builder, compose: Compose, x: str, array: np.ndarray, first: bool) -> str:
    c = b.constant("c", array)
    return compose(b, c, x) if first else compose(b, x, c)


def chosen(b: Builder, x: str, condition: str, array: np.ndarray, place: int) -> str:
    """where with a constant: the condition, what holds where it does, or what does elsewhere."""
    y = b.op("relu", x) if b.type(x).dtype == "float32" else x
    operands = [condition, x, y]
    operands[place] = b.constant("c", array if place else array > 25)
    return e.where(b, *operands)


def held(graph: Graph) -> int:
    """Elements of constants in the module."""
    return sum(c.size for c in lower(graph).constants.values())


OPERATIONS = {f"{op}-{dtype}": (dtype, compose) for op, dtype, compose in operations()}
CHOSEN = ("float32", "int8", "int16", "int64")
"""Types of each width."""
FIXED = 8
"""Elements that an operation may add, whatever it meets."""


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_constant_is_stored_as_it_is(name: str) -> None:
    dtype, compose = OPERATIONS[name]
    for shape, first in product(SHAPES, (True, False)):
        b, array = Builder("net", "quantised"), numbers(dtype, shape)
        x = b.input("x", TensorType(SHAPE, dtype))
        graph = b.build([with_constant(b, compose, x, array, first)])
        assert held(graph) <= array.size + FIXED, (shape, first)


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("dtype", CHOSEN)
def test_a_choice_stores_a_constant_as_it_is(dtype: str, place: int) -> None:
    for shape in SHAPES:
        b, array = Builder("net", "quantised"), numbers(dtype, shape)
        x, condition = (b.input(n, TensorType(SHAPE, t)) for n, t in (("x", dtype), ("c", "bool")))
        graph = b.build([chosen(b, x, condition, array, place)])
        assert held(graph) <= array.size + FIXED, shape


def test_a_number_that_meets_a_smaller_activation() -> None:
    """Constants that the activation repeats along, and neither has the result's shape."""
    for own, other in (
        ((4, 5), (2, 3, 4, 5)),
        ((5,), (3, 4, 1)),
        ((3, 1, 1), (4, 5)),
        ((1,), (3,)),
    ):
        for op, first in product(ARITHMETIC, (True, False)):
            b, array = Builder("net"), numbers("float32", other)
            x = b.input("x", TensorType(own, "float32"))
            graph = b.build([
                with_constant(b, lambda b, x, y, op=op: e.binary(b, op, x, y), x, array, first)
            ])  # fmt: skip
            assert held(graph) <= array.size + FIXED, (op, own, other, first)


def everything(dtype: str) -> Graph:
    b = Builder(f"repeats_{dtype}", "quantised")
    x, outputs = b.input("x", TensorType(SHAPE, dtype)), []
    for own, compose in OPERATIONS.values():
        if own == dtype:
            outputs += [
                with_constant(b, compose, x, numbers(dtype, shape), first)
                for shape, first in product(SHAPES, (True, False))
            ]
    if dtype in CHOSEN:
        condition = b.input("condition", TensorType(SHAPE, "bool"))
        outputs += [
            chosen(b, x, condition, numbers(dtype, shape), place)
            for shape, place in product(SHAPES, range(3))
        ]
    return b.build(outputs)


@pytest.mark.parametrize("dtype", sorted({*CHOSEN, *(d for d, _ in OPERATIONS.values())}))
def test_c_equals_the_interpreter(dtype: str) -> None:
    graph, rng = everything(dtype), np.random.default_rng(2)
    inputs = {}
    for name in graph.inputs:
        type = graph.type(name)
        low, high = (0, 2) if type.dtype == "bool" else (1, 60)
        inputs[name] = rng.integers(low, high, (2, *type.shape)).astype(type.dtype)
    module, options = compile_graph(graph, "host", planner="first_fit"), RunOptions(inputs)
    got = run(build_shared(module, CACHE), BOARDS.get("host"), "host", options).outputs
    want = run_cases(graph, inputs)
    assert not [v for v, array in got.items() if not equal(want[v], array)]
