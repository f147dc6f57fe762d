"""GNU Arm Embedded (arm-none-eabi-gcc): the second opinion for Cortex-M, where it is installed."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tinsmith.build.toolchain import Found, Toolchain
from tinsmith.core.errors import MissingTool, UserError
from tinsmith.devices.board import Core

COMMAND = "arm-none-eabi-gcc"


def find() -> Found:
    """The compiler on the search path."""
    path = shutil.which(COMMAND)
    if path is None:
        raise MissingTool(COMMAND, "Try: apt install gcc-arm-none-eabi, or use toolchain 'zig'.")
    said = subprocess.run([path, "-dumpfullversion"], capture_output=True, text=True, check=True)
    return Found((path,), f"{COMMAND} {said.stdout.strip()}")


def target(core: Core) -> Sequence[str]:
    """Flags of cores.toml."""
    if not core.gcc:
        raise UserError(
            "build.toolchain.core",
            f"Toolchain 'arm_gcc' does not compile for {core.title}.",
            "Use toolchain 'zig' for this board.",
        )
    return core.gcc


def relocatable(core: Core) -> Sequence[str]:
    """Constants are found relative to the code that reads them."""
    return ("-fpic", "-mpic-data-is-text-relative")


def environment(cache: Path) -> dict[str, str]:
    """Messages in English; nothing else."""
    return {"LC_ALL": "C"}


TOOLCHAIN = Toolchain(
    name="arm_gcc",
    find=find,
    target=target,
    compile_flags=("-fno-tree-loop-distribute-patterns", "-fno-stack-protector"),
    link_flags=("-nostdlib", "-Wl,--build-id=none"),
    kernel_flags=("-O2",),
    libraries=("-lgcc",),
    relocatable=relocatable,
    environment=environment,
    optimize={"size": ("-Os",), "balanced": ("-O2",), "speed": ("-O3",)},
)
