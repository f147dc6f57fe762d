"""The whole way from a file to a graph, as it runs in the sandbox."""

from pathlib import Path

from tinsmith.importers.tflite.flatbuffer import refuse
from tinsmith.importers.tflite.rules import RULES
from tinsmith.importers.tflite.schema import parse
from tinsmith.importers.tflite.translate import translate
from tinsmith.ir.graph import Graph
from tinsmith.ir.rules import verify

MOST_BYTES = 512_000_000
"""The file is read whole, its constants are copied where they are used, and the graph is written
out: three times this stays below the sandbox's memory."""


def convert(path: Path, name: str, semantics: str) -> Graph:
    """A graph from a model file; see `importers/tflite.py`. Its grammar is checked.

    Raises:
        UserError: ``import.tflite.<what>``.
    """
    size = path.stat().st_size
    if size > MOST_BYTES:
        refuse("limit", f"The file has {size} bytes; at most {MOST_BYTES} are read.")
    graph = translate(parse(path.read_bytes()), RULES, name, semantics)
    verify(graph)  # here: what breaks the grammar took memory and time that only the sandbox bounds
    return graph
