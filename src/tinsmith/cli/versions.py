"""Versions of a data set: which there are, and how two differ."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from tinsmith.cli.options import HERE, JsonOption, ProjectOption

IntoOption = Annotated[str, typer.Option("--data", help="Folder of the dataset, in the project.")]
_SHOWN = 20


def history(
    project: ProjectOption = HERE, data: IntoOption = "data", json: JsonOption = False
) -> None:
    """List the versions of a dataset, the newest first."""
    from tinsmith.cli.console import print_json, shown
    from tinsmith.cli.tables import show_table
    from tinsmith.data.versions import versions

    with shown(json):
        found = versions(project / data)
    rows = [
        {"version": id, "parent": m.parent, "recordings": len(m.recordings), "added": len(m.added)}
        for id, m in found
    ]
    if json:
        print_json(rows)
        return
    cells = [(id[:16], str(len(m.recordings)), str(len(m.added))) for id, m in found]
    show_table(("version", "recordings", "added"), cells)


def diff(
    old: Annotated[
        str, typer.Argument(help="Version; the one before the newest if not said.")
    ] = "",
    new: Annotated[str, typer.Argument(help="Version; the newest if not said.")] = "",
    project: ProjectOption = HERE,
    data: IntoOption = "data",
    json: JsonOption = False,
) -> None:
    """Show what changed from one version of a dataset to another, by recordings."""
    from dataclasses import asdict

    from tinsmith.cli.console import print_json, shown
    from tinsmith.cli.tables import facts
    from tinsmith.data.versions import diff as difference
    from tinsmith.data.versions import open_dataset

    folder: Path = project / data
    with shown(json):
        after = open_dataset(folder, new)
        before = open_dataset(folder, old or after.manifest.parent or after.id)
    found = asdict(difference(before.manifest, after.manifest))
    if json:
        print_json({"old": before.id, "new": after.id, **found})
        return
    title = f"{before.id[:16]} to {after.id[:16]}"
    facts(title, _lines(found) or [("nothing", "they hold the same recordings")])


def _lines(found: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for what, lines in found.items():
        more = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
        rows.extend((what, line) for line in [*lines[:_SHOWN], *more])
    return rows
