"""Shared objects that run on this computer beside an emulator, built from firmware/emulator."""

from pathlib import Path
from tempfile import TemporaryDirectory

from tinsmith.build.image import firmware_text
from tinsmith.build.objects import compiler_for, run_tool
from tinsmith.core.cache import write_atomically
from tinsmith.core.codec import content_hash
from tinsmith.devices.board import BOARDS


def build_plugin(name: str, cache: Path) -> Path:
    """Path of ``<name>.so`` built from ``firmware/emulator/<name>.c``, kept by content. What it
    does not define is resolved when the host process loads it."""
    host = BOARDS.get("host")
    compiler = compiler_for(host.core, host.toolchains[0], cache)
    text = firmware_text(f"emulator/{name}.c")
    flags = (
        *compiler.target, "-std=c99", "-Wall", "-Wextra", "-Werror", "-O2", "-ffreestanding",
        "-fno-builtin", "-fno-sanitize=all", "-fno-stack-protector", "-fPIC", "-shared",
        "-nostdlib", "-Wl,-z,undefs",
    )  # fmt: skip
    key = content_hash(compiler.found.version, flags, text)
    kept = compiler.cache / "plugins" / f"{name}-{key[:16]}.so"
    if not kept.exists():
        with TemporaryDirectory(prefix="tinsmith-") as folder:
            (Path(folder) / f"{name}.c").write_text(text, encoding="utf-8")
            argv = [*compiler.found.command, *flags, f"{name}.c", "-o", "plugin.so"]
            run_tool(argv, Path(folder), compiler.environment, f"building {name}")
            write_atomically(kept, (Path(folder) / "plugin.so").read_bytes())
    return kept
