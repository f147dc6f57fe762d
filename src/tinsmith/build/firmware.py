"""Firmware: a linked image with its size report and toolchain."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tinsmith.codegen.module import InferenceModule
from tinsmith.core.units import bytes_text


@dataclass(frozen=True)
class SizeReport:
    """Bytes: flash = everything stored in flash (with .data's load image); ram_static = .data and
    .bss, where arena and states lie (the stack is not counted); weights + code = flash."""

    flash_bytes: int
    ram_static_bytes: int
    sections: Mapping[str, int]
    weights_bytes: int
    code_bytes: int


@dataclass(frozen=True)
class Firmware:
    """An ELF image for one board (or a shared object for the host)."""

    board: str
    port: str
    toolchain: str
    toolchain_version: str
    kind: Literal["image", "shared-object", "module-binary"]
    elf: bytes
    size: SizeReport
    symbols: Mapping[str, int]
    """Symbol -> address, Thumb bit cleared."""
    stack_bytes: int
    """Stack that the linker reserved."""
    module: InferenceModule

    def __str__(self) -> str:
        flash, ram = bytes_text(self.size.flash_bytes), bytes_text(self.size.ram_static_bytes)
        where = f"{self.module.name} for {self.board} ({self.port}), {self.toolchain_version}"
        sizes = f", flash {flash}, static RAM {ram}" if self.kind == "image" else ""
        return f"{where}: {self.kind}{sizes}"
