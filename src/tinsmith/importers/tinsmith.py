"""Graphs of our own, as `tinsmith quantise` writes them: read in a sandbox, checked by the grammar.

The file holds integers, scales and rounding of every layer; nothing is left to choose.
"""

from pathlib import Path

from tinsmith.core.progress import SILENT, Progress
from tinsmith.importers._frame import Importer, Order, Refusal, Support, parsed
from tinsmith.ir.graph import Graph
from tinsmith.ir.op import OPS
from tinsmith.ir.store import read


def from_file(path: Path, name: str = "", semantics: str = "", job: Progress = SILENT) -> Graph:
    """The graph that a file holds.

    Args:
        path: the file.
        name: name of the graph; the one that was written if empty.
        semantics: empty.
        job: whose work it is.

    Raises:
        UserError: ``import.tinsmith.file``, ``.broken``, ``.version``, ``.limit``, ``.op``;
            ``sandbox.<what>`` where the file uses up the sandbox's limits.
    """
    target = "tinsmith.importers.tinsmith:convert"
    return parsed(Refusal("tinsmith"), Order(path, name, job), target, bool(name))


def convert(path: Path, name: str, renamed: bool) -> Graph:
    """The graph of a file, as it runs in the sandbox; under ``name`` if it is renamed.

    Raises:
        UserError: ``import.tinsmith.<what>``.
    """
    graph = read(path)
    return graph.with_(name=name) if renamed else graph


def support() -> list[Support]:
    """Our own operations, but for those that such files do not hold."""
    return [Support(op.name, tuple(op.kernels)) for op in OPS.all() if op.storable]


IMPORTER = Importer("tinsmith", (".tinsmith",), read=from_file, support=support)
