"""TensorFlow Lite models (schema version 3): float32, fully integer, and with states.

Integers are those of the semantics that are meant: ``litert`` (LiteRT's reference kernels) or
``tflm`` (TensorFlow Lite Micro). The file is parsed and translated in a sandbox; what is not
supported is named with its operator and node before anything is compiled.
"""

from pathlib import Path

from tinsmith.core.progress import SILENT, Progress
from tinsmith.importers._frame import Importer, Order, parsed
from tinsmith.importers.tflite.flatbuffer import refuse
from tinsmith.importers.tflite.rules import support
from tinsmith.ir.graph import Graph


def from_file(
    path: Path, name: str = "", semantics: str = "litert", job: Progress = SILENT
) -> Graph:
    """A graph that computes what a .tflite file computes.

    Args:
        path: the file.
        name: name of the graph; the file's if empty.
        semantics: ``litert`` or ``tflm``.
        job: whose work it is.

    Raises:
        UserError: ``import.tflite.file``, ``.magic``, ``.version``, ``.broken``, ``.limit``,
            ``.type``, ``.shape``, ``.quant``, ``.finite``, ``.op``; ``sandbox.<what>`` where the
            file uses up the sandbox's limits.
    """
    return parsed(
        refuse, Order(path, name, job), "tinsmith.importers.tflite.convert:convert", semantics
    )


IMPORTER = Importer(
    "tflite", (".tflite",), read=from_file, semantics=("litert", "tflm"), support=support,
    magic=((4, b"TFL3"),),
)  # fmt: skip
