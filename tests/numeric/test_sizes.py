"""Sizes and stack: agree with a second reader, are exact to the byte, and are reproducible."""

import struct
from pathlib import Path

import pytest
from firmwares import CACHE, MORE_CORES, TARGETS, image, inputs, mixed

from tinsmith.bench.outcome import RunOptions
from tinsmith.bench.run import run
from tinsmith.build.image import BuildOptions, build_image
from tinsmith.core.errors import UserError
from tinsmith.devices.board import BOARDS

targets = pytest.mark.parametrize(("board", "toolchain"), TARGETS)
every_core = pytest.mark.parametrize(
    ("board", "toolchain"), [*TARGETS, *MORE_CORES, ("alif_e7", "zig"), ("alif_e7", "arm_gcc")]
)
two_engines = pytest.mark.parametrize(("board", "toolchain"), [*TARGETS, *MORE_CORES])


@pytest.fixture(autouse=True)
def tool(toolchain: str, require_tool) -> None:
    if toolchain == "arm_gcc":
        require_tool("arm-none-eabi-gcc")


def program_headers(elf: bytes) -> list[dict[str, int]]:
    """PT_LOAD headers of a 32-bit little-endian ELF file, read by hand (System V ABI, chapter
    5)."""
    assert elf[:7] == b"\x7fELF\x01\x01\x01"
    (offset,) = struct.unpack_from("<I", elf, 28)
    entry, count = struct.unpack_from("<HH", elf, 42)
    names = ("type", "offset", "vaddr", "paddr", "filesz", "memsz", "flags", "align")
    rows = [
        dict(zip(names, struct.unpack_from("<8I", elf, offset + i * entry), strict=True))
        for i in range(count)
    ]
    return [r for r in rows if r["type"] == 1 and r["memsz"]]


@every_core
def test_an_independent_reader_finds_the_same_bytes(board: str, toolchain: str) -> None:
    firmware = image(board, toolchain)
    loads = program_headers(firmware.elf)
    ram = BOARDS.get(board).memory("ram")
    in_ram = [r for r in loads if ram.origin <= r["vaddr"] < ram.origin + ram.nbytes]
    assert firmware.size.flash.value == sum(r["filesz"] for r in loads)
    static = sum(r["memsz"] for r in in_ram) - firmware.stack_bytes
    assert firmware.size.ram_static.value == static
    plan = firmware.module.plan
    assert static >= plan.arena_bytes + plan.state_bytes
    stack = min(in_ram, key=lambda r: r["vaddr"])
    assert (stack["vaddr"], stack["memsz"]) == (ram.origin, firmware.stack_bytes)


@every_core
def test_everything_lies_in_the_boards_memories(board: str, toolchain: str) -> None:
    memories = BOARDS.get(board).memories
    for row in program_headers(image(board, toolchain).elf):
        for address, nbytes in ((row["vaddr"], row["memsz"]), (row["paddr"], row["filesz"])):
            if nbytes:
                inside = [m for m in memories if m.origin <= address < m.origin + m.nbytes]
                assert inside
                assert address + nbytes <= inside[0].origin + inside[0].nbytes


@two_engines
def test_exactly_the_reported_stack_runs_and_8_bytes_less_do_not(
    board: str, toolchain: str
) -> None:
    found = BOARDS.get(board)
    options = RunOptions(inputs(), cache=CACHE)
    stack = run(image(board, toolchain), found, "unicorn", options).stack.value
    assert stack
    tight = run(image(board, toolchain, stack_bytes=stack), found, "unicorn", options)
    assert tight.stack.value == stack
    with pytest.raises(UserError, match=f"stack of {stack - 8} B overflowed") as e:
        run(image(board, toolchain, stack_bytes=stack - 8), found, "unicorn", options)
    assert e.value.code == "bench.stack-overflow"


@targets
def test_two_builds_in_two_folders_are_byte_identical(
    board: str, toolchain: str, tmp_path: Path
) -> None:
    """The second build begins with nothing: even the compiler's run-time library is made
    again."""
    again = tmp_path / "another folder"
    for port in ("bare", "qemu"):
        one = image(board, toolchain, port)
        options = BuildOptions(again, port)
        two = build_image(mixed(board), BOARDS.get(board), toolchain, options)
        assert one.elf == two.elf
    assert list((again / "objects").iterdir())
    assert str(again).encode() not in two.elf
