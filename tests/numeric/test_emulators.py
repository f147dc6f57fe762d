"""Emulators: two engines, one count, and the outputs of the reference."""

from dataclasses import replace

import numpy as np
import pytest
from firmwares import CACHE, TARGETS, image, inputs, mixed

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.build.machines import machine_for
from tinsmith.devices.board import BOARDS
from tinsmith.ir.interp import run_cases

pytestmark = [
    pytest.mark.parametrize(("board", "toolchain"), TARGETS),
    pytest.mark.parametrize("reset_each", [True, False]),
]


@pytest.fixture(autouse=True)
def tool(toolchain: str, require_tool) -> None:
    if toolchain == "arm_gcc":
        require_tool("arm-none-eabi-gcc")


def test_unicorn_sees_every_tensor_of_the_reference(
    board: str, toolchain: str, reset_each: bool
) -> None:
    firmware = image(board, toolchain)
    plain = RunOptions(inputs(), reset_each=reset_each, cache=CACHE)
    traced = RunOptions(
        inputs(), trace=True, reset_each=reset_each, check_alignment=True, cache=CACHE
    )
    outcome = run(firmware, BOARDS.get(board), "unicorn", traced)
    want = run_cases(firmware.module.graph, inputs(), reset_each)
    assert outcome.trace is not None
    assert set(outcome.trace) == {n.outputs[0] for n in firmware.module.graph.nodes}
    for name, got in {**outcome.trace, **outcome.outputs}.items():
        np.testing.assert_array_equal(got, want[name])
    # Looking on changes nothing, and the steps' shares add up to the whole.
    alone = run(firmware, BOARDS.get(board), "unicorn", plain)
    assert alone.instructions == outcome.instructions
    assert outcome.layers is not None
    assert outcome.instructions is not None
    assert sum(outcome.layers.values()) == outcome.instructions[0]
    assert all(count > 0 for count in outcome.layers.values())


def test_qemu_counts_the_same_instructions_as_the_boards_own_image(
    board: str, toolchain: str, reset_each: bool, require_tool
) -> None:
    require_tool("qemu-system-riscv32" if board == "esp32_c3" else "qemu-system-arm")
    options = RunOptions(inputs(), reset_each=reset_each, cache=CACHE)
    found = BOARDS.get(board)
    bare = run(image(board, toolchain), found, "unicorn", options)
    qemu = run(image(board, toolchain, "qemu"), found, "qemu", options)
    assert bare.instructions
    # The same objects at the addresses of QEMU's machine, in Unicorn.
    moved = replace(found, memories=machine_for(found).memories)
    firmware = build_image(mixed(board), moved, toolchain, BuildOptions(CACHE))
    assert run(firmware, moved, "unicorn", options).instructions == bare.instructions
    assert qemu.instructions == bare.instructions
    for name, got in qemu.outputs.items():
        np.testing.assert_array_equal(got, bare.outputs[name])
    assert (bare.method, qemu.method) == ("emulated", "emulated")
