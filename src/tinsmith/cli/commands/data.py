"""Recordings: import files into a dataset, show what a project's dataset holds."""

from pathlib import Path
from typing import Annotated

import typer

from tinsmith.cli.command import Command
from tinsmith.cli.options import HERE, JsonOption, ProjectOption, SetOption, opened

app = typer.Typer(help="Recordings: import and show.", no_args_is_help=True)


@app.command("import", epilog="Example: tinsmith data import walk.csv run.csv --set rate_hz=50")
def import_(
    files: Annotated[list[Path], typer.Argument(help="Recordings, or folders of them.")],
    project: ProjectOption = HERE,
    set: SetOption = None,
    into: Annotated[str, typer.Option(help="Folder of the dataset, in the project.")] = "data",
    json: JsonOption = False,
) -> None:
    """Read files into an immutable dataset, which project.toml names with: dataset = "data"."""
    from tinsmith.cli.console import print_json, shown
    from tinsmith.cli.show import show_dataset
    from tinsmith.cli.show_data import show_notes
    from tinsmith.core.job import Job
    from tinsmith.flow.record import dataset_record
    from tinsmith.flow.start import import_into

    with shown(json) as listener:
        job = Job(listener=listener)
        with job.showing("import"):
            dataset = import_into(project, into, files, set or [], job)
    if json:
        print_json(dataset_record(dataset))
    else:
        show_dataset(dataset)
        show_notes(dataset)


@app.command(epilog="Example: tinsmith data show --project examples/wrist-motion")
def show(project: ProjectOption = HERE, json: JsonOption = False) -> None:
    """Show labels, channels, rate, recordings and the split of the project's data; where they
    cannot be split, why."""
    from tinsmith.cli.console import print_json, shown
    from tinsmith.cli.show import show_dataset, show_windows
    from tinsmith.cli.show_data import show_notes
    from tinsmith.core.errors import UserError
    from tinsmith.flow.record import dataset_record, windows_record

    with shown(json) as listener:
        steps = opened(project, listener)
        dataset = steps.load()
        windows, unsplit = None, ""
        try:
            windows = steps.cut(dataset)
        except UserError as e:
            unsplit = str(e)
    if json:
        split = {"windows": None, "note": unsplit} if windows is None else windows_record(windows)
        print_json({**dataset_record(dataset), **split})
        return
    show_dataset(dataset)
    show_notes(dataset)
    if windows is None:
        typer.echo(f"These recordings cannot be split: {unsplit}")
    else:
        show_windows(windows)


COMMAND = Command("data", app)
