"""From executed blocks to cycles: costs per block (from a table of the core), times executions.

Method: every block's cost is computed once from the core's Technical Reference Manual; taken
branches are counted by the block hook itself. Wait states, caches and bus contention are not in it;
`Board.calibration` holds one measured factor and its spread.
"""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import cast

import numpy as np

from tinsmith.bench.outcome import Outcome
from tinsmith.core.errors import MissingTool
from tinsmith.core.quantity import Estimated
from tinsmith.devices.board import Board, Core

Segments = Sequence[tuple[int, bytes]]
BlockCost = Callable[[bytes, int], tuple[float, float]]
"""(code, address) -> (cycles of one execution, cycles more when the next block is a jump away)."""


def model_cycles(
    core: Core, segments: Segments, tables: Sequence[np.ndarray]
) -> tuple[int, ...] | None:
    """Cycles per case before calibration; None where the core has no table.

    Args:
        segments: the image's load segments.
        tables: per case, rows (address, size, instructions, count, taken).
    """
    if not core.cycles:
        return None
    try:
        table = import_module(f"tinsmith.bench.cycles.{core.cycles.replace('-', '_')}")
    except ModuleNotFoundError as e:
        if (e.name or "") == "capstone":
            raise MissingTool(
                "Python package 'capstone'", "Try: pip install 'tinsmith[emulate]'"
            ) from e
        raise
    cost = cast(BlockCost, table.block_cost)
    known: dict[tuple[int, int], tuple[float, float]] = {}
    return tuple(_cycles(cost, segments, rows, known) for rows in tables)


def _cycles(
    cost: BlockCost,
    segments: Segments,
    rows: np.ndarray,
    known: dict[tuple[int, int], tuple[float, float]],
) -> int:
    total = 0.0
    for address, size, _, count, taken in rows.tolist():
        key = address, size
        if key not in known:
            known[key] = cost(_code(segments, address, size), address)
        once, jump = known[key]
        total += once * count + jump * taken
    return round(total)


def _code(segments: Segments, address: int, size: int) -> bytes:
    base, data = next(s for s in segments if s[0] <= address < s[0] + len(s[1]))
    return data[address - base : address - base + size]


def calibrated(outcome: Outcome, board: Board) -> tuple[int, int] | None:
    """Fewest and most cycles of one inference that the board's calibration allows, over all cases;
    None where the board is not calibrated."""
    if outcome.model_cycles is None or board.calibration is None:
        return None
    factor, spread = board.calibration.factor, board.calibration.spread
    low, high = min(outcome.model_cycles) * factor, max(outcome.model_cycles) * factor
    return round(low * (1 - spread)), round(high * (1 + spread))


def latency(outcome: Outcome, board: Board) -> Estimated | None:
    """Time of one inference in ms (the mean of the cases), with the range that the board's
    calibration gives; None where the board is not calibrated: then there are instructions only."""
    if outcome.model_cycles is None or board.calibration is None or board.clock_hz == 0:
        return None
    found = board.calibration
    cycles = sum(outcome.model_cycles) / len(outcome.model_cycles)
    ms = cycles * found.factor / board.clock_hz * 1e3
    return Estimated(
        value=ms, unit="ms", board=board.id, samples=len(outcome.model_cycles),
        source=f"cycle table {board.core.cycles} x {found.factor:g}; {found.source}",
        low=ms * (1 - found.spread), high=ms * (1 + found.spread),
    )  # fmt: skip
