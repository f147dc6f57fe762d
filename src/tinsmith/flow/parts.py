"""Parts of the story for single commands: the same steps, for some of the boards."""

from collections.abc import Sequence
from dataclasses import dataclass

from tinsmith.build.firmware import Firmware
from tinsmith.devices.board import Board, find_board
from tinsmith.flow.outputs import Written, write_firmware
from tinsmith.flow.result import BoardResult
from tinsmith.flow.run import deliver, make_firmware, make_model
from tinsmith.flow.steps import Steps


@dataclass(frozen=True)
class Built:
    """A linked image and its files."""

    board: Board
    firmware: Firmware
    written: Written


def chosen(steps: Steps, boards: Sequence[str]) -> tuple[Board, ...]:
    """The boards asked for, or all of the project. A board of the project may be asked for by its
    id, also where it is the user's own.

    Raises:
        UnknownKind, UserError: no such board, or a mistake in its file; see `find_board`.
    """
    own = {b.id: b for b in steps.project.boards}
    return tuple(own.get(b) or find_board(b) for b in boards) or steps.project.boards


def compile_boards(steps: Steps, boards: Sequence[str]) -> list[Built]:
    """Firmware of each board, written to build/<board>."""
    found = chosen(steps, boards)
    model = make_model(steps)
    built = []
    for board in found:
        firmware = make_firmware(steps, model, board)
        written = write_firmware(steps, board, firmware, model.windows)
        built.append(Built(board, firmware, written))
    return built


def deliver_boards(steps: Steps, boards: Sequence[str]) -> list[BoardResult]:
    """Firmware of each board, measured and proven."""
    found = chosen(steps, boards)
    model = make_model(steps)
    return [deliver(steps, model, board) for board in found]
