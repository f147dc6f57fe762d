"""Module binaries: position-independent in fact, not by intention."""

import ctypes
import struct
import subprocess
from dataclasses import replace
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from firmwares import CACHE, TARGETS, inputs, mixed, mixed_graph

from tinsmith.bench.runners.unicorn import _CPUS
from tinsmith.build.image import BuildOptions, build_image, firmware_text
from tinsmith.build.module_binary import HEADER_BYTES, build_module_binary
from tinsmith.build.toolchains.zig import environment, find
from tinsmith.codegen.compile import compile_graph
from tinsmith.core.errors import InternalError, UserError
from tinsmith.devices.board import BOARDS
from tinsmith.ir.interp import run_cases

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
    magic, abi, flags, arena, state, align, length, *entries, check, step = struct.unpack(
        "<4s11I", data[:HEADER_BYTES]
    )
    assert (magic, abi) == (b"TSM1", 3)
    assert flags == {"nucleo_l4r5zi": 3, "rpi_pico": 1, "esp32_c3": 4}[board]
    assert (arena, state, align) == (plan.arena_bytes, plan.state_bytes, plan.alignment)
    assert length == len(data)
    assert check == crc32(data[:40] + bytes(4) + data[44:])
    for entry in (*entries, step):
        assert HEADER_BYTES <= entry < length
        assert entry % 2 == (board != "esp32_c3")


@pytest.mark.parametrize(("board", "toolchain"), TARGETS)
@pytest.mark.parametrize("base", [0x08000000, 0x10345670])
def test_the_same_bytes_run_at_two_addresses(
    board: str, toolchain: str, base: int, require_tool
) -> None:
    data = binary(board, toolchain, require_tool)
    graph, x = mixed(board).graph, inputs(2)
    got = run_at(base, data, mixed(board), _CPUS[BOARDS.get(board).core.name], x["x"])
    want = run_cases(graph, x, reset_each=False)
    for name in graph.outputs:
        np.testing.assert_array_equal(got[name], want[name])


class Core:
    """A bare core in Unicorn with the registers that a call needs."""

    def __init__(self, cpu: str) -> None:
        unicorn = pytest.importorskip("unicorn")
        self.thumb = int(cpu != "BASE32")
        if self.thumb:
            names, prefix, model = unicorn.arm_const, "UC_ARM_REG_", f"UC_CPU_ARM_{cpu}"
            self.engine = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB)
            registers = ("SP", "LR", "PC", "R0", "R1", "R2")
        else:
            names, prefix, model = unicorn.riscv_const, "UC_RISCV_REG_", f"UC_CPU_RISCV32_{cpu}"
            self.engine = unicorn.Uc(unicorn.UC_ARCH_RISCV, unicorn.UC_MODE_RISCV32)
            registers = ("SP", "RA", "PC", "A0", "A1", "A2")
        self.engine.ctl_set_cpu_model(getattr(names, model))
        self.sp, self.link, self.pc, *self.arguments = (
            getattr(names, prefix + r) for r in registers
        )
        if "M4" in cpu:
            self.engine.reg_write(unicorn.arm_const.UC_ARM_REG_FPEXC, 0x40000000)

    def call(self, address: int, *arguments: int) -> int:
        self.engine.reg_write(self.sp, RAM + 0x4000)
        self.engine.reg_write(self.link, RETURN | self.thumb)
        for register, value in zip(self.arguments, arguments, strict=False):
            self.engine.reg_write(register, value)
        self.engine.emu_start(address, RETURN, timeout=10_000_000)
        assert self.engine.reg_read(self.pc) == RETURN
        return int(self.engine.reg_read(self.arguments[0]))


def run_at(base: int, data: bytes, module, cpu: str, x: np.ndarray) -> dict[str, np.ndarray]:
    """Copy a binary to an address, call init and then for each case run or, in turns, its steps."""
    core = Core(cpu)
    engine = core.engine
    engine.mem_map(base & ~0xFFF, 0x10000, 1 | 4)
    engine.mem_map(RAM, 0x10000, 1 | 2)
    engine.mem_map(RETURN, 0x1000)
    engine.mem_write(base, data)
    header = struct.unpack("<4s11I", data[:HEADER_BYTES])
    arena, state = RAM + 0x4000, RAM + 0x8000
    core.call(base + header[7], state)
    rows: dict[str, list[np.ndarray]] = {o: [] for o in module.graph.outputs}
    for i, case in enumerate(x):
        engine.mem_write(arena + module.plan.places["x"].offset, case.tobytes())
        if i % 2:
            assert core.call(base + header[9], arena, state) == 0
        else:
            seen = [core.call(base + header[11], arena, state, n) for n in range(5)]
            assert seen == [1, 2, 3, 4, 0] and len(module.steps) == 5
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
    text = text.replace("    return 0;\n", "    return mixed_table[a[0] & 1][0];\n", 1)
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


def test_our_soft_float_agrees_with_numpy(tmp_path: Path, rng: np.random.Generator) -> None:
    """The RISC-V half of firmware/module/soft_float.c, compiled for this computer."""
    text = firmware_text("module/soft_float.c").replace("defined(__arm__)", "0")
    (tmp_path / "soft_float.c").write_text(text)
    argv = [*find().command, "-O2", "-shared", "-fPIC", "-nostdlib", "-ffreestanding"]
    argv += ["-fno-sanitize=all", "-Wno-everything", "soft_float.c", "-o", "soft.so"]
    subprocess.run(argv, cwd=tmp_path, env=environment(CACHE), check=True)
    soft = ctypes.CDLL(str(tmp_path / "soft.so"))
    soft.__floatsisf.restype = soft.__floatunsisf.restype = ctypes.c_uint32
    ints = [0, 1, -1, 2**24 + 1, 2**24 + 3, 2**31 - 1, -(2**31), 2**25 + 2, 2**25 + 6]
    ints += [int(i) for i in rng.integers(-(2**31), 2**31, 2000)]
    for i in ints:
        assert soft.__floatsisf(i) == int(np.float32(i).view(np.uint32)), i
        u = i & 0xFFFFFFFF
        assert soft.__floatunsisf(ctypes.c_uint32(u)) == int(np.float32(u).view(np.uint32)), u
    special = np.array([0, -0.0, 1, -1, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 3.4e38], "f4")
    values = np.concatenate([special, rng.normal(size=20).astype("f4")])
    for a in values:
        for b in values:
            pair = [ctypes.c_uint32(int(v.view(np.uint32))) for v in (a, b)]
            assert (soft.__ltsf2(*pair) < 0) == bool(a < b)
            assert (soft.__lesf2(*pair) <= 0) == bool(a <= b)
            assert (soft.__gtsf2(*pair) > 0) == bool(a > b)
            assert (soft.__gesf2(*pair) >= 0) == bool(a >= b)
            assert (soft.__eqsf2(*pair) == 0) == bool(a == b)
            assert (soft.__nesf2(*pair) != 0) == bool(a != b)
            assert (soft.__unordsf2(*pair) != 0) == bool(np.isnan(a) or np.isnan(b))


@pytest.mark.parametrize("name", ["memory", "hidden", "soft_float", "header", "main"])
def test_a_model_may_bear_the_name_of_one_of_our_files(name: str) -> None:
    board = BOARDS.get("rpi_pico")
    module = compile_graph(mixed_graph().with_(name=name), board.id)
    assert module.name == name
    data = build_module_binary(module, board, "zig", CACHE)
    assert len(data) == len(build_module_binary(mixed(board.id), board, "zig", CACHE))
    build_image(module, board, "zig", BuildOptions(CACHE))
