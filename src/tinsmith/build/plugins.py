"""Shared objects that an emulator or a check loads on this computer, built from firmware/emulator;
they may include the headers of the reference kernels."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from tinsmith.build.image import firmware_text
from tinsmith.build.objects import compiler_for, kept
from tinsmith.build.toolchain import toolchains_for
from tinsmith.core.progress import SILENT, Progress
from tinsmith.devices.board import BOARDS


@contextmanager
def plugin(name: str, cache: Path | None, job: Progress = SILENT) -> Iterator[Path]:
    """``<name>.so`` for as long as it is used, built from ``firmware/emulator/<name>.c`` or taken
    from the cache. What it does not define is resolved when the host process loads it."""
    with TemporaryDirectory(prefix="tinsmith-") as name_of_folder:
        folder = Path(name_of_folder)
        path = folder / f"{name}.so"
        path.write_bytes(_build(name, cache or folder, job))
        yield path


def _build(name: str, cache: Path, job: Progress) -> bytes:
    host = BOARDS.get("host")
    compiler = compiler_for(host.core, toolchains_for(host)[0], cache, job=job)
    texts = {f"{name}.c": firmware_text(f"emulator/{name}.c"), **_headers()}
    flags = (
        *compiler.target, "-std=c99", "-Wall", "-Wextra", "-Werror", "-O2", "-ffreestanding",
        "-fno-builtin", "-fno-sanitize=all", "-fno-stack-protector", "-fPIC", "-shared",
        "-nostdlib", "-Wl,-z,undefs",
    )  # fmt: skip

    def make() -> bytes:
        with TemporaryDirectory(prefix="tinsmith-") as folder:
            for file, text in texts.items():
                (Path(folder) / file).write_text(text, encoding="utf-8")
            argv = [*compiler.found.command, *flags, f"{name}.c", "-o", "plugin.so"]
            compiler.run(argv, Path(folder), f"building {name}")
            return (Path(folder) / "plugin.so").read_bytes()

    return kept(
        compiler.cache, "plugins", (compiler.found.version, flags, sorted(texts.items())), make
    )


def _headers() -> dict[str, str]:
    found = files("tinsmith.kernels").joinpath("ref").iterdir()
    return {f.name: f.read_text(encoding="utf-8") for f in found if f.name.endswith(".h")}
