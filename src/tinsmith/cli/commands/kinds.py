"""Kinds that can be extended: every catalogue, its entries, and what one entry is."""

import typer

from tinsmith.cli.command import Command
from tinsmith.cli.options import JsonOption

app = typer.Typer()


@app.command(
    epilog="Examples: tinsmith kinds; tinsmith kinds block; tinsmith kinds block spectral; "
    "tinsmith kinds ops; tinsmith kinds ops tflite"
)
def kinds(
    catalogue: str = typer.Argument(
        "", help="Kind, e.g. block, family, op, runner; or ops: what importers know."
    ),
    name: str = typer.Argument("", help="One entry of it."),
    json: JsonOption = False,
) -> None:
    """List what can be extended, and the operators that importers know (ops)."""
    from tinsmith.cli.console import print_json
    from tinsmith.cli.kinds import listing
    from tinsmith.cli.tables import show_kinds

    rows = listing(catalogue, name)
    print_json(rows) if json else show_kinds(rows)


COMMAND = Command("kinds", app)
