"""Importer: turns a trained model of another framework into a graph; what all importers share.

Which files an importer reads is told from its declaration's text (`Catalogue.listing`), so reading
one format loads no other: ``suffixes``, ``refused``, ``magic`` and ``semantics`` are literals
there.
"""

import importlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, Protocol

import numpy as np

from tinsmith.core.catalogue import Catalogue
from tinsmith.core.errors import UserError
from tinsmith.core.progress import SILENT, Progress
from tinsmith.core.sandbox import run
from tinsmith.ir.builder import Builder
from tinsmith.ir.graph import Graph
from tinsmith.ir.naming import graph_name
from tinsmith.rewrite import PASSES
from tinsmith.rewrite.lower import renaming


def _no_object(
    model: Any, example: Sequence[np.ndarray], name: str, job: Progress = SILENT
) -> NoReturn:
    raise UserError("import.object", "This importer reads files.", "Pass a path to read_model.")


def _no_file(path: Path, name: str, semantics: str, job: Progress = SILENT) -> NoReturn:
    raise UserError("import.file", "This importer takes live objects, no files.")


@dataclass(frozen=True)
class Support:
    """One row of the support table: an operator (layer, estimator) that an importer knows.

    ``types``: what it takes and computes in (e.g. ``float32``, ``int8``, ``int16x8``); ``note``:
    what of it is refused, empty where all of it is taken.
    """

    operator: str
    types: tuple[str, ...]
    note: str = ""


class Load(Protocol):
    """See `Importer`."""

    def __call__(
        self, model: Any, example: Sequence[np.ndarray], name: str, job: Progress = SILENT, /
    ) -> Graph:
        """The graph of a live object."""


class Read(Protocol):
    """See `Importer`."""

    def __call__(self, path: Path, name: str, semantics: str, job: Progress = SILENT, /) -> Graph:
        """The graph of a file."""


@dataclass(frozen=True)
class Importer:
    """A way in for models: live Python objects by ``load``, files by ``read``.

    Args:
        suffixes: file names it reads (with the dot); empty where the model is a live Python object.
        refused: file names that it never reads, as such files may run code: ``read`` says the way
            out.
        load: (model object, example inputs with batch dimension 1, graph name[, job]) -> float
            graph.
        read: (path, graph name or empty, one of ``semantics``[, job]) -> float or quantised graph.
            Both look at the job in their loops and hand it to what they wait for.
        semantics: what may be meant where files leave it open (whose integers, which rounds), the
            default first; empty where there is no choice.
        support: the operators that it knows, generated from what it dispatches on.
        magic: (offset, bytes) by which such a file is known whatever its name; empty where there
            is no such mark.

    Both raise UserError ``import.<name>.<what>``; an operation that is not supported is named
    together with its node.
    """

    name: str
    suffixes: tuple[str, ...]
    load: Load = _no_object
    read: Read = _no_file
    semantics: tuple[str, ...] = ()
    support: Callable[[], Sequence[Support]] = tuple
    magic: tuple[tuple[int, bytes], ...] = ()
    refused: tuple[str, ...] = ()


AT_IMPORT = ("fold_norms",)
"""Names of the passes that float graphs go through when they are imported, in order: what they do
shall be seen by those who quantise and by those who compile."""

IMPORTERS: Catalogue[Importer] = Catalogue("importer", "tinsmith.importers", Importer)


def read_model(path: Path, name: str = "", semantics: str = "", job: Progress = SILENT) -> Graph:
    """A graph from a model file, by the importer of its suffix. What the importer has to say of it
    (`Builder.note`) is in its ``notes``.

    Args:
        path: the file.
        name: name of the graph; the file's if empty.
        semantics: which of the importer's is meant; its first if empty.
        job: whose work it is.

    Raises:
        UserError: ``import.suffix`` (no importer reads such files), ``import.semantics``, and what
            the importer raises, with the file's name.
        Cancelled: the job was cancelled.
    """
    known = {s: n for n in IMPORTERS.names() for s in _suffixes(n)}
    reader = known.get(path.suffix.lower())
    if reader is None:
        raise UserError(
            "import.suffix",
            f"No importer reads {path.name!r}.",
            _renaming(path, None) or f"Files that are read: {', '.join(read_suffixes())}.",
        )
    importer = IMPORTERS.get(reader)
    allowed = importer.semantics or ("",)
    chosen = semantics or allowed[0]
    if chosen not in allowed:
        raise UserError(
            "import.semantics",
            f"Semantics {chosen!r} are not known for {path.suffix} files.",
            f"Known: {', '.join(importer.semantics) or 'none'}.",
        )
    try:
        return importer.read(path, name, chosen, job)
    except UserError as e:
        if type(e) is not UserError:  # a missing tool is no fault of the file
            raise
        named = e.message if path.name in e.message else f"{path.name}: {e.message}"
        raise UserError(e.code, named, _renaming(path, importer) or e.hint) from None


