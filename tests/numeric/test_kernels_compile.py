"""Kernels compile without a warning for every core, by every toolchain, at every optimisation."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tinsmith.build.toolchain import TOOLCHAINS, Toolchain
from tinsmith.core.errors import InternalError
from tinsmith.devices.board import BOARDS
from tinsmith.testing.kernels import STRICT, compile_kernels, kernel_sources

CORES = {b.core.name: b.core for b in BOARDS.all()}
WAYS = [
    pytest.param("zig", core, level, id=f"zig-{core}-{level}")
    for core, found in CORES.items()
    for level in ("-O0", "-O1", "-O2", "-O3", "-Os")
    if found.zig
] + [
    pytest.param("arm_gcc", core, level, id=f"arm_gcc-{core}-{level}")
    for core, found in CORES.items()
    for level in ("-O0", "-O1", "-O2", "-O3", "-Os")
    if found.gcc
]


def write_together(folder: Path) -> Path:
    """All kernels as one file, ``together.c``."""
    folder = folder / "sources"
    folder.mkdir(exist_ok=True)
    for name, text in kernel_sources().items():
        (folder / name).write_text(text, encoding="utf-8")
    together = "".join(f'#include "{n}"\n' for n in sorted(kernel_sources()) if n.endswith(".c"))
    (folder / "together.c").write_text(together, encoding="utf-8")
    return folder


@pytest.mark.parametrize(("toolchain", "core", "level"), WAYS)
def test_no_warning(
    toolchain: str, core: str, level: str, kernel_folder: Path, require_tool: Callable[[str], str]
) -> None:
    if toolchain == "arm_gcc":
        require_tool("arm-none-eabi-gcc")
    chain: Toolchain = TOOLCHAINS.get(toolchain)
    folder = write_together(kernel_folder)
    command = [
        *chain.find().command, *chain.target(CORES[core]), "-std=c99", level, *STRICT,
        *chain.compile_flags, "-ffreestanding", "-c", "together.c", "-o", "together.o",
    ]  # fmt: skip
    environment = {"PATH": "/usr/bin:/bin", **chain.environment(kernel_folder)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


FUSED = re.compile(r"\bvfn?m[as]\b")


def gcc_assembly(folder: Path, name: str) -> str:
    """Cortex-M4F assembly as gcc makes it by default: GNU C, products fused with adds."""
    chain: Toolchain = TOOLCHAINS.get("arm_gcc")
    command = [
        *chain.find().command, *chain.target(CORES["cortex-m4f"]), "-std=gnu17", "-O3",
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
    sources = {k: t for k, t in kernel_sources().items() if k.endswith(".h") or "add_f" in k}
    with pytest.raises(InternalError, match="tinsmith: "):
        compile_kernels(tmp_path, ("-O2", "-std=c99", flag), sources)
