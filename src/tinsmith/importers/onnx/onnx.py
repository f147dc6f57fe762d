"""ONNX models: float and integer (QDQ, QOperator), operator sets 7 to 28.

The file is parsed and translated in a sandbox; content that lies outside of it is never opened.
What is not supported is named with its operator and node before anything is compiled. Open batch
dimensions become 1. uint8 values between quantised layers are held as int8 with the top bit
flipped; inputs and outputs keep the file's types.
"""

from importlib.util import find_spec
from pathlib import Path

from tinsmith.core.errors import MissingTool
from tinsmith.core.progress import SILENT, Progress
from tinsmith.importers._frame import Importer, Order, parsed
from tinsmith.importers.onnx.refusal import refuse
from tinsmith.importers.onnx.registry import support
from tinsmith.ir.graph import Graph


def from_file(path: Path, name: str = "", semantics: str = "", job: Progress = SILENT) -> Graph:
    """A graph that computes what a .onnx file computes.

    Args:
        path: the file.
        name: name of the graph; the file's if empty.
        semantics: ``onnx``: the standard's own.
        job: whose work it is.

    Raises:
        MissingTool: the package that reads protocol buffers of ONNX is not installed.
        UserError: ``import.onnx.file``, ``.broken``, ``.external``, ``.limit``, ``.opset``,
            ``.type``, ``.shape``, ``.constant``, ``.op``; ``sandbox.<what>`` where the file uses up
            the sandbox's limits.
    """
    if find_spec("onnx") is None:
        raise MissingTool("Python package 'onnx'", "Try: pip install 'tinsmith[onnx]'")
    return parsed(refuse, Order(path, name, job), "tinsmith.importers.onnx.convert:convert")


IMPORTER = Importer(
    "onnx", (".onnx",), read=from_file, semantics=("onnx",), support=support
)  # fmt: skip
