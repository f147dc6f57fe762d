"""Model files read in sandboxed children, many to a child for speed: what each came to.

The parent reads only what the sandbox hands back. A child that ends before it has answered says
nothing about its files, so each of them is then read by itself, with the importer's own limits.
"""

import re
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tinsmith.core.errors import InternalError, UserError
from tinsmith.core.sandbox import SandboxLimits, run
from tinsmith.importers import read_model
from tinsmith.importers._frame import converted
from tinsmith.ir.graph import Graph

BUG = "bug"
"""Code of a file at which a parser raised something that is no UserError."""
_BATCH = 32
TARGETS: dict[str, tuple[str, tuple[str, ...]]] = {
    ".tflite": ("tinsmith.importers.tflite.convert", ("litert",)),
    ".onnx": ("tinsmith.importers.onnx.convert", ()),
    ".h5": ("tinsmith.importers.keras.convert", ()),
    ".keras": ("tinsmith.importers.keras.convert", ()),
    ".json": ("tinsmith.importers.classic.xgboost_file", ("best",)),
    ".ubj": ("tinsmith.importers.classic.xgboost_file", ("best",)),
    ".txt": ("tinsmith.importers.classic.lightgbm_file", ()),
    ".tsk": ("tinsmith.importers.classic.sklearn_file", ()),
    ".pt2": ("tinsmith.importers.torch.convert", ()),
}
"""What the importers have the sandbox call, by suffix: the module of ``convert``, and arguments
behind path and name."""


@dataclass(frozen=True)
class Answer:
    """What became of one file: ``code`` and ``text`` of the refusal, both empty where ``graph`` is
    there. ``peak_bytes``: the most memory that its child had resident until then."""

    path: str
    code: str = ""
    text: str = ""
    graph: Graph | None = None
    seconds: float = 0.0
    peak_bytes: int = 0


def read_here(paths: tuple[str, ...]) -> tuple[Answer, ...]:
    """The body of a child: every file through its converter."""
    return tuple(_read_one(Path(p)) for p in paths)


def _read_one(path: Path) -> Answer:
    module, more = TARGETS[path.suffix]
    start, answer = time.perf_counter(), Answer(str(path))
    try:
        answer = replace(answer, graph=converted(f"{module}:convert", path, "m", more))
    except UserError as e:
        answer = replace(answer, code=e.code, text=str(e))
    except RecursionError:
        answer = replace(answer, code="sandbox.recursion", text="It nests too deeply.")
    except MemoryError:
        answer = replace(answer, code="sandbox.memory", text="It needs too much memory.")
    except Exception:  # noqa: BLE001 - whatever it is, it is the finding
        answer = replace(answer, code=BUG, text=traceback.format_exc())
    return replace(answer, seconds=time.perf_counter() - start, peak_bytes=peak_bytes())


def peak_bytes() -> int:
    """Most memory that this process had. `getrusage` would tell the parent's where that is more: a
    process that is about to call exec still has its parent's memory."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def read_all(paths: Sequence[Path], limits: SandboxLimits | None = None) -> list[Answer]:
    """What became of every file, in order."""
    found: list[Answer] = []
    for at in range(0, len(paths), _BATCH):
        batch = tuple(str(p.resolve()) for p in paths[at : at + _BATCH])
        try:
            found += run("hostile.reading:read_here", (batch,), tuple[Answer, ...], limits)
        except UserError:
            found += [read_alone(Path(p)) for p in batch]
    return found


def read_alone(path: Path) -> Answer:
    """What became of a file that is read as users read it."""
    start = time.perf_counter()
    try:
        answer = Answer(str(path), graph=read_model(path, "m"))
    except UserError as e:
        answer = Answer(str(path), e.code, str(e))
    except InternalError as e:
        answer = Answer(str(path), BUG, str(e))
    return replace(answer, seconds=time.perf_counter() - start)
