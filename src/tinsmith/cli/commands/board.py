"""Boards that tinsmith knows: list them, show one."""

import typer

from tinsmith.cli.command import Command
from tinsmith.cli.options import JsonOption

app = typer.Typer(help="Boards: what hardware tinsmith compiles for.", no_args_is_help=True)


@app.command("list", epilog="Example: tinsmith board list")
def list_boards(json: JsonOption = False) -> None:
    """List all boards with core, clock and memories."""
    from tinsmith.cli.console import print_json
    from tinsmith.cli.show import board_row, show_board_list
    from tinsmith.devices.board import BOARDS

    boards = list(BOARDS.all())
    print_json([board_row(b) for b in boards]) if json else show_board_list(boards)


@app.command(epilog="Example: tinsmith board show rpi_pico")
def show(name: str = typer.Argument(help="Id of the board."), json: JsonOption = False) -> None:
    """Show everything known of one board, with its sources."""
    from dataclasses import asdict

    from tinsmith.cli.console import print_json
    from tinsmith.cli.show import show_board
    from tinsmith.devices.board import BOARDS

    board = BOARDS.get(name)
    print_json(asdict(board)) if json else show_board(board)


COMMAND = Command("board", app)
