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
    from tinsmith.cli.show_data import begun_record, show_begun
    from tinsmith.core.job import Job
    from tinsmith.flow.start import begin

    with shown(json) as listener:
        job = Job(listener=listener)
        with job.showing("import") if source else nullcontext():
            begun = begin(folder, source or [], set or [], job)
    file = folder / "project.toml"
    if json:
        print_json({"project": str(file), "dataset": begun and begun_record(begun)})
        return
    show_begun(begun)
    typer.echo(f"Wrote {file}. Read it, then: tinsmith run --project {quote(str(folder))}")


COMMAND = Command("init", app)
