"""Project: what project.toml says. Everything that a run depends on is in here or in the data."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinsmith.build.toolchain import TOOLCHAINS
from tinsmith.compress.method import METHODS
from tinsmith.core.catalogue import Catalogue
from tinsmith.core.errors import UnknownKind, UserError, some
from tinsmith.core.limits import Limits
from tinsmith.core.table import Table, read_toml
from tinsmith.devices.board import BOARDS, Board, find_board
from tinsmith.flow.sources import Sources, read_sources
from tinsmith.learn.pipeline import Pipeline
from tinsmith.learn.pipeline_toml import TABLES, read_pipeline

PROJECT_FILE = "project.toml"
LOCK_FILE = "tinsmith.lock"
"""Beside it: see codegen/choices.py."""
_TOP = ("name", "seed", "boards", "toolchain", "golden", "data", "compression", "limits")


@dataclass(frozen=True)
class Project:
    """A project: recordings, the pipeline made of them, boards, and what a result must keep to.

    ``golden`` is how many windows of the test part prove a module on each board.
    """

    folder: Path
    name: str
    seed: int
    boards: tuple[Board, ...]
    toolchain: str
    golden: int
    sources: Sources
    pipeline: Pipeline
    method: str
    limits: Limits

    @property
    def state(self) -> Path:
        """Cache, data and run records: may be deleted, is made again."""
        return self.folder / ".tinsmith"

    @property
    def lock(self) -> Path:
        """Which kernel computes which layer: pins, and what the last run took."""
        return self.folder / LOCK_FILE

    @property
    def output(self) -> Path:
        """What a run hands over."""
        return self.folder / "build"

    def __str__(self) -> str:
        return f"{self.name}: {self.pipeline.family} for {', '.join(b.id for b in self.boards)}"


def read_project(folder: Path) -> Project:
    """The project in a folder.

    Raises:
        UserError: no project file, not TOML, an unknown key or a value that is not allowed; names
            file and key.
        UnknownKind: an unknown board, block, family, method or toolchain, with the nearest name.
        MissingTool: a source lies in a Python package that is not installed.
    """
    file = folder / PROJECT_FILE
    top = _read(file)
    top.only((*_TOP, *TABLES))
    name = _name(top)
    pipeline = read_pipeline(top)
    compression = top.table("compression")
    compression.only(("method",))
    return Project(
        folder=folder,
        name=name,
        seed=top.count("seed", 0),
        boards=_boards(top, folder),
        toolchain=_one_of(TOOLCHAINS, top.text("toolchain", "zig")),
        golden=top.count("golden", 20, low=1),
        sources=read_sources(folder, top.table("data"), pipeline),
        pipeline=pipeline,
        method=_one_of(METHODS, compression.text("method", "int8_ptq")),
        limits=_limits(top.table("limits")),
    )


def _boards(top: Table, folder: Path) -> tuple[Board, ...]:
    """Boards by id, or by the path of a user's own (``.toml``) from the project's folder."""
    named = top.texts("boards")
    if not named:
        raise top.wrong("boards", f"one or more of {some(BOARDS.names())}, or a board's .toml")
    found = tuple(find_board(reference, folder) for reference in named)
    if len({b.id for b in found}) < len(found):
        raise top.wrong("boards", "each board once")
    return found


def _one_of(catalogue: Catalogue, name: str) -> str:
    """The name if the catalogue has it; looked up without importing the kind."""
    if name not in catalogue.names():
        raise UnknownKind(catalogue.kind, name, catalogue.names())
    return name


def _read(file: Path) -> Table:
    if file.parent.is_file():
        raise UserError(
            "project.missing",
            f"{file.parent} is a file; a project is a folder that holds {PROJECT_FILE}.",
            f"Write: --project {file.parent.parent}",
        )
    if not file.is_file():
        raise UserError(
            "project.missing",
            f"There is no {PROJECT_FILE} in {file.parent.absolute()}.",
            "Go to a project's folder, say --project DIR, or make one with: tinsmith init",
        )
    try:
        top = read_toml(file.read_text(encoding="utf-8"), file)
    except UnicodeDecodeError as e:
        raise UserError("toml.syntax", f"{file}: this is not valid TOML: {e}.") from None
    if (wrong := _impossible(top.rows)) is not None:
        raise top.error(
            "toml.value",
            f"{wrong[:60]} is not allowed anywhere in a project.",
            "Whole numbers have at most 64 bits, texts have no control characters.",
        )
    return top


def _impossible(value: Any) -> str | None:
    """The first value, at any depth, that TOML may write and no project means."""
    if isinstance(value, dict | list):
        inside = [*value, *value.values()] if isinstance(value, dict) else value
        return next((w for v in inside if (w := _impossible(v)) is not None), None)
    if isinstance(value, str):
        return None if value.isprintable() else repr(value)
    large = isinstance(value, int) and not -(2**63) <= value < 2**63
    return str(value) if large else None


def _name(top: Table) -> str:
    """Becomes the prefix of C functions, so it must be a C identifier in lower case."""
    name = top.text("name")
    if not (name.isascii() and name.isidentifier() and name == name.lower() and name[0] != "_"):
        raise top.wrong("name", "lower-case letters, digits and _, beginning with a letter")
    return name


def _limits(limits: Table) -> Limits:
    standard = Limits()
    limits.only(Limits.__dataclass_fields__)
    return Limits(
        flash_bytes=limits.count("flash_bytes", None),
        ram_bytes=limits.count("ram_bytes", None),
        min_accuracy=limits.number("min_accuracy", standard.min_accuracy, high=1.0),
        max_accuracy_drop=limits.number("max_accuracy_drop", standard.max_accuracy_drop, high=1.0),
        max_class_drop=limits.number("max_class_drop", standard.max_class_drop, high=1.0),
        max_latency_ms=limits.number("max_latency_ms", None),
    )
