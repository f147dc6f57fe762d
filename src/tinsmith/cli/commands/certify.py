"""Certificates: what is proven of a compiled module, made and checked."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from tinsmith.cli.command import Command
from tinsmith.cli.options import JsonOption, ModelChoice, from_fields, one_board
from tinsmith.core.errors import UserError

app = typer.Typer()


@dataclass(frozen=True)
class Choice:
    """Options of `tinsmith certify`."""

    model: Annotated[
        Path | None,
        typer.Argument(metavar="MODEL", help="A model file; with --check, that it is of this one."),
    ] = None
    board: Annotated[
        str | None, typer.Option("--board", "-b", help="An emulated board (id or .toml).")
    ] = None
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where the certificate goes."),
    ] = None
    check: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Find out again all that this certificate claims."),
    ] = None
    semantics: Annotated[
        str, typer.Option(help="What is meant where a file leaves it open, as for measure.")
    ] = ""
    toolchain: Annotated[
        str, typer.Option(help="zig or arm_gcc; the first that serves the board.")
    ] = ""
    optimize: Annotated[str, typer.Option(help="What kernels are chosen for, as for measure.")] = ""
    choices: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Which kernel computes which layer, as for measure."),
    ] = None
    json: JsonOption = False


@app.command(
    epilog="Examples: tinsmith certify kws.tflite --board nucleo_l4r5zi --output kws.certificate; "
    "tinsmith certify --check kws.certificate"
)
@from_fields(Choice)
def certify(choice: Choice) -> None:
    """Write a certificate of a model's linked image, or check one.

    Each step is executed on the emulated core and held against the meaning of its layer.
    """
    from tinsmith.cli.console import print_json, working
    from tinsmith.flow.certified import certify_model, check_certificate
    from tinsmith.flow.places import default_cache

    _check_used(choice)
    with working(choice.json) as job:
        if choice.check is not None:
            of = choice.model, choice.semantics
            found = check_certificate(choice.check, default_cache(), job, *of)
        else:
            model, output = choice.model or Path(), choice.output or Path()
            own = ModelChoice(
                semantics=choice.semantics, toolchain=choice.toolchain,
                optimize=choice.optimize, choices=choice.choices,
            )  # fmt: skip
            options = own.measure_options(one_board([choice.board or ""]))
            found = certify_model(model, options, output, job)
    print_json(found.record()) if choice.json else typer.echo("\n".join(found.lines()))


def _check_used(choice: Choice) -> None:
    """A model with board and output, or a certificate, with its model or alone."""
    making, checking = (choice.model, choice.board, choice.output), choice.check is not None
    if any(v for v in making[1:]) if checking else any(v is None for v in making):
        raise UserError(
            "cli.certify",
            "A certificate is made of MODEL with --board and --output, or checked with --check.",
            "Write: tinsmith certify MODEL --board BOARD --output FILE",
        )


COMMAND = Command("certify", app)
