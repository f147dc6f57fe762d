"""Firmware: a linked image with its size report and toolchain."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tinsmith.codegen.module import InferenceModule
from tinsmith.core.quantity import Emulated, Planned
from tinsmith.core.units import bytes_text


@dataclass(frozen=True)
class SizeReport:
    """Bytes of a linked image: flash = everything stored in flash (with .data's load image);
    ram_static = .data and .bss, where arena and states lie (the stack is not counted);
    weights + code = flash."""

    flash: Emulated
    ram_static: Emulated
    sections: Mapping[str, Emulated]
    weights: Emulated
    code: Emulated


@dataclass(frozen=True)
class StackReport:
    """The deepest stack that the code of a linked image can need, in B, multiples of 8; interrupts
    are not counted. ``image``: from reset; ``run``: of a call of the module's run; ``steps``: of
    one of its steps, by node. What has no bound is missing, and ``unbounded`` says why."""

    image: Planned | None
    run: Planned | None
    steps: Mapping[str, Planned]
    unbounded: str = ""


@dataclass(frozen=True)
class Firmware:
    """An ELF image for one board (or a shared object for the host)."""

    board: str
    port: str
    toolchain: str
    toolchain_version: str
    kind: Literal["image", "shared-object", "module-binary"]
    elf: bytes
    size: SizeReport | None
    """None of a shared object: its sizes are those of this computer and say nothing of a board."""
    symbols: Mapping[str, int]
    """Symbol -> address, Thumb bit cleared."""
    stack_bytes: int
    """Stack that the linker reserved."""
    module: InferenceModule
    stack: StackReport | None = None
    """None where nothing is linked for a board."""

    @property
    def arena(self) -> Planned:
        """Memory that one run works in, as it was planned."""
        return self._planned(self.module.plan.arena_bytes)

    @property
    def state(self) -> Planned:
        """Memory that is kept from run to run, as it was planned."""
        return self._planned(self.module.plan.state_bytes)

    def _planned(self, nbytes: int) -> Planned:
        return Planned(nbytes, "B", self.board, f"memory planner {self.module.plan.planner}")

    def __str__(self) -> str:
        where = f"{self.module.name} for {self.board} ({self.port}), {self.toolchain_version}"
        if self.size is None or self.kind != "image":
            return f"{where}: {self.kind}"
        flash, ram = self.size.flash.whole, self.size.ram_static.whole
        return (
            f"{where}: {self.kind}, flash {bytes_text(flash)}, static RAM {bytes_text(ram)} "
            f"({self.size.flash.method})"
        )
