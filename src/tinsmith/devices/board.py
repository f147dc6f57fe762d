"""Board and Core: what is known of a type of hardware, read from cited TOML.

A board file says hardware only; compilers, emulators and cycle tables know which cores they serve.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, cast

from tinsmith.core.catalogue import ResourceCatalogue
from tinsmith.core.errors import InternalError, UserError, did_you_mean
from tinsmith.core.table import Table, read_toml

Role = Literal["flash", "rodata", "ram"]
SUFFIX = ".toml"
"""A reference that ends in this is a file, not the id of a board that comes with tinsmith."""
_ROLES = ("flash", "rodata", "ram")
_END = 1 << 32
_FASTEST_MHZ = 10_000.0
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True)
class Memory:
    """A contiguous physical memory. ``role``: flash (code and constants), rodata (constants
    only), ram."""

    name: str
    role: Role
    origin: int
    nbytes: int

    @property
    def end(self) -> int:
        """The first address behind it."""
        return self.origin + self.nbytes


@dataclass(frozen=True)
class Core:
    """A processor core: one row of cores.toml. ``extensions`` are those of the instruction set that
    kernels may use."""

    name: str
    title: str
    isa: str
    bits: int
    fpu: Literal["none", "single", "double"]
    source: str
    extensions: tuple[str, ...] = ()

    @property
    def features(self) -> frozenset[str]:
        """What kernel sets may ask for: the instruction set, its extensions (``dsp``, ``mve``), and
        ``fpu`` where floats are computed in hardware."""
        return frozenset({self.isa, *self.extensions, *(["fpu"] if self.fpu != "none" else [])})


@dataclass(frozen=True)
class Calibration:
    """Real cycles / model cycles of a board, with the relative half-width of the range and where
    it comes from."""

    factor: float
    spread: float
    source: str


@dataclass(frozen=True)
class Board:
    """A type of hardware (one unit of it is a Device). This computer has no memories."""

    id: str
    name: str
    core: Core
    clock_hz: int
    memories: tuple[Memory, ...]
    sources: tuple[str, ...] = ()
    calibration: Calibration | None = None
    notes: str = ""

    def memory(self, role: str) -> Memory | None:
        """The memory of a role, or None."""
        return next((m for m in self.memories if m.role == role), None)

    @property
    def flash_bytes(self) -> int:
        """Flash that a program can use, in bytes (0 on the host)."""
        return sum(m.nbytes for m in self.memories if m.role == "flash")

    @property
    def ram_bytes(self) -> int:
        """RAM that a program can use, in bytes (0 on the host: unlimited)."""
        return sum(m.nbytes for m in self.memories if m.role == "ram")

    def __str__(self) -> str:
        return f"{self.id}: {self.name}, {self.core.title}, {self.clock_hz / 1e6:g} MHz"


def cores() -> Mapping[str, Core]:
    """All cores of cores.toml by name."""
    text = files("tinsmith.devices").joinpath("cores.toml").read_text(encoding="utf-8")
    return {name: _row(name, row) for name, row in tomllib.loads(text).items()}


def _row(name: str, row: Mapping[str, Any]) -> Core:
    return Core(**{**row, "name": name, "extensions": tuple(row.get("extensions", ()))})


def find_board(reference: str, folder: Path | None = None) -> Board:
    """A board that comes with tinsmith, by its id; or a user's own, by the path of its TOML file,
    which begins in ``folder`` (None: where the command is given).

    Raises:
        UnknownKind: no such id.
        UserError: ``board.file`` (it cannot be read), ``board.id``, and for each mistake in it
            ``toml.syntax``, ``toml.key`` or ``toml.value``, with the file, the key and what is
            allowed.
    """
    if not reference.endswith(SUFFIX):
        return BOARDS.get(reference)
    path = (folder or Path()) / reference
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as e:
        reason = (e.strerror or str(e)) if isinstance(e, OSError) else "it is no UTF-8 text"
        raise UserError(
            "board.file",
            f"The board file {path} cannot be read: {reason}.",
            "Name a file, or the id of a board: see `tinsmith board list`.",
        ) from None
    _check_id(path)
    return _board(path.stem, read_toml(text, path))


def parse_board(id: str, text: str) -> Board:
    """A board that comes with tinsmith.

    Raises:
        InternalError: the file is ours and is wrong.
    """
    try:
        return _board(id, read_toml(text, Path(id + SUFFIX)))
    except UserError as e:
        raise InternalError(f"board {id}: {e}") from e


BOARDS: ResourceCatalogue[Board] = ResourceCatalogue(
    "board", "tinsmith.devices.boards", SUFFIX, parse_board
)


def _check_id(path: Path) -> None:
    """The file's name is the board's id: a folder of results and a word in sources."""
    if not _ID.fullmatch(path.stem):
        raise UserError(
            "board.id",
            f"{path}: {path.stem!r} is no id of a board; allowed are up to 64 letters, digits, "
            "'_' and '-'.",
            "Rename the file: its name is the board's id.",
        )
    if path.stem in BOARDS.names():
        raise UserError(
            "board.id",
            f"{path}: {path.stem!r} is a board that comes with tinsmith.",
            f"Rename the file, for instance my_{path.stem}{SUFFIX}.",
        )


def _board(id: str, top: Table) -> Board:
    top.only(("name", "core", "clock_mhz", "sources", "notes", "calibration", "memory"))
    core = _core(top)
    host = core.isa == "native"
    if host and id != core.name:
        raise top.error(
            "toml.value",
            f"core is {core.name!r}, which is this computer; allowed is the core of a board.",
            "See `tinsmith board cores`.",
        )
    return Board(
        id=id,
        name=top.text("name"),
        core=core,
        clock_hz=0 if host else _clock(top),
        memories=() if host else _memories(top),
        sources=top.texts("sources", ()),
        calibration=_calibration(top.table("calibration")) if "calibration" in top.rows else None,
        notes=top.text("notes", ""),
    )


def _core(top: Table) -> Core:
    known = cores()
    name = top.text("core")
    if name not in known:
        raise top.error(
            "toml.value",
            f"core {name!r} is unknown.{did_you_mean(name, known)}",
            f"Known: {', '.join(known)}; see `tinsmith board cores`.",
        )
    return known[name]


def _clock(top: Table) -> int:
    """``clock_mhz`` in Hz."""
    mhz = top.number("clock_mhz")
    if not 0.001 <= mhz <= _FASTEST_MHZ:
        raise top.wrong("clock_mhz", f"a number of MHz from 0.001 to {_FASTEST_MHZ:g}")
    return round(float(mhz) * 1e6)


def _memories(top: Table) -> tuple[Memory, ...]:
    if "memory" not in top.rows:
        raise top.error(
            "toml.key",
            "there is no memory; allowed are tables [[memory]] with name, role, origin and bytes.",
            "Give one with role 'flash' and one with role 'ram'.",
        )
    found = tuple(map(_memory, top.tables("memory")))
    for role in ("flash", "ram"):
        if role not in {m.role for m in found}:
            raise top.error(
                "toml.value",
                f"memory: none has role {role!r}; allowed are one 'flash', one 'ram' and at most "
                "one 'rodata'.",
                f"Add a [[memory]] with role = {role!r}.",
            )
    _check_apart(top, found)
    return found


def _memory(table: Table) -> Memory:
    table.only(("name", "role", "origin", "bytes"))
    role = table.text("role")
    if role not in _ROLES:
        raise table.wrong("role", f"{' or '.join(map(repr, _ROLES))}.{did_you_mean(role, _ROLES)}"
                          .rstrip("."))  # fmt: skip
    origin, nbytes = table.count("origin"), table.count("bytes", low=1)
    if origin >= _END:
        raise table.wrong("origin", f"an address from 0 to {_END - 1:#x}")
    if origin + nbytes > _END:
        raise table.wrong("bytes", f"at most {_END - origin} from {origin:#x} to the end")
    return Memory(table.text("name"), cast(Role, role), origin, nbytes)


def _check_apart(top: Table, found: tuple[Memory, ...]) -> None:
    """One memory of each role, none over another."""
    for i, memory in enumerate(found):
        if memory.role in {m.role for m in found[:i]}:
            raise top.error(
                "toml.value",
                f"memory[{i}].role is {memory.role!r} again; allowed is one memory of each role.",
                "Write memories that lie end to end as one; leave others out.",
            )
    for low, high in pairwise(sorted(found, key=lambda m: m.origin)):
        if high.origin < low.end:
            raise top.error(
                "toml.value",
                f"memory {high.name!r} begins at {high.origin:#x}, inside {low.name!r}, which "
                f"ends at {low.end:#x}; allowed are memories that do not overlap.",
                "Mend origin or bytes of one of them.",
            )


def _calibration(table: Table) -> Calibration:
    table.only(("factor", "spread", "source"))
    (factor,) = table.positives("factor", 1)
    spread = table.number("spread")
    if not 0 < spread < 1:
        raise table.wrong("spread", "a share above 0 and below 1")
    return Calibration(factor, float(spread), table.text("source"))
