"""Content-addressed cache: the key of a result is the hash of everything that it was computed
from."""

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distributions, requires, version
from pathlib import Path
from typing import Any, TypeVar

from tinsmith.core.codec import content_hash, dumps, loads
from tinsmith.core.errors import Cancelled
from tinsmith.core.progress import SILENT, Progress
from tinsmith.core.store import Store
from tinsmith.core.store import write_atomically as write_atomically

T = TypeVar("T")


@dataclass(frozen=True)
class Cache:
    """Results in a store, under ``<step>/<key>``."""

    store: Store
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
        return self.served(f"{step}/{self.key(step, *inputs)}", kind, compute)

    def served(
        self, key: str, kind: Any, compute: Callable[[], T], job: Progress = SILENT
    ) -> tuple[T, bool]:
        """As `step`, with a key that the caller made. What was computed now is read back, so that
        the caller gets the same value, sharing nothing with the arguments, in both cases.

        Raises:
            Cancelled: the job was cancelled. A result that had been written by then is kept.
        """
        data = self.store.get(key)
        if data is not None:
            try:
                found: T = loads(kind, data, job)
                return found, True
            except Cancelled:
                raise
            except Exception:  # noqa: BLE001 - a damaged entry (disk full, power cut) is recomputed, never trusted
                self.store.drop(key)
        data = dumps(compute(), job)
        self.store.put(key, data)
        return loads(kind, data, job), False


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
