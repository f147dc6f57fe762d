"""Compile the model for the boards: readable C, a memory plan and a linked image."""

import typer

from tinsmith.cli.command import Command
from tinsmith.cli.options import HERE, BoardOption, JsonOption, ProjectOption, opened

app = typer.Typer()


@app.command(epilog="Example: tinsmith compile --board rpi_pico")
def compile(
    project: ProjectOption = HERE, board: BoardOption = None, json: JsonOption = False
) -> None:
    """Write C sources, library zip and image to build/BOARD; print sizes."""
    from tinsmith.cli.console import print_json, shown
    from tinsmith.cli.show import show_sizes
    from tinsmith.flow.parts import compile_boards
    from tinsmith.flow.record import firmware_record

    with shown(json) as listener:
        built = compile_boards(opened(project, listener, delivers=True), board or [])
    print_json([firmware_record(b.firmware) for b in built]) if json else show_sizes(built)


COMMAND = Command("compile", app)
