"""Run one model file twice and set every layer side by side; name the first that differs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from tinsmith.cli.command import Command
from tinsmith.cli.options import JsonOption, ModelChoice, from_fields

app = typer.Typer()


@dataclass(frozen=True, kw_only=True)
class Choice(ModelChoice):
    """Options of `tinsmith compare`."""

    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file.")]
    board: Annotated[str, typer.Option("--board", "-b", help="The first execution.")] = "host"
    against: Annotated[str, typer.Option(help="The second: reference, host, or another board.")] = (
        "reference"
    )
    dump: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write every value of both as .npz files.")
    ] = None
    json: JsonOption = False


@app.command(epilog="Example: tinsmith compare kws.tflite --inputs X.npz --board nucleo_l4r5zi")
@from_fields(Choice)
def compare(choice: Choice) -> None:
    """Compare every layer of a compiled model with its reference, or with another board."""
    from tinsmith.cli.console import print_json, working
    from tinsmith.cli.show import show_comparison
    from tinsmith.flow.model_compare import compare_model

    with working(choice.json) as job:
        options = choice.measure_options(choice.board)
        found = compare_model(choice.model, options, choice.against, choice.dump, job)
    print_json(found.record()) if choice.json else show_comparison(found)
    found.check()


COMMAND = Command("compare", app)
