"""Every row of every operation's table on emulated cores, with an FPU and without.

Compiled C equals the reference bit for bit, infinities, NaN and denormal numbers included.

The rows of some operations are the nodes of one graph, so that few images are linked.
"""

import pytest
from firmwares import CACHE

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.codegen.compile import compile_graph
from tinsmith.devices.board import BOARDS
from tinsmith.prove.bits import equal
from tinsmith.testing.tables import batches, tables

BOARDS_RUN = ("nucleo_l4r5zi", "rpi_pico", "esp32_c3")


@pytest.mark.parametrize("board", BOARDS_RUN)
@pytest.mark.parametrize("names", batches(), ids=lambda names: f"{names[0]}-to-{names[-1]}")
def test_emulated_c_equals_the_reference(names: tuple[str, ...], board: str) -> None:
    graph, inputs, wanted = tables(names)
    module = compile_graph(graph, board, planner="first_fit")
    found = BOARDS.get(board)
    firmware = build_image(module, found, "zig", BuildOptions(cache=CACHE))
    outputs = run(firmware, found, "unicorn", RunOptions(inputs, cache=CACHE)).outputs
    wrong = [row for row, want in wanted.items() if not equal(outputs[row][0], want)]
    assert not wrong
