"""Options that commands share."""

from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, fields
from functools import wraps
from inspect import Parameter, Signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_type_hints

import typer

from tinsmith.core.errors import UserError

if TYPE_CHECKING:
    from tinsmith.core.progress import Listener
    from tinsmith.flow.model import MeasureOptions
    from tinsmith.flow.steps import Steps

T = TypeVar("T")

ProjectOption = Annotated[
    Path, typer.Option("--project", "-p", metavar="DIR", help="Folder that holds project.toml.")
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print the result as JSON; progress goes to stderr.")
]
FreshOption = Annotated[
    bool, typer.Option("--fresh", help="Do every step again, also what was done before.")
]
BoardOption = Annotated[
    list[str] | None,
    typer.Option("--board", "-b", help="Only this board (id or .toml); may be repeated."),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="What the files do not say, or say otherwise: rate_hz, label, label_column, "
        "group_column, time_column, time_unit (s, ms, us, ns, min, h, d), channels (a,b,c), units "
        "(a:g,b:g), columns (names of all), ignore (a,b), delimiter, decimal (comma, point), "
        "date_order (dmy, mdy), name_column and value_column of a long table, gaps=cut, "
        "resample_hz, rows=alone; pattern, labels, group, format, hmac_key, strict. May be "
        "repeated.",
    ),
]
HERE = Path()


def from_fields(kind: type[T]) -> Callable[[Callable[[T], None]], Callable[..., None]]:
    """For a command with many options: it takes one dataclass, whose fields are the options, named
    and described by their annotations."""
    hints = get_type_hints(kind, include_extras=True)
    parameters = [
        Parameter(f.name, Parameter.KEYWORD_ONLY, default=_default(f), annotation=hints[f.name])
        for f in fields(kind)  # type: ignore[arg-type]
    ]

    def decorate(command: Callable[[T], None]) -> Callable[..., None]:
        @wraps(command)
        def call(**values: Any) -> None:
            command(kind(**values))

        call.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
        return call

    return decorate


def _default(field: "Field[Any]") -> Any:
    return Parameter.empty if field.default is MISSING else field.default


def opened(
    project: Path, listener: "Listener", delivers: bool = False, fresh: bool = False
) -> "Steps":
    """The project in a folder, with the user's own cache; see `open_project`."""
    from tinsmith.flow.open import open_project
    from tinsmith.flow.places import default_cache

    return open_project(project, listener, default_cache(), delivers, fresh)


@dataclass(frozen=True)
class ModelChoice:
    """Options of the commands that run a model file."""

    inputs: Annotated[
        Path | None,
        typer.Option(
            metavar="X.npz",
            help="Arrays in_0, in_1, ..., each (case, *shape) in the model's types. Without it: "
            "one case from a fixed generator.",
        ),
    ] = None
    semantics: Annotated[
        str,
        typer.Option(
            help="What is meant where a file leaves it open. Integers: litert, tflm or onnx; "
            "rounds of XGBoost: best or all."
        ),
    ] = ""
    toolchain: Annotated[
        str, typer.Option(help="zig or arm_gcc; the first that serves the board.")
    ] = ""
    optimize: Annotated[
        str,
        typer.Option(
            help="What kernels are chosen and compiled for: balanced (the default), speed, size or "
            "ram. Where their "
            "costs were not measured these are flags of the compiler.",
        ),
    ] = ""
    runner: Annotated[
        str, typer.Option(help="unicorn or qemu; the first that serves the board.")
    ] = ""
    reset_each: Annotated[
        bool, typer.Option("--reset-each", help="Reset states before each case, not only once.")
    ] = False
    choices: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Which kernel computes which layer: MODEL.lock, if there is one. What a run takes "
            "is written there.",
        ),
    ] = None
    keep_inputs: Annotated[
        bool,
        typer.Option(
            "--keep-inputs",
            help="A run leaves its inputs as they were written, at the price of their memory.",
        ),
    ] = False
    stack: Annotated[
        int | None, typer.Option(metavar="BYTES", help="Stack to reserve; 4096 if not given.")
    ] = None

    def used(self) -> list[str]:
        """The options that were given, as they are written."""
        names = [f.name for f in fields(ModelChoice) if getattr(self, f.name) != f.default]
        return [f"--{name.replace('_', '-')}" for name in names]

    def measure_options(self, board: str, outputs: Path | None = None) -> "MeasureOptions":
        """For flow/model.py."""
        from tinsmith.flow.model import MeasureOptions
        from tinsmith.flow.places import default_cache

        return MeasureOptions(
            board=board, inputs=self.inputs, outputs=outputs, semantics=self.semantics,
            toolchain=self.toolchain, runner=self.runner, optimize=self.optimize,
            reset_each=self.reset_each, stack_bytes=self.stack, choices=self.choices,
            keep_inputs=self.keep_inputs,
            cache=default_cache(),
        )  # fmt: skip


def one_board(boards: list[str] | None) -> str:
    """The only board named.

    Raises:
        UserError ``cli.board``: none, or several.
    """
    if not boards or len(boards) > 1:
        got = ", ".join(boards or ()) or "none"
        raise UserError(
            "cli.board",
            f"A model file is measured on one board; got {got}.",
            "Name it with --board; see `tinsmith board list`.",
        )
    return boards[0]
