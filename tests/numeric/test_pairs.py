"""Sums, differences, products and roots of float32 by the kernels of cores with an FPU: the
interpreter's bits for any way in which an operand repeats, special values included."""

import numpy as np
import pytest
from firmwares import CACHE
from float_uses import ODD

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.codegen.choices import Choices
from tinsmith.codegen.compile import compile_graph, lower
from tinsmith.codegen.select import possible
from tinsmith.devices.board import BOARDS
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.types import TensorType
from tinsmith.prove.bits import equal

CORES = ("nucleo_l4r5zi", "nucleo_f746zg", "nucleo_u575zi")
USES = 24


def uses(rng: np.random.Generator) -> Graph:
    """Pairs of which one repeats along some axes or none, in both orders, squares, and roots."""
    b = Builder("pairs")
    ends = []
    for k in range(USES):
        shape = tuple(int(n) for n in rng.choice([1, 2, 3, 4, 5, 7, 9, 16], 3))
        whole = b.input(f"x{k}", TensorType(shape, "float32"))
        op = ("add", "sub", "mul", "sqrt")[k % 4]
        if op == "sqrt":
            ends.append(b.op(op, whole, name=f"y{k}"))
            continue
        cut = int(rng.integers(4))  # repeats along the first axes, or along the last
        first, last = (*[1] * cut, *shape[cut:]), (*shape[:cut], *[1] * (3 - cut))
        kept = (first, shape[cut:], last)[rng.integers(3)]
        other = b.input(f"b{k}", TensorType(kept, "float32"))
        pair = [(whole, other), (other, whole), (whole, whole)][rng.integers(3)]
        ends.append(b.op(op, *pair, name=f"y{k}"))
    return b.build(ends)


def content(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Noise of all scales, a fifth of it odd."""
    x = (rng.normal(size=(3, *shape)) * 10.0 ** rng.integers(-40, 38, (3, *shape))).astype("f4")
    return np.where(rng.random(x.shape) < 0.2, rng.choice(ODD, x.shape), x).astype(np.float32)


@pytest.mark.emulator
@pytest.mark.parametrize("board", CORES)
def test_emulated_pairs_equal_the_interpreter(board: str, rng: np.random.Generator) -> None:
    graph, found = uses(rng), BOARDS.get(board)
    x = {i: content(rng, graph.type(i).shape) for i in graph.inputs}
    offers = possible(lower(graph), found.core)
    own = {n: [k for k in kernels if k.startswith("float/")] for n, kernels in offers.items()}
    assert sum(map(bool, own.values())) >= USES - 4  # what does not repeat at once is taken apart
    choices = Choices({n: kernels[0] for n, kernels in own.items() if kernels})
    module = compile_graph(graph, board, planner="first_fit", choices=choices)
    firmware = build_image(module, found, "zig", BuildOptions(cache=CACHE))
    outcome = run(firmware, found, "unicorn", RunOptions(x, cache=CACHE))
    wanted = run_cases(graph, x)
    assert [o for o in graph.outputs if not equal(outcome.outputs[o], wanted[o])] == []


@pytest.mark.emulator
def test_long_rows_and_roots_take_fewer_instructions(rng: np.random.Generator) -> None:
    b, board = Builder("long"), BOARDS.get("nucleo_l4r5zi")
    x = b.input("x", TensorType((40, 8), "float32"))
    row = b.input("row", TensorType((8,), "float32"))
    ends = [b.op(op, x, row, name=op) for op in ("add", "sub", "mul")]
    graph = b.build([*ends, b.op("sqrt", x, name="sqrt"), b.op("mul", x, x, name="square")])
    given = {i: np.abs(content(rng, graph.type(i).shape))[:1] for i in graph.inputs}
    counts = {}
    for kind in ("float", "ref"):
        choices = Choices({o: f"{kind}/{n.op}_float32" for n in graph.nodes for o in n.outputs})
        module = compile_graph(graph, board, choices=choices)
        firmware = build_image(module, board, "zig", BuildOptions(cache=CACHE))
        counts[kind] = run(firmware, board, "unicorn", RunOptions(given, cache=CACHE)).layers
    now, before = counts["float"], counts["ref"]
    assert now is not None and before is not None
    assert all(now[o].value < 0.8 * before[o].value for o in graph.outputs)
    assert now["sqrt"].value < 0.1 * before["sqrt"].value
