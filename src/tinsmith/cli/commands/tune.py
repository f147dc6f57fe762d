"""Choose the kernels of a model by measuring all that are possible."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from tinsmith.cli.command import Command
from tinsmith.cli.options import FreshOption, JsonOption, ModelChoice, from_fields

app = typer.Typer()


@dataclass(frozen=True, kw_only=True)
class Choice(ModelChoice):
    """Options of `tinsmith tune`."""

    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file.")]
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
    json: JsonOption = False


@app.command(
    epilog="Examples: tinsmith tune kws.tflite --board nucleo_l4r5zi --optimize speed; "
    "tinsmith tune kws.tflite --board rpi_pico --optimize speed --max-flash 40000"
)
@from_fields(Choice)
def tune(choice: Choice) -> None:
    """Measure every kernel that may compute a layer, at every level of the compiler, choose the
    best of them together and write the choice to MODEL.lock.

    `measure`, `profile`, `compare` and `package` then take it, with the same toolchain. What was
    measured is kept: an interrupted run goes on where it was.
    """
    from tinsmith.cli.console import print_json, working
    from tinsmith.cli.show_tuning import show_tuning
    from tinsmith.flow.tuning import TuneOptions, tune_model

    options = TuneOptions(
        choice.measure_options(choice.board), choice.max_flash, choice.max_ram, choice.max_stack,
        choice.max_latency,
    )  # fmt: skip
    with working(choice.json, choice.fresh) as job:
        found = tune_model(choice.model, options, job)
    print_json(found.record()) if choice.json else show_tuning(found)


COMMAND = Command("tune", app)
