"""A module as one flat, position-independent binary with its own kernels: for hosts that load
models at run time. Layout of its header: firmware/module/header.S."""

import io
import struct
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from zlib import crc32

from elftools.elf.elffile import ELFFile

from tinsmith.build.image import firmware_text, link_elf
from tinsmith.build.objects import Compiler, compile_all, compiler_for, optimised
from tinsmith.codegen.emit import ABI
from tinsmith.codegen.module import InferenceModule
from tinsmith.core.errors import InternalError, UserError
from tinsmith.core.progress import SILENT, Progress
from tinsmith.devices.board import Board

HEADER_BYTES = 48
_CRC_AT = 40
_BASES = (0x21000000, 0x12345670)
"""Linked twice, at addresses that differ in every byte: any absolute address would show."""
_SCRIPT = """\
ENTRY(ts_module_header)

SECTIONS {{
    . = {base};
    .module : {{
        KEEP(*(.header)) *(.text .text.*)
        *(.rodata .rodata.* .srodata .srodata.* .data.rel.ro .data.rel.ro.*)
        . = ALIGN(16); ts_module_end = .;
    }}
    .writable : {{
        *(.got .got.* .data .data.* .sdata .sdata.* .bss .bss.* .sbss .sbss.* COMMON)
    }}
    ASSERT(SIZEOF(.writable) == 0, "a module keeps nothing writable and needs no table")

    /DISCARD/ : {{ *(.ARM.exidx* .ARM.extab* .eh_frame* .comment .note* .debug*) }}
}}
"""


def build_module_binary(
    module: InferenceModule,
    board: Board,
    toolchain: str,
    cache: Path,
    job: Progress = SILENT,
) -> bytes:
    """Header, code and constants; the same bytes run at every address.

    Raises:
        MissingTool: the toolchain is not installed.
        UserError ``build.board.host``: the board is this computer.
        InternalError: the code holds an absolute address, or something writable.
    """
    check_board(board)
    found = compiler_for(board.core, toolchain, cache, job=job)
    compiler = optimised(found, "", module.levels, module.tuned)
    extra = compiler.toolchain.relocatable(board.core)
    objects = _objects(replace(compiler, flags=(*compiler.flags, *extra)), compiler, module, board)
    images = [_flat(link_elf(compiler, objects, _SCRIPT.format(base=hex(b)))) for b in _BASES]
    if images[0] != images[1]:
        raise InternalError(f"module {module.name!r} holds an absolute address")
    body = images[0]
    check = crc32(body[_CRC_AT + 4 :], crc32(bytes(4), crc32(body[:_CRC_AT])))
    return body[:_CRC_AT] + struct.pack("<I", check) + body[_CRC_AT + 4 :]


def check_board(board: Board) -> None:
    """Raises UserError ``build.board.host`` where the board is this computer."""
    if not board.memories:
        raise UserError(
            "build.board.host",
            f"Board {board.id!r} takes no module binaries.",
            "Compile the module for a board with memories: see `tinsmith board list`.",
        )


def _objects(
    free: Compiler, plain: Compiler, module: InferenceModule, board: Board
) -> Mapping[str, bytes]:
    """Model and kernels position-independent; the header is assembly and needs no flags."""
    plain_sources = {**module.sources, "module/memory.c": firmware_text("ports/memory.c")}
    if board.core.fpu == "none":
        plain_sources["module/soft_float.c"] = firmware_text("module/soft_float.c")
    sources = {p: _hide(t) if p.endswith(".c") else t for p, t in plain_sources.items()}
    sources["module/hidden.h"] = firmware_text("module/hidden.h")
    header = {
        "module/header.S": firmware_text("module/header.S"),
        "module/ts_module.inc": _names(module, board),
    }
    return {**compile_all(free, sources), **compile_all(plain, header)}


def _hide(text: str) -> str:
    return f'#include "module/hidden.h"\n#line 1\n{text}'


def _names(module: InferenceModule, board: Board) -> str:
    arm, fpu = board.core.isa.startswith("arm"), board.core.fpu != "none"
    flags = (1 if arm else 0) | (2 if fpu else 0) | (0 if arm else 4)
    rows = {
        "ABI": ABI,
        "FLAGS": flags,
        "ARENA_BYTES": module.plan.arena_bytes,
        "STATE_BYTES": module.plan.state_bytes,
        "ALIGN": module.plan.alignment,
        "INIT": f"{module.name}_init",
        "RESET": f"{module.name}_reset",
        "RUN": f"{module.name}_run",
        "RUN_STEP": f"{module.name}_run_step",
    }
    return "".join(f"#define TS_MODULE_{k} {v}\n" for k, v in rows.items())


def _flat(elf: bytes) -> bytes:
    section = ELFFile(io.BytesIO(elf)).get_section_by_name(".module")
    if section is None:
        raise InternalError("the linked module has no contents")
    data: bytes = section.data()
    return data
