"""Run a firmware on a board by name of a runner: the facade of this package."""

from tinsmith.bench.layout import check_inputs
from tinsmith.bench.outcome import Outcome, RunOptions
from tinsmith.bench.runner import RUNNERS, runners_for
from tinsmith.build.firmware import Firmware
from tinsmith.core.errors import UserError
from tinsmith.devices.board import Board


def run(firmware: Firmware, board: Board, runner: str, options: RunOptions) -> Outcome:
    """All cases on a runner.

    Raises:
        UnknownKind: no such runner.
        MissingTool: it is not installed.
        UserError ``bench.board``: the firmware is for another board, or the board does not have
            this runner; ``bench.port``: it was linked with another port; ``bench.inputs``: inputs
            do not fit the model; ``bench.<fault>``: the firmware faulted.
    """
    found = RUNNERS.get(runner)
    if not found.serves(board):
        raise UserError(
            "bench.board",
            f"Board {board.id!r} cannot run on {runner!r}: {found.refuses(board)}.",
            f"It has: {', '.join(runners_for(board))}.",
        )
    if firmware.board != board.id:
        raise UserError(
            "bench.board", f"This firmware is for {firmware.board!r}, not for {board.id!r}."
        )
    if firmware.port != found.port:
        raise UserError(
            "bench.port",
            f"Runner {runner!r} needs an image with port {found.port!r}; this one has "
            f"{firmware.port!r}.",
            "Build it again with that port.",
        )
    check_inputs(firmware.module, options.inputs)
    return found.run(firmware, board, options)
