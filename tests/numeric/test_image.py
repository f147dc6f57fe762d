"""Images: what is refused before and after linking, what a firmware says of itself."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from firmwares import CACHE, image, mixed, sabotaged

from tinsmith.build.image import DEFAULT_STACK, BuildOptions, build_image
from tinsmith.build.linker import linker_script
from tinsmith.codegen.compile import compile_graph
from tinsmith.core.errors import InternalError, UserError
from tinsmith.devices.board import BOARDS
from tinsmith.ir.builder import Builder
from tinsmith.ir.types import TensorType

M4 = "nucleo_l4r5zi"


def built(module, board=M4, **options):
    return build_image(module, BOARDS.get(board), "zig", BuildOptions(CACHE, **options))


def wide(depth: int, channels: int):
    """One dense layer with ``depth`` inputs."""
    b = Builder("wide")
    x = b.input("x", TensorType((1, depth), "float32"))
    w = b.constant("w", np.zeros((channels, depth), "float32"))
    y = b.op("dense", x, w, b.constant("b", np.zeros(channels, "float32")), name="layer")
    return compile_graph(b.build([y]), "rpi_pico")


def test_a_firmware_knows_its_board_sizes_and_symbols() -> None:
    firmware = image(M4, "zig")
    assert (firmware.board, firmware.port, firmware.kind) == (M4, "bare", "image")
    assert firmware.stack_bytes == DEFAULT_STACK
    assert firmware.toolchain_version.startswith("zig ")
    assert firmware.symbols["ts_stack_top"] - firmware.symbols["ts_stack_bottom"] == DEFAULT_STACK
    assert firmware.symbols["ts_stack_bottom"] == BOARDS.get(M4).memory("ram").origin
    assert firmware.symbols["mixed_run"] % 2 == 0
    for step in firmware.module.steps.values():
        assert step in firmware.symbols
    size = firmware.size
    assert size.code.value + size.weights.value == size.flash.value
    constants = sum(c.nbytes for c in firmware.module.graph.constants.values())
    assert constants <= size.weights.value <= constants + 64


@pytest.mark.parametrize("stack", [0, 4, 100, -8])
def test_a_stack_that_is_no_multiple_of_8_is_refused(stack: int) -> None:
    with pytest.raises(UserError, match="multiple of 8") as e:
        built(mixed(M4), stack_bytes=stack)
    assert e.value.code == "build.stack"


def test_ram_that_does_not_suffice_is_known_before_linking(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"needs 4\d{5} B of RAM, has 270336 B") as e:
        options = BuildOptions(tmp_path)
        build_image(wide(100_000, 1), BOARDS.get("rpi_pico"), "zig", options)
    assert e.value.code == "build.fit"
    assert "'x' with 400000 B" in e.value.message
    assert "smaller layers" in e.value.hint
    assert not (tmp_path / "objects").exists()


def small(board: str, flash: int, ram: int):
    found = BOARDS.get(board)
    sizes = {"flash": flash, "ram": ram}
    memories = tuple(replace(m, nbytes=sizes[m.role]) for m in found.memories)
    return replace(found, memories=memories)


def test_an_image_fits_exactly_its_own_size_and_not_a_byte_less() -> None:
    firmware = image(M4, "zig")
    flash, ram = firmware.size.flash.value, firmware.size.ram_static.value + DEFAULT_STACK
    options = BuildOptions(CACHE)
    build_image(mixed(M4), small(M4, flash, ram), "zig", options)
    with pytest.raises(UserError, match=f"needs {flash} B of flash, has {flash - 8} B"):
        build_image(mixed(M4), small(M4, flash - 8, ram), "zig", options)
    with pytest.raises(UserError, match=f"needs {ram} B of RAM, has {ram - 8} B"):
        build_image(mixed(M4), small(M4, flash, ram - 8), "zig", options)


def test_the_host_has_no_image_and_an_unknown_port_is_named() -> None:
    with pytest.raises(UserError) as e:
        built(mixed("host"), "host")
    assert e.value.code == "build.board.host"
    with pytest.raises(UserError, match=r"Port 'serial' is unknown\. Known: bare, qemu"):
        built(mixed(M4), port="serial")


def test_a_toolchain_that_does_not_serve_the_core_says_so(require_tool) -> None:
    require_tool("arm-none-eabi-gcc")
    with pytest.raises(UserError, match="does not compile for RISC-V") as e:
        build_image(mixed("esp32_c3"), BOARDS.get("esp32_c3"), "arm_gcc", BuildOptions(CACHE))
    assert e.value.code == "build.toolchain.core"


def test_c_that_does_not_compile_is_our_bug_and_names_the_file() -> None:
    with pytest.raises(InternalError, match=r"compiling mixed\.c failed.*nonsense"):
        built(sabotaged(M4, "nonsense;"))


def test_warnings_are_errors() -> None:
    with pytest.raises(InternalError, match="conversion"):
        built(sabotaged(M4, "arena[0] = (int)(size_t)arena * 2;"))


def test_initialised_data_counts_in_flash_and_in_ram() -> None:
    statement = "static volatile uint32_t kept[3] = {1, 2, 3}; kept[0]++;"
    plain, more = image(M4, "zig"), built(sabotaged(M4, statement))
    data = more.size.sections[".data"].value
    assert data == 16 and ".data" not in plain.size.sections
    assert more.size.ram_static.value == plain.size.ram_static.value + data
    stored = [n for n in more.size.sections if n not in (".bss", ".stack")]
    assert more.size.flash.value == sum(more.size.sections[n].value for n in stored)


def test_the_linker_script_has_the_boards_exact_numbers() -> None:
    board = BOARDS.get("esp32_c3")
    text = linker_script("title", board.memories, 512, "_start")
    for m in board.memories:
        assert f"{m.role.upper()} (" in text
        assert f": ORIGIN = {m.origin:#x}, LENGTH = {m.nbytes:#x}\n" in text
    ram = board.memory("ram")
    assert f"ASSERT(ts_bss_end <= {ram.origin + ram.nbytes:#x}," in text
    assert ". = . + 512;" in text and "> RODATA" in text
