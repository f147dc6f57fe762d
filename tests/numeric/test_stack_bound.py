"""The deepest stack that linked code can need: never less than what an emulator sees, hardly more
for int8 models, and where there is no bound it is said why."""

from pathlib import Path

import pytest
from firmwares import CACHE, mixed

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.build.firmware import Firmware
from tinsmith.build.image import BuildOptions, build_image, link_elf
from tinsmith.build.linker import linker_script
from tinsmith.build.objects import compile_all, compiler_for
from tinsmith.build.stack import StackBounds, Unbounded
from tinsmith.codegen.compile import compile_graph
from tinsmith.devices.board import BOARDS
from tinsmith.flow.drawn import default_inputs
from tinsmith.importers import read_model

MODELS = (
    "ad01_int8", "ei_gestures-i8", "ei_temperature-regression.i8", "hello_world_int8",
    "kws_ref_model", "micro_speech_quantized", "mww_v2_hey_jarvis", "trained_lstm",
)  # fmt: skip
UNWRITTEN = 64
"""Bytes of a frame that a run may leave as they were."""
M4 = "nucleo_l4r5zi"


def painted(firmware: Firmware, inputs: dict) -> int:
    found = run(firmware, BOARDS.get(firmware.board), "unicorn", RunOptions(inputs, cache=CACHE))
    assert found.stack is not None
    return found.stack.whole


def bounded(firmware: Firmware) -> int:
    assert firmware.stack is not None and firmware.stack.unbounded == ""
    assert firmware.stack.image is not None and firmware.stack.run is not None
    steps = [q.whole for q in firmware.stack.steps.values()]
    assert len(steps) == len(firmware.module.steps)
    assert max(steps) <= firmware.stack.run.whole <= firmware.stack.image.whole
    return firmware.stack.image.whole


@pytest.mark.emulator
@pytest.mark.parametrize("toolchain", ["zig", "arm_gcc"])
@pytest.mark.parametrize("board", [M4, "rpi_pico"])
@pytest.mark.parametrize("name", MODELS)
def test_bounds_of_int8_models_are_what_is_painted(
    shared: Path, name: str, board: str, toolchain: str, request: pytest.FixtureRequest
) -> None:
    if toolchain == "arm_gcc":
        request.getfixturevalue("require_tool")("arm-none-eabi-gcc")
    graph = read_model(shared / "models" / f"{name}.tflite")
    built = build_image(
        compile_graph(graph, board), BOARDS.get(board), toolchain, BuildOptions(CACHE)
    )
    seen, most = painted(built, default_inputs(graph)), bounded(built)
    assert seen <= most <= seen + UNWRITTEN


@pytest.mark.emulator
@pytest.mark.parametrize("board", [M4, "rpi_pico", "esp32_c3", "nucleo_u575zi"])
def test_a_bound_is_no_less_than_what_is_seen(board: str) -> None:
    module = mixed(board)
    built = build_image(module, BOARDS.get(board), "zig", BuildOptions(CACHE))
    assert painted(built, default_inputs(module.graph)) <= bounded(built)


def linked(code: str, board: str, optimise: str = "-O2") -> StackBounds:
    """C that defines ``begin`` linked for a board, with nothing else."""
    core, memories = BOARDS.get(board).core, BOARDS.get(board).memories
    code = code.replace("int begin(", "__attribute__((noinline)) int begin(")
    text = f"#include <stdint.h>\n{code}\nvoid _start(void);\nvoid _start(void) {{ begin(9); }}\n"
    compiler = compiler_for(core, "zig", CACHE, ("-Wno-everything", optimise))
    objects = compile_all(compiler, {"a.c": text})
    script = linker_script("test", memories, 4096, "_start")
    return StackBounds(link_elf(compiler, objects, script), core.isa.startswith("arm"))


SINK = "volatile int sink;\n__attribute__((noinline)) static int leaf(int n)"
FRAME = f"{SINK} {{ volatile char a[200]; a[n] = 1; return a[n + 1]; }}\n"


@pytest.mark.parametrize("board", [M4, "rpi_pico", "esp32_c3"])
def test_frames_of_calls_add_up(board: str) -> None:
    once = linked(FRAME + "int begin(int n) { return leaf(n) + 1; }", board).of("begin")
    assert 200 < once < 240
    more = "int begin(int n) { volatile char b[5000]; b[n] = 1; return leaf(n) + b[n + 2]; }"
    assert 5200 < linked(FRAME + more, board).of("begin") < 5280


@pytest.mark.parametrize("board", [M4, "rpi_pico", "esp32_c3"])
def test_recursion_has_no_bound(board: str) -> None:
    code = f"{SINK} {{ sink = n; return n ? leaf(n - 1) * leaf(n - 2) : 1; }}\n"
    with pytest.raises(Unbounded, match="leaf calls leaf"):
        linked(code + "int begin(int n) { return leaf(n) + 1; }", board).of("begin")


@pytest.mark.parametrize("board", [M4, "rpi_pico", "esp32_c3"])
def test_a_call_through_a_pointer_is_one_of_those_that_are_taken(board: str) -> None:
    code = f"{FRAME}int (*volatile way)(int);\n"
    none = code + "int begin(int n) { return way(n) + 1; }"
    with pytest.raises(Unbounded, match="begin calls what is not known"):
        linked(none, board).of("begin")
    taken = code + "int begin(int n) { way = leaf; return way(n) + 1; }"
    assert 200 < linked(taken, board).of("begin") < 240


@pytest.mark.parametrize("board", [M4, "rpi_pico", "esp32_c3"])
def test_a_frame_whose_size_depends_on_data_has_no_bound(board: str) -> None:
    code = "volatile int sink;\nint begin(int n) { volatile char a[n + sink]; a[n - 1] = 1; sink++;"
    with pytest.raises(Unbounded, match="begin moves its stack pointer"):
        linked(code + " return a[n - 2]; }", board).of("begin")


def test_jumps_by_a_table_are_followed() -> None:
    cases = " ".join(f"case {k}: sink = leaf(n * {k}); sink *= {k + 3}; break;" for k in range(9))
    code = f"{FRAME}int begin(int n) {{ switch (sink) {{ {cases} default: return n; }} return 4; }}"
    for board in (M4, "rpi_pico", "esp32_c3"):
        assert 200 < linked(code, board).of("begin") < 260
