"""Importer: turns a trained model of another framework into a graph."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from tinsmith.core.catalogue import Catalogue
from tinsmith.core.errors import UserError
from tinsmith.ir.graph import Graph


def _no_object(model: Any, example: Sequence[np.ndarray], name: str) -> NoReturn:
    raise UserError("import.object", "This importer reads files.", "Pass a path to read_model.")


def _no_file(path: Path, name: str, semantics: str) -> NoReturn:
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


@dataclass(frozen=True)
class Importer:
    """A way in for models: live Python objects by ``load``, files by ``read``.

    Args:
        suffixes: file names it reads (with the dot); empty where the model is a live Python object.
        refused: file names that it never reads, as such files may run code: ``read`` says the way
            out.
        load: (model object, example inputs with batch dimension 1, graph name) -> float graph.
        read: (path, graph name or empty, one of ``semantics``) -> float or quantised graph.
        semantics: whose integers may be meant, the default first; empty where there is no choice.
        support: the operators that it knows, generated from what it dispatches on.
        magic: (offset, bytes) by which such a file is known whatever its name; empty where there
            is no such mark.

    Both raise UserError ``import.<name>.<what>``; an operation that is not supported is named
    together with its node.
    """

    name: str
    suffixes: tuple[str, ...]
    load: Callable[[Any, Sequence[np.ndarray], str], Graph] = _no_object
    read: Callable[[Path, str, str], Graph] = _no_file
    semantics: tuple[str, ...] = ()
    support: Callable[[], Sequence[Support]] = tuple
    magic: tuple[tuple[int, bytes], ...] = ()
    refused: tuple[str, ...] = ()


IMPORTERS: Catalogue[Importer] = Catalogue("importer", "tinsmith.ir.importers", Importer)


def read_model(path: Path, name: str = "", semantics: str = "") -> Graph:
    """A graph from a model file, by the importer of its suffix.

    Args:
        path: the file.
        name: name of the graph; the file's if empty.
        semantics: whose integers are meant; the importer's first if empty.

    Raises:
        UserError: ``import.suffix`` (no importer reads such files), ``import.semantics``, and what
            the importer raises, with the file's name.
    """
    known = {s: i for i in IMPORTERS.all() for s in (*i.suffixes, *i.refused)}
    importer = known.get(path.suffix.lower())
    if importer is None:
        raise UserError(
            "import.suffix",
            f"No importer reads {path.name!r}.",
            _renaming(path, None) or f"Files that are read: {', '.join(read_suffixes())}.",
        )
    allowed = importer.semantics or ("",)
    chosen = semantics or allowed[0]
    if chosen not in allowed:
        raise UserError(
            "import.semantics",
            f"Semantics {chosen!r} are not known for {path.suffix} files.",
            f"Known: {', '.join(importer.semantics) or 'none'}.",
        )
    try:
        return importer.read(path, name, chosen)
    except UserError as e:
        if type(e) is not UserError:  # a missing tool is no fault of the file
            raise
        named = e.message if path.name in e.message else f"{path.name}: {e.message}"
        raise UserError(e.code, named, _renaming(path, importer) or e.hint) from None


def read_suffixes() -> list[str]:
    """Suffixes of all files that some importer reads, sorted."""
    return sorted(s for i in IMPORTERS.all() for s in i.suffixes)


def _renaming(path: Path, tried: Importer | None) -> str:
    """A hint where another importer's mark is in the file; empty else."""
    if not path.is_file():
        return ""
    with path.open("rb") as f:
        head = f.read(64)
    for i in IMPORTERS.all():
        if i is not tried and any(head[at : at + len(m)] == m for at, m in i.magic):
            return f"By its content it is a {i.suffixes[0]} file: rename it."
    return ""
