"""What a firmware did wrong, in words: every fault names address, program counter and function."""

from typing import Any

from tinsmith.build.firmware import Firmware
from tinsmith.core.errors import UserError
from tinsmith.devices.board import Board


def function_at(firmware: Firmware, address: int) -> str:
    """Name of the function or object that an address lies in (the nearest symbol before it)."""
    before = [(a, n) for n, a in firmware.symbols.items() if a <= address]
    return max(before)[1] if before else "no known function"


def timeout_error(board: Board, where: str = "") -> UserError:
    """The error for a firmware that takes too long; ``where`` it was last, if that is known."""
    return UserError(
        "bench.timeout",
        f"The firmware did not finish on {board.id} in the time allowed{where}.",
        "Allow more time, or run fewer cases.",
    )


def fault_error(firmware: Firmware, board: Board, fault: dict[str, Any]) -> UserError:
    """The error for what an emulator reported: kind, pc, sp, address, detail."""
    pc, sp, address = fault["pc"], fault["sp"], fault["address"]
    where = f"in {function_at(firmware, pc)} (PC {pc:#010x}, SP {sp:#010x})"
    ram = board.memory("ram")
    if fault["kind"] == "memory" and ram is not None and _below(address, ram.origin):
        return UserError(
            "bench.stack-overflow",
            f"The stack of {firmware.stack_bytes} B overflowed on {board.id} {where}: "
            f"{fault['detail']} at {address:#010x}, below RAM.",
            "Link with a larger stack.",
        )
    if fault["kind"] == "memory":
        return UserError(
            "bench.memory",
            f"{fault['detail'].capitalize()} at {address:#010x} on {board.id}, outside the "
            f"board's memories or against their protection, {where}.",
        )
    if fault["kind"] == "timeout":
        return timeout_error(board, f"; it was {where}")
    if fault["kind"] == "status":
        return UserError("bench.status", f"The model returned {fault['detail']} instead of 0.")
    return UserError(
        "bench.instruction",
        f"An instruction that {board.core.title} does not have or that faults there, {where}: "
        f"{fault['detail']}.",
    )


def _below(address: int, origin: int) -> bool:
    """A stack that overflows touches what lies just below RAM; frames are far below 1 MiB."""
    return origin - (1 << 20) <= address < origin
