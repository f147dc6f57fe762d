"""Boards: the types of hardware that models are compiled for."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tinsmith.core.units import bytes_text
from tinsmith.devices.board import BOARDS, Board, find_board
from tinsmith.facade.shown import Row, Shown


@dataclass(frozen=True, repr=False, eq=False)
class Boards(Shown, Mapping[str, Board]):
    """Boards by id; prints itself as a table."""

    by_id: Mapping[str, Board]

    def __getitem__(self, id: str) -> Board:
        return self.by_id[id]

    def __iter__(self) -> Iterator[str]:
        return iter(self.by_id)

    def __len__(self) -> int:
        return len(self.by_id)

    def _title(self) -> str:
        return f"{len(self)} boards"

    def _rows(self) -> Iterable[Row]:
        for id, board in self.by_id.items():
            flash, ram = bytes_text(board.flash_bytes), bytes_text(board.ram_bytes)
            memory = (f"{flash} flash", f"{ram} RAM") if board.memories else ()
            clock = f"{board.clock_hz / 1e6:g} MHz" if board.clock_hz else ""
            yield id, board.name, board.core.title, clock, *memory


def boards() -> Boards:
    """The boards that come with tinsmith. A board of your own is a TOML file, whose path `compile`
    takes.

    Example:
        >>> print(ts.boards())
        >>> ts.boards()["rpi_pico"].ram_bytes
    """
    return Boards({board.id: board for board in BOARDS.all()})


def board_of(board: str | os.PathLike[str] | Board) -> Board:
    """A board by its id, by the path of its TOML file, or itself.

    Raises:
        UnknownKind: no such id.
        UserError: ``board.*`` and ``toml.*`` where the file is wrong.
    """
    return board if isinstance(board, Board) else find_board(str(Path(board)))
