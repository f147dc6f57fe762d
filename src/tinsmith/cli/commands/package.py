"""Package a model file, or the project's model: C library, Arduino, Zephyr, wheel, WebAssembly and
more."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tinsmith.cli.command import Command
from tinsmith.cli.options import HERE, JsonOption, ProjectOption, from_fields, opened
from tinsmith.core.errors import UserError

if TYPE_CHECKING:
    from tinsmith.flow.package import PackageOptions

app = typer.Typer()


@dataclass(frozen=True)
class Choice:
    """Options of `tinsmith package`."""

    model: Annotated[
        Path | None,
        typer.Argument(metavar="MODEL", help="A model file; without it the project is packaged."),
    ] = None
    kind: Annotated[
        list[str] | None,
        typer.Option("--kind", "-k", help="Package kind; may be repeated. See: kinds package."),
    ] = None
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="Where the archives go; build if none."),
    ] = None
    board: Annotated[
        list[str] | None,
        typer.Option(
            "--board",
            "-b",
            help="The board of a model file (host if none is named), or only this board of the "
            "project; then it may be repeated.",
        ),
    ] = None
    release: Annotated[str, typer.Option(help="Version of the package, such as 1.2.3.")] = "1.0.0"
    toolchain: Annotated[str, typer.Option(help="For the board; its first if empty.")] = ""
    inputs: Annotated[
        Path | None,
        typer.Option(metavar="X.npz", help="Golden inputs of a model file: in_0, in_1, ..."),
    ] = None
    name: Annotated[str, typer.Option(help="Name of a model file's C symbols and packages.")] = ""
    semantics: Annotated[
        str,
        typer.Option(
            help="What is meant where a file leaves it open. Integers: litert, tflm or onnx; "
            "rounds of XGBoost: best or all."
        ),
    ] = ""
    choices: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Which kernel computes which layer: MODEL.lock, if there is one.",
        ),
    ] = None
    optimize: Annotated[
        str, typer.Option(help="What a model file's kernels serve: balanced, speed, size or ram.")
    ] = ""
    keep_inputs: Annotated[
        bool,
        typer.Option(
            "--keep-inputs", help="A run of a model file leaves its inputs as they were written."
        ),
    ] = False
    project: ProjectOption = HERE
    json: JsonOption = False


@app.command(
    epilog="Examples: tinsmith package kws.tflite --kind c_library --board nucleo_l4r5zi; "
    "tinsmith package kws.tflite -k python_wheel -k wasm -o dist; "
    "tinsmith package --project examples/wrist-motion --kind arduino"
)
@from_fields(Choice)
def package(choice: Choice) -> None:
    """Write archives that drop into a firmware project, an application or a web page.

    Each has golden vectors, a self-test, a licence and a bill of materials.
    """
    from tinsmith.cli.console import print_json, shown, working
    from tinsmith.cli.show import show_packed
    from tinsmith.flow.package import package_model, package_project

    options = _options(choice)
    if choice.model is not None:
        with working(choice.json) as job:
            packed = package_model(choice.model, options, job)
    else:
        _check_no_model(choice)
        with shown(choice.json) as listener:
            steps = opened(choice.project, listener)
            packed = package_project(steps, choice.board or [], options)
    print_json([p.record() for p in packed]) if choice.json else show_packed(packed)


def _options(choice: Choice) -> "PackageOptions":
    from tinsmith.flow.package import PackageOptions
    from tinsmith.flow.places import default_cache

    return PackageOptions(
        kinds=tuple(choice.kind or ()), output=choice.output or choice.project / "build",
        version=choice.release, toolchain=choice.toolchain, inputs=choice.inputs, name=choice.name,
        semantics=choice.semantics, board=_board(choice), cache=default_cache(),
        choices=choice.choices, optimize=choice.optimize, keep_inputs=choice.keep_inputs,
    )  # fmt: skip


def _board(choice: Choice) -> str:
    """The board of a model file: this computer if none is named."""
    boards = choice.board or ["host"]
    if choice.model is not None and len(boards) > 1:
        raise UserError(
            "cli.board",
            f"A model file is packaged for one board; got {', '.join(boards)}.",
            "Name one with --board; see `tinsmith board list`.",
        )
    return boards[0]


def _check_no_model(choice: Choice) -> None:
    names = ("inputs", "name", "semantics", "choices", "optimize", "keep_inputs")
    given = [n.replace("_", "-") for n in names if getattr(choice, n)]
    if given:
        raise UserError(
            "cli.model",
            f"{', '.join(f'--{n}' for n in given)}: only for a model file, and none is named.",
            "Write: tinsmith package MODEL --kind KIND ...",
        )


COMMAND = Command("package", app)
