"""Compiles C and assembly sources to objects; every object is kept under the hash of all that
went into it, so kernels are compiled once per core and flags."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from tinsmith.build.toolchain import TOOLCHAINS, Found, Toolchain
from tinsmith.core.cache import Cache
from tinsmith.core.errors import InternalError, UnknownKind
from tinsmith.core.job import together
from tinsmith.core.process import Command, run_child
from tinsmith.core.progress import SILENT, Progress
from tinsmith.core.store import LocalStore
from tinsmith.devices.board import Core

COMMON = (
    "-std=c99", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wdouble-promotion", "-g0",
    "-ffreestanding", "-fno-builtin", "-fno-strict-aliasing", "-ffp-contract=off",
    "-ffunction-sections", "-fdata-sections", "-fno-unwind-tables",
    "-fno-asynchronous-unwind-tables",
)  # fmt: skip
_INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
_RENAMED = re.compile(r"^#define (ts_\w+) \w+$", re.MULTILINE)
_KERNELS = "kernels/ts_kernels.h"
_PARALLEL = 2


@dataclass(frozen=True)
class Compiler:
    """A toolchain set to one core, with the folder of its cached objects, the flags added to the
    common ones, the job that it works for, and levels: path of a kernel -> how hard it is optimised
    (a name of `Toolchain.optimize`), where not as the toolchain does by itself."""

    toolchain: Toolchain
    found: Found
    target: tuple[str, ...]
    flags: tuple[str, ...]
    cache: Path
    job: Progress = field(default=SILENT, compare=False)
    levels: Mapping[str, str] = field(default_factory=dict)

    def run(self, argv: Sequence[str], folder: Path, what: str) -> None:
        """`run_tool` with this compiler's environment and job."""
        run_tool(argv, folder, self.environment, what, self.job)

    @property
    def environment(self) -> dict[str, str]:
        """Variables of the compiler's process. The caller's are left out: some of them (search
        paths of headers and libraries) would change what is built."""
        return {"PATH": os.defpath, **self.toolchain.environment(self.cache)}


def compiler_for(
    core: Core,
    toolchain: str,
    cache: Path,
    extra: Sequence[str] = (),
    job: Progress = SILENT,
) -> Compiler:
    """The compiler of a toolchain for a core.

    Raises:
        UnknownKind: no such toolchain.
        MissingTool: it is not installed.
        UserError: it does not serve this core.
    """
    chain = TOOLCHAINS.get(toolchain)
    fpu = ("-DTS_EXPECT_FPU",) if core.isa.startswith("arm") and core.fpu != "none" else ()
    flags = (*COMMON, *chain.compile_flags, *fpu, *extra)
    return Compiler(chain, chain.find(), chain.flags(core), flags, cache.resolve(), job)


def optimised(
    compiler: Compiler, optimize: str, levels: Mapping[str, str], tuned: str = ""
) -> Compiler:
    """The compiler with another optimisation of kernels: each at its level where that was measured
    with this toolchain, for all models or (``tuned`` is its version) for this one, else all as
    ``optimize`` says, a name of `Toolchain.optimize`.

    Raises:
        UnknownKind: the toolchain has no such optimisation.
    """
    chain = compiler.toolchain
    measured = chain.measured or tuned == compiler.found.version
    named = set(levels.values()) if measured else set()
    for name in {optimize, *named} - {""}:
        if name not in chain.optimize:
            raise UnknownKind("optimisation", name, chain.optimize)
    if named:
        return replace(compiler, levels=levels)
    flags = chain.optimize[optimize] if optimize else chain.kernel_flags
    return replace(compiler, toolchain=replace(chain, kernel_flags=flags))


def compile_all(compiler: Compiler, sources: Mapping[str, str]) -> dict[str, bytes]:
    """Objects of all ``.c`` and ``.S`` files: path -> object. Includes are looked up beside the
    file, at the root of ``sources`` and in ``kernels/``."""
    paths = sorted(p for p in sources if p.endswith((".c", ".S")))
    with ThreadPoolExecutor(_PARALLEL) as pool, together(compiler.job) as job:
        part = replace(compiler, job=job)
        done = pool.map(lambda p: _object(part, sources, p), paths)
        return dict(zip(paths, done, strict=True))