def read_suffixes() -> list[str]:
    """Suffixes of all files that some importer reads, sorted."""
    return sorted(s for n in IMPORTERS.names() for s in IMPORTERS.listing(n, "suffixes"))


def _suffixes(name: str) -> tuple[str, ...]:
    """What an importer reads and what it refuses, from its declaration."""
    return (*IMPORTERS.listing(name, "suffixes"), *IMPORTERS.listing(name, "refused"))


def _renaming(path: Path, tried: Importer | None) -> str:
    """A hint where another importer's mark is in the file; empty else."""
    if not path.is_file():
        return ""
    with path.open("rb") as f:
        head = f.read(64)
    for name in IMPORTERS.names():
        marks = IMPORTERS.listing(name, "magic")
        other = tried is None or name != tried.name
        if other and any(head[at : at + len(m)] == m for at, m in marks):
            suffix = IMPORTERS.listing(name, "suffixes")[0]
            return f"By its content it is a {suffix} file: rename it."
    return ""


_LONGEST = 320
"""Characters of a refusal's message: with the file's name and a hint, five lines of a terminal."""


class Unsupported(Exception):
    """A use of an operator (a layer, an estimator) that cannot be expressed; the message says why,
    in a clause."""


@dataclass(frozen=True)
class Refusal:
    """How one importer refuses: ``refuse(what, message, hint)`` raises UserError
    ``import.<importer>.<what>``."""

    importer: str

    def __call__(self, what: str, message: str, hint: str = "") -> NoReturn:
        """Raise the UserError; of a long message the middle is left out."""
        raise UserError(f"import.{self.importer}.{what}", _brief(message), hint)

    @contextmanager
    def at(self, where: str, what: str = "op", *faults: type[Exception]) -> Iterator[None]:
        """Name ``where`` (operator and node) in whatever refuses inside: `Unsupported`, a UserError
        of the parts that graphs are built from, and ``faults``, which numbers of a file that do not
        fit raise. Refusals of an importer pass as they are."""
        try:
            yield
        except Unsupported as e:
            self(what, f"{where}: {e}.")
        except UserError as e:
            if e.code.startswith("import."):
                raise
            self(what, f"{where}: {e.message}", e.hint)
        except faults as e:
            why = " ".join(str(e).split())
            self(what, f"{where}: its attributes or operands do not fit: {why}.")


def _brief(message: str) -> str:
    """A message without its middle where it is long: its start says where, its end what to do."""
    if len(message) <= _LONGEST:
        return message
    return f"{message[: _LONGEST * 2 // 3]} ... {message[5 - _LONGEST // 3 :]}"


class Stages:
    """Numbers the stages of each kind: ``dense_0``, ``dense_1``, ..."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def next(self, stem: str) -> str:
        """The next stage of its kind."""
        number = self._seen.get(stem, 0)
        self._seen[stem] = number + 1
        return f"{stem}_{number}"


def distinct(b: Builder, values: Sequence[str]) -> list[str]:
    """Values as outputs of a graph, which lists each once: one that comes again is copied."""
    found: list[str] = []
    for value in values:
        again = value in found
        found.append(b.op("reshape", value, shape=b.type(value).shape) if again else value)
    return found


@dataclass(frozen=True)
class Order:
    """A file that is to be read: its path, the graph's name (the file's if empty), and the job."""

    path: Path
    name: str = ""
    job: Progress = SILENT


def parsed(refuse: Refusal, order: Order, convert: str, *more: object) -> Graph:
    """The graph that ``convert`` (``module:function``, called with path, graph name and ``more``)
    makes of a file, in the sandbox; `finished`.

    Raises:
        UserError: ``import.<importer>.file`` (there is none), what convert raises, and
            ``sandbox.<what>`` where the file uses up the sandbox's limits.
        Cancelled: the job was cancelled; the child is dead.
    """
    path = order.path
    if not path.is_file():
        refuse("file", f"There is no file {path.name!r}.", f"Looked in {path.parent}.")
    given = (convert, path.resolve(), graph_name(path, order.name), more)
    return run("tinsmith.importers._frame:converted", given, Graph, job=order.job)


def converted(convert: str, path: Path, name: str, more: tuple[Any, ...]) -> Graph:
    """What `parsed` does in the sandbox."""
    module, _, function = convert.partition(":")
    made: Graph = getattr(importlib.import_module(module), function)(path, name, *more)
    return finished(made)


def finished(graph: Graph) -> Graph:
    """The graph after the passes that run when a model is imported; a quantised one stays what its
    file says to the last integer. A note says where its module in C is called otherwise."""
    for name in AT_IMPORT if graph.dialect == "float" else ():
        graph = PASSES.get(name)(graph)
    said = renaming(graph.name)
    return graph.with_(notes=(*graph.notes, said)) if said else graph
