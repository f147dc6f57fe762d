"""Cortex-M4: cycles of a basic block at zero wait states.

Source: Arm Cortex-M4 Technical Reference Manual (100166), section 3.3.1 "Cortex-M4 instructions"
and 3.3.3 "Load/store timings", and table 7-1 "FPU instruction set" for floating point.
"""

import re
from collections.abc import Iterator

from tinsmith.bench.cycle_table import CycleTable
from tinsmith.core.errors import MissingTool

PIPELINE_REFILL = 1
"""Cycles P that a taken branch adds: 1..3 in the manual; 1 for immediate targets (prefetched)."""
PIPELINE_REFILL_INDIRECT = 2

_DIVIDE = 6  # SDIV, UDIV: 2 to 12
_FIXED = {
    "sdiv": _DIVIDE, "udiv": _DIVIDE, "vdiv": 14, "vsqrt": 14, "vmla": 3, "vmls": 3, "vnmla": 3,
    "vnmls": 3, "vfma": 3, "vfms": 3, "vfnma": 3, "vfnms": 3, "mrs": 2, "msr": 2, "cpsid": 2,
    "cpsie": 2, "tbb": 2, "tbh": 2,
}  # fmt: skip
_LOAD = ("ldr", "vldr")
_MULTIPLE = ("ldm", "stm", "push", "pop", "vldm", "vstm", "vpush", "vpop")
_REGISTER = re.compile(r"\b(r\d+|s\d+|d\d+|sp|lr|pc|ip|fp|sl|sb)\b")


def block_cost(code: bytes, address: int) -> tuple[float, float]:
    """Cycles of one execution without a taken branch, and what a taken branch at its end adds."""
    total, loaded, narrow = 0, None, False
    last, operands = "", ""
    for _, size, last, operands in _disassembled(code, address):
        name = last.split(".")[0]
        total += _cost(name, operands, loaded, narrow)
        loaded = _loaded(name, operands)
        narrow = size == 2
    return float(total), float(_refill(last, operands))


def _disassembled(code: bytes, address: int) -> Iterator[tuple[int, int, str, str]]:
    """Address, bytes, mnemonic and operands of each instruction."""
    try:
        from capstone import CS_ARCH_ARM, CS_MODE_MCLASS, CS_MODE_THUMB, Cs
    except ModuleNotFoundError as e:
        hint = "Try: pip install 'tinsmith[emulate]'"
        raise MissingTool("Python package 'capstone'", hint) from e
    decoder = Cs(CS_ARCH_ARM, CS_MODE_THUMB | CS_MODE_MCLASS)
    yield from decoder.disasm_lite(code, address)


def _cost(name: str, operands: str, loaded: str | None, narrow: bool) -> int:
    if name.startswith("it") and set(name[1:]) <= {"t", "e"}:
        return 0 if narrow else 1  # folded into a preceding 16-bit instruction
    if name in _FIXED:
        return _FIXED[name]
    if name.startswith(("ldrd", "strd")):
        return 3
    if name.startswith(_MULTIPLE):
        return 1 + _listed(operands)
    if name.startswith(_LOAD):
        return 1 if loaded is not None and not _uses(operands, loaded) else 2
    if name.startswith(("str", "vstr")):
        address = operands.partition("[")[2]
        return 2 if len(_REGISTER.findall(address)) > 1 else 1
    return 1


def _loaded(name: str, operands: str) -> str | None:
    """Register that this instruction loads; a following load that does not need it overlaps."""
    single = name.startswith(_LOAD) and not name.startswith("ldrd")
    return operands.split(",")[0].strip() if single else None


def _uses(operands: str, register: str) -> bool:
    return register in _REGISTER.findall(operands.partition("[")[2])


def _listed(operands: str) -> int:
    """Registers in a list; capstone writes each by name."""
    return len(_REGISTER.findall(operands.partition("{")[2]))


def _refill(name: str, operands: str) -> int:
    """Taken branches: immediate targets are prefetched, those from a register or memory are not."""
    base = name.split(".")[0]
    listed = base.startswith(("pop", "ldm")) and "pc" in operands
    indirect = base.startswith(("bx", "blx", "tbb", "tbh")) or listed or operands.startswith("pc")
    return PIPELINE_REFILL_INDIRECT if indirect else PIPELINE_REFILL


CYCLE_TABLE = CycleTable(name="cortex_m4", cores=("cortex-m4f",), block_cost=block_cost)
