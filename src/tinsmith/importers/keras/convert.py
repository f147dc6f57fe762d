"""The whole way from a file to a graph, as it runs in the sandbox."""

from pathlib import Path

from tinsmith.importers.keras.document import read
from tinsmith.importers.keras.model import model_of
from tinsmith.importers.keras.rules import RULES
from tinsmith.importers.keras.translate import translate
from tinsmith.ir.graph import Graph
from tinsmith.ir.rules import verify


def convert(path: Path, name: str) -> Graph:
    """A graph from a model file; see `keras.py`. Its grammar is checked.

    Raises:
        UserError: ``import.keras.<what>``.
        MissingTool: h5py is not installed.
    """
    document = read(path)
    graph = translate(document, model_of(document), RULES, name)
    verify(graph)
    return graph
