"""From executed blocks to cycles: costs per block (from a table of the core), times executions.

Method: every block's cost is computed once from the core's Technical Reference Manual; taken
branches are counted by the block hook itself. Wait states, caches and bus contention are not in it;
`Board.calibration` holds one measured factor and its spread.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tinsmith.bench.cycle_table import BlockCost, table_for
from tinsmith.bench.outcome import Outcome
from tinsmith.core.quantity import Estimated
from tinsmith.devices.board import Board

Segments = Sequence[tuple[int, bytes]]


@dataclass(frozen=True)
class ModelCycles:
    """What a core's table makes of executed blocks, at zero wait states and before calibration:
    cycles of each case, and of each step of the first."""

    cases: tuple[int, ...]
    steps: tuple[int, ...]


def model_cycles(
    board: Board, segments: Segments, tables: Sequence[np.ndarray], steps: int
) -> ModelCycles | None:
    """None where the core has no table.

    Args:
        segments: the image's load segments.
        tables: per case, rows (address, size, instructions, count, taken, step).
        steps: how many steps the module has.
    """
    table = table_for(board)
    if table is None:
        return None
    known: dict[tuple[int, int], tuple[float, float]] = {}
    found = [_cycles(table.block_cost, segments, rows, known) for rows in tables]
    first = np.bincount(tables[0][:, 5].astype(np.int64), found[0], steps) if steps else ()
    return ModelCycles(
        tuple(round(float(c.sum())) for c in found), tuple(round(float(c)) for c in first)
    )


def _cycles(
    cost: BlockCost,
    segments: Segments,
    rows: np.ndarray,
    known: dict[tuple[int, int], tuple[float, float]],
) -> np.ndarray:
    """Of each row."""
    found = np.zeros(len(rows))
    for k, (address, size, _, count, taken, _) in enumerate(rows.tolist()):
        key = address, size
        if key not in known:
            known[key] = cost(_code(segments, address, size), address)
        once, jump = known[key]
        found[k] = once * count + jump * taken
    return found


def uncalibrated(board: Board, cycles: Sequence[int]) -> tuple[Estimated, ...]:
    """Model cycles as quantities: no wait states, no range."""
    table = table_for(board)
    source = f"cycle table {table.name if table else 'none'}, 0 wait states, not calibrated"
    return tuple(Estimated(float(n), "cycles", board.id, source, low=n, high=n) for n in cycles)


def _code(segments: Segments, address: int, size: int) -> bytes:
    base, data = next(s for s in segments if s[0] <= address < s[0] + len(s[1]))
    return data[address - base : address - base + size]


def calibrated(board: Board, cycles: Sequence[int] | None) -> tuple[Estimated, ...] | None:
    """Cycles per case with the range that the board's calibration gives; None where there is no
    table or no calibration."""
    found, table = board.calibration, table_for(board)
    if cycles is None or found is None or table is None:
        return None
    source = f"cycle table {table.name} x {found.factor:g}; {found.source}"
    return tuple(
        Estimated(
            value=n * found.factor, unit="cycles", board=board.id, source=source,
            low=n * found.factor * (1 - found.spread), high=n * found.factor * (1 + found.spread),
        )
        for n in cycles
    )  # fmt: skip


def cycles_of_all(outcome: Outcome) -> Estimated | None:
    """Whole cycles of one inference, from the fewest of any case to the most; None where the board
    is not calibrated."""
    if not outcome.cycles:
        return None
    value = sum(c.value for c in outcome.cycles) / len(outcome.cycles)
    return replace(
        outcome.cycles[0], value=round(value), samples=len(outcome.cycles),
        low=round(min(c.low for c in outcome.cycles)),
        high=round(max(c.high for c in outcome.cycles)),
    )  # fmt: skip


def latency(outcome: Outcome, board: Board) -> Estimated | None:
    """Time of one inference in ms: the cycles of `cycles_of_all` at the board's clock; None where
    the board is not calibrated: then there are instructions only."""
    cycles = cycles_of_all(outcome)
    if cycles is None or board.clock_hz == 0:
        return None
    value, low, high = (1e3 * n / board.clock_hz for n in (cycles.value, cycles.low, cycles.high))
    return replace(cycles, value=value, unit="ms", low=low, high=high)
