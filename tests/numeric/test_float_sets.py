"""Kernels of float32 layers and of int16 sums equal the interpreter on every core they are for:
random shapes, rectifiers, bounds, infinities, NaN and denormal numbers."""

import numpy as np
import pytest
from firmwares import CACHE
from float_uses import drawn

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.codegen.choices import Choices
from tinsmith.codegen.compile import compile_graph
from tinsmith.devices.board import BOARDS
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Attr
from tinsmith.ir.interp import run_cases
from tinsmith.ir.types import TensorType
from tinsmith.prove.bits import equal

USES = 20
CORES = ("nucleo_l4r5zi", "nucleo_f746zg", "nucleo_u575zi")


@pytest.mark.parametrize("board", CORES)
@pytest.mark.parametrize("kind", ["float", "wide"])
def test_emulated_kernels_equal_the_interpreter(
    board: str, kind: str, rng: np.random.Generator
) -> None:
    uses = drawn(kind, rng, USES)
    module = compile_graph(uses.graph, board, planner="first_fit")
    kinds = [k.partition("/")[0] for k in module.kernels.values()]
    assert set(kinds) <= {kind, "ref"} and kinds.count(kind) > USES // 2
    firmware = build_image(module, BOARDS.get(board), "zig", BuildOptions(cache=CACHE))
    outcome = run(firmware, BOARDS.get(board), "unicorn", RunOptions(uses.inputs, cache=CACHE))
    wrong = [o for o, want in uses.wanted.items() if not equal(outcome.outputs[o], want)]
    assert not wrong


@pytest.mark.parametrize("width", [5, 8, 13])
@pytest.mark.parametrize("edge", [1, 2, 3])
def test_places_of_float_convolutions(width: int, edge: int, rng: np.random.Generator) -> None:
    """Four together, over the ends of rows and of pictures; runs of any length, with a border and
    without."""
    b, board = Builder("places"), BOARDS.get(CORES[0])
    ends, given = [], {}
    for name, channels, border in (("a", 1, 0), ("b", 3, 1), ("c", 4, 0), ("d", 7, 1)):
        x = rng.normal(size=(1, 2, 6, width, channels)).astype(np.float32)
        w, bias = rng.normal(size=(9, edge, edge, channels)), rng.normal(size=9)
        given[name] = x
        value = b.input(name, TensorType(x.shape[1:], "float32"))
        constants = [
            b.constant(f"{name}_{n}", v.astype("f4")) for n, v in (("w", w), ("bias", bias))
        ]
        attrs: dict[str, Attr] = {"stride": (1, 1 + border), "padding": (border,) * 4}
        ends.append(b.op("conv2d", value, *constants, name=f"{name}_y", dilation=(1, 1), **attrs))
    graph = b.build(ends)
    module = compile_graph(graph, board, choices=Choices(aim="speed"))
    assert set(module.kernels.values()) == {"float/conv2d_float32"}
    firmware = build_image(module, board, "zig", BuildOptions(cache=CACHE))
    outputs = run(firmware, board, "unicorn", RunOptions(given, cache=CACHE)).outputs
    wanted = run_cases(graph, given)
    assert not [o for o in graph.outputs if not equal(outputs[o], wanted[o])]
