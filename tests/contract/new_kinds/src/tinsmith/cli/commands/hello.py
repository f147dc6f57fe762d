"""Greet: the smallest command."""

import typer

from tinsmith.cli.command import Command

app = typer.Typer()


@app.command(epilog="Example: tinsmith hello --name Ada")
def hello(name: str = typer.Option("you", "--name", help="Whom to greet.")) -> None:
    """Print a greeting."""
    typer.echo(f"hello {name}")


COMMAND = Command("hello", app)
