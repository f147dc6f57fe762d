"""Recordings: import files into a dataset, show what a project's dataset holds."""

from pathlib import Path
from typing import Annotated

import typer

from tinsmith.cli.command import Command
from tinsmith.cli.options import HERE, JsonOption, ProjectOption, SetOption, opened
from tinsmith.cli.versions import diff, history

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
    from tinsmith.cli.show_data import show_imported
    from tinsmith.core.job import Job
    from tinsmith.flow.record import dataset_record
    from tinsmith.flow.start import import_into

    with shown(json) as listener:
        job = Job(listener=listener)
        with job.showing("import"):
            dataset = import_into(project, into, files, set or [], job)
    print_json(dataset_record(dataset)) if json else show_imported(dataset)


@app.command(epilog="Example: tinsmith data show --project examples/wrist-motion")
def show(project: ProjectOption = HERE, json: JsonOption = False) -> None:
    """Show labels, channels, rate, recordings and the split of the project's data."""
    from tinsmith.cli.console import print_json, shown
    from tinsmith.cli.show_data import data_record, show_data, split_of

    with shown(json) as listener:
        steps = opened(project, listener)
        dataset = steps.load()
        windows = split_of(steps, dataset)
    if json:
        print_json(data_record(dataset, windows))
    else:
        show_data(dataset, windows)


app.command(epilog="Example: tinsmith data history --project gestures")(history)
app.command(epilog="Example: tinsmith data diff --project gestures")(diff)

COMMAND = Command("data", app)
