"""What of tinsmith works on this machine: packages, compilers, emulators, the sandbox and the cache
folder are tried, not looked up."""

import os
import platform
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, distribution, requires, version
from pathlib import Path
from typing import Literal

from tinsmith.bench.runner import RUNNERS
from tinsmith.build.toolchain import TOOLCHAINS, Toolchain
from tinsmith.core import sandbox
from tinsmith.core.errors import UserError
from tinsmith.core.process import Command, OutOfTime, run_child
from tinsmith.core.progress import Progress
from tinsmith.devices.board import cores
from tinsmith.flow.places import check_cache
from tinsmith.version import __version__

State = Literal["works", "missing", "broken"]
NEEDED = frozenset({"python packages", "zig", "sandbox", "cache"})
"""Without these nothing works; the others are for some of the work."""
FOR = {
    "train": "training on recordings",
    "emulate": "running, profiling and certifying on emulated boards",
    "report": "pictures of reports and profiles",
    "onnx": "ONNX models",
    "keras": "Keras models",
    "data": "more formats of recordings",
    "zig": "every board and this computer",
    "arm_gcc": "boards with Arm cores, as a second compiler",
    "unicorn": "emulated boards but for Cortex-M55",
    "qemu": "emulated boards, the only one for Cortex-M55",
    "host": "modules on this computer",
    "sandbox": "reading model files and recordings",
    "cache": "results and compiled objects",
    "python packages": "everything",
}
_SOURCE = "int one(void) { return 1; }\n"
_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_EXTRA = re.compile(r"extra == ['\"]([^'\"]+)['\"]")
_LEAST_FREE = 1_000_000_000


@dataclass(frozen=True)
class Finding:
    """One thing: whether it works, what was found, what it is for, and what to do if it does not
    work."""

    name: str
    state: State
    found: str
    purpose: str
    hint: str = ""

    @property
    def needed(self) -> bool:
        """Whether nothing works without it."""
        return self.name in NEEDED


def machine() -> dict[str, str]:
    """What is running: tinsmith, Python, system, processors."""
    return {
        "tinsmith": __version__,
        "Python": f"{platform.python_version()} ({platform.python_implementation()})",
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "processors": str(os.cpu_count() or "unknown"),
    }


def examined(cache: Path, job: Progress) -> Iterator[Finding]:
    """Everything that can be missing or broken, one after the other."""
    yield from packages(requires("tinsmith") or ())
    for chain in sorted(TOOLCHAINS.all(), key=lambda c: c.rank):
        yield tried(chain.name, partial(compiles, chain, cache, job))
    for runner in sorted(RUNNERS.all(), key=lambda r: r.rank):
        yield tried(runner.name, runner.find)
    yield tried("sandbox", partial(_sandbox, job))
    yield tried("cache", partial(room, cache))


def packages(required: Sequence[str]) -> Iterator[Finding]:
    """Python packages that tinsmith declares: what it needs in any case, then each extra but that
    for its own development. ``required``: as package metadata gives them (core metadata
    specification, Requires-Dist)."""
    groups: dict[str, list[str]] = {"python packages": []}
    for line in required:
        extra, name = _EXTRA.search(line), _NAME.match(line)
        if name is not None:
            groups.setdefault(extra[1] if extra else "python packages", []).append(name[0])
    for group, names in groups.items():
        if group == "dev":
            continue
        missing = [n for n in names if not _installed(n)]
        found = ", ".join(f"{n} {version(n)}" for n in names if n not in missing)
        install = "tinsmith" if group == "python packages" else f"'tinsmith[{group}]'"
        yield Finding(
            group, "missing" if missing else "works",
            "; ".join(p for p in (found, missing and f"not installed: {', '.join(missing)}") if p),
            FOR.get(group, "a plug-in"), f"pip install {install}" if missing else "",
        )  # fmt: skip


def _installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def tried(name: str, find: Callable[[], str]) -> Finding:
    """What came of trying it."""
    purpose = FOR.get(name, "a plug-in")
    try:
        return Finding(name, "works", find(), purpose)
    except UserError as e:
        state: State = "missing" if e.code == "tool.missing" else "broken"
        return Finding(name, state, e.message, purpose, e.hint)


def compiles(chain: Toolchain, cache: Path, job: Progress) -> str:
    """Its version, once it has compiled a function for a core that it serves."""
    found = chain.find()
    core = next(c for c in cores().values() if chain.target(c) is not None)
    environment = {"PATH": os.defpath, **chain.environment(cache)}
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "one.c"
        source.write_text(_SOURCE, encoding="utf-8")
        flags = (*chain.flags(core), "-c", source.name, "-o", "one.o")
        command = Command((*found.command, *flags), Path(folder), environment, timeout_s=300)
        try:
            ended = run_child(command, job)
        except (OSError, OutOfTime) as e:
            raise _broken(chain.name, f"{found.command[0]} does not run: {e}.") from e
        if ended.code or not (Path(folder) / "one.o").is_file():
            last = ended.stderr.decode(errors="replace").strip().splitlines()[-1:]
            told = f": {last[0]}" if last else ""
            raise _broken(chain.name, f"{found.version} does not compile for {core.title}{told}.")
    return found.version


def answer(number: int) -> int:
    """What the sandbox is asked for."""
    return number + 1


def _sandbox(job: Progress) -> str:
    limits = sandbox.SandboxLimits(cpu_s=30, wall_s=60)
    if sandbox.run(f"{__name__}:answer", (41,), int, limits, job) != 42:
        raise _broken("sandbox", "It gives a wrong answer.")
    return "a child process with limits answers"


def room(cache: Path) -> str:
    """The cache folder and what is free there."""
    check_cache(cache)
    free = shutil.disk_usage(cache).free
    if free < _LEAST_FREE:
        message = f"{cache} has {free / 1e9:.1f} GB left; {_LEAST_FREE / 1e9:g} GB are wanted."
        raise UserError("doctor.room", message, "Make room, or set TINSMITH_CACHE to another disk.")
    return f"{cache}, {free / 1e9:.1f} GB free"


def _broken(name: str, message: str) -> UserError:
    hint = f"Install it again, or do without {FOR.get(name, name)}."
    return UserError("doctor.broken", message, hint)
