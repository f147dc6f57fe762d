"""Catalogues: a kind is a file, the list of kinds is the folder. Nothing is imported until it is
used."""

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Generic, TypeVar

from tinsmith.core.errors import InternalError, MissingTool, UnknownKind

T = TypeVar("T")
_DECLARATION = re.compile(r"^[A-Z_]+\b.*= *(Resource)?Catalogue\(", re.MULTILINE)


@dataclass(frozen=True)
class Catalogue(Generic[T]):
    """All objects of one kind, one per module of ``package``, each named by its file.

    The module ``<package>.<name>`` holds the object in a constant named after the kind in capitals
    (``OP``, ``BLOCK``, ...). Entry points whose group is the package name add third-party kinds.
    """

    kind: str
    package: str
    type: type[T]

    def names(self) -> list[str]:
        """All names, without importing anything: listing works with no optional dependency
        installed."""
        modules = [p.name for p in files(self.package).iterdir() if p.name.endswith(".py")]
        stems = [m.removesuffix(".py") for m in modules]
        own = {s for s in stems if not s.startswith("_")}
        plugins = set(self._plugins)
        if both := own & plugins:
            raise InternalError(f"{self.kind} {min(both)!r} is both built in and a plug-in")
        return sorted(own | plugins)

    def get(self, name: str) -> T:
        """Import the module on first use and return its object.

        Raises:
            UnknownKind: no such name; the message names the nearest.
            MissingTool: the module needs a Python package that is not installed.
        """
        if not self._in_use(name) and name not in self.names():
            raise UnknownKind(self.kind, name, self.names())
        try:
            plugin = self._plugins.get(name)
            found = plugin.load() if plugin else getattr(self._module(name), self.constant)
        except ModuleNotFoundError as e:
            if (e.name or "").split(".")[0] == "tinsmith":
                raise
            raise MissingTool(f"Python package {e.name!r}", f"Try: pip install {e.name}") from e
        if not isinstance(found, self.type) or getattr(found, "name", None) != name:
            wanted = f"{self.constant} must be a {self.type.__name__} named {name!r}"
            raise InternalError(f"{self.package}.{name}: {wanted}")
        return found

    def all(self) -> Iterator[T]:
        """Every object, in order of name."""
        return (self.get(name) for name in self.names())

    def summary(self, name: str) -> str:
        """First sentence of the module's docstring: what `tinsmith kinds` and the reference
        print; "" without one."""
        plugin = self._plugins.get(name)
        doc = import_module(plugin.module).__doc__ if plugin else self._module(name).__doc__
        first = " ".join((doc or "").strip().split("\n\n")[0].split())
        return re.split(r"(?<=\.)\s(?=[A-Z])", first)[0]

    @property
    def constant(self) -> str:
        """Name of the module-level constant that holds the object."""
        return self.kind.upper().replace(" ", "_")

    def _in_use(self, name: str) -> bool:
        """Whether it was imported before: then the folder need not be listed again, which large
        graphs would ask for thousands of times."""
        own = not name.startswith("_") and name not in self._plugins
        return own and f"{self.package}.{name}" in sys.modules

    def _module(self, name: str):  # type: ignore[no-untyped-def]
        return import_module(f"{self.package}.{name}")

    @cached_property
    def _plugins(self) -> dict[str, EntryPoint]:
        # Kept: reading the metadata of every installed package takes some 10 ms, and graphs ask
        # for an operation per node.
        return {e.name: e for e in entry_points(group=self.package)}


@dataclass(frozen=True)
class ResourceCatalogue(Generic[T]):
    """Like `Catalogue` for kinds that are data files: ``<package>/<name><suffix>``, read by
    ``parse(name, text)``."""

    kind: str
    package: str
    suffix: str
    parse: Callable[[str, str], T]

    def names(self) -> list[str]:
        """All names, without reading any file."""
        return sorted(
            p.name.removesuffix(self.suffix)
            for p in files(self.package).iterdir()
            if p.name.endswith(self.suffix)
        )

    def get(self, name: str) -> T:
        """Read and parse one file.

        Raises:
            UnknownKind: no such name; the message names the nearest.
        """
        if name not in self.names():
            raise UnknownKind(self.kind, name, self.names())
        text = files(self.package).joinpath(name + self.suffix).read_text(encoding="utf-8")
        return self.parse(name, text)

    def all(self) -> Iterator[T]:
        """Every object, in order of name."""
        return (self.get(name) for name in self.names())

    def summary(self, name: str) -> str:
        """The object in one line, as it prints itself."""
        return str(self.get(name)).splitlines()[0]


AnyCatalogue = Catalogue[Any] | ResourceCatalogue[Any]


def catalogues(package: str = "tinsmith") -> dict[str, AnyCatalogue]:
    """Every catalogue that a module of the package declares, by kind, sorted.

    Only modules whose text declares one at its left margin are imported, so nothing heavy is.
    """
    found: dict[str, AnyCatalogue] = {}
    for module in _declaring(files(package), package):
        for value in vars(import_module(module)).values():
            if isinstance(value, Catalogue | ResourceCatalogue):
                found.setdefault(value.kind, value)
    return dict(sorted(found.items()))


def _declaring(folder: Traversable, package: str) -> Iterator[str]:
    for entry in folder.iterdir():
        if entry.is_dir() and entry.joinpath("__init__.py").is_file():
            yield from _declaring(entry, f"{package}.{entry.name}")
        elif entry.name.endswith(".py") and _DECLARATION.search(entry.read_text("utf-8")):
            yield f"{package}.{entry.name.removesuffix('.py')}"
