"""Tables and lists of facts, at a terminal and in a file."""

from collections.abc import Iterable, Mapping, Sequence

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

_WIDE = 10_000
"""Columns of what is no terminal."""


def out() -> Console:
    """Standard output; without colours, and as wide as its lines, where it is not a terminal."""
    console = Console(highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = _WIDE
    return console


def show_table(head: Sequence[str], rows: Iterable[Sequence[str]], follows: bool = False) -> None:
    """A table whose cells are never cut: at a terminal, what does not fit continues below; where
    not even single words fit, a block of lines for each row. In a file or a pipe a line for each
    row, its cells set apart by tabs, for grep, cut and awk; where it ``follows`` other lines, an
    empty one comes first."""
    table, rows, console = Table(), list(rows), out()
    if not console.is_terminal:
        if follows:
            typer.echo()
        for row in (head, *rows):
            typer.echo("\t".join(" ".join(cell.split()) for cell in row))
        return
    for i, name in enumerate(head):
        table.add_column(escape(name), overflow="fold", no_wrap=i == 0)
    for row in rows:
        table.add_row(*map(escape, row))
    least = console.measure(table, options=console.options.update(max_width=_WIDE)).minimum
    if least <= console.width:
        console.print(table, soft_wrap=False)
        return
    for row in rows:
        facts(row[0], list(zip(head[1:], row[1:], strict=True)))


def facts(title: str, rows: Sequence[tuple[str, str]]) -> None:
    """A title and lines of name and value."""
    console = out()
    console.print(f"\n[bold]{escape(title)}[/bold]")
    width = max((len(name) for name, _ in rows), default=0)
    for name, value in rows:
        console.print(f"  {name:<{width}}  {value}", markup=False)


def show_kinds(rows: Sequence[Mapping[str, str]]) -> None:
    """A listing of kinds."""
    if not rows:
        out().print("Nothing is listed here.")
        return
    show_table(tuple(rows[0]), [tuple(row.values()) for row in rows])
