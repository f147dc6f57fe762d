"""The deepest stack that an image can need: found from its linked code, before anything runs.

Every path through a function is followed, with the depth at each instruction; calls add the depth
of the function that is called. What is called through a register is one of the functions whose
address occurs in the image. Recursion, an address that nobody takes and a stack pointer that moves
by what is not known have no bound, and the reason names the function. Interrupts are not counted.
"""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from tinsmith.build.firmware import StackReport
from tinsmith.build.machine_code import RETURN, TABLE, Instruction, decoded
from tinsmith.codegen.module import InferenceModule
from tinsmith.core.errors import MissingTool, UserError
from tinsmith.core.quantity import Planned
from tinsmith.devices.board import Board

METHOD = "static bound, linked image"
_DEEPEST = 1 << 16


class Unbounded(UserError):
    """No bound can be told; the message says of which function, and why."""

    def __init__(self, reason: str) -> None:
        super().__init__("build.stack.unbounded", f"The stack has no bound: {reason}.")


@dataclass(frozen=True)
class _Function:
    name: str
    begin: int
    end: int


def stack_report(elf: bytes, board: Board, module: InferenceModule, linker: str) -> StackReport:
    """Of an image of a module. ``linker``: what made the image."""
    arm, reasons = board.core.isa.startswith("arm"), []
    found = StackBounds(elf, arm)

    def told(symbol: str) -> Planned | None:
        try:
            return Planned(found.of(symbol), "B", board.id, linker, method=METHOD)
        except (Unbounded, MissingTool) as e:
            reasons.append(e.message)
        except LookupError:
            reasons.append(f"The image has no function {symbol!r}.")
        return None

    # where RISC-V starts, the stack pointer is set and nothing is stored
    image, run = told("ts_start" if arm else "ts_main"), told(f"{module.name}_run")
    steps = {node: told(symbol) for node, symbol in module.steps.items()}
    known = {node: bound for node, bound in steps.items() if bound is not None}
    return StackReport(image, run, known, " ".join(dict.fromkeys(reasons)))


