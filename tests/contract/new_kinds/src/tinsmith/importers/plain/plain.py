"""Products of a vector with a matrix that stands in a text file, row by row."""

from pathlib import Path

from tinsmith.importers.plain.read import refuse

from tinsmith.core.progress import SILENT, Progress
from tinsmith.importers._frame import Importer, Order, Support, parsed
from tinsmith.ir.graph import Graph


def from_file(path: Path, name: str = "", semantics: str = "", job: Progress = SILENT) -> Graph:
    """The graph of a file.

    Raises:
        UserError: ``import.plain.file``, ``.broken``.
    """
    return parsed(refuse, Order(path, name, job), "tinsmith.importers.plain.read:convert")


IMPORTER = Importer(
    "plain", (".matrix",), read=from_file, support=lambda: (Support("product", ("float32",)),)
)
