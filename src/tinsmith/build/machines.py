"""Machines that QEMU emulates: their memories and the addresses that port "qemu" uses. They stand
in for a board's core only; the board's own memories are checked in Unicorn."""

from collections.abc import Mapping
from dataclasses import dataclass

from tinsmith.core.errors import UserError
from tinsmith.devices.board import Board, Memory

_MIB = 1 << 20


@dataclass(frozen=True)
class Machine:
    """A machine of QEMU. ``blob`` is a memory of its own that the inputs are loaded into."""

    name: str
    command: str
    arguments: tuple[str, ...]
    memories: tuple[Memory, ...]
    uart: int
    blob: Memory


def _mps2(name: str) -> Machine:
    # Arm DAI 0385/0386, memory map: ZBT SSRAM1 at 0, SSRAM2+3 at 0x20000000, PSRAM at 0x21000000.
    return Machine(
        name,
        "qemu-system-arm",
        ("-M", name, "-semihosting-config", "enable=on,target=native"),
        (Memory("ssram1", "flash", 0, 4 * _MIB), Memory("ssram2", "ram", 0x20000000, 4 * _MIB)),
        0x40004000,
        Memory("psram", "ram", 0x21000000, 16 * _MIB),
    )


def _virt() -> Machine:
    # QEMU documentation, "virt generic virtual platform (riscv)": DRAM at 0x80000000, UART 16550.
    return Machine(
        "virt",
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
    return {m.name: m for m in (_mps2("mps2-an385"), _mps2("mps2-an386"), _virt())}


def machine_for(board: Board) -> Machine:
    """The machine that stands in for a board's core.

    Raises:
        UserError: QEMU has none for it.
    """
    found = machines().get(board.core.qemu)
    if found is None:
        raise UserError(
            "build.port.qemu",
            f"No machine of QEMU stands in for {board.core.title}.",
            f"Use another runner of board {board.id!r}: {', '.join(board.runners)}.",
        )
    return found
