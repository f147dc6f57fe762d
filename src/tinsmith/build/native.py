"""Compiles and links a module for systems instead of boards: Linux and WebAssembly. No libc is
linked, so what comes out depends on the kernel (or the host of the WebAssembly) only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from tinsmith.build.image import firmware_text
from tinsmith.build.objects import compile_all, compiler_for, optimised, write_objects
from tinsmith.build.package import Order
from tinsmith.build.sbom import Tool
from tinsmith.devices.board import BOARDS


@dataclass(frozen=True)
class System:
    """A system to compile for.

    Args:
        machine: as `uname -m` says.
        architecture: as Go (GOARCH) says, whose words the OCI image specification takes.
        target: flags of zig; the plain instruction set, nothing that only newer processors have.
    """

    machine: str
    architecture: str
    target: tuple[str, ...]


LINUX = (
    System("x86_64", "amd64", ("-target", "x86_64-linux-none", "-mcpu=x86_64")),
    System("aarch64", "arm64", ("-target", "aarch64-linux-none", "-mcpu=generic")),
)
WASM = System("wasm32", "wasm", ("-target", "wasm32-freestanding", "-mcpu=generic"))


def linked(order: Order, system: System, sources: Mapping[str, str], flags: Sequence[str]) -> bytes:
    """The module's sources and ``sources``, linked with ``flags``.

    Raises:
        MissingTool: zig is not installed.
        InternalError: our sources do not compile, or need what is not there.
    """
    host = BOARDS.get("host")
    extra = ("-fPIC",) if _shared(flags) else ()
    found = compiler_for(host.core, "zig", order.cache, extra, order.job)
    compiler = replace(optimised(found, "", order.module.levels), target=system.target)
    every = {**order.module.sources, **sources, "native/memory.c": _memory()}
    objects = compile_all(compiler, every)
    with TemporaryDirectory(prefix="tinsmith-") as name:
        folder = Path(name)
        names = write_objects(objects, folder)
        argv = [
            *compiler.found.command, *compiler.target, "-O2", "-nostdlib", "-s", *flags, *names,
            "-o", "linked",
        ]  # fmt: skip
        compiler.run(argv, folder, f"linking for {system.machine}")
        return (folder / "linked").read_bytes()


def zig(order: Order) -> Tool:
    """The compiler, for the bill of materials."""
    version = compiler_for(BOARDS.get("host").core, "zig", order.cache).found.version
    return Tool("zig", version.removeprefix("zig "))


def _shared(flags: Sequence[str]) -> bool:
    return "-shared" in flags


def _memory() -> str:
    """memcpy and its kin, which compilers call unasked; not for others to see."""
    hidden = firmware_text("module/hidden.h")
    return hidden + firmware_text("ports/memory.c")
