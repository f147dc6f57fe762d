"""CycleTable: what the blocks of a program cost on a core, by its manual."""

from collections.abc import Callable
from dataclasses import dataclass

from tinsmith.core.catalogue import Catalogue
from tinsmith.devices.board import Board

BlockCost = Callable[[bytes, int], tuple[float, float]]
"""(code, address) -> (cycles of one execution, cycles more when the next block is a jump away)."""


@dataclass(frozen=True)
class CycleTable:
    """A table.

    Args:
        cores: names of the cores that it is the table of.
        block_cost: costs of a basic block, at zero wait states.
    """

    name: str
    cores: tuple[str, ...]
    block_cost: BlockCost

    def serves(self, board: Board) -> bool:
        """Whether it is the table of the board's core."""
        return board.core.name in self.cores


CYCLE_TABLES: Catalogue[CycleTable] = Catalogue("cycle table", "tinsmith.bench.cycles", CycleTable)


def table_for(board: Board) -> CycleTable | None:
    """The table of a board's core; None where there is none."""
    return next((t for t in CYCLE_TABLES.all() if t.serves(board)), None)
