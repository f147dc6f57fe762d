"""What is composed compiles: every function, operation and movement in one module, run on this
computer, equals the interpreter in every value."""

import numpy as np
from firmwares import CACHE

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.build.shared import build_shared
from tinsmith.codegen.compile import compile_graph
from tinsmith.compose import elementwise as e
from tinsmith.compose import movement as m
from tinsmith.devices.board import BOARDS
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.types import TensorType
from tinsmith.prove.bits import equal


def functions(b: Builder) -> list[str]:
    x = b.input("real", TensorType((2, 3, 4), "float32"))
    return [e.unary(b, op, x, name=f"fn_{op}") for op in e.UNARY]


def arithmetic(b: Builder) -> list[str]:
    found = []
    for dtype in ("float32", "int8", "uint8", "int16", "int32", "int64"):
        x = b.input(f"x_{dtype}", TensorType((2, 3, 1), dtype))
        y = b.input(f"y_{dtype}", TensorType((3, 4), dtype))
        found += [e.binary(b, op, x, y) for op in ("add", "div", "floordiv", "mod", "fmod", "max")]
        found.append(e.where(b, e.compare(b, "greater", x, y), x, y))
        targets = [t for t in ("float32", "bool", "int64", "uint8") if t != dtype]
        found += [e.cast(b, x, target) for target in targets]
    return found


def movements(b: Builder) -> list[str]:
    x = b.input("square", TensorType((1, 4, 2, 6), "int8"))
    at = b.input("places", TensorType((2, 2), "int64"))
    y = m.depth_to_space(b, m.flip(b, x, (1, 3)), 2)
    y = m.concat(
        b, [y, m.tile(b, m.slices(b, y, [0] * 4, [99] * 4, [1, 1, 2, 3]), (1, 1, 2, 3))], 2
    )
    padded = m.pad(b, y, [(0, 0), (1, 2), (-1, 0), (2, 0)], mode="edge")
    return [
        m.gather(b, m.pad(b, padded, [(1, 0)] + [(0, 1)] * 3, 7), at, 3),
        m.reshape(b, y, (-1,)),
    ]


def everything() -> Graph:
    b = Builder("composed", "quantised")
    return b.build([*functions(b), *arithmetic(b), *movements(b)])


def stimulus(graph: Graph) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(4)
    found = {}
    for name in graph.inputs:
        type = graph.type(name)
        drawn = rng.normal(size=(3, *type.shape)) * 3
        if type.dtype != "float32":
            low = 0 if type.dtype == "uint8" else -100
            drawn = rng.integers(low, 100, (3, *type.shape))
        found[name] = drawn.astype(type.dtype)
    return found


def test_what_is_composed_compiles_and_is_equal() -> None:
    graph = everything()
    module, inputs = compile_graph(graph, "host", planner="first_fit"), stimulus(graph)
    options = RunOptions(inputs, trace=True, cache=CACHE)
    outcome = run(build_shared(module, CACHE), BOARDS.get("host"), "host", options)
    want = run_cases(graph, inputs)
    assert outcome.trace is not None and len(outcome.outputs) == len(graph.outputs)
    known = [v for v in outcome.trace if v in want]
    assert len(known) > len(outcome.trace) // 2
    assert not [v for v in known if not equal(want[v], outcome.trace[v])]
    assert not [v for v, got in outcome.outputs.items() if not equal(want[v], got)]
