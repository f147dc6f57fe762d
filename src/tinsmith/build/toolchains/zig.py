"""Zig's C compiler (clang and lld from one wheel): the default, for every core and for the host."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from tinsmith.build.toolchain import Found, Toolchain
from tinsmith.core.errors import MissingTool
from tinsmith.devices.board import Core

NO_COMPILER = "no-compiler-of-the-system"


_FREE = ("-target", "thumb-freestanding-eabi")
_FREE_FPU = ("-target", "thumb-freestanding-eabihf")
TARGETS: Mapping[str, Sequence[str]] = {
    # FPU and DSP are spelled out, because the plain CPU names carry none: with them missing, clang
    # silently emits calls of soft-float routines.
    "cortex-m4f": (*_FREE_FPU, "-mcpu=cortex_m4+vfp4d16sp"),
    "cortex-m0plus": (*_FREE, "-mcpu=cortex_m0plus"),
    "cortex-m3": (*_FREE, "-mcpu=cortex_m3"),
    "cortex-m7f": (*_FREE_FPU, "-mcpu=cortex_m7+fp_armv8d16sp"),
    "cortex-m33f": (*_FREE_FPU, "-mcpu=cortex_m33+dsp+fp_armv8d16sp"),
    # Of Helium, integers only: its float instructions flush subnormal numbers to zero (Armv8-M
    # Architecture Reference Manual, DDI 0553, "MVE floating-point"), so a loop that a compiler
    # vectorises would differ from the reference. Floats use the FPU.
    "cortex-m55": (*_FREE_FPU, "-mcpu=cortex_m55+dsp+mve+fp_armv8d16"),
    "rv32imc": ("-target", "riscv32-freestanding-none", "-mcpu=generic_rv32+m+c"),
    "host": ("-target", "native"),
}
"""Flags by core."""


def find() -> Found:
    """The binary inside the ``ziglang`` package."""
    spec = find_spec("ziglang")
    if spec is None or spec.origin is None:
        raise MissingTool("Python package 'ziglang'", "Try: pip install ziglang")
    folder = Path(spec.origin).parent
    binary = next((p for p in (folder / "zig", folder / "zig.exe") if p.exists()), None)
    if binary is None:
        raise MissingTool("the zig compiler", "Try: pip install --force-reinstall ziglang")
    return Found((str(binary), "cc"), f"zig {version('ziglang')}")


def target(core: Core) -> Sequence[str] | None:
    """Flags of a core; None of one that is not known here."""
    return TARGETS.get(core.name)


def relocatable(core: Core) -> Sequence[str]:
    """Arm has a mode for read-only position independence; elsewhere it is the general one."""
    return ("-fropi",) if core.isa.startswith("arm") else ("-fPIC",)


def environment(cache: Path) -> dict[str, str]:
    """Zig keeps its compiler runtime in these folders; nothing is written to the home folder. For
    the host it would ask the system's C compiler, by CC, where its headers are, and fail if that
    has none (gcc without libc6-dev). With no such compiler it takes its own headers."""
    folder = str(cache / "zig")
    return {"ZIG_GLOBAL_CACHE_DIR": folder, "ZIG_LOCAL_CACHE_DIR": folder, "CC": NO_COMPILER}


TOOLCHAIN = Toolchain(
    name="zig",
    rank=0,
    find=find,
    target=target,
    # zig adds sanitizers and stack protectors of its own unless told not to.
    compile_flags=("-fno-sanitize=all", "-fno-stack-protector"),
    # -g keeps the symbol table, which -O alone drops; without compiler-rt soft float is undefined.
    link_flags=("-O2", "-g", "-nostdlib", "-rtlib=compiler-rt"),
    # Measured on Cortex-M4 with dense, softmax, relu and quantize in two shapes: against -O2, -Os
    # takes 1.4 kB instead of 3.4 kB and 10 to 12 % fewer instructions (1 to 8 % fewer cycles).
    kernel_flags=("-Os",),
    libraries=(),
    relocatable=relocatable,
    environment=environment,
    optimize={"size": ("-Os",), "balanced": ("-O2",), "speed": ("-O3",), "ram": ("-Os",)},
    measured=True,
)
