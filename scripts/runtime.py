"""Measures what kernels need of the compiler's library and writes
`codegen/cost_tables/runtime/<core>.json`: on a core without an FPU one product of floats is a call,
and the functions behind it are as large as a kernel.

Every kernel of the sets that run on the core is compiled for size; what its object asks for is
linked, function by function.

    python scripts/runtime.py                    all cores whose kernels call much
    python scripts/runtime.py --board rpi_pico   one
"""

import argparse
import io
import json
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path

from elftools.elf.elffile import ELFFile

from tinsmith.build.image import entry_symbol, link_elf
from tinsmith.build.objects import Compiler, compile_all, compiler_for, optimised
from tinsmith.codegen.kernel_set import sets_for, symbol_of
from tinsmith.codegen.kernels import kernel_sources
from tinsmith.devices.board import BOARDS, Board

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "src" / "tinsmith" / "codegen" / "cost_tables" / "runtime"
CACHE = ROOT / ".tools" / "objects"
COUNTED = ("nucleo_f103rb", "rpi_pico", "esp32_c3")
SCRIPT = """ENTRY({entry})
SECTIONS {{
  . = 0x10000;
  .text : {{ KEEP(*(.text.{entry})) *(.text*) *(.rodata*) }}
  .data : {{ *(.data*) *(.bss*) }}
}}
"""
STUB = """extern char {function}[];
const void *{entry}(void);
const void *{entry}(void) {{ return {function}; }}
"""
Functions = dict[str, dict[str, int]]
"""Function that kernels call -> what is linked for it -> bytes."""


def kernels_of(board: Board) -> list[str]:
    """All kernels that the board's core may run."""
    folder = files("tinsmith.kernels")
    return sorted(
        f"{s.name}/{f.name.removesuffix('.c')}"
        for s in sets_for(board.core.features)
        for f in folder.joinpath(s.name).iterdir()
        if f.name.endswith(".c")
    )


def calls(compiler: Compiler, kernels: Iterable[str]) -> dict[str, list[str]]:
    """Kernel -> functions of the compiler's library that it calls."""
    objects = compile_all(compiler, kernel_sources(kernels, "all"))
    return {k: _asked(objects[f"kernels/{symbol_of(k)}.c"]) for k in kernels}


def _asked(elf: bytes) -> list[str]:
    """Names that an object leaves to the library."""
    table = ELFFile(io.BytesIO(elf)).get_section_by_name(".symtab")
    names = {s.name for s in table.iter_symbols() if s["st_shndx"] == "SHN_UNDEF"}
    return sorted(n for n in names if n.startswith("__"))


def linked(compiler: Compiler, board: Board, function: str) -> dict[str, int]:
    """What is in an image for a function of the library, itself included, each once."""
    entry = entry_symbol(board.core.isa)
    stub = STUB.format(function=function, entry=entry)
    elf = link_elf(compiler, compile_all(compiler, {"stub.c": stub}), SCRIPT.format(entry=entry))
    found: dict[int, tuple[str, int]] = {}
    for s in ELFFile(io.BytesIO(elf)).get_section_by_name(".symtab").iter_symbols():
        if s["st_info"]["type"] in ("STT_FUNC", "STT_OBJECT") and s.name != entry and s["st_size"]:
            known = found.get(s["st_value"], (s.name, 0))  # several names, one function
            found[s["st_value"]] = min(known[0], s.name), max(known[1], int(s["st_size"]))
    return dict(sorted(found.values()))


def table(board: Board) -> tuple[dict[str, list[str]], Functions]:
    """Kernel -> functions, of those that call any; function -> what is linked for it."""
    compiler = optimised(compiler_for(board.core, "zig", CACHE), "size", {})
    found = {k: names for k, names in calls(compiler, kernels_of(board)).items() if names}
    functions = {
        name: linked(compiler, board, name)
        for name in sorted({n for names in found.values() for n in names})
    }
    return found, functions


def _write(board: Board, kernels: Mapping[str, list[str]], functions: Functions) -> None:
    """One line for each function and kernel."""
    lines = [f' "method": "linked", "board": {json.dumps(board.id)}, "unit": "B",']
    parts: tuple[tuple[str, Mapping[str, object]], ...] = (
        ("functions", functions), ("kernels", kernels),
    )  # fmt: skip
    for name, rows in parts:
        made = [f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in rows.items()]
        lines += [f' "{name}": {{', ",\n".join(made), " }," if name == "functions" else " }"]
    FOLDER.mkdir(exist_ok=True)
    text = "\n".join(["{", *lines, "}"])
    (FOLDER / f"{board.core.name}.json").write_text(text + "\n", encoding="utf-8")


def main() -> int:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--board", action="append", choices=COUNTED)
    asked = parser.parse_args()
    for name in asked.board or COUNTED:
        board = BOARDS.get(name)
        kernels, functions = table(board)
        _write(board, kernels, functions)
        print(f"{name}: {len(kernels)} kernels call {len(functions)} functions")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
