"""tinsmith: edge machine learning as a service that a team hosts itself. For notebooks and scripts:

    import tinsmith as ts

    model = ts.load("gestures.tflite")
    small = ts.quantise(model, calibration)
    compiled = ts.compile(small, board="nucleo_l4r5zi")
    print(compiled.measure(), compiled.prove())
    compiled.package("arduino", "build")

Nothing is loaded before it is used: ``import tinsmith`` is instant and needs no framework.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from tinsmith.version import __version__

if TYPE_CHECKING:
    from tinsmith.core.errors import MissingTool, UnknownKind, UserError
    from tinsmith.devices.board import Board
    from tinsmith.facade.arrays import Cases
    from tinsmith.facade.board import Boards, boards
    from tinsmith.facade.comparison import Comparison
    from tinsmith.facade.compiled import Compiled, Package, compile
    from tinsmith.facade.job import job
    from tinsmith.facade.measurement import Measurement
    from tinsmith.facade.model import Model, load
    from tinsmith.facade.project import BoardRun, Project, ProjectRun
    from tinsmith.facade.proof import Proof
    from tinsmith.facade.quantise import Quantised, quantise

_HOMES = {
    "Board": "devices.board", "BoardRun": "facade.project", "Boards": "facade.board",
    "Cases": "facade.arrays", "Comparison": "facade.comparison", "Compiled": "facade.compiled",
    "Measurement": "facade.measurement",
    "MissingTool": "core.errors", "Model": "facade.model", "Package": "facade.compiled",
    "Project": "facade.project", "ProjectRun": "facade.project", "Proof": "facade.proof",
    "Quantised": "facade.quantise", "UnknownKind": "core.errors", "UserError": "core.errors",
    "boards": "facade.board", "compile": "facade.compiled", "job": "facade.job",
    "load": "facade.model", "quantise": "facade.quantise",
}  # fmt: skip
"""Name -> the module that it comes from, imported at the first use."""

__all__ = [
    "Board", "BoardRun", "Boards", "Cases", "Comparison", "Compiled", "Measurement",
    "MissingTool", "Model",
    "Package", "Project", "ProjectRun", "Proof", "Quantised", "UnknownKind", "UserError",
    "__version__", "boards", "compile", "job", "load", "quantise",
]  # fmt: skip


def __getattr__(name: str) -> object:
    """A name of the facade, which is looked up when it is used (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
