"""Run firmware on boards: a model file on one, or a project's on its own; print sizes, instructions
and latency."""

from dataclasses import dataclass, replace
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
    one_board,
    opened,
)
from tinsmith.core.errors import UserError

app = typer.Typer()


@dataclass(frozen=True)
class Choice(ModelChoice):
    """Options of `tinsmith measure`."""

    model: Annotated[
        Path | None,
        typer.Argument(metavar="MODEL", help="A model file; without it the project is measured."),
    ] = None
    board: Annotated[
        list[str] | None,
        typer.Option(
            "--board",
            "-b",
            help="The board (id or .toml); of a project only this one, may be repeated.",
        ),
    ] = None
    outputs: Annotated[
        Path | None, typer.Option(metavar="Y.npz", help="Write the answers: out_0, out_1, ...")
    ] = None
    labels: Annotated[
        Path | None,
        typer.Option(
            metavar="L.npz",
            help="What the answers ought to be, an array `labels`, one for each case of X.npz: "
            "whole numbers are classes, others are targets.",
        ),
    ] = None
    kernels: Annotated[
        bool, typer.Option("--kernels", help="Say which kernel computes which layer.")
    ] = False
    fresh: FreshOption = False
    project: ProjectOption = HERE
    json: JsonOption = False


@app.command(
    epilog="Examples: tinsmith measure --board nucleo_l4r5zi --json; "
    "tinsmith measure kws.tflite --board nucleo_f746zg --inputs X.npz --labels L.npz"
)
@from_fields(Choice)
def measure(choice: Choice) -> None:
    """Run a model file on a board, or the project's firmware on its test windows.

    Boards are emulated: core and memories, not peripherals.
    """
    if choice.model is not None:
        _measure_model(choice.model, choice)
    else:
        _check_no_model(choice)
        _measure_project(choice)


def _measure_model(model: Path, choice: Choice) -> None:
    from tinsmith.cli.console import print_json, working
    from tinsmith.cli.show import show_measured
    from tinsmith.flow.model import measure_model

    with working(choice.json, choice.fresh) as job:
        options = choice.measure_options(one_board(choice.board), choice.outputs)
        options = replace(options, labels=choice.labels)
        found = measure_model(model, options, job)
    print_json(found.record()) if choice.json else show_measured(found, choice.kernels)


def _measure_project(choice: Choice) -> None:
    from tinsmith.cli.console import print_json, shown
    from tinsmith.cli.show import show_boards
    from tinsmith.flow.parts import deliver_boards
    from tinsmith.flow.record import board_record

    with shown(choice.json) as listener:
        steps = opened(choice.project, listener, fresh=choice.fresh)
        results = deliver_boards(steps, choice.board or [])
    if choice.json:
        print_json([board_record(r) for r in results])
    else:
        show_boards(results, kernels=choice.kernels)


def _check_no_model(choice: Choice) -> None:
    own = {"--outputs": choice.outputs, "--labels": choice.labels}
    given = choice.used() + [name for name, value in own.items() if value]
    if given:
        raise UserError(
            "cli.model",
            f"{', '.join(given)}: only for a model file, and none is named.",
            "Write: tinsmith measure MODEL --board BOARD ...",
        )


COMMAND = Command("measure", app)
