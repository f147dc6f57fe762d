"""Content-addressed file cache: the key of a result is the hash of everything that it was
computed from."""

import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distributions, requires, version
from pathlib import Path
from typing import Any, TypeVar

from tinsmith.core.codec import content_hash, dumps, loads

T = TypeVar("T")


@dataclass(frozen=True)
class Cache:
    """Results under ``root/<step>/<key>``. Written atomically: an interrupted run leaves whole
    entries or none."""

    root: Path
    code: str
    """Fingerprint of the code that computes; a new tinsmith never serves an old one's results."""

    def key(self, step: str, *inputs: Any) -> str:
        """Key of a step's result."""
        return content_hash(self.code, step, *inputs)

    def step(
        self, step: str, kind: type[T], inputs: tuple[Any, ...], compute: Callable[[], T]
    ) -> tuple[T, bool]:
        """The step's result and whether it was served from the cache (True) or computed now
        (False)."""
        path = self.root / step / self.key(step, *inputs)
        if path.exists():
            try:
                return loads(kind, path.read_bytes()), True
            except Exception:  # noqa: BLE001 - a damaged entry (disk full, power cut) is recomputed, never trusted
                path.unlink()
        result = compute()
        write_atomically(path, dumps(result))
        return result, False


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that readers see the old content or the new, never half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    try:
        with os.fdopen(handle, "wb") as f:
            f.write(data)
            f.flush()
            os.fsync(f.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def code_fingerprint(package: Path) -> str:
    """Hash of all that computes: the files of an installed package folder (names and bytes, caches
    left out), and the versions of Python, of the packages that it declares and of its plug-ins."""
    paths = sorted(p for p in package.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    files = [(p.relative_to(package).as_posix(), p.read_bytes()) for p in paths]
    versions = (sys.version, *sorted(_declared(package.name)), *sorted(_plugins(package.name)))
    return content_hash(versions, *files)


def _declared(package: str) -> Iterator[tuple[str, str]]:
    """Name and version of every package that a distribution declares and that is installed."""
    try:
        requirements = requires(package) or ()
    except PackageNotFoundError:
        return
    for requirement in requirements:
        name = re.match(r"[\w.-]+", requirement)
        try:
            yield requirement, version(name[0] if name else requirement)
        except PackageNotFoundError:
            yield requirement, "absent"


def _plugins(package: str) -> Iterator[tuple[str, str, str, str]]:
    """Every kind that another distribution adds, with that one's version."""
    for distribution in distributions():
        for e in distribution.entry_points:
            if e.group.startswith(f"{package}."):
                yield e.group, e.name, e.value, distribution.version
