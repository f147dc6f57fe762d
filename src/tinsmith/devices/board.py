"""Board and Core: what is known of a type of hardware, read from cited TOML."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

from tinsmith.core.catalogue import ResourceCatalogue
from tinsmith.core.errors import InternalError, UnknownKind


@dataclass(frozen=True)
class Memory:
    """A contiguous physical memory. ``role``: flash (code and constants), rodata (constants
    only), ram."""

    name: str
    role: Literal["flash", "rodata", "ram"]
    origin: int
    nbytes: int


@dataclass(frozen=True)
class Core:
    """A processor core as the tools know it: one row of cores.toml.

    ``zig`` and ``gcc`` are target flags (empty: this toolchain does not serve the core; another one
    may derive its own from ``isa`` and ``fpu``),
    ``unicorn`` the CPU model's name in unicorn (empty: none), ``qemu`` the machine used for
    cross-checks (empty: none), ``cycles`` the name of the cycle table in bench/cycles (empty:
    instructions only), ``extensions`` those of the instruction set that kernels may use.
    """

    name: str
    title: str
    isa: str
    bits: int
    fpu: Literal["none", "single", "double"]
    zig: tuple[str, ...]
    gcc: tuple[str, ...]
    unicorn: str
    qemu: str
    cycles: str
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
    """A type of hardware (one unit of it is a Device)."""

    id: str
    name: str
    core: Core
    clock_hz: int
    memories: tuple[Memory, ...]
    port: str
    toolchains: tuple[str, ...]
    runners: tuple[str, ...]
    sources: tuple[str, ...]
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
    table = tomllib.loads(
        files("tinsmith.devices").joinpath("cores.toml").read_text(encoding="utf-8")
    )
    return {name: _core(name, row) for name, row in table.items()}


def _core(name: str, row: dict[str, object]) -> Core:
    lists = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
    return Core(name=name, **lists)  # type: ignore[arg-type]


def parse_board(id: str, text: str) -> Board:
    """A board from its TOML file.

    Raises:
        InternalError: the file is ours and is wrong: a key is missing or unknown.
    """
    try:
        row = tomllib.loads(text)
        known = cores()
        if row["core"] not in known:
            raise UnknownKind("core", row["core"], known)
        memories = tuple(
            Memory(m["name"], m["role"], m["origin"], m["bytes"]) for m in row.pop("memory", [])
        )
        calibration = Calibration(**row.pop("calibration")) if "calibration" in row else None
        core = known[row.pop("core")]
        clock_hz = int(row.pop("clock_mhz") * 1e6)
        lists: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
        return Board(
            id=id, core=core, clock_hz=clock_hz, memories=memories, calibration=calibration, **lists
        )
    except (KeyError, TypeError, ValueError) as e:
        raise InternalError(f"board {id}: {e}") from e


BOARDS: ResourceCatalogue[Board] = ResourceCatalogue(
    "board", "tinsmith.devices.boards", ".toml", parse_board
)
