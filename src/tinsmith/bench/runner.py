"""Runner: runs a linked firmware on something and reports what it saw."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tinsmith.bench.outcome import Outcome, RunOptions
from tinsmith.build.firmware import Firmware
from tinsmith.core.catalogue import Catalogue
from tinsmith.core.errors import UserError
from tinsmith.devices.board import Board


@dataclass(frozen=True)
class Runner:
    """A way to execute firmware.

    Args:
        rank: which is taken first where several serve a board: the smallest.
        method: what its numbers are.
        port: the port that an image must be linked with.
        refuses: why it cannot run a board's firmware, as half a sentence; empty where it can.
        find: version of the tool on this machine; raises MissingTool with what to install.
        run: executes all cases. Raises UserError ``bench.<what>`` on a fault (stack overflow,
            access outside the board's memories, undefined instruction), naming address and program
            counter, and on a time-out.
        traces: whether it records what every step computes.
    """

    name: str
    rank: int
    method: Literal["measured", "emulated", "native"]
    port: str
    refuses: Callable[[Board], str]
    find: Callable[[], str]
    run: Callable[[Firmware, Board, RunOptions], Outcome]
    traces: bool = True

    def serves(self, board: Board) -> bool:
        """Whether it runs firmware of the board."""
        return not self.refuses(board)


RUNNERS: Catalogue[Runner] = Catalogue("runner", "tinsmith.bench.runners", Runner)


def runners_for(board: Board) -> tuple[str, ...]:
    """Runners that serve a board, the one to take first.

    Raises:
        UserError ``bench.board``: there is none; says why, for each.
    """
    every = list(RUNNERS.all())
    serving = sorted((r.rank, r.name) for r in every if r.serves(board))
    if not serving:
        why = "; ".join(f"{r.name}: {r.refuses(board)}" for r in every)
        raise UserError("bench.board", f"Nothing runs firmware of board {board.id!r}: {why}.")
    return tuple(name for _, name in serving)
