"""Command: one command or command group of the command line, in one file of cli/commands."""

from dataclasses import dataclass

import typer

from tinsmith.core.catalogue import Catalogue


@dataclass(frozen=True)
class Command:
    """A typer app with one command (``tinsmith train``) or several (``tinsmith board
    list|show``)."""

    name: str
    app: typer.Typer


COMMANDS: Catalogue[Command] = Catalogue("command", "tinsmith.cli.commands", Command)
