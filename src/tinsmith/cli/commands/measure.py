"""Run the firmware on its boards; print sizes, instructions, latency and accuracy."""

import typer

from tinsmith.cli.command import Command
from tinsmith.cli.options import HERE, BoardOption, JsonOption, ProjectOption

app = typer.Typer()


@app.command(epilog="Example: tinsmith measure --board nucleo_l4r5zi --json")
def measure(
    project: ProjectOption = HERE, board: BoardOption = None, json: JsonOption = False
) -> None:
    """Run the linked firmware on the test windows (emulated: core and memories)."""
    from tinsmith.cli.console import print_json, shown
    from tinsmith.cli.show import show_boards
    from tinsmith.flow.open import open_project
    from tinsmith.flow.parts import deliver_boards
    from tinsmith.flow.record import board_record

    with shown(json) as listener:
        results = deliver_boards(open_project(project, listener), board or [])
    print_json([board_record(r) for r in results]) if json else show_boards(results)


COMMAND = Command("measure", app)
