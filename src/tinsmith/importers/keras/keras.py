"""Keras models: ``.keras`` files of Keras 3 and ``.h5`` files of Keras 2 and 3, read without Keras.

Layers of Keras itself are translated one by one; custom classes and Lambda layers hold code and are
refused. The batch dimension is 1, everything is float32. The file is parsed in the sandbox.
"""

from collections.abc import Sequence
from pathlib import Path

from tinsmith.core.progress import SILENT, Progress
from tinsmith.importers._frame import Importer, Order, Support, parsed
from tinsmith.importers.keras.document import refuse
from tinsmith.ir.graph import Graph


def from_file(path: Path, name: str = "", semantics: str = "", job: Progress = SILENT) -> Graph:
    """A float graph that computes what a saved Keras model computes at inference.

    Args:
        path: a .keras or .h5 file of a whole model.
        name: name of the graph; the file's if empty.
        semantics: not used: there is one.
        job: whose work it is.

    Raises:
        UserError: ``import.keras.file``, ``.limit``, ``.link``, ``.config``, ``.model``,
            ``.layer`` (names the layer and its class), ``.weights``, ``.shape``, ``.type``;
            ``sandbox.<what>`` where the file uses up the sandbox's limits.
        MissingTool: h5py is not installed (extra ``keras``).
    """
    return parsed(refuse, Order(path, name, job), "tinsmith.importers.keras.convert:convert")


def support() -> Sequence[Support]:
    """Every layer that has a translation."""
    from tinsmith.importers.keras.rules import RULES

    return tuple(Support(k, ("float32",), r.note) for k, r in sorted(RULES.items()))


IMPORTER = Importer(
    "keras", (".h5", ".hdf5", ".keras"), read=from_file, support=support,
    magic=((0, b"\x89HDF\r\n\x1a\n"),),
)  # fmt: skip
