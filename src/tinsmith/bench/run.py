"""Run a firmware on a board by name of a runner: the facade of this package."""

from tinsmith.bench.layout import check_inputs
from tinsmith.bench.outcome import Outcome, RunOptions
from tinsmith.bench.runner import RUNNERS
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
    if runner not in board.runners:
        raise UserError(
            "bench.board",
            f"Board {board.id!r} cannot run on {runner!r}; it has: {', '.join(board.runners)}.",
        )
    if firmware.board != board.id:
        raise UserError(
            "bench.board", f"This firmware is for {firmware.board!r}, not for {board.id!r}."
        )
    port = found.port or board.port
    if firmware.port != port:
        raise UserError(
            "bench.port",
            f"Runner {runner!r} needs an image with port {port!r}; this one has {firmware.port!r}.",
            "Build it again with that port.",
        )
    check_inputs(firmware.module, options.inputs)
    return found.run(firmware, board, options)
