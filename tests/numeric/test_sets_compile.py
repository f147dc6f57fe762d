"""Kernels of sets compile without a warning for every core, by every toolchain, at every
optimisation: assembler that lacks a register is found here."""

import subprocess
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest
from test_kernels_compile import CORES, ONCE

from tinsmith.build.toolchain import TOOLCHAINS
from tinsmith.codegen.kernel_set import REFERENCE, SETS
from tinsmith.testing.kernels import STRICT

NAMES = '#ifndef TS_KERNELS_H\n#define TS_KERNELS_H\n#include "ts_module.h"\n#endif\n'
SETS_HERE = [
    n for n in SETS.names() if n != REFERENCE and files("tinsmith.kernels").joinpath(n).is_dir()
]


def written(folder: Path, kind: str) -> list[str]:
    """The files of a set and of the reference's headers in a folder; the names of its kernels."""
    for own in (REFERENCE, kind):
        for file in files("tinsmith.kernels").joinpath(own).iterdir():
            if own == kind or file.name.endswith((".h", ".inc")):
                (folder / file.name).write_text(file.read_text("utf-8"), encoding="utf-8")
    (folder / "ts_kernels.h").write_text(NAMES, encoding="utf-8")
    return sorted(f.name for f in folder.glob("*.c"))


@pytest.mark.parametrize("kind", SETS_HERE)
@pytest.mark.parametrize("way", ONCE, ids="-".join)
def test_no_warning(
    way: tuple[str, str, str], kind: str, tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    toolchain, core, level = way
    if not SETS.get(kind).needs <= CORES[core].features:
        pytest.skip(f"{core} does not have what {kind} needs")
    if toolchain == "arm_gcc":
        require_tool("arm-none-eabi-gcc")
    chain = TOOLCHAINS.get(toolchain)
    command = [
        *chain.find().command, *chain.flags(CORES[core]), "-std=c99", level, *STRICT,
        *chain.compile_flags, "-ffreestanding", "-fno-strict-aliasing", "-c",
        *written(tmp_path, kind),
    ]  # fmt: skip
    environment = {"PATH": "/usr/bin:/bin", **chain.environment(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
