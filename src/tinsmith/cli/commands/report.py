"""Write the report: one HTML page with everything a run found."""

import typer

from tinsmith.cli.command import Command
from tinsmith.cli.options import HERE, JsonOption, ProjectOption, opened

app = typer.Typer()


@app.command(epilog="Example: tinsmith report --project examples/wrist-motion")
def report(project: ProjectOption = HERE, json: JsonOption = False) -> None:
    """Write build/report.html, doing those steps first that are not in the cache."""
    from tinsmith.cli.console import print_json, shown
    from tinsmith.flow.outputs import write_report
    from tinsmith.flow.run import run

    with shown(json) as listener:
        steps = opened(project, listener, delivers=True)
        path = write_report(steps, run(steps))
    print_json({"report": str(path)}) if json else typer.echo(f"Report: {path}")


COMMAND = Command("report", app)
