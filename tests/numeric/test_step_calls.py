"""A step that is called by itself does what it does in a run, and nothing else."""

from collections.abc import Callable

import numpy as np
import pytest
from firmwares import CACHE, TARGETS, image, mixed_graph, sabotaged

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.bench.runners.unicorn import call_steps
from tinsmith.bench.step_call import StepCall
from tinsmith.build.firmware import Firmware
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.devices.board import BOARDS
from tinsmith.ir.interp import Interpreter

OPTIONS = RunOptions({}, cache=CACHE)


def given(firmware: Firmware) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    return Interpreter(mixed_graph()).run({"x": rng.normal(size=(1, 12)).astype("float32")})


def call(firmware: Firmware, node: str, values: dict[str, np.ndarray], paint: int) -> StepCall:
    """An arena that holds the operands of a step and paint."""
    module = firmware.module
    arena = bytearray([paint]) * module.plan.arena_bytes
    found = next(n for n in module.graph.nodes if n.name == node)
    for name in found.inputs:
        if name in module.plan.places:
            at = module.plan.places[name].offset
            arena[at : at + values[name].nbytes] = values[name].tobytes()
    return StepCall(node, bytes(arena), bytes(module.plan.state_bytes))


@pytest.mark.parametrize(("board", "toolchain"), TARGETS)
def test_every_step_computes_its_result_from_its_operands(
    board: str, toolchain: str, require_tool: Callable[..., str]
) -> None:
    if toolchain == "arm_gcc":
        require_tool("arm-none-eabi-gcc")
    firmware, found = image(board, toolchain), BOARDS.get(board)
    values, graph = given(firmware), firmware.module.graph
    calls = [call(firmware, n.name, values, p) for n in graph.nodes for p in (0xA5, 0x5A)]
    results = call_steps(firmware, found, calls, OPTIONS)
    for asked, done in zip(calls, results, strict=True):
        (result,) = next(n for n in graph.nodes if n.name == asked.node).outputs
        at, want = firmware.module.plan.places[result].offset, values[result].tobytes()
        assert done.arena[at : at + len(want)] == want
        assert (done.state, done.outside) == (asked.state, False)
    told = run(firmware, found, "unicorn", RunOptions({"x": values["x"][None]}, cache=CACHE))
    assert told.layers is not None and told.stack is not None
    for asked, done in zip(calls, results, strict=True):
        around = told.layers[asked.node].value - done.instructions  # calls, and states at the end
        assert 0 <= around < 300
        assert done.stack <= told.stack.value


def test_a_write_outside_is_seen() -> None:
    board = BOARDS.get("nucleo_l4r5zi")
    module = sabotaged(board.id, f"arena[{64 * 1024}] = 1;")
    firmware = build_image(module, board, "zig", BuildOptions(CACHE))
    asked = call(firmware, next(iter(module.steps)), given(firmware), 0)
    (done,) = call_steps(firmware, board, [asked], OPTIONS)
    assert done.outside


def test_a_zero_outside_is_seen() -> None:
    """RAM holds zeros after start-up; a step that writes one there would change nothing."""
    board = BOARDS.get("nucleo_l4r5zi")
    module = sabotaged(board.id, f"arena[{64 * 1024}] = 0;")
    firmware = build_image(module, board, "zig", BuildOptions(CACHE))
    asked = call(firmware, next(iter(module.steps)), given(firmware), 0)
    assert all(done.outside for done in call_steps(firmware, board, [asked, asked], OPTIONS))
