"""Which bytes of an image's code were executed: of each step by itself, and of none at all."""

import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from tinsmith.bench.step_call import Blocks

_EXECUTED = 0x4  # SHF_EXECINSTR, System V ABI, chapter 4
_FILLED = (b"\x00\xbf", b"\xc0\x46", b"\x00\x00", b"\xd4\xd4")
"""What assemblers and linkers put where nothing goes: two forms of nop, zeros, and a trap."""
_FILL = 2


@dataclass(frozen=True)
class Function:
    """Bytes of a section that are a function's; literals among them are no ``code``."""

    name: str
    begin: int
    end: int
    code: np.ndarray


class Code:
    """The functions of a linked image."""

    def __init__(self, elf: bytes, arm: bool) -> None:
        file = ELFFile(io.BytesIO(elf))
        table = file.get_section_by_name(".symtab")
        self._symbols = list(table.iter_symbols()) if isinstance(table, SymbolTableSection) else []
        self._odd = int(arm)
        self.functions: list[Function] = []
        for section in file.iter_sections():
            if section["sh_flags"] & _EXECUTED and section["sh_size"]:
                self.functions += self._in(int(section["sh_addr"]), section.data())

    def _in(self, base: int, data: bytes) -> Iterator[Function]:
        end, code = base + len(data), np.ones(len(data), bool)
        for begin, stop in self._literals(base, end):
            code[begin - base : stop - base] = False
            if data[begin - base - _FILL : begin - base] in _FILLED:
                code[begin - base - _FILL : begin - base] = False
        names: dict[int, tuple[str, int]] = {}
        for s in self._symbols:
            at = int(s["st_value"]) & ~self._odd
            if s["st_info"]["type"] == "STT_FUNC" and base <= at < end:
                names[at] = max(names.get(at, ("", 0)), (s.name, int(s["st_size"])))
        starts = [*sorted(names), end]
        for at, after in pairwise(starts):
            name, size = names[at]
            stop = at + size if size else after
            yield Function(name, at, stop, code[at - base : stop - base])

    def _literals(self, base: int, end: int) -> Iterator[tuple[int, int]]:
        """Data among code, by the mapping symbols of Arm's ELF (IHI 0044, 5.5.5)."""
        marks = sorted(
            (int(s["st_value"]), s.name[:2]) for s in self._symbols
            if s.name.startswith("$") and base <= s["st_value"] < end
        )  # fmt: skip
        stops = [at for at, _ in marks[1:]] + [end]
        yield from (
            (at, stop) for (at, kind), stop in zip(marks, stops, strict=True) if kind == "$d"
        )

    def seen(self, blocks: Iterable[tuple[int, int]]) -> Mapping[int, np.ndarray]:
        """Of the functions that blocks lie in, by where they begin (names may be those of several
        files): which of their bytes were executed."""
        found: dict[int, np.ndarray] = {}
        starts = [f.begin for f in self.functions]
        for address, nbytes in blocks:
            k = int(np.searchsorted(starts, address, "right")) - 1
            # a block may go on in the function behind, where the one before falls into it
            while 0 <= k < len(starts) and starts[k] < address + nbytes:
                f = self.functions[k]
                own = found.setdefault(f.begin, np.zeros(f.end - f.begin, bool))
                own[max(0, address - f.begin) : max(0, address + nbytes - f.begin)] = True
                k += 1
        return {begin: own for begin, own in found.items() if own.any()}

    def share(self, blocks: Iterable[tuple[int, int]]) -> tuple[int, int]:
        """Bytes of code of the functions that blocks lie in, and those that were executed."""
        seen = self.seen(blocks)
        own = [(f, seen[f.begin]) for f in self.functions if f.begin in seen]
        return sum(int(f.code.sum()) for f, _ in own), sum(int((f.code & s).sum()) for f, s in own)

    def unseen(self, executed: Iterable[Blocks], but: Iterable[str]) -> Iterator[str]:
        """What no block lies in: functions by name, and parts of others, ``name+0x10..0x14``."""
        seen, left = self.seen(set().union(*executed)), set(but)
        for f in sorted(self.functions, key=lambda f: f.begin):
            if f.begin in seen:
                gaps = np.diff((f.code & ~seen[f.begin]).astype(np.int8), prepend=0, append=0)
                ends = zip(np.flatnonzero(gaps > 0), np.flatnonzero(gaps < 0), strict=True)
                yield from (f"{f.name}+{a:#x}..{b:#x}" for a, b in ends)
            elif f.name not in left and f.code.any():
                yield f.name
