"""PyTorch's exported programs as files: ``.pt2`` of torch.export.save, read without PyTorch.

The archive holds the program as JSON and the weights as raw numbers (PyTorch's documentation, "PT2
Archive Spec"; torch/_export/serde/schema.py), so nothing is unpickled; what is a pickle is refused.
Operations become what the live importer makes of them (`table.py`), and stages are the
names of the submodules. Sizes are fixed. The file is parsed and translated in the sandbox.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinsmith.core.progress import SILENT, Progress
from tinsmith.importers._frame import Importer, Order, Support, parsed
from tinsmith.importers.torch.exporting import exported, simplified
from tinsmith.importers.torch.refusal import SAVE, refuse
from tinsmith.importers.torch.table import TABLE
from tinsmith.importers.torch.table import support as torch_support
from tinsmith.ir.graph import Graph

SUFFIX = ".pt2"
PICKLES = (".pt", ".pth", ".ckpt", ".ptl")


def from_file(path: Path, name: str = "", semantics: str = "", job: Progress = SILENT) -> Graph:
    """A float graph that computes what an exported program computes.

    Args:
        path: the file, as torch.export.save of PyTorch 2.9 or newer writes it.
        name: name of the graph; the file's if empty.
        semantics: not used: there is one.
        job: whose work it is.

    Raises:
        UserError: ``import.pt2.pickle``, ``.file``, ``.version``, ``.order``, ``.broken``,
            ``.limit``, ``.methods``, ``.shape`` (sizes that are not fixed), ``.type``, ``.input``,
            ``.output``, ``.state`` (it writes its own buffers), ``.op`` (names operation, node and
            module); ``sandbox.<what>`` where the file uses up the sandbox's limits.
    """
    if path.suffix.lower() in PICKLES:
        refuse("pickle", f"{path.name!r} may be a pickle, which runs code when it is loaded.", SAVE)
    return parsed(refuse, Order(path, name, job), "tinsmith.importers.torch.convert:convert")


def save(module: Any, example: Sequence[np.ndarray], path: str | Path) -> Path:
    """Export a module and write it to ``path`` (suffix ``.pt2``, added if there is none).

    What torch.export.save writes is read as well; here torch first writes operations that have no
    translation of their own in terms of those that have. Needs torch 2.9 or newer.

    Args:
        module: a torch.nn.Module; its mode (train or eval) is left as it was.
        example: one array per input, first dimension 1.
        path: the file.

    Raises:
        UserError: ``import.pt2.suffix``; ``import.torch.<what>`` where the module cannot be
            exported or holds an operation that is not supported.
    """
    import torch

    target = Path(path)
    target = target if target.suffix else target.with_suffix(SUFFIX)
    if target.suffix.lower() != SUFFIX:
        refuse("suffix", f"{target.name!r} does not end in {SUFFIX}.")
    torch.export.save(simplified(exported(module, example)), target)
    return target


def support() -> Sequence[Support]:
    """Every operation that has a translation; others that torch can write in terms of these are
    read from files that `save` wrote."""
    return tuple(row for row in torch_support() if row.operator in TABLE)


IMPORTER = Importer(
    "pt2", (".pt2",), read=from_file, support=support, refused=(".pt", ".pth", ".ckpt", ".ptl")
)
