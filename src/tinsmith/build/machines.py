"""Machines that QEMU emulates: their memories and the addresses that port "qemu" uses. They stand
in for a board's core only; the board's own memories are checked in Unicorn."""

from collections.abc import Mapping
from dataclasses import dataclass

from tinsmith.core.errors import UserError
from tinsmith.devices.board import Board, Core, Memory

_MIB = 1 << 20


@dataclass(frozen=True)
class Machine:
    """A machine of QEMU. ``blob`` is a memory of its own that the inputs are loaded into;
    ``vectors`` is where the core fetches its vector table (None: at the start of flash)."""

    name: str
    cores: tuple[str, ...]
    command: str
    arguments: tuple[str, ...]
    memories: tuple[Memory, ...]
    uart: int
    blob: Memory
    vectors: int | None = None


def _arm(
    name: str,
    cores: tuple[str, ...],
    memories: tuple[Memory, Memory, Memory],
    uart: int,
    vectors: int | None = None,
) -> Machine:
    """A machine of qemu-system-arm; ``memories``: flash, RAM and blob."""
    arguments = ("-M", name, "-semihosting-config", "enable=on,target=native")
    *own, blob = memories
    return Machine(name, cores, "qemu-system-arm", arguments, tuple(own), uart, blob, vectors)


def _mps2(name: str, cores: tuple[str, ...], psram: int) -> Machine:
    # Arm DAI 0385, 0386 and 0500, memory map: ZBT SSRAM1 at 0, SSRAM2+3 at 0x20000000, and PSRAM.
    return _arm(
        name,
        cores,
        (
            Memory("ssram1", "flash", 0, 4 * _MIB),
            Memory("ssram2", "ram", 0x20000000, 4 * _MIB),
            Memory("psram", "ram", psram, 16 * _MIB),
        ),
        0x40004000,
    )


def _an505() -> Machine:
    # Arm DAI 0505, memory map, secure aliases (the core starts in Secure state): SSRAM1 at
    # 0x10000000, SSRAM2+3 at 0x38000000, PSRAM at 0x80000000, UART 0 at 0x50200000.
    return _arm(
        "mps2-an505",
        ("cortex-m33f",),
        (
            Memory("ssram1", "flash", 0x10000000, 4 * _MIB),
            Memory("ssram2", "ram", 0x38000000, 4 * _MIB),
            Memory("psram", "ram", 0x80000000, 16 * _MIB),
        ),
        0x50200000,
    )


def _an547() -> Machine:
    # Arm DAI 0547, memory map: all in DDR4 at its secure alias 0x70000000; UART 0 at 0x59303000.
    # The core fetches its vectors from ITCM at 0, which is too small for a program.
    return _arm(
        "mps3-an547",
        ("cortex-m55",),
        (
            Memory("ddr", "flash", 0x70000000, 16 * _MIB),
            Memory("ddr2", "ram", 0x71000000, 16 * _MIB),
            Memory("ddr3", "ram", 0x72000000, 64 * _MIB),
        ),
        0x59303000,
        vectors=0,
    )


def _virt() -> Machine:
    # QEMU documentation, "virt generic virtual platform (riscv)": DRAM at 0x80000000, UART 16550.
    return Machine(
        "virt",
        ("rv32imc",),
        "qemu-system-riscv32",
        ("-M", "virt", "-bios", "none"),
        (
            Memory("dram", "flash", 0x80000000, 8 * _MIB),
            Memory("dram2", "ram", 0x80800000, 8 * _MIB),
        ),
        0x10000000,
        Memory("dram3", "ram", 0x81000000, 64 * _MIB),
    )


def machines() -> Mapping[str, Machine]:
    """All machines by QEMU's name."""
    found = (
        _mps2("mps2-an385", ("cortex-m0plus", "cortex-m3"), 0x21000000),
        _mps2("mps2-an386", ("cortex-m4f",), 0x21000000),
        _mps2("mps2-an500", ("cortex-m7f",), 0x60000000),
        _an505(),
        _an547(),
        _virt(),
    )
    return {m.name: m for m in found}


def stand_in(core: Core) -> Machine | None:
    """The machine that stands in for a core; None where QEMU has none."""
    return next((m for m in machines().values() if core.name in m.cores), None)


def machine_for(board: Board) -> Machine:
    """The machine that stands in for a board's core.

    Raises:
        UserError ``build.port.qemu``: QEMU has none for it.
    """
    found = stand_in(board.core)
    if found is None:
        raise UserError(
            "build.port.qemu",
            f"No machine of QEMU stands in for {board.core.title}.",
            "Link with another port, for another runner.",
        )
    return found
