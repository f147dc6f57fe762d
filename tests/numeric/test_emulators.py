"""Emulators: two engines, one count, and the outputs of the reference."""

from dataclasses import replace

import numpy as np
import pytest
from firmwares import CACHE, MORE_CORES, TARGETS, image, inputs, mixed, sabotaged

from tinsmith.bench.outcome import RunOptions, least
from tinsmith.bench.run import run
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.build.machines import machine_for
from tinsmith.build.objects import compile_all, compiler_for
from tinsmith.codegen.compile import compile_graph
from tinsmith.core.errors import UserError
from tinsmith.devices.board import BOARDS
from tinsmith.ir.builder import Builder
from tinsmith.ir.interp import run_cases
from tinsmith.ir.types import TensorType

RUNS = [(*t, reset_each) for t in TARGETS for reset_each in (True, False)]
RUNS += [(*t, False) for t in MORE_CORES]
every_run = pytest.mark.parametrize(("board", "toolchain", "reset_each"), RUNS)
M4, M55 = "nucleo_l4r5zi", "alif_e7"


@pytest.fixture(autouse=True)
def tool(request: pytest.FixtureRequest, require_tool) -> None:
    callspec = getattr(request.node, "callspec", None)
    if callspec is not None and "arm_gcc" in callspec.params.values():
        require_tool("arm-none-eabi-gcc")


@every_run
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
    counts = [q.value for q in outcome.layers.values()]
    assert sum(counts) == outcome.instructions[0].value
    assert all(count > 0 for count in counts)


@every_run
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
    counts = [[q.value for q in o.instructions] for o in (qemu, bare)]
    assert counts[0] == counts[1]
    assert qemu.stack.value == bare.stack.value
    for name, got in qemu.outputs.items():
        np.testing.assert_array_equal(got, bare.outputs[name])
    assert (bare.method, qemu.method) == ("emulated", "emulated")


@pytest.mark.parametrize("toolchain", ["zig", "arm_gcc"])
def test_the_core_that_only_qemu_has_computes_the_reference(toolchain: str, require_tool) -> None:
    require_tool("qemu-system-arm")
    options = RunOptions(inputs(), reset_each=False, cache=CACHE)
    outcome = run(image(M55, toolchain, "qemu"), BOARDS.get(M55), "qemu", options)
    want = run_cases(mixed(M55).graph, inputs(), reset_each=False)
    for name, got in outcome.outputs.items():
        np.testing.assert_array_equal(got, want[name])
    assert outcome.instructions is not None and least(outcome.instructions).value > 500
    assert outcome.stack is not None and 0 < outcome.stack.value < 1000


@pytest.mark.parametrize("toolchain", ["zig", "arm_gcc"])
def test_its_vector_unit_computes_whole_numbers_only(toolchain: str) -> None:
    """Helium's float instructions would flush subnormal numbers to zero."""
    compiler = compiler_for(BOARDS.get(M55).core, toolchain, CACHE)
    told = "#if __ARM_FEATURE_MVE != 1 || !(__ARM_FP & 4)\n#error\n#endif\ntypedef int ts_told;\n"
    assert compile_all(compiler, {"told.c": told})["told.c"]


def test_floats_below_the_normal_range_stay_what_they_are_on_every_core(require_tool) -> None:
    require_tool("qemu-system-arm")
    tiny = np.array([[1e-40, -1e-45, 1.2e-38, 0.0] * 4], np.float32)
    b = Builder("tiny")
    x = b.input("x", TensorType((16,), "float32"))
    y = b.op("add", x, b.constant("c", np.full(16, 1e-41, np.float32)), name="y")
    graph = b.build([y])
    want = run_cases(graph, {"x": tiny})[y]
    for board in (M4, M55):
        firmware = build_image(
            compile_graph(graph, board), BOARDS.get(board), "zig", BuildOptions(CACHE, "qemu")
        )
        options = RunOptions({"x": tiny}, cache=CACHE)
        got = run(firmware, BOARDS.get(board), "qemu", options).outputs[y]
        np.testing.assert_array_equal(got.view(np.uint32), want.view(np.uint32))
    assert (np.abs(want) < np.finfo(np.float32).tiny).any()


@pytest.mark.parametrize("board", [M4, M55, "esp32_c3"])
def test_qemu_notices_a_stack_that_is_used_to_its_last_byte(board: str, require_tool) -> None:
    require_tool("qemu-system-riscv32" if board == "esp32_c3" else "qemu-system-arm")
    found, options = BOARDS.get(board), RunOptions(inputs(), cache=CACHE)
    stack = run(image(board, "zig", "qemu"), found, "qemu", options).stack.value
    assert stack
    # The port's own frames are deeper than this model's and come after it.
    roomy = run(image(board, "zig", "qemu", stack_bytes=stack + 256), found, "qemu", options)
    assert roomy.stack.value == stack
    deep = f"volatile uint8_t deep[{stack + 256}]; for (int32_t k = 0; k < {stack + 256}; k++) {{ deep[k] = (uint8_t)k; }} (void)deep;"  # noqa: E501
    module = sabotaged(board, deep)
    used = run(
        build_image(module, found, "zig", BuildOptions(CACHE, "qemu")), found, "qemu", options
    ).stack.value
    assert used and used >= stack + 256
    tight = build_image(module, found, "zig", BuildOptions(CACHE, "qemu", stack_bytes=used))
    with pytest.raises(UserError, match=f"stack of {used} B overflowed") as e:
        run(tight, found, "qemu", options)
    assert e.value.code == "bench.stack-overflow"


def test_qemu_notices_writes_behind_the_programs_ram(require_tool) -> None:
    require_tool("qemu-system-arm")
    write = "extern uint8_t ts_bss_end[]; ((volatile uint8_t *)ts_bss_end)[5] = 0;"
    for board in (M4, M55):
        firmware = build_image(
            sabotaged(board, write), BOARDS.get(board), "zig", BuildOptions(CACHE, "qemu")
        )
        with pytest.raises(UserError, match="wrote behind its static RAM in case 0") as e:
            run(firmware, BOARDS.get(board), "qemu", RunOptions(inputs(), cache=CACHE))
        assert e.value.code == "bench.memory"
