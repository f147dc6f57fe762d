"""A network with four of five channels zeroed costs what one without them costs, on a core too."""

import numpy as np
import pruned
import pytest
from firmwares import CACHE

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.codegen.compile import compile_graph
from tinsmith.devices.board import BOARDS
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases

BOARD = "nucleo_l4r5zi"
MOST = 1.02


def emulated(graph: Graph, inputs: dict[str, np.ndarray]) -> tuple[int, float, np.ndarray]:
    """Instructions of a run, bytes of flash and the first output."""
    board = BOARDS.get(BOARD)
    firmware = build_image(compile_graph(graph, BOARD), board, "zig", BuildOptions(cache=CACHE))
    outcome = run(firmware, board, "unicorn", RunOptions(inputs, cache=CACHE))
    assert outcome.instructions is not None
    most = max(int(i.value) for i in outcome.instructions)
    return most, firmware.size.flash.value, outcome.outputs[graph.outputs[0]]


@pytest.mark.emulator
@pytest.mark.parametrize("form", ["separable", "residual"])
def test_zeroed_channels_cost_nothing(form: str) -> None:
    rng = np.random.default_rng(5)
    widths = [8, 16, 32, 32, 64] if form == "separable" else [16, 16, 16, 32, 32, 64, 64]
    live = pruned.masks(rng, widths, 0.2)
    if form == "residual":
        live[2] = live[0]  # an addition without a layer on its path
    make = getattr(pruned, form)
    whole, small = make(live), make([np.ones(int(m.sum()), bool) for m in live])
    inputs = {"x": rng.integers(-128, 128, (2, *whole.type("x").shape)).astype(np.int8)}
    instructions, flash, outputs = emulated(whole, inputs)
    least, least_flash, _ = emulated(small, inputs)
    assert instructions <= MOST * least and flash <= MOST * least_flash
    wanted = run_cases(whole, inputs)[whole.outputs[0]]
    assert outputs.tobytes() == wanted.tobytes()
