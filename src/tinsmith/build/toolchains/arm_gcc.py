"""GNU Arm Embedded (arm-none-eabi-gcc): the second opinion for Cortex-M, where it is installed."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from tinsmith.build.toolchain import Found, Toolchain
from tinsmith.core.errors import MissingTool
from tinsmith.core.process import Command, run_child
from tinsmith.core.progress import SILENT
from tinsmith.devices.board import Core

COMMAND = "arm-none-eabi-gcc"
_SOFT, _HARD = "-mfloat-abi=soft", "-mfloat-abi=hard"
TARGETS: Mapping[str, Sequence[str]] = {
    "cortex-m4f": ("-mthumb", "-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", _HARD),
    "cortex-m0plus": ("-mthumb", "-mcpu=cortex-m0plus", _SOFT),
    "cortex-m3": ("-mthumb", "-mcpu=cortex-m3", _SOFT),
    "cortex-m7f": ("-mthumb", "-mcpu=cortex-m7", "-mfpu=fpv5-sp-d16", _HARD),
    "cortex-m33f": ("-mthumb", "-mcpu=cortex-m33", "-mfpu=fpv5-sp-d16", _HARD),
    # Integers of Helium only, for the reason that toolchains/zig.py tells.
    "cortex-m55": ("-mthumb", "-mcpu=cortex-m55+nomve.fp", _HARD),
}
"""Flags by core."""


def find() -> Found:
    """The compiler on the search path."""
    path = shutil.which(COMMAND)
    if path is None:
        raise MissingTool(COMMAND, "Try: apt install gcc-arm-none-eabi, or use toolchain 'zig'.")
    said = run_child(Command([path, "-dumpfullversion"]), SILENT).said
    return Found((path,), f"{COMMAND} {said}")


def target(core: Core) -> Sequence[str] | None:
    """Flags of a core; None of one that is not known here."""
    return TARGETS.get(core.name)


def relocatable(core: Core) -> Sequence[str]:
    """Constants are found relative to the code that reads them."""
    return ("-fpic", "-mpic-data-is-text-relative")


def environment(cache: Path) -> dict[str, str]:
    """Messages in English; nothing else."""
    return {"LC_ALL": "C"}


TOOLCHAIN = Toolchain(
    name="arm_gcc",
    rank=1,
    find=find,
    target=target,
    compile_flags=("-fno-tree-loop-distribute-patterns", "-fno-stack-protector"),
    link_flags=("-nostdlib", "-Wl,--build-id=none"),
    kernel_flags=("-O2",),
    libraries=("-lgcc",),
    relocatable=relocatable,
    environment=environment,
    optimize={"size": ("-Os",), "balanced": ("-O2",), "speed": ("-O3",), "ram": ("-Os",)},
)