class StackBounds:
    """Bounds of the functions of a linked image, in bytes, multiples of 8."""

    def __init__(self, elf: bytes, arm: bool) -> None:
        self._file, self._arm = ELFFile(io.BytesIO(elf)), arm
        self._bounds: dict[int, int] = {}
        self._open: list[int] = []
        self._own: dict[int, list[int]] = {}

    def of(self, symbol: str) -> int:
        """Of a function with all that it calls.

        Raises:
            Unbounded: there is none; LookupError: no such function.
        """
        begin = next((f.begin for f in self._functions.values() if f.name == symbol), None)
        if begin is None:
            raise LookupError(f"the image has no function {symbol!r}")
        return -(-self._bound(begin) // 8) * 8

    @cached_property
    def _functions(self) -> Mapping[int, _Function]:
        found = {}
        for s in self._symbols:
            if s["st_info"]["type"] == "STT_FUNC" and s["st_shndx"] != "SHN_UNDEF":
                begin = int(s["st_value"]) & ~int(self._arm)
                found[begin] = _Function(s.name, begin, begin + max(2, int(s["st_size"])))
        return found

    @cached_property
    def _symbols(self) -> list:
        table = self._file.get_section_by_name(".symtab")
        return list(table.iter_symbols()) if isinstance(table, SymbolTableSection) else []

    @cached_property
    def _code(self) -> Mapping[int, Instruction]:
        marks = sorted(
            (int(s["st_value"]), s.name[:2]) for s in self._symbols if s.name.startswith("$")
        )
        ends = [at for at, _ in marks[1:]] + [1 << 32]
        data = [(at, end) for (at, kind), end in zip(marks, ends, strict=True) if kind == "$d"]
        found: dict[int, Instruction] = {}
        for section in self._file.iter_sections():
            if section["sh_flags"] & 0x4 and section["sh_size"]:  # SHF_EXECINSTR
                at, code = int(section["sh_addr"]), section.data()
                own = [(max(b, at), min(e, at + len(code))) for b, e in data]
                own = [(b, e) for b, e in own if b < e]
                found |= decoded(code, at, self._arm, own)
        return found

    @cached_property
    def _taken(self) -> list[int]:
        """Functions whose address the code makes, or that a constant holds."""
        made = {i.makes for i in self._code.values() if i.makes is not None} | self._words
        odd = int(self._arm)
        return sorted(f for f in self._functions if f | odd in made)

    @cached_property
    def _words(self) -> set[int]:
        """All that the image stores, as addresses; those that its start-up is found by apart."""
        found: set[int] = set()
        for section in self._file.iter_sections():
            stored = section["sh_flags"] & 0x2 and section["sh_type"] == "SHT_PROGBITS"
            if stored and section.name != ".vectors":
                data = section.data()
                found |= set(memoryview(data[: len(data) // 4 * 4]).cast("I"))
        return found

    def _bound(self, begin: int) -> int:
        if begin in self._open:
            names = [self._name(f) for f in self._open[self._open.index(begin) :]]
            raise Unbounded(f"{' calls '.join([*names, names[0]])}")
        if begin not in self._bounds:
            self._open.append(begin)
            self._bounds[begin] = self._walked(begin)
            self._open.pop()
        return self._bounds[begin]

    def _walked(self, begin: int) -> int:
        seen: dict[int, int] = {}
        deepest, pending, tables = 0, [(begin, 0)], [0]
        while pending:
            at, depth = pending.pop()
            if seen.get(at, -1) < depth:
                seen[at], here = depth, self._here(begin, at, depth)
                depth = max(0, depth + here.grows)
                callees = [depth + self._bound(c) for c in self._called(begin, at, here)]
                deepest = max(deepest, depth, *callees)
                pending += [(to, depth) for to in self._next(begin, at, here)]
                if self._table(begin, here):
                    tables.append(depth)
            if not pending and len(tables) > 1:
                # where they lead is not known: to what no other path reached
                pending = [(to, max(tables)) for to in self._unseen(begin, seen)]
        return deepest

    def _here(self, begin: int, at: int, depth: int) -> Instruction:
        here = self._code.get(at)
        if here is None or here.odd or depth > _DEEPEST:
            what = "moves its stack pointer by what is not known" if here else "leaves the code"
            raise Unbounded(f"{self._name(begin)} {what} at {at:#x}")
        return here

    def _called(self, begin: int, at: int, here: Instruction) -> Iterator[int]:
        """Functions that an instruction calls, a jump to another function included."""
        if here.target is not None:
            if here.target in self._functions and (here.calls or here.target != begin):
                yield here.target
        elif here.through not in ("", RETURN, TABLE) and (here.calls or not self._labels(begin)):
            if not self._taken and not self._table(begin, here):
                raise Unbounded(f"{self._name(begin)} calls what is not known at {at:#x}")
            yield from self._taken

    def _table(self, begin: int, here: Instruction) -> bool:
        """Whether an instruction jumps to a place in its function that a table holds."""
        if here.calls or here.through in ("", RETURN) or self._labels(begin):
            return False
        return here.through == TABLE or (not self._arm and self._holds(begin))

    def _next(self, begin: int, at: int, here: Instruction) -> Iterator[int]:
        after, far = at + here.nbytes, here.target is not None and here.target in self._functions
        # Armv6-M has no long jump but the call: it leads to no function then, and data may follow;
        # what never returns may stand at the end of a function
        long = here.calls and here.target is not None and not far
        ends = after in self._functions or (long and after not in self._code)
        if here.follows and not (here.calls and ends):
            yield after
        if here.target is not None:
            if not far or (here.target == begin and not here.calls):
                yield here.target
        elif here.through not in ("", RETURN) and not here.calls:
            yield from self._labels(begin)

    def _labels(self, begin: int) -> list[int]:
        """Places within a function whose address it makes: where it jumps to, not knowing."""
        if begin not in self._own:
            own = self._functions.get(begin, _Function("", begin, begin))
            made = {
                i.makes & ~int(self._arm) for at, i in self._code.items()
                if i.makes is not None and own.begin <= at < own.end
            }  # fmt: skip
            inside = (m for m in made if own.begin < m < own.end and m in self._code)
            self._own[begin] = sorted(inside)
        return self._own[begin]

    def _unseen(self, begin: int, seen: Mapping[int, int]) -> list[int]:
        """All of a function that no path reached so far, but for what fills up the space in front
        of data."""
        own, code = self._functions.get(begin, _Function("", begin, begin)), self._code
        inside = (at for at in code if own.begin <= at < own.end and at not in seen)
        return [at for at in inside if not code[at].follows or at + code[at].nbytes in code]

    def _holds(self, begin: int) -> bool:
        """Whether constants hold places within a function: RISC-V jumps by a register then."""
        own = self._functions.get(begin, _Function("", begin, begin))
        return any(own.begin < w < own.end for w in self._words)

    def _name(self, address: int) -> str:
        found = self._functions.get(address)
        return found.name if found else f"{address:#x}"
