"""The file of a compiled model, ``.tsc``: the graph and how it was compiled, no C and no machine
code, so nothing in a file is ever run. Who loads it compiles again and compares a hash."""

import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

from tinsmith.codegen.choices import Choices
from tinsmith.codegen.module import InferenceModule
from tinsmith.core import codec
from tinsmith.core.codec import content_hash
from tinsmith.core.errors import InternalError, UserError
from tinsmith.core.sandbox import run
from tinsmith.devices.board import BOARDS, Board, find_board
from tinsmith.ir import store
from tinsmith.ir.graph import Graph
from tinsmith.version import __version__

SUFFIX = ".tsc"
_FORMAT = "tinsmith-compiled-3"


@dataclass(frozen=True)
class How:
    """How a graph was compiled: names of toolchain, runner and optimisation, the stack that is
    reserved (None for the usual one), pinned and tuned kernels, whether a run keeps its inputs."""

    toolchain: str
    runner: str
    optimize: str
    stack_bytes: int | None
    choices: Choices
    keep_inputs: bool


@dataclass(frozen=True)
class Record:
    """What a file holds. ``model``: bytes of a .tinsmith file; ``board``: an id, or with
    ``board_text`` the TOML of a user's own; ``code``: hash of the C sources."""

    format: str
    version: str
    origin: str
    model: bytes
    board: str
    board_text: str
    how: How
    code: str


@dataclass(frozen=True)
class Kept:
    """A file's content, checked."""

    version: str
    origin: str
    graph: Graph
    board: str
    board_text: str
    how: How
    code: str


def check_suffix(path: Path) -> Path:
    """The path.

    Raises:
        UserError ``compiled.save``: it has another suffix.
    """
    if path.suffix.lower() != SUFFIX:
        raise UserError(
            "compiled.save",
            f"{path} does not end with {SUFFIX}.",
            f"Write for instance: compiled.save({path.stem + SUFFIX!r})",
        )
    return path


def record(graph: Graph, origin: str, board: Board, how: How, module: InferenceModule) -> Record:
    """What is written of a compiled model."""
    known = board.id in BOARDS.names() and BOARDS.get(board.id) == board
    text = "" if known else _toml(board)
    if text and _parsed(board.id, text) != board:
        raise UserError(
            "compiled.save",
            f"Board {board.id!r} was changed in Python so that no TOML file says the same.",
            "Write your board as a TOML file and compile for that.",
        )
    return Record(
        _FORMAT, __version__, origin, store.dumps(graph), board.id, text, how, _code(module)
    )


def dumps(record: Record) -> bytes:
    """A record as the bytes of a file."""
    return codec.dumps(record)


def read(path: Path) -> Kept:
    """A file, read in the sandbox.

    Raises:
        UserError: ``compiled.file``, ``import.tinsmith.*``, ``sandbox.*``.
    """
    if not path.is_file():
        raise UserError(
            "compiled.file", f"There is no file {path}.", "Name one that Compiled.save wrote."
        )
    return run("tinsmith.facade.saved:loads", (path.resolve(),), Kept)


def loads(path: Path) -> Kept:
    """The content of a file; to be called in the sandbox."""
    try:
        found = codec.loads(Record, path.read_bytes())
    except InternalError:
        _refuse(path)
    if found.format != _FORMAT:
        _refuse(path)
    try:
        graph = store.loads(found.model)
    except (UserError, MemoryError, RecursionError):
        raise
    except Exception:  # noqa: BLE001 - zipfile, json, numpy, re and ast raise many kinds
        _refuse(path)
    return Kept(found.version, found.origin, graph, found.board, found.board_text, found.how,
                found.code)  # fmt: skip


def board_of(kept: Kept) -> Board:
    """The board that a file names, or describes."""
    return _parsed(kept.board, kept.board_text) if kept.board_text else BOARDS.get(kept.board)


def check_same(kept: Kept, module: InferenceModule, path: Path) -> None:
    """Raises UserError ``compiled.version`` where compiling gave other C than was saved."""
    if _code(module) != kept.code:
        raise UserError(
            "compiled.version",
            f"{path} was compiled by tinsmith {kept.version}; tinsmith {__version__} makes other C "
            "of the model.",
            "Compile the model again, prove it, and save that; or use the version that saved it.",
        )


def _code(module: InferenceModule) -> str:
    return content_hash(dict(sorted(module.sources.items())))


def _refuse(path: Path) -> NoReturn:
    raise UserError(
        "compiled.file",
        f"{path.name!r} is no file that Compiled.save wrote, or it is damaged.",
        "Save it again; models are read by load().",
    )


def _parsed(id: str, text: str) -> Board:
    """A user's own board, read as its file is."""
    with TemporaryDirectory(prefix="tinsmith-") as folder:
        path = Path(folder) / f"{Path(id).name}.toml"
        path.write_text(text, encoding="utf-8")
        return find_board(str(path))


def _toml(board: Board) -> str:
    """A board as its file says it."""
    lines = [
        f"name = {_text(board.name)}", f"core = {_text(board.core.name)}",
        f"clock_mhz = {board.clock_hz / 1e6!r}", f"notes = {_text(board.notes)}",
        f"sources = [{', '.join(map(_text, board.sources))}]",
    ]  # fmt: skip
    if board.calibration is not None:
        c = board.calibration
        lines += ["[calibration]", f"factor = {c.factor!r}", f"spread = {c.spread!r}",
                  f"source = {_text(c.source)}"]  # fmt: skip
    for m in board.memories:
        lines += ["[[memory]]", f"name = {_text(m.name)}", f"role = {_text(m.role)}",
                  f"origin = {m.origin}", f"bytes = {m.nbytes}"]  # fmt: skip
    return "\n".join([*lines, ""])


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
