"""Catalogues: a kind is a file or a folder, the list of kinds is the folder around it. Nothing is
imported until it is used."""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import MISSING, dataclass, fields
from functools import cached_property
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import ModuleType
from typing import Any, Generic, TypeVar

from tinsmith.core.errors import InternalError, MissingTool, UnknownKind

T = TypeVar("T")
_DECLARATION = re.compile(r"^[A-Z_]+\b.*= *(Resource)?Catalogue\(", re.MULTILINE)


@dataclass(frozen=True)
class Catalogue(Generic[T]):
    """All objects of one kind, one per module of ``package``, each named by its file.

    The module ``<package>.<name>`` holds the object in a constant named after the kind in capitals
    (``OP``, ``BLOCK``, ...). What needs several files is a folder: there, each module that assigns
    the constant is a kind of its name (``__init__.py``: of the folder's), so one folder may hold
    several. Names with a leading underscore are no kinds. Entry points whose group is the package
    name add third-party kinds.
    """

    kind: str
    package: str
    type: type[T]

    def names(self) -> list[str]:
        """All names, without importing anything: listing works with no optional dependency
        installed."""
        own, plugins = set(self._modules()), set(self._plugins)
        if both := own & plugins:
            raise InternalError(f"{self.kind} {min(both)!r} is both built in and a plug-in")
        return sorted(own | plugins)

    def get(self, name: str) -> T:
        """Import the module on first use and return its object.

        Raises:
            UnknownKind: no such name; the message names the nearest.
            MissingTool: the module needs a Python package that is not installed.
        """
        try:
            plugin = self._plugins.get(name)
            found = plugin.load() if plugin else getattr(self._import(name), self.constant)
        except ModuleNotFoundError as e:
            if (e.name or "").split(".")[0] == "tinsmith":
                raise
            raise MissingTool(f"Python package {e.name!r}", f"Try: pip install {e.name}") from e
        if not isinstance(found, self.type) or getattr(found, "name", None) != name:
            wanted = f"{self.constant} must be a {self.type.__name__} named {name!r}"
            raise InternalError(f"{self.package}.{name}: {wanted}")
        return found

    def listing(self, name: str, field: str) -> Any:
        """A field of an object as its declaration in the source says it: nothing is imported, so
        that a file's reader is chosen without loading all others. Plug-ins are loaded.

        Raises:
            UnknownKind: no such name.
            InternalError: the declaration does not spell the field out as a literal.
        """
        if name in self._plugins:
            return getattr(self.get(name), field)
        known = {f.name: f.default for f in fields(self.type)}  # type: ignore[arg-type]
        call = self._declaration(name)
        places = dict(zip(known, call.args, strict=False))
        given = {k.arg: k.value for k in call.keywords}.get(field, places.get(field))
        if given is None and known[field] is not MISSING:
            return known[field]
        try:
            return ast.literal_eval(given)  # type: ignore[arg-type]
        except ValueError as e:
            raise InternalError(f"{self.kind} {name!r}: {field} must be a literal") from e

    def all(self) -> Iterator[T]:
        """Every object, in order of name."""
        return (self.get(name) for name in self.names())

    def summary(self, name: str) -> str:
        """First sentence of the module's docstring: what `tinsmith kinds` and the reference
        print; "" without one."""
        plugin = self._plugins.get(name)
        doc = (import_module(plugin.module) if plugin else self._import(name)).__doc__
        first = " ".join((doc or "").strip().split("\n\n")[0].split())
        return re.split(r"(?<=\.)\s(?=[A-Z])", first)[0]

    @property
    def constant(self) -> str:
        """Name of the module-level constant that holds the object."""
        return self.kind.upper().replace(" ", "_")

    def _import(self, name: str) -> ModuleType:
        # A file that was imported before is taken without listing the folder again, which large
        # graphs would ask for thousands of times.
        used = sys.modules.get(f"{self.package}.{name}")
        if used is not None and not name.startswith("_") and not hasattr(used, "__path__"):
            return used
        return import_module(self._module(name))

    def _module(self, name: str) -> str:
        modules = self._modules()
        if name not in modules:
            raise UnknownKind(self.kind, name, self.names())
        return modules[name]

    def _modules(self) -> dict[str, str]:
        """Name of each built-in kind -> its module."""
        found: dict[str, str] = {}
        for entry in files(self.package).iterdir():
            if entry.name.startswith("_"):
                continue
            inside: dict[str, str] = {}
            if entry.is_dir():
                inside = self._inside(entry)
            elif entry.name.endswith(".py"):
                stem = entry.name.removesuffix(".py")
                inside = {stem: f"{self.package}.{stem}"}
            if twice := found.keys() & inside.keys():
                raise InternalError(f"{self.kind} {min(twice)!r} is declared twice")
            found |= inside
        return found

    def _inside(self, folder: Traversable) -> dict[str, str]:
        """The kinds of a folder, by the text of its modules."""
        declared = re.compile(rf"^{self.constant}\b.*=", re.MULTILINE)
        package, found = f"{self.package}.{folder.name}", {}
        for entry in folder.iterdir():
            if entry.name.endswith(".py") and declared.search(entry.read_text("utf-8")):
                own = entry.name == "__init__.py"
                stem = folder.name if own else entry.name.removesuffix(".py")
                found[stem] = package if own else f"{package}.{stem}"
        return found

    def _declaration(self, name: str) -> ast.Call:
        """The call that makes the object, from the module's text."""
        module = self._module(name)
        *folders, stem = module.removeprefix(f"{self.package}.").split(".")
        path = files(self.package)  # not of an inner package, which would be imported
        for folder in folders:
            path = path.joinpath(folder)
        whole = path.joinpath(stem, "__init__.py")
        path = whole if whole.is_file() else path.joinpath(f"{stem}.py")
        for statement in ast.parse(path.read_text("utf-8")).body:
            match statement:
                case ast.Assign([ast.Name(assigned)], ast.Call() as call):
                    if assigned == self.constant:
                        return call
        raise InternalError(f"{module} must assign {self.constant} = {self.type.__name__}(...)")

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
