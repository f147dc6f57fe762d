"""Show where the time of one inference goes, layer by layer."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from tinsmith.cli.command import Command
from tinsmith.cli.options import JsonOption, ModelChoice, from_fields

app = typer.Typer()


@dataclass(frozen=True, kw_only=True)
class Choice(ModelChoice):
    """Options of `tinsmith profile`."""

    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file.")]
    board: Annotated[str, typer.Option("--board", "-b", help="An emulated board (id or .toml).")]
    picture: Annotated[
        Path | None,
        typer.Option(metavar="FILE.svg", help="Write a bar for each layer, as a picture."),
    ] = None
    json: JsonOption = False


@app.command(
    epilog="Examples: tinsmith profile kws.tflite --board nucleo_l4r5zi; "
    "tinsmith profile kws.tflite --board rpi_pico --optimize speed --picture kws.svg"
)
@from_fields(Choice)
def profile(choice: Choice) -> None:
    """Count instructions and model cycles of every layer, and say what would make it faster."""
    from tinsmith.cli.console import print_json, working
    from tinsmith.cli.show_profile import show_profile
    from tinsmith.flow.profiled import profile_model
    from tinsmith.flow.report.profile_picture import check_picture, write_picture

    if choice.picture is not None:
        check_picture(choice.picture, choice.model)
    with working(choice.json) as job:
        found = profile_model(choice.model, choice.measure_options(choice.board), job)
    if choice.picture is not None:
        write_picture(found, choice.picture)
    print_json(found.record()) if choice.json else show_profile(found)


COMMAND = Command("profile", app)
