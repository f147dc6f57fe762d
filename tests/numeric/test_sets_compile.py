"""Kernels of sets compile without a warning for every core, by every toolchain, at every
optimisation: assembler that lacks a register is found here."""

import subprocess
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from tinsmith.build.toolchain import TOOLCHAINS
from tinsmith.codegen.kernel_set import REFERENCE, SETS
from tinsmith.devices.board import BOARDS
from tinsmith.testing.kernels import STRICT

CORES = {b.core.name: b.core for b in BOARDS.all()}
LEVELS = ("-O0", "-O1", "-O2", "-O3", "-Os")
NAMES = '#ifndef TS_KERNELS_H\n#define TS_KERNELS_H\n#include "ts_module.h"\n#endif\n'
SETS_HERE = [
    n for n in SETS.names() if n != REFERENCE and files("tinsmith.kernels").joinpath(n).is_dir()
]


def written(folder: Path, kind: str) -> list[str]:
    """The files of a set and all sets' headers in a folder; the names of its kernels."""
    for own in (REFERENCE, *SETS_HERE):
        for file in files("tinsmith.kernels").joinpath(own).iterdir():
            if own == kind or file.name.endswith((".h", ".inc")):
                (folder / file.name).write_text(file.read_text("utf-8"), encoding="utf-8")
    (folder / "ts_kernels.h").write_text(NAMES, encoding="utf-8")
    return sorted(f.name for f in folder.glob("*.c"))


def ways() -> list[tuple[str, str, str]]:
    """Each set by each toolchain for each core that has what it needs."""
    return [
        (kind, toolchain, core)
        for kind in SETS_HERE
        for toolchain in ("zig", "arm_gcc")
        for core, found in CORES.items()
        if SETS.get(kind).needs <= found.features
        and TOOLCHAINS.get(toolchain).target(found) is not None
    ]


ONCE = [(*way, LEVELS[i % len(LEVELS)]) for i, way in enumerate(ways())]
"""Each of them at one level; the other levels are a campaign."""
ALL = [(*way, level) for way in ways() for level in LEVELS]


def told(way: tuple[str, str, str, str], folder: Path) -> str:
    """What a toolchain says of a set's kernels: (set, toolchain, core, level)."""
    kind, toolchain, core, level = way
    chain = TOOLCHAINS.get(toolchain)
    command = [
        *chain.find().command, *chain.flags(CORES[core]), "-std=c99", level, *STRICT,
        *chain.compile_flags, "-ffreestanding", "-fno-strict-aliasing", "-c",
        *written(folder, kind),
    ]  # fmt: skip
    environment = {"PATH": "/usr/bin:/bin", **chain.environment(folder)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    return done.stderr if done.returncode else ""


@pytest.mark.parametrize("way", ONCE, ids="-".join)
def test_no_warning(
    way: tuple[str, str, str, str], tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    if way[1] == "arm_gcc":
        require_tool("arm-none-eabi-gcc")
    assert not told(way, tmp_path)


@pytest.mark.slow
def test_no_warning_any_way(
    tmp_path: Path,
    require_tool: Callable[[str], str],
    campaign: Callable[..., int],
    rng: np.random.Generator,
) -> None:
    require_tool("arm-none-eabi-gcc")
    for i in rng.permutation(len(ALL))[: campaign(len(ALL), least=3)]:
        folder = tmp_path / str(i)
        folder.mkdir()
        found = told(ALL[i], folder)
        assert not found, f"{ALL[i]}: {found}"
