"""Module binaries: position-independent in fact, not by intention."""

import struct
from dataclasses import replace
from zlib import crc32

import numpy as np
import pytest
from firmwares import CACHE, TARGETS, inputs, mixed

from tinsmith.build.module_binary import HEADER_BYTES, build_module_binary
from tinsmith.core.errors import InternalError, UserError
from tinsmith.devices.board import BOARDS
from tinsmith.ir.interp import run_cases

ARM = [t for t in TARGETS if t[0] != "esp32_c3"]
RETURN = 0x0F000000
RAM = 0x20000000


def binary(board: str, toolchain: str, require_tool) -> bytes:
    if toolchain == "arm_gcc":
        require_tool("arm-none-eabi-gcc")
    return build_module_binary(mixed(board), BOARDS.get(board), toolchain, CACHE)


@pytest.mark.parametrize(("board", "toolchain"), TARGETS)
def test_the_header_describes_the_module(board: str, toolchain: str, require_tool) -> None:
    data = binary(board, toolchain, require_tool)
    plan = mixed(board).plan
    magic, abi, flags, arena, state, align, length, *entries, check, _ = struct.unpack(
        "<4s11I", data[:HEADER_BYTES]
    )
    assert (magic, abi) == (b"TSM1", 1)
    assert flags == {"nucleo_l4r5zi": 3, "rpi_pico": 1, "esp32_c3": 4}[board]
    assert (arena, state, align) == (plan.arena_bytes, plan.state_bytes, plan.alignment)
    assert length == len(data)
    assert check == crc32(data[:40] + bytes(4) + data[44:])
    for entry in entries:
        assert HEADER_BYTES <= entry < length
        assert entry % 2 == (board != "esp32_c3")


@pytest.mark.parametrize(("board", "toolchain"), ARM)
@pytest.mark.parametrize("base", [0x08000000, 0x10345670])
def test_the_same_bytes_run_at_two_addresses(
    board: str, toolchain: str, base: int, require_tool
) -> None:
    data = binary(board, toolchain, require_tool)
    graph, x = mixed(board).graph, inputs(2)
    got = run_at(base, data, mixed(board), BOARDS.get(board).core.unicorn, x["x"])
    want = run_cases(graph, x, reset_each=False)
    for name in graph.outputs:
        np.testing.assert_array_equal(got[name], want[name])


def run_at(base: int, data: bytes, module, cpu: str, x: np.ndarray) -> dict[str, np.ndarray]:
    """Copy a binary to an address, call init and then run for each case."""
    unicorn = pytest.importorskip("unicorn")
    arm = unicorn.arm_const
    engine = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB)
    engine.ctl_set_cpu_model(getattr(arm, f"UC_CPU_ARM_{cpu}"))
    engine.mem_map(base & ~0xFFF, 0x10000, unicorn.UC_PROT_READ | unicorn.UC_PROT_EXEC)
    engine.mem_map(RAM, 0x10000, unicorn.UC_PROT_READ | unicorn.UC_PROT_WRITE)
    engine.mem_map(RETURN, 0x1000)
    engine.mem_map(0xE000E000, 0x1000)
    engine.mem_write(base, data)
    if "M4" in cpu:
        engine.reg_write(arm.UC_ARM_REG_FPEXC, 0x40000000)
    header = struct.unpack("<4s11I", data[:HEADER_BYTES])
    arena, state, stack = RAM + 0x4000, RAM + 0x8000, RAM + 0x4000

    def call(offset: int, *arguments: int) -> int:
        engine.reg_write(arm.UC_ARM_REG_SP, stack)
        engine.reg_write(arm.UC_ARM_REG_LR, RETURN | 1)
        for i, value in enumerate(arguments):
            engine.reg_write((arm.UC_ARM_REG_R0, arm.UC_ARM_REG_R1)[i], value)
        engine.emu_start(base + offset, RETURN, timeout=10_000_000)
        assert engine.reg_read(arm.UC_ARM_REG_PC) == RETURN
        return engine.reg_read(arm.UC_ARM_REG_R0)

    call(header[7], state)
    rows: dict[str, list[np.ndarray]] = {o: [] for o in module.graph.outputs}
    for case in x:
        engine.mem_write(arena + module.plan.places["x"].offset, case.tobytes())
        assert call(header[9], arena, state) == 0
        for name in rows:
            type = module.graph.type(name)
            found = engine.mem_read(arena + module.plan.places[name].offset, type.nbytes)
            rows[name].append(np.frombuffer(bytes(found), type.dtype).reshape(type.shape))
    return {k: np.stack(v) for k, v in rows.items()}


POINTERS = """
extern const uint8_t *const mixed_table[2];
const uint8_t *const mixed_table[2] = {(const uint8_t *)mixed_w_w, (const uint8_t *)mixed_w_w8};
"""


@pytest.mark.parametrize(("board", "toolchain"), TARGETS)
def test_an_absolute_address_is_refused(board: str, toolchain: str, require_tool) -> None:
    if toolchain == "arm_gcc":
        require_tool("arm-none-eabi-gcc")
    module = mixed(board)
    path = "mixed.c"
    text = module.sources[path].replace("#include <stddef.h>", "#include <stddef.h>" + POINTERS)
    text = text.replace("    return 0;\n", "    return mixed_table[a[0] & 1][0];\n")
    assert text.count("mixed_table") == 3
    planted = replace(module, sources={**module.sources, path: text})
    with pytest.raises(InternalError, match=r"absolute address|linking failed"):
        build_module_binary(planted, BOARDS.get(board), toolchain, CACHE)


def test_something_writable_is_refused() -> None:
    module = mixed("rpi_pico")
    text = module.sources["mixed.c"].replace(
        "    return 0;\n", "    static int32_t runs;\n    return runs++ >> 20;\n"
    )
    planted = replace(module, sources={**module.sources, "mixed.c": text})
    with pytest.raises(InternalError, match="nothing writable"):
        build_module_binary(planted, BOARDS.get("rpi_pico"), "zig", CACHE)


def test_the_host_takes_none() -> None:
    with pytest.raises(UserError) as e:
        build_module_binary(mixed("host"), BOARDS.get("host"), "zig", CACHE)
    assert e.value.code == "build.board.host"
