"""Machine code as far as the stack is concerned: where it goes on, whom it calls, by how much it
moves the stack pointer, which addresses it makes. Read from a linked image, with capstone."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tinsmith.core.errors import MissingTool

_CONDITIONS = "eq|ne|cs|hs|cc|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le"
_THUMB = re.compile(
    r"(?P<name>v?push|v?pop|v?stmdb|v?stm|v?ldm(?:ia)?|ldr|adr|addw?|subw?|movw|movt|mov|orr|blx|bl"
    rf"|bx|b|cbn?z|tb[bh])(?P<when>{_CONDITIONS})?(\.w|\.n)?"
)
_MOVED = re.compile(r"\[sp, #(-?\w+)\]!|\[sp\], #(-?\w+)$")
_STORES = ("str", "stm", "vst", "cmp", "cmn", "tst", "teq", "push", "vpush")
_NOWHERE = ("it", "nop")
RETURN = "return"
TABLE = "table"


@dataclass(frozen=True)
class Instruction:
    """``follows``: the next one may be executed after it. ``target``: address that it jumps to or
    ``calls``; ``through``: the register that holds it, `TABLE` where it is read from memory,
    `RETURN`. ``grows``: bytes by which the stack gets deeper. ``makes``: a number or address that
    it puts into ``register``. ``odd``: the stack pointer is moved by what is not known."""

    nbytes: int
    follows: bool = True
    target: int | None = None
    calls: bool = False
    through: str = ""
    grows: int = 0
    register: str = ""
    makes: int | None = None
    odd: bool = False


def decoded(
    code: bytes, base: int, arm: bool, data: list[tuple[int, int]]
) -> Mapping[int, Instruction]:
    """All instructions by address. ``data``: begin and end of what is no code."""
    found: dict[int, Instruction] = {}
    begin = base
    for start, end in [*sorted(data), (base + len(code), base + len(code))]:
        piece = code[begin - base : max(begin, start) - base]
        reader = (_Thumb if arm else _RiscV)(code, base)
        for at, nbytes, name, operands in _disassembled(piece, begin, arm):
            found[at] = reader.read(at, nbytes, name, operands)
        begin = max(begin, end)
    return found


def _disassembled(code: bytes, base: int, arm: bool) -> Iterator[tuple[int, int, str, str]]:
    try:
        import capstone
    except ModuleNotFoundError as e:
        hint = "Try: pip install 'tinsmith[emulate]'"
        raise MissingTool("Python package 'capstone'", hint) from e
    if arm:
        thumb = capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS
        decoder = capstone.Cs(capstone.CS_ARCH_ARM, thumb)
    else:
        modes = capstone.CS_MODE_RISCV32 | capstone.CS_MODE_RISCVC
        decoder = capstone.Cs(capstone.CS_ARCH_RISCV, modes)
    at = 0
    while at < len(code):
        for address, nbytes, name, operands in decoder.disasm_lite(code[at:], base + at):
            yield address, nbytes, name, operands
            at = address + nbytes - base
        if at < len(code):
            # Vector and loop instructions of Armv8.1-M are not known; they move no stack pointer.
            long = code[at + 1] >= 0xE8 if arm else code[at] & 3 == 3
            yield base + at, 4 if long else 2, "", ""
            at += 4 if long else 2


class _Reader:
    """Reads instructions in a row; ``_made``: what the last of them put into registers."""

    def __init__(self, code: bytes, base: int) -> None:
        self._code, self._base = code, base
        self._made: dict[str, int] = {}

    def _word(self, address: int) -> int:
        at = address - self._base
        return int.from_bytes(self._code[at : at + 4], "little")

    def _making(self, nbytes: int, register: str, value: int | None) -> Instruction:
        self._made.pop(register, None)
        if value is not None:
            self._made[register] = value = value & 0xFFFFFFFF
        return Instruction(nbytes, register=register, makes=value)

    def _value(self, operand: str) -> int | None:
        text = operand.lstrip("#")
        return self._made.get(operand) if not text.lstrip("-")[:1].isdigit() else int(text, 0)


class _Thumb(_Reader):
    def read(self, at: int, nbytes: int, mnemonic: str, operands: str) -> Instruction:
        match = _THUMB.fullmatch(mnemonic)
        given = operands.split(", ") if operands else [""]
        name, when = (match["name"], bool(match["when"])) if match else ("", False)
        if name in ("b", "bl", "cbz", "cbnz", "bx", "blx", "tbb", "tbh"):
            self._made.clear()
            return _branch(name, when, nbytes, given[-1])
        if operands.startswith("sp!, ") or name.lstrip("v") in ("push", "pop"):
            return _listed(name, when, nbytes, operands)
        if moved := _MOVED.search(operands):
            end = given[0] == "pc"
            grows = -int(moved[1] or moved[2], 0)
            return _moving(nbytes, when, end, grows)
        if given[0] == "pc" and name in ("ldr", "mov", "add"):
            through = RETURN if given[-1] == "lr" else TABLE
            return Instruction(nbytes, when, through=through)
        if given[0] == "sp" and not mnemonic.startswith(_STORES) and "{" not in operands:
            step = self._value(given[-1]) if given[1:-1] in ([], ["sp"]) else None
            if step is None or name not in ("add", "sub", "addw", "subw"):
                return Instruction(nbytes, odd=True)
            step -= (step >= 1 << 31) << 32
            return Instruction(nbytes, grows=-step if name.startswith("add") else step)
        if mnemonic.startswith((*_STORES, *_NOWHERE)):
            return Instruction(nbytes)
        return self._making(nbytes, given[0], self._result(at, name, given))

    def _result(self, at: int, name: str, given: list[str]) -> int | None:
        here = (at + 4) & ~3
        if name == "adr":
            return here + int(given[1][1:], 0)
        if name in ("add", "addw", "sub", "subw") and given[1:-1] == ["pc"]:
            by = int(given[2][1:], 0)
            return here + by if name.startswith("add") else here - by
        if name == "ldr" and given[1] == "[pc":
            return self._word(here + int(given[2][1:-1], 0))
        if name not in ("mov", "movw", "movt", "orr") or len(given) > 3:
            return None
        value, held = self._value(given[-1]), self._made.get(given[-2])
        if name in ("mov", "movw") or value is None:
            return value
        if held is None:
            return None
        return (value << 16) | (held & 0xFFFF) if name == "movt" else held | value


def _branch(name: str, when: bool, nbytes: int, last: str) -> Instruction:
    calls = name in ("bl", "blx")
    follows = calls or when or name.startswith("c")
    if name == "blx" and last.startswith("#"):
        # Cortex-M has no such call; Armv8.1-M's loops over these codes go on or back.
        return Instruction(nbytes)
    if last.startswith("#"):
        return Instruction(nbytes, follows, int(last[1:], 0), calls)
    through = TABLE if name.startswith("tb") else RETURN if last == "lr" and not calls else last
    return Instruction(nbytes, follows, calls=calls, through=through)


def _listed(name: str, when: bool, nbytes: int, operands: str) -> Instruction:
    """Push, pop and what does the same."""
    registers = operands.partition("{")[2].rstrip("}").split(", ")
    size = sum(8 if r.startswith("d") else 4 for r in registers)
    if name.endswith(("push", "stmdb")):
        return Instruction(nbytes, grows=size)
    if not name.endswith(("pop", "ldm", "ldmia")):
        return Instruction(nbytes, odd=True)
    return _moving(nbytes, when, "pc" in registers, -size)


def _moving(nbytes: int, when: bool, ends: bool, grows: int) -> Instruction:
    """What ``when`` something holds moves the stack pointer may leave it where it is."""
    grows = max(0, grows) if when else grows
    return Instruction(nbytes, when or not ends, through=RETURN * ends, grows=grows)


class _RiscV(_Reader):
    def read(self, at: int, nbytes: int, mnemonic: str, operands: str) -> Instruction:
        name, given = mnemonic.removeprefix("c."), operands.split(", ")
        if name in ("j", "jal", "jr", "jalr", "ret"):
            found = self._jump(at, nbytes, name, given)
            self._made.clear()
            return found
        if name.startswith("b") and len(given) > 1:
            self._made.clear()
            return Instruction(nbytes, target=at + int(given[-1], 0))
        if (given[0] == "sp" and name[:1] != "s") or given[:2] == ["sp", "sp"]:
            return self._moves(nbytes, name, given)
        if name in ("sw", "sh", "sb", "swsp", "nop"):
            return Instruction(nbytes)
        made = self._making(nbytes, given[0], self._result(at, name, given))
        # the upper part is no address yet
        return Instruction(nbytes) if name in ("lui", "auipc") else made

    def _jump(self, at: int, nbytes: int, name: str, given: list[str]) -> Instruction:
        if name in ("j", "jal"):
            link = given[0] if len(given) > 1 else "zero" if name == "j" else "ra"
            odd = link not in ("zero", "ra")
            return Instruction(nbytes, link == "ra", at + int(given[-1], 0), link == "ra", odd=odd)
        if name == "ret":
            return Instruction(nbytes, False, through=RETURN)
        link, register, by = given if len(given) == 3 else ("", given[-1], "0")
        link = link or ("ra" if name == "jalr" else "zero")
        held, calls = self._made.get(register), link == "ra"
        if held is not None:
            return Instruction(nbytes, calls, (held + int(by, 0)) & 0xFFFFFFFF, calls)
        through = RETURN if register == "ra" and not calls else register
        return Instruction(nbytes, calls, calls=calls, through=through)

    def _moves(self, nbytes: int, name: str, given: list[str]) -> Instruction:
        step = self._value(given[-1])
        if step is None or name not in ("addi", "addi16sp", "add", "sub"):
            return Instruction(nbytes, odd=True)
        step -= (step >= 1 << 31) << 32
        return Instruction(nbytes, grows=step if name == "sub" else -step)

    def _result(self, at: int, name: str, given: list[str]) -> int | None:
        if name in ("lui", "auipc"):
            return (int(given[1], 0) << 12) + (at if name == "auipc" else 0)
        if name == "li":
            return int(given[1], 0)
        if name == "addi":
            held = self._made.get(given[-2])
            return None if held is None else held + int(given[-1], 0)
        return self._made.get(given[1]) if name == "mv" else None
