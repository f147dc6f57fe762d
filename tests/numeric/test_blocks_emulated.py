"""Every case of every signal-processing block on emulated cores, with an FPU and without: compiled
C equals the interpreter to the last bit.

The cases of one block are parts of one graph, so that few images are linked.
"""

import numpy as np
import pytest
from firmwares import CACHE

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.codegen.compile import compile_graph
from tinsmith.devices.board import BOARDS
from tinsmith.dsp.block import BLOCKS, Block
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.interp import run_cases
from tinsmith.ir.types import type_of
from tinsmith.prove.bits import equal

CORES = ("rpi_pico", "nucleo_l4r5zi", "nucleo_u575zi", "esp32_c3")
"""Cortex-M0+, M4F, M33 and RV32IMC."""


def every_case(block: Block) -> tuple[Graph, dict[str, np.ndarray]]:
    """All cases side by side, and the input of each."""
    b, inputs, ends = Builder(block.name), {}, []
    for name, case in block.cases.items():
        b.stage = name
        x = b.input(f"x_{name}", type_of(case.values))
        inputs[x] = case.values[None]
        ends.append(block.lower(b, x, case.signal, block.complete(case.params)))
    return b.build(ends), inputs


@pytest.mark.emulator
@pytest.mark.parametrize("board", CORES)
@pytest.mark.parametrize("block", list(BLOCKS.all()), ids=lambda b: b.name)
def test_emulated_c_equals_the_interpreter(block: Block, board: str) -> None:
    graph, inputs = every_case(block)
    wanted = run_cases(graph, inputs)
    module, found = compile_graph(graph, board, planner="first_fit"), BOARDS.get(board)
    firmware = build_image(module, found, "zig", BuildOptions(cache=CACHE))
    outputs = run(firmware, found, "unicorn", RunOptions(inputs, cache=CACHE)).outputs
    assert [o for o in graph.outputs if not equal(outputs[o], wanted[o])] == []
