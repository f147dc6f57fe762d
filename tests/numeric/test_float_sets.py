"""Kernels of float32 layers and of int16 sums equal the interpreter on every core they are for:
random shapes, rectifiers, bounds, infinities, NaN and denormal numbers."""

import numpy as np
import pytest
from firmwares import CACHE
from float_uses import drawn

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.codegen.compile import compile_graph
from tinsmith.devices.board import BOARDS
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
