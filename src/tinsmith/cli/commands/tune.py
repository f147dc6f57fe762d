"""Choose the kernels of a model by measuring all that are possible."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from tinsmith.cli.command import Command
from tinsmith.cli.options import (
    HERE,
    FreshOption,
    JsonOption,
    ModelChoice,
    ProjectOption,
    from_fields,
    opened,
)
from tinsmith.core.errors import UserError

app = typer.Typer()


@dataclass(frozen=True, kw_only=True)
class Choice(ModelChoice):
    """Options of `tinsmith tune`."""

    model: Annotated[
        Path | None,
        typer.Argument(metavar="MODEL", help="A model file; without it the project's model."),
    ] = None
    board: Annotated[str, typer.Option("--board", "-b", help="An emulated board (id or .toml).")]
    max_flash: Annotated[
        int | None, typer.Option(metavar="BYTES", min=1, help="Everything stored in flash.")
    ] = None
    max_ram: Annotated[
        int | None, typer.Option(metavar="BYTES", min=1, help="Static RAM and deepest stack.")
    ] = None
    max_stack: Annotated[
        int | None, typer.Option(metavar="BYTES", min=1, help="Deepest stack.")
    ] = None
    max_latency: Annotated[
        float | None,
        typer.Option(
            metavar="MS", min=0, help="Slow end of the latency's range; of calibrated boards only."
        ),
    ] = None
    fresh: FreshOption = False
    project: ProjectOption = HERE
    json: JsonOption = False


@app.command(
    epilog="Examples: tinsmith tune kws.tflite --board nucleo_l4r5zi --optimize speed; "
    "tinsmith tune kws.tflite --board rpi_pico --optimize speed --max-flash 40000; "
    "tinsmith tune --project gestures --board nucleo_l4r5zi"
)
@from_fields(Choice)
def tune(choice: Choice) -> None:
    """Measure all kernels that may compute each layer, choose the best together, write a lock file.

    That is MODEL.lock, or the project's tinsmith.lock. `measure`, `profile`, `compare`, `package`
    and `run` then take it, with the same toolchain. An interrupted run goes on where it was.
    """
    from tinsmith.cli.console import print_json, shown, working
    from tinsmith.cli.show_tuning import show_tuning
    from tinsmith.flow.tuning import TuneOptions, tune_model, tune_project

    options = TuneOptions(
        choice.measure_options(choice.board), choice.max_flash, choice.max_ram, choice.max_stack,
        choice.max_latency,
    )  # fmt: skip
    if choice.model is not None:
        with working(choice.json, choice.fresh) as job:
            found = tune_model(choice.model, options, job)
    else:
        _check_no_model(choice)
        with shown(choice.json) as listener:
            steps = opened(choice.project, listener, fresh=choice.fresh)
            found = tune_project(steps, options)
    print_json(found.record()) if choice.json else show_tuning(found)


def _check_no_model(choice: Choice) -> None:
    given = [name for name in choice.used() if name != "--optimize"]
    if given:
        raise UserError(
            "cli.model",
            f"{', '.join(given)}: only for a model file, and none is named.",
            "Write: tinsmith tune MODEL --board BOARD ...",
        )


COMMAND = Command("tune", app)
