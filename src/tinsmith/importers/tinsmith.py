"""Graphs of our own, as `tinsmith quantise` writes them: read in a sandbox, checked by the grammar.

The file holds integers, scales and rounding of every layer; nothing is left to choose.
"""

from pathlib import Path

from tinsmith.core.sandbox import run
from tinsmith.importers._frame import Importer, Support
from tinsmith.ir.graph import Graph
from tinsmith.ir.op import OPS
from tinsmith.ir.store import refuse


def from_file(path: Path, name: str = "", semantics: str = "") -> Graph:
    """The graph that a file holds.

    Args:
        path: the file.
        name: name of the graph; the one that was written if empty.
        semantics: empty.

    Raises:
        UserError: ``import.tinsmith.file``, ``.broken``, ``.version``, ``.limit``, ``.op``;
            ``sandbox.<what>`` where the file uses up the sandbox's limits.
    """
    if not path.is_file():
        refuse("file", f"There is no file {path.name!r}.", f"Looked in {path.parent}.")
    graph = run("tinsmith.ir.store:read", (path.resolve(),), Graph)
    return graph.with_(name=name) if name else graph


def support() -> list[Support]:
    """Our own operations, but for those that such files do not hold."""
    return [Support(op.name, tuple(op.kernels)) for op in OPS.all() if op.storable]


IMPORTER = Importer("tinsmith", (".tinsmith",), read=from_file, support=support)
