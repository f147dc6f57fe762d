"""Boards and cores as text for people, and as rows for JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from tinsmith.bench.runner import RUNNERS, runners_for
from tinsmith.build.toolchain import TOOLCHAINS, toolchains_for
from tinsmith.cli.tables import facts, show_table
from tinsmith.core.units import bytes_text, count_text
from tinsmith.devices.board import Board, Core
from tinsmith.flow.record import EMULATION


def board_row(board: Board) -> dict[str, Any]:
    """A board in one line."""
    return {
        "id": board.id,
        "name": board.name,
        "core": board.core.title,
        "clock_mhz": board.clock_hz / 1e6,
        "flash_bytes": board.flash_bytes,
        "ram_bytes": board.ram_bytes,
        "latency": "range" if board.calibration else "instructions only",
    }


def show_board_list(boards: Sequence[Board]) -> None:
    """All boards as a table."""
    rows = []
    for board in boards:
        row = board_row(board)
        clock = f"{row['clock_mhz']:g}" if board.clock_hz else "-"
        sizes = [bytes_text(n) if n else "-" for n in (row["flash_bytes"], row["ram_bytes"])]
        rows.append((row["id"], row["name"], row["core"], clock, *sizes, row["latency"]))
    show_table(("id", "name", "core", "MHz", "flash", "RAM", "latency"), rows)


def board_record(board: Board) -> dict[str, Any]:
    """A board for JSON, with the tools that serve it."""
    return {
        **asdict(board),
        "toolchains": toolchains_for(board),
        "runners": runners_for(board),
    }


def core_row(core: Core) -> dict[str, Any]:
    """A core in one line, with the toolchains and runners that serve some board that has it."""
    bare = Board("", "", core, 0, ())
    return {
        "core": core.name,
        "title": core.title,
        "isa": core.isa,
        "fpu": core.fpu,
        "toolchains": [c.name for c in TOOLCHAINS.all() if c.serves(bare)],
        "runners": [r.name for r in RUNNERS.all() if r.serves(bare)],
    }


def show_cores(rows: Sequence[Mapping[str, Any]]) -> None:
    """All cores as a table."""
    texts = [[", ".join(v) if isinstance(v, list) else v for v in row.values()] for row in rows]
    show_table(("core", "title", "instruction set", "FPU", "toolchains", "runners"), texts)


def show_board(board: Board) -> None:
    """One board with its sources."""
    rows = [
        ("core", f"{board.core.title} ({board.core.isa}, FPU: {board.core.fpu})"),
        *([("clock", f"{board.clock_hz / 1e6:g} MHz")] if board.clock_hz else []),
        *[(m.role, f"{m.name}: {count_text(m.nbytes)} B at {m.origin:#010x}")
          for m in board.memories],
        ("toolchains", ", ".join(toolchains_for(board))),
        ("runners", f"{', '.join(runners_for(board))} ({EMULATION})"
         if board.memories else ", ".join(runners_for(board))),
        ("latency", _calibration(board)),
        *[("source", s) for s in board.sources],
    ]  # fmt: skip
    if board.notes:
        rows.append(("notes", board.notes))
    facts(f"{board.id}: {board.name}", rows)


def _calibration(board: Board) -> str:
    if board.calibration is None:
        return "instructions only: no calibrated cycle model"
    return f"cycle model x {board.calibration.factor:g}; {board.calibration.source}"
