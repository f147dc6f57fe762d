"""Sizes, symbols and load segments of a linked ELF file, read with pyelftools."""

import io
from collections.abc import Mapping

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from tinsmith.build.firmware import SizeReport
from tinsmith.core.quantity import Emulated

_ALLOC = 0x2  # SHF_ALLOC, System V ABI, chapter 4
_STACK = ".stack"
LINKED = "linked image"
"""Method of sizes: read from the image, not added up before."""


def size_report(elf: bytes, board: str, linker: str) -> SizeReport:
    """Flash is every allocated section with contents, .data's load image included; static RAM is
    .data and .bss. The reserved stack counts as neither. ``linker``: what made the image."""
    sections, flash, ram = {}, 0, 0
    for s in ELFFile(io.BytesIO(elf)).iter_sections():
        if not s["sh_flags"] & _ALLOC or s["sh_size"] == 0:
            continue
        sections[s.name] = int(s["sh_size"])
        stored = s["sh_type"] != "SHT_NOBITS"
        flash += s["sh_size"] if stored else 0
        writable = bool(s["sh_flags"] & 0x1)
        ram += s["sh_size"] if writable and s.name != _STACK else 0
    weights = sections.get(".weights", 0)

    def linked(nbytes: int) -> Emulated:
        return Emulated(nbytes, "B", board, linker, method=LINKED)

    return SizeReport(
        flash=linked(int(flash)), ram_static=linked(int(ram)),
        sections={name: linked(nbytes) for name, nbytes in sections.items()},
        weights=linked(weights), code=linked(int(flash) - weights),
    )  # fmt: skip


def symbols(elf: bytes, thumb: bool) -> Mapping[str, int]:
    """Address of every function and object by name; the Thumb bit of functions is cleared."""
    table = ELFFile(io.BytesIO(elf)).get_section_by_name(".symtab")
    if not isinstance(table, SymbolTableSection):
        return {}
    return {
        s.name: int(s["st_value"]) & ~(1 if thumb and s["st_info"]["type"] == "STT_FUNC" else 0)
        for s in table.iter_symbols()
        if s.name and not s.name.startswith("$") and s["st_shndx"] != "SHN_UNDEF"
        and s["st_info"]["type"] != "STT_FILE"
    }  # fmt: skip


class SymbolSizes:
    """Bytes of the functions and constants of an image: of those that all files see, by name; of
    those that one file keeps to itself (they stand behind its name in the table), by file."""

    def __init__(self, elf: bytes) -> None:
        table = ELFFile(io.BytesIO(elf)).get_section_by_name(".symtab")
        self._names: dict[str, int] = {}
        self._files: dict[str, int] = {}
        file = ""
        for s in table.iter_symbols():
            kind, local = s["st_info"]["type"], s["st_info"]["bind"] == "STB_LOCAL"
            if kind == "STT_FILE":
                file = s.name
            elif kind in ("STT_FUNC", "STT_OBJECT") and local:
                self._files[file] = self._files.get(file, 0) + int(s["st_size"])
            elif kind in ("STT_FUNC", "STT_OBJECT"):
                self._names[s.name] = int(s["st_size"])

    def of(self, symbol: str) -> int:
        """Of what other files see by this name."""
        return self._names.get(symbol, 0)

    def kernel(self, module: str, symbol: str) -> int:
        """Of a module's kernel, ``ts_<symbol>``: its function, and what its file has beside."""
        return self.of(f"{module}_ts_{symbol}") + self._files.get(f"{symbol}.c", 0)


def load_segments(elf: bytes) -> list[tuple[int, bytes]]:
    """(load address, bytes) of what a programmer writes to flash."""
    found = ELFFile(io.BytesIO(elf)).iter_segments("PT_LOAD")
    return [(int(s["p_paddr"]), s.data()) for s in found if s["p_filesz"]]


def without_segment(elf: bytes, address: int) -> bytes:
    """The image with the empty segments that begin at an address turned off (PT_NULL): a loader
    leaves that memory alone."""
    patched = bytearray(elf)
    file = ELFFile(io.BytesIO(elf))
    for i, segment in enumerate(file.iter_segments()):
        if segment["p_vaddr"] == address and segment["p_filesz"] == 0:
            at = file["e_phoff"] + i * file["e_phentsize"]
            patched[at : at + 4] = bytes(4)
    return bytes(patched)
