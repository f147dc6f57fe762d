"""Every board that comes with tinsmith: a module is linked into its memories and runs there."""

from collections.abc import Callable

import numpy as np
import pytest
from firmwares import CACHE, emulator_of, mixed_graph

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.codegen.compile import compile_graph
from tinsmith.devices.board import BOARDS
from tinsmith.ir.interp import run_cases

REAL = [name for name in BOARDS.names() if name != "host"]


@pytest.mark.emulator
@pytest.mark.parametrize("name", REAL)
def test_a_module_runs_in_the_memories_of_the_board(
    name: str, require_tool: Callable[..., str]
) -> None:
    board = BOARDS.get(name)
    port, runner = emulator_of(board.core)
    if runner == "qemu":
        require_tool("qemu-system-arm")
    graph = mixed_graph()
    given = {"x": np.random.default_rng(5).normal(size=(3, 1, 12)).astype("float32")}
    module = compile_graph(graph, board)
    firmware = build_image(module, board, "zig", BuildOptions(CACHE, port=port))
    outcome = run(firmware, board, runner, RunOptions(given, timeout_s=60, cache=CACHE))
    want = run_cases(graph, given)
    for output in graph.outputs:
        assert outcome.outputs[output].tobytes() == want[output].tobytes()
    assert firmware.size is not None
    assert 0 < firmware.size.flash.value <= board.flash_bytes
    assert 0 < firmware.size.ram_static.value <= board.ram_bytes
