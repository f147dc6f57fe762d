"""Begin a project: write a project.toml that explains itself."""

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from tinsmith.cli.command import Command
from tinsmith.cli.options import HERE, JsonOption, SetOption

app = typer.Typer()


@app.command(epilog="Example: tinsmith init gestures --from recordings/ --set rate_hz=50")
def init(
    folder: Annotated[Path, typer.Argument(help="Folder of the new project.")] = HERE,
    source: Annotated[
        list[Path] | None, typer.Option("--from", help="Recordings to import; may be repeated.")
    ] = None,
    set: SetOption = None,
    json: JsonOption = False,
) -> None:
    """Write project.toml; with --from, import recordings and choose settings that suit them."""
    from shlex import quote

    from tinsmith.cli.console import print_json, shown
    from tinsmith.cli.show import show_dataset
    from tinsmith.cli.show_data import begun_record, show_begun, show_notes
    from tinsmith.core.job import Job
    from tinsmith.flow.record import dataset_record
    from tinsmith.flow.start import begin

    with shown(json) as listener:
        job = Job(listener=listener)
        with job.showing("import") if source else nullcontext():
            begun = begin(folder, source or [], set or [], job)
    file = folder / "project.toml"
    if json:
        found = begun and {**dataset_record(begun.dataset), **begun_record(begun)}
        print_json({"project": str(file), "dataset": found})
        return
    if begun is not None:
        show_dataset(begun.dataset)
        show_begun(begun)
        show_notes(begun.dataset)
    then = f"tinsmith run --project {quote(str(folder))}"
    typer.echo(f"Wrote {file}. Read it, then: {then}")


COMMAND = Command("init", app)
