"""The whole way from a file to a graph, as it runs in the sandbox."""

from pathlib import Path

from tinsmith.importers.onnx.parse import parse
from tinsmith.importers.onnx.refusal import refuse
from tinsmith.importers.onnx.registry import registry
from tinsmith.importers.onnx.translate import translate
from tinsmith.ir.graph import Graph
from tinsmith.ir.rules import check

MOST_BYTES = 256_000_000


def convert(path: Path, name: str) -> Graph:
    """A graph from a model file; see `importers/onnx.py`. Its grammar is checked.

    Raises:
        UserError: ``import.onnx.<what>``.
    """
    size = path.stat().st_size
    if size > MOST_BYTES:
        refuse("limit", f"The file has {size} bytes; at most {MOST_BYTES} are read.")
    return from_bytes(path.read_bytes(), name)


def from_bytes(data: bytes, name: str) -> Graph:
    """A graph from the content of a file.

    Raises:
        UserError: ``import.onnx.<what>``.
    """
    graph = translate(parse(data), name, registry())
    if wrong := check(graph):
        refuse("op", f"The model cannot be expressed: {'; '.join(wrong[:4])}.")
    return graph
