"""Options that commands share."""

from pathlib import Path
from typing import Annotated

import typer

ProjectOption = Annotated[
    Path, typer.Option("--project", "-p", metavar="DIR", help="Folder that holds project.toml.")
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print the result as JSON; progress goes to stderr.")
]
BoardOption = Annotated[
    list[str] | None,
    typer.Option("--board", "-b", help="Only this board of the project; may be repeated."),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="What the files do not say: rate_hz, label, label_column, group_column, time_column, "
        "time_unit (s, ms, us), channels (a,b,c). May be repeated.",
    ),
]
HERE = Path()
