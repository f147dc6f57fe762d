"""Kernels compile without a warning for every core, by every toolchain, at every optimisation."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tinsmith.build.toolchain import TOOLCHAINS, Toolchain
from tinsmith.core.errors import InternalError
from tinsmith.devices.board import BOARDS
from tinsmith.testing.kernels import STRICT, compile_kernels, kernel_sources

CORES = {b.core.name: b.core for b in BOARDS.all()}
LEVELS = ("-O0", "-O1", "-O2", "-O3", "-Os")
WAYS = [
    (toolchain, core, level)
    for toolchain in ("zig", "arm_gcc")
    for core, found in CORES.items()
    for level in LEVELS
    if TOOLCHAINS.get(toolchain).target(found) is not None
]
ONCE = [way for i, way in enumerate(WAYS) if i // len(LEVELS) % len(LEVELS) == i % len(LEVELS)]
"""Every core by every toolchain, at one level each; together they take every level. The other ways
are a campaign: what a core changes and what a level changes rarely meet."""


def write_together(folder: Path) -> Path:
    """All kernels as one file, ``together.c``."""
    folder = folder / "sources"
    folder.mkdir(exist_ok=True)
    for name, text in kernel_sources().items():
        (folder / name).write_text(text, encoding="utf-8")
    together = "".join(f'#include "{n}"\n' for n in sorted(kernel_sources()) if n.endswith(".c"))
    (folder / "together.c").write_text(together, encoding="utf-8")
    return folder


def warnings(way: tuple[str, str, str], sources: Path) -> str:
    """What a toolchain says of ``together.c`` in a folder: (toolchain, core, level)."""
    toolchain, core, level = way
    chain: Toolchain = TOOLCHAINS.get(toolchain)
    command = [
        *chain.find().command, *chain.flags(CORES[core]), "-std=c99", level, *STRICT,
        *chain.compile_flags, "-ffreestanding", "-c", "together.c", "-o", "together.o",
    ]  # fmt: skip
    environment = {"PATH": "/usr/bin:/bin", **chain.environment(sources)}
    done = subprocess.run(command, cwd=sources, env=environment, capture_output=True, text=True)
    return done.stderr if done.returncode else ""


def test_the_sample_takes_every_core_and_every_level() -> None:
    assert {(t, c) for t, c, _ in ONCE} == {(t, c) for t, c, _ in WAYS}
    assert {(t, n) for t, _, n in ONCE} == {(t, n) for t, _, n in WAYS}


@pytest.mark.parametrize("way", ONCE, ids="-".join)
def test_no_warning(
    way: tuple[str, str, str], kernel_folder: Path, require_tool: Callable[[str], str]
) -> None:
    if way[0] == "arm_gcc":
        require_tool("arm-none-eabi-gcc")
    assert not warnings(way, write_together(kernel_folder))


@pytest.mark.slow
def test_no_warning_any_way(
    kernel_folder: Path,
    require_tool: Callable[[str], str],
    campaign: Callable[..., int],
    rng: np.random.Generator,
) -> None:
    require_tool("arm-none-eabi-gcc")
    count = campaign(len(WAYS), least=3)
    folder = write_together(kernel_folder)
    for i in rng.permutation(len(WAYS))[:count]:
        found = warnings(WAYS[i], folder)
        assert not found, f"{WAYS[i]}: {found}"


def test_a_warning_is_seen(tmp_path: Path) -> None:
    """The check itself must see one."""
    folder = write_together(tmp_path)
    with (folder / "together.c").open("a", encoding="utf-8") as file:
        file.write("int32_t spoilt(float x);\nint32_t spoilt(float x) { return x; }\n")
    core = next(core for toolchain, core, _ in WAYS if toolchain == "zig")
    assert "-Wfloat-conversion" in warnings(("zig", core, "-O0"), folder)


FUSED = re.compile(r"\bvfn?m[as]\b")


def gcc_assembly(folder: Path, name: str) -> str:
    """Cortex-M4F assembly as gcc makes it by default: GNU C, products fused with adds."""
    chain: Toolchain = TOOLCHAINS.get("arm_gcc")
    command = [
        *chain.find().command, *chain.flags(CORES["cortex-m4f"]), "-std=gnu17", "-O3",
        *chain.compile_flags, "-ffreestanding", "-S", name, "-o", "out.s",
    ]  # fmt: skip
    environment = {"PATH": "/usr/bin:/bin", **chain.environment(folder)}
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    return (folder / "out.s").read_text(encoding="utf-8")


def test_no_product_is_fused_with_an_add(
    kernel_folder: Path, require_tool: Callable[[str], str]
) -> None:
    require_tool("arm-none-eabi-gcc")
    folder = write_together(kernel_folder)
    assert not FUSED.search(gcc_assembly(folder, "together.c"))
    control = "float f(float a, float b, float c) { return a * b + c; }"
    (folder / "control.c").write_text(control, encoding="utf-8")
    assert FUSED.search(gcc_assembly(folder, "control.c")), "the check itself must see one"


@pytest.mark.parametrize(
    "flag",
    ["-ffast-math", "-ffinite-math-only", "-D__ASSOCIATIVE_MATH__", "-D__FLT_EVAL_METHOD__=2"],
)
def test_flags_that_change_results_are_refused(flag: str, tmp_path: Path) -> None:
    """As far as the compiler says so: clang tells of no single part but this one, gcc of more."""
    sources = {
        k: t for k, t in kernel_sources().items() if k.endswith((".h", ".inc")) or "add_f" in k
    }
    with pytest.raises(InternalError, match="tinsmith: "):
        compile_kernels(tmp_path, ("-O2", "-std=c99", flag), sources)


def test_the_host_compiles_beside_a_compiler_without_its_library(tmp_path: Path) -> None:
    """gcc without libc6-dev: the folders that it names have no stdlib.h."""
    listed = f"#include <...> search starts here:\n {tmp_path}\nEnd of search list."
    (tmp_path / "cc").write_text(f"#!/bin/sh\necho '{listed}' >&2\n")
    (tmp_path / "cc").chmod(0o755)
    (tmp_path / "one.c").write_text("#include <string.h>\n")
    zig = TOOLCHAINS.get("zig")
    command = [*zig.find().command, *zig.target(BOARDS.get("host").core), "-c", "one.c"]
    environment = {"PATH": str(tmp_path), **zig.environment(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