def _object(compiler: Compiler, sources: Mapping[str, str], path: str) -> bytes:
    compiler.job.check()
    needed = _with_includes(sources, path)
    flags = (*compiler.target, *compiler.flags, *_optimisation(compiler, path))
    inputs = (compiler.found.version, flags, path, sorted(needed.items()))
    return kept(compiler.cache, "objects", inputs, lambda: _compile(compiler, needed, path, flags))


def kept(cache: Path, folder: str, inputs: tuple[object, ...], make: Callable[[], bytes]) -> bytes:
    """What a compiler made of its inputs, from ``cache/folder`` or made now. Our own code is not in
    the key: flags and sources are, in full."""
    return Cache(LocalStore(cache), "").step(folder, bytes, inputs, make)[0]


def _optimisation(compiler: Compiler, path: str) -> Sequence[str]:
    chain = compiler.toolchain
    if level := compiler.levels.get(path):
        return chain.optimize[level]
    return chain.kernel_flags if path.startswith("kernels/") else ("-Os",)


def _compile(
    compiler: Compiler, files: Mapping[str, str], path: str, flags: Sequence[str]
) -> bytes:
    with TemporaryDirectory(prefix="tinsmith-") as name:
        folder = Path(name)
        for p, text in files.items():
            (folder / p).parent.mkdir(parents=True, exist_ok=True)
            (folder / p).write_text(text, encoding="utf-8")
        # Relative paths and a mapped prefix: no trace of the folder is left in the object.
        argv = [
            *compiler.found.command, *flags, f"-ffile-prefix-map={folder}=.", "-I.", "-Ikernels",
            "-c", path, "-o", "out.o",
        ]  # fmt: skip
        compiler.run(argv, folder, f"compiling {path}")
        return (folder / "out.o").read_bytes()


def write_objects(objects: Mapping[str, bytes], folder: Path) -> list[str]:
    """Write objects for a linker; returns their file names. ``a/b.c`` becomes ``a-b.o``: linker
    scripts match on the end of the name."""
    names = []
    for path, data in objects.items():
        names.append(str(PurePosixPath(path).with_suffix(".o")).replace("/", "-"))
        (folder / names[-1]).write_bytes(data)
    return names


def run_tool(
    argv: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    what: str,
    job: Progress = SILENT,
) -> None:
    """Run a compiler or linker.

    Raises:
        InternalError: it failed; our sources are wrong, and its own words say where.
        Cancelled: the job was cancelled.
    """
    done = run_child(Command(argv, folder, environment), job)
    if done.code != 0:
        raise InternalError(f"{what} failed: {done.said[-2000:]}")


def _with_includes(sources: Mapping[str, str], path: str) -> dict[str, str]:
    """The file and what it includes, directly or through others: only that is in its key."""
    found: dict[str, str] = {}
    pending = [path]
    while pending:
        here = pending.pop()
        if here in found:
            continue
        found[here] = sources[here]
        for name in _INCLUDE.findall(sources[here]):
            near = _normal(PurePosixPath(here).parent / name)
            match = next((c for c in (near, name, f"kernels/{name}") if c in sources), None)
            if match is None:
                raise InternalError(f"{here} includes {name!r}, which is not among the sources")
            pending.append(match)
    if path.startswith("kernels/") and _KERNELS in found:
        found[_KERNELS] = _own_names(found[_KERNELS], sources[path])
    return found


def _own_names(header: str, kernel: str) -> str:
    """What the header says of this kernel: its object then serves every module of that name,
    whatever other kernels are in it."""
    words = set(re.findall(r"\w+", kernel))
    blocks = header.split("\n\n")
    return "\n\n".join(b for b in blocks if set(_RENAMED.findall(b)) <= words)


def _normal(path: PurePosixPath) -> str:
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and parts:
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)
