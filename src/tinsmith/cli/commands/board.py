"""Boards that tinsmith knows: list them, show one."""

import typer

from tinsmith.cli.command import Command
from tinsmith.cli.options import JsonOption

app = typer.Typer(help="Boards: what hardware tinsmith compiles for.", no_args_is_help=True)


@app.command("list", epilog="Example: tinsmith board list")
def list_boards(json: JsonOption = False) -> None:
    """List all boards with core, clock and memories."""
    from tinsmith.cli.boards import board_row, show_board_list
    from tinsmith.cli.console import print_json
    from tinsmith.devices.board import BOARDS

    boards = list(BOARDS.all())
    print_json([board_row(b) for b in boards]) if json else show_board_list(boards)


@app.command(epilog="Examples: tinsmith board show rpi_pico; tinsmith board show ./my_board.toml")
def show(
    name: str = typer.Argument(help="Id of the board, or the path of your own (.toml)."),
    json: JsonOption = False,
) -> None:
    """Show everything known of one board, with its sources and the tools that serve it."""
    from tinsmith.cli.boards import board_record, show_board
    from tinsmith.cli.console import print_json
    from tinsmith.devices.board import find_board

    board = find_board(name)
    print_json(board_record(board)) if json else show_board(board)


@app.command("cores", epilog="Example: tinsmith board cores")
def list_cores(json: JsonOption = False) -> None:
    """List the cores that a board of your own may have, with the tools that serve them."""
    from tinsmith.cli.boards import core_row, show_cores
    from tinsmith.cli.console import print_json
    from tinsmith.devices.board import cores

    rows = [core_row(core) for core in cores().values() if core.isa != "native"]
    print_json(rows) if json else show_cores(rows)


COMMAND = Command("board", app)
